//! Time: what the performance counter shows, and waiting for hardware, always with a bound.

use portcls::irql::{Irql, Passive};
use wdk_sys::_MODE::KernelMode;
use wdk_sys::LARGE_INTEGER;
use wdk_sys::ntddk::{KeDelayExecutionThread, KeQueryPerformanceCounter, KeStallExecutionProcessor};

/// The performance counter, in ticks of [`counter_frequency`]. It never goes back. IRQL: any.
pub(crate) fn counter() -> u64 {
    // SAFETY: the frequency is optional.
    let now = unsafe { KeQueryPerformanceCounter(core::ptr::null_mut()) };
    // SAFETY: the 64-bit view is always there.
    unsafe { now.QuadPart }.cast_unsigned()
}

/// Ticks of the performance counter in a second, at least one; it stays the same while the system runs. IRQL: any.
pub(crate) fn counter_frequency() -> u64 {
    let mut frequency = LARGE_INTEGER { QuadPart: 0 };
    // SAFETY: the frequency is written before the call returns.
    unsafe { KeQueryPerformanceCounter(&mut frequency) };
    // SAFETY: the 64-bit view is always there.
    unsafe { frequency.QuadPart }.cast_unsigned().max(1)
}

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
