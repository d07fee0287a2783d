//! Code whose stack is full: the process ends, so each of these runs in one of its own.

use std::process::Command;

use waverust_rig::trap::Cause;

use crate::code::{answer, set_hook};

code!(endless: "2:", "push rax", "jmp 2b");

/// Runs the ignored test `name` as a process; its exit status.
fn run(name: &str) -> Option<i32> {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--ignored", "--exact", name, "--test-threads=2"];
    Command::new(program).args(arguments).output().unwrap().status.code()
}

#[test]
fn full_driver_stack_goes_to_the_last_resort() {
    assert_eq!(run("overflow::driver_fills_its_stack"), Some(42));
}

#[test]
#[ignore = "ends the process"]
fn driver_fills_its_stack() {
    endless::image().call(0, 0);
}

code!(divide: "xor eax, eax", "div eax", "ret");

#[test]
fn full_rig_stack_goes_to_the_last_resort() {
    assert_eq!(run("overflow::hook_fills_its_stack"), Some(43));
}

#[test]
#[ignore = "ends the process"]
fn hook_fills_its_stack() {
    set_hook(|trap| {
        assert_eq!(trap.cause(), Cause::DivideError);
        dig(1);
        answer(trap);
    });
    divide::image().call(0, 0);
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn dig(depth: u64) -> u64 {
    std::hint::black_box(dig(std::hint::black_box(depth) + 1)) + depth
}
