//! Virtual time. The hardware keeps it; the kernel may run a little ahead of the hardware, never behind.

use std::cell::Cell;

use super::Kernel;

/// Ticks of the performance counter a second: what Windows 10 and 11 report on almost every machine.
pub const QPC_FREQUENCY: u64 = 10_000_000;

/// What reading a clock costs: without it, a loop that waits by reading the clock would never end.
const READ_COST_NS: u64 = 100;

/// Time that has passed on the processor and not yet on the device is made up for at the first device access
/// once it amounts to this.
const SYNC_THRESHOLD_NS: u64 = 1_000;

/// The processor's time, in nanoseconds since power-on.
pub(crate) struct Clock {
    now: Cell<u64>,
}

impl Clock {
    pub(super) fn new(now: u64) -> Self {
        Self { now: Cell::new(now) }
    }
}

impl Kernel {
    /// Virtual time in nanoseconds.
    pub fn now(&self) -> u64 {
        self.clock.now.get()
    }

    /// `KeQueryPerformanceCounter`'s value, in ticks of 100 ns. Reading it takes the processor 100 ns.
    pub fn read_performance_counter(&self) -> u64 {
        self.spend(READ_COST_NS);
        self.now() / (1_000_000_000 / QPC_FREQUENCY)
    }

    /// Lets time pass on the processor alone; the device makes up for it later.
    pub(crate) fn spend(&self, ns: u64) {
        self.clock.now.set(self.now() + ns);
    }

    /// Interrupt time in 100 ns units, as `KeQueryInterruptTime` gives it.
    pub fn interrupt_time(&self) -> u64 {
        self.now() / 100
    }

    /// Moves processor and hardware to `target` (nanoseconds), or a little past it: as far as the hardware's own step.
    pub fn advance_to(&self, target: u64) {
        let mut hardware = self.hardware.borrow_mut();
        let reached = match hardware.advance_to(target.max(self.now())) {
            Ok(now) => now,
            Err(error) => {
                drop(hardware);
                self.hardware_failed(&error.to_string())
            }
        };
        self.clock.now.set(reached.max(self.now()));
    }

    /// Lets the processor be busy for `ns`, with the device working on meanwhile.
    pub fn stall(&self, ns: u64) {
        self.advance_to(self.now() + ns);
    }

    /// Before a device access: lets the device catch up with the processor.
    pub(crate) fn sync_hardware(&self) {
        let behind = self.now().saturating_sub(self.hardware.borrow().now());
        if behind >= SYNC_THRESHOLD_NS {
            self.advance_to(self.now());
        }
    }
}
