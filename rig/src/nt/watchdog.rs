//! Driver code that does not come to an end.
//!
//! Two bounds, both from where the system called into the driver, or from the last wait: the time of the host's
//! processor, for code that only computes, and virtual time, for code that stalls or reads clocks. Windows stops a
//! DPC or a level raised for too long by its DPC watchdog; a thread would spin for ever, which nobody wants either.

use std::cell::Cell;
use std::time::Duration;

use super::Kernel;
use crate::trap;

/// Time of the host's processor.
const BOUND: Duration = Duration::from_secs(10);

/// Virtual time, nanoseconds.
const VIRTUAL_BOUND_NS: u64 = 10_000_000_000;

/// Where the bounds begin.
#[derive(Default)]
pub(crate) struct Watchdog {
    fed_at: Cell<u64>,
}

impl Kernel {
    /// Starts it, with the usual bound.
    pub(super) fn start_watchdog(&self) {
        self.set_watchdog(BOUND);
    }

    /// Sets the time of the host's processor that one call into the driver may take.
    ///
    /// # Panics
    /// If the host gives no timer.
    pub fn set_watchdog(&self, bound: Duration) {
        trap::watch(bound).expect("a timer of the host");
    }

    /// The bounds begin anew.
    pub(super) fn feed_watchdog(&self) {
        trap::feed();
        self.watchdog.fed_at.set(self.now());
    }

    /// Whether a bound is exceeded.
    pub(super) fn overdue(&self) -> bool {
        trap::overdue() || self.now().saturating_sub(self.watchdog.fed_at.get()) > VIRTUAL_BOUND_NS
    }
}
