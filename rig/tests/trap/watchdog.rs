//! Code that never comes back.

use std::cell::Cell;
use std::time::Duration;

use waverust_rig::trap;
use waverust_rig::trap::Cause;

use crate::code::{causes, set_hook};

/// Time of the processor after which code is said never to come back, in these tests.
const BOUND: Duration = Duration::from_millis(200);

// Spins until the byte at its first argument is set; returns its second.
code!(spin: "2:", "cmp byte ptr [rdi], 0", "je 2b", "mov rax, rsi", "ret");

thread_local!(static FLAG: Cell<u64> = const { Cell::new(0) });

/// Ends the spinning of the interrupted code.
fn release(trap: &mut trap::Trap<'_>) {
    assert_eq!(trap.cause(), Cause::Watchdog);
    assert_eq!(trap.registers.rdi, FLAG.get());
    // SAFETY: the flag outlives the code that looks at it.
    unsafe { (FLAG.get() as *mut u8).write_volatile(1) };
    trap::feed();
}

fn spin() {
    let image = spin::image();
    let mut flag = 0_u8;
    FLAG.set((&raw mut flag) as u64);
    set_hook(release);
    assert_eq!(image.call(FLAG.get(), 77), 77, "the code goes on where it was, with its registers");
    assert_eq!(flag, 1);
}

#[test]
fn a_loop_without_end_is_interrupted() {
    trap::watch(BOUND).expect("a timer");
    spin();
    assert_eq!(causes(), [Cause::Watchdog]);
}

#[test]
fn a_loop_is_interrupted_while_its_instructions_are_counted() {
    let image = spin::image();
    drop(image);
    trap::watch(BOUND).expect("a timer");
    let ((), count) = trap::count_instructions(spin);
    assert!(count > 10, "{count} instructions");
    assert_eq!(causes(), [Cause::Watchdog]);
}

#[test]
fn what_is_fed_goes_on() {
    trap::watch(BOUND).expect("a timer");
    let image = spin::image();
    let set = 1_u8;
    for _ in 0..1_000 {
        trap::feed();
        assert_eq!(image.call((&raw const set) as u64, 1), 1);
    }
    assert!(!trap::overdue());
    assert_eq!(causes(), []);
}

#[test]
fn time_spent_in_the_rig_counts_as_well() {
    let _image = spin::image();
    trap::watch(BOUND).expect("a timer");
    while !trap::overdue() {
        std::hint::spin_loop();
    }
    trap::feed();
    assert!(!trap::overdue());
    assert_eq!(causes(), []);
}
