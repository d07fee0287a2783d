//! Driver code that does not come to an end ends in a finding.

use core::ffi::c_void;
use std::time::Duration;

use waverust_rig::nt::Kernel;

use crate::support::call;
use crate::support::expect;
use crate::support::image;
use crate::support::import;
use crate::support::keep;

/// Time of the processor after which code is said never to come back, in these tests.
const BOUND: Duration = Duration::from_millis(300);

fn levels_for_ever(kernel: &Kernel) {
    loop {
        call!(kernel, KeGetCurrentIrql() -> u8);
    }
}

#[test]
fn a_loop_of_calls() {
    let finding = expect("ThreadStuck", 0xEA, |kernel| {
        kernel.set_watchdog(BOUND);
        kernel.call_driver("routine", 0, || levels_for_ever(kernel));
    });
    assert_eq!(finding.call.as_deref(), Some("KeGetCurrentIrql"));
}

#[test]
fn a_loop_at_dispatch_level() {
    expect("DpcWatchdog", 0x133, |kernel| {
        kernel.set_watchdog(BOUND);
        kernel.call_driver_at("routine", 2, || levels_for_ever(kernel));
    });
}

#[test]
fn a_loop_that_only_stalls_takes_virtual_time() {
    let finding = expect("ThreadStuck", 0xEA, |kernel| {
        // SAFETY: the export has this signature.
        let stall: extern "win64" fn(u32) =
            unsafe { core::mem::transmute(import(kernel, "KeStallExecutionProcessor")) };
        kernel.call_driver("routine", 0, || {
            loop {
                stall(50);
            }
        });
    });
    assert!(finding.time_ns > 10_000_000_000 && finding.time_ns < 11_000_000_000, "{}", finding.time_ns);
}

#[test]
fn a_loop_of_nothing() {
    // jmp to itself
    let finding = expect("ThreadStuck", 0xEA, |kernel| {
        kernel.set_watchdog(BOUND);
        let code: extern "win64" fn() = image(&[0xEB, 0xFE]);
        kernel.call_driver("routine", 0, || code());
    });
    assert_eq!(finding.call, None);
    assert!(finding.at.is_some());
}

#[test]
fn a_loop_that_reads_a_port() {
    // mov dx, 0xC000, which is the device's; in al, dx; jmp to it: time passes with the accesses.
    expect("ThreadStuck", 0xEA, |kernel| {
        kernel.set_watchdog(BOUND);
        kernel.verifier.set_device_owned(true);
        let code: extern "win64" fn() = image(&[0x66, 0xBA, 0x00, 0xC0, 0xEC, 0xEB, 0xFD]);
        kernel.call_driver("routine", 0, || code());
    });
}

#[test]
fn a_call_that_waits_for_ever_while_others_are_busy() {
    extern "win64" fn ticking(_: *mut c_void) {
        let kernel = waverust_rig::nt::kernel();
        loop {
            let interval = -1_000_000_i64;
            call!(kernel, KeDelayExecutionThread(0 => i8, 0 => u8, &raw const interval => *const i64) -> i32);
        }
    }
    let finding = expect("Hang", 0x1D5, |kernel| {
        let start = import(kernel, "PsCreateSystemThread");
        // SAFETY: the export has this signature.
        let create: extern "win64" fn(
            *mut u64,
            u32,
            u64,
            u64,
            u64,
            extern "win64" fn(*mut c_void),
            u64,
        ) -> i32 = unsafe { core::mem::transmute(start) };
        assert_eq!(create(keep(0), 0, 0, 0, 0, ticking, 0), 0);
        let event = keep([0_u64; 3]);
        call!(kernel, KeInitializeEvent(event => *mut [u64; 3], 0 => u32, 0 => u8) -> ());
        kernel.call_driver("routine", 0, || {
            call!(kernel, KeWaitForSingleObject(event => *mut [u64; 3], 0 => u32, 0 => i8, 0 => u8, core::ptr::null() => *const i64) -> i32)
        });
    });
    assert!(
        finding.message.contains("system does not come back: it waits in KeWaitForSingleObject"),
        "{finding}"
    );
}

#[test]
fn what_waits_is_not_a_loop() {
    let found = crate::support::findings(|kernel| {
        kernel.call_driver("routine", 0, || {
            for _ in 0..20 {
                let interval = -10_000_000_i64;
                call!(kernel, KeDelayExecutionThread(0 => i8, 0 => u8, &raw const interval => *const i64) -> i32);
            }
        });
    });
    assert!(found.is_empty(), "{}", found[0]);
}
