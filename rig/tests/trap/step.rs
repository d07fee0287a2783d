//! Driver code instruction by instruction.

use std::cell::Cell;

use waverust_rig::{
    pci::Width,
    trap::{Cause, count_instructions, set_single_step},
};

use crate::code::{answer, causes, set_hook};

thread_local!(static CALLS: Cell<u64> = const { Cell::new(0) });

/// An import, as driver code sees it: rig code with loops of its own.
extern "sysv64" fn import() -> u64 {
    CALLS.set(CALLS.get() + 1);
    (0..1000_u64).map(std::hint::black_box).sum()
}

/// An import that calls back.
extern "sysv64" fn callback(function: extern "sysv64" fn() -> u64) -> u64 {
    function()
}

fn address(function: extern "sysv64" fn() -> u64) -> u64 {
    function as usize as u64
}

code!(straight: "mov eax, 1", "add eax, 2", "nop", "ret");

#[test]
fn straight_code_is_counted() {
    let image = straight::image();
    assert_eq!(count_instructions(|| image.call(0, 0)), (3, 4));
    assert_eq!(count_instructions(|| 5), (5, 0));
    // Without counting it runs as before.
    assert_eq!(image.call(0, 0), 3);
}

code!(looped: "mov ecx, 100", "xor eax, eax", "2:", "add eax, ecx", "dec ecx", "jnz 2b", "ret");

#[test]
fn each_pass_of_a_loop_counts() {
    assert_eq!(count_instructions(|| looped::image().call(0, 0)), (5050, 303));
}

code!(repeated: "mov ecx, 64", "xor eax, eax", "cld", "rep stosb", "ret");

#[test]
fn repeated_instruction_counts_once() {
    let mut room = [1_u8; 64];
    let (_, count) = count_instructions(|| repeated::image().call(room.as_mut_ptr().addr() as u64, 0));
    assert_eq!((count, room), (5, [0; 64]));
}

code!(imports: "push rdi", "call [rsp]", "call [rsp]", "pop rdi", "ret");

#[test]
fn imports_do_not_count() {
    let image = imports::image();
    let (sum, count) = count_instructions(|| image.call(address(import), 0));
    assert_eq!((sum, count, CALLS.get()), (499_500, 5, 2));
}

code!(called_back: "push rdi", "lea rdi, [rip + 2f]", "call rsi", "pop rdi", "ret", "2:", "mov eax, 9", "ret");

#[test]
fn code_called_by_an_import_counts() {
    let import = callback as extern "sysv64" fn(extern "sysv64" fn() -> u64) -> u64 as usize as u64;
    let image = called_back::image();
    assert_eq!(count_instructions(|| image.call(0, import)), (9, 7));
}

code!(other_ports: "mov edx, 5", "in al, dx", "out dx, al", "in eax, dx", "ret");

#[test]
fn instructions_that_the_hook_performs_count() {
    let image = other_ports::image();
    let (_, count) = count_instructions(|| image.call(0, 0));
    assert_eq!((count, causes().len()), (5, 3));
}

#[test]
fn code_that_a_hook_calls_does_not_count() {
    let image = other_ports::image();
    set_hook(|trap| {
        assert_eq!(straight::image().call(0, 0), 3);
        // Its own count is its own.
        assert_eq!(count_instructions(|| straight::image().call(0, 0)), (3, 4));
        answer(trap);
    });
    assert_eq!(count_instructions(|| image.call(0, 0)).1, 5);
}

#[test]
fn every_step_is_told() {
    let image = looped::image();
    set_hook(|trap| {
        assert_eq!(trap.cause(), Cause::Step);
        answer(trap);
    });
    set_single_step(true);
    let sum = image.call(0, 0);
    set_single_step(false);
    assert_eq!(sum, 5050);
    // The last leads out of the image.
    assert_eq!(causes().len(), 302);
    assert_eq!(image.call(0, 0), 5050);
    assert_eq!(causes().len(), 302);
}

#[test]
fn stepping_may_end_and_begin_in_a_hook() {
    let image = other_ports::image();
    set_hook(|trap| {
        set_single_step(matches!(trap.cause(), Cause::PortRead { width: Width::Byte, .. }));
        answer(trap);
    });
    image.call(0, 0);
    set_single_step(false);
    let steps = causes().iter().filter(|&&cause| cause == Cause::Step).count();
    assert_eq!((steps, causes().len()), (0, 3));
}
