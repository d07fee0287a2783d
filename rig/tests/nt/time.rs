//! Timers and waits as the clock of Windows ends them.

use core::ffi::c_void;
use std::cell::Cell;

use waverust_rig::nt::Kernel;
use waverust_rig::nt::abi::KDpc;
use waverust_rig::nt::abi::KTimer;

use crate::support::call;
use crate::support::keep;
use crate::support::result;

/// Nanoseconds between two ticks.
const TICK: u64 = 15_625_000;

thread_local!(static FIRED: Cell<u32> = const { Cell::new(0) });

extern "win64" fn fire(_: *mut KDpc, _: *mut c_void, _: *mut c_void, _: *mut c_void) {
    FIRED.set(FIRED.get() + 1);
}

fn delay(kernel: &Kernel, units: i64) -> u64 {
    let before = kernel.now();
    call!(kernel, KeDelayExecutionThread(0 => i8, 0 => u8, &raw const units => *const i64) -> i32);
    kernel.now() - before
}

#[test]
fn a_delay_ends_with_a_tick_of_the_clock() {
    let took = result(|kernel| {
        delay(kernel, -10_000);
        [delay(kernel, -10_000), delay(kernel, -150_000), delay(kernel, -160_000)]
    });
    for (took, ticks) in took.into_iter().zip([1, 1, 2]) {
        assert!(took.abs_diff(ticks * TICK) < 1_000_000, "{took} ns for {ticks} tick(s)");
    }
}

fn timer(kernel: &Kernel, due: i64, period: u32) -> *mut KTimer {
    let dpc: *mut KDpc = keep([0_u64; 8]).cast();
    let timer: *mut KTimer = keep([0_u64; 8]).cast();
    FIRED.set(0);
    call!(kernel, KeInitializeDpc(dpc => *mut KDpc, fire as *const () => *const (), core::ptr::null_mut() => *mut c_void) -> ());
    call!(kernel, KeInitializeTimer(timer => *mut KTimer) -> ());
    call!(kernel, KeSetTimerEx(timer => *mut KTimer, due => i64, period => u32, dpc => *mut KDpc) -> u8);
    timer
}

#[test]
fn a_timer_of_a_millisecond_fires_with_the_clock() {
    let fired = result(|kernel| {
        let timer = timer(kernel, -10_000, 1);
        kernel.sleep_until(kernel.now() + 10 * TICK);
        call!(kernel, KeCancelTimer(timer => *mut KTimer) -> u8);
        FIRED.get()
    });
    // As often as it was missed, but at ticks only: what is queued already is not queued again.
    assert!((9..=11).contains(&fired), "{fired}");
}

#[test]
fn a_timer_interrupts_whoever_is_busy() {
    let stalls = result(|kernel| {
        timer(kernel, -10_000, 0);
        let mut stalls = 0;
        while FIRED.get() == 0 && stalls < 1_000 {
            call!(kernel, KeStallExecutionProcessor(50 => u32) -> ());
            stalls += 1;
        }
        stalls
    });
    assert!(stalls <= TICK as u32 / 50_000 + 1, "the timer's DPC came after {stalls} stalls");
}

#[test]
fn a_delay_of_nothing_lets_others_run() {
    let seen = result(|kernel| {
        let flag: &'static Cell<bool> = Box::leak(Box::new(Cell::new(false)));
        kernel.spawn("other", waverust_rig::nt::Context::Thread, false, || flag.set(true));
        let mut turns = 0;
        while !flag.get() && turns < 10 {
            delay(kernel, 0);
            turns += 1;
        }
        turns
    });
    assert_eq!(seen, 1);
}

#[test]
fn a_dpc_waits_for_those_of_others() {
    let waited: Vec<u64> = result(|kernel| {
        let dpc: *mut KDpc = keep([0_u64; 8]).cast();
        let none = core::ptr::null_mut();
        call!(kernel, KeInitializeDpc(dpc => *mut KDpc, fire as *const () => *const (), none => *mut c_void) -> ());
        FIRED.set(0);
        kernel.hold_up_dpcs(1_000_000);
        let queue = |_| {
            let before = kernel.now();
            call!(kernel, KeInsertQueueDpc(dpc => *mut KDpc, none => *mut c_void, none => *mut c_void) -> u8);
            kernel.now() - before
        };
        let waited = (0..50).map(queue).collect();
        assert_eq!(FIRED.get(), 50);
        waited
    });
    assert!(waited.iter().all(|waited| *waited < 1_100_000), "{waited:?}");
    assert!(waited.iter().any(|waited| *waited > 800_000) && waited.iter().any(|waited| *waited < 200_000));
}
