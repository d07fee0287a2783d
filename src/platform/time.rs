//! Waiting for hardware, always with a bound.

use portcls::irql::{Irql, Passive};
use wdk_sys::_MODE::KernelMode;
use wdk_sys::LARGE_INTEGER;
use wdk_sys::ntddk::{KeDelayExecutionThread, KeStallExecutionProcessor};

/// Sleeps for about `milliseconds`, rounded up to the next clock tick.
pub(crate) fn sleep(_at: &Irql<Passive>, milliseconds: u32) {
    // Negative is relative; the unit is 100 ns.
    let mut interval = LARGE_INTEGER { QuadPart: i64::from(milliseconds).wrapping_mul(-10_000) };
    // SAFETY: PASSIVE_LEVEL by the token.
    let _ = unsafe { KeDelayExecutionThread(KernelMode as _, 0, &mut interval) };
}

/// Asks `done` until it says yes, at most `tries` times with `milliseconds` of sleep in between.
pub(crate) fn sleep_until(
    at: &Irql<Passive>,
    tries: u32,
    milliseconds: u32,
    mut done: impl FnMut() -> bool,
) -> bool {
    for _ in 0..tries {
        if done() {
            return true;
        }
        sleep(at, milliseconds);
    }
    done()
}

/// Asks `done` until it says yes, at most `tries` times, a microsecond apart.
///
/// For what takes the device a few bus cycles, at any IRQL: keep `tries` to 100 at most.
pub(crate) fn spin_until(tries: u32, mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..tries {
        if done() {
            return true;
        }
        // SAFETY: a busy wait of one microsecond is good at any IRQL.
        unsafe { KeStallExecutionProcessor(1) };
    }
    done()
}
