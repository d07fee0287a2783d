//! `hal.dll`: clocks and stalls.

use super::At;
use super::QPC_FREQUENCY;
use super::exports::declare_exports;

/// System time at power-on, in 100 ns since 1601: midnight of 1 January 2026.
pub(crate) const BOOT_SYSTEM_TIME: u64 = 134_116_128_000_000_000;

/// The longest stall that the documentation allows a driver, in microseconds.
const LONGEST_STALL: u32 = 50;

declare_exports! { "hal.dll";
    fn KeQueryPerformanceCounter(frequency: At<u64>) -> u64 |kernel| {
        frequency.write_if(QPC_FREQUENCY);
        kernel.read_performance_counter()
    }

    fn KeStallExecutionProcessor(microseconds: u32) |kernel| {
        if microseconds > LONGEST_STALL {
            kernel.verifier.note_long_stall(microseconds);
        }
        kernel.stall(u64::from(microseconds) * 1_000);
    }
}
