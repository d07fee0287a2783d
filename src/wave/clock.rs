//! The two counts of a stream: where it is, and what is done.
//!
//! Positions come from the clock, which may run between the moments at which the device says that it has done
//! something; notifications and packets come from what is done.

/// A linear byte count that never runs backwards.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock(u64);

impl Clock {
    /// A clock at zero.
    pub(crate) const ZERO: Self = Self(0);

    /// Bytes since STOP.
    pub(crate) const fn linear(&self) -> u64 {
        self.0
    }

    /// Moves on to `linear`; a count that lies behind is ignored.
    pub(crate) fn advance(&mut self, linear: u64) {
        self.0 = self.0.max(linear);
    }

    /// The byte in a cyclic buffer of `bytes` at which the clock stands.
    pub(crate) fn offset(&self, bytes: u32) -> u32 {
        self.0.checked_rem(u64::from(bytes)).unwrap_or(0) as u32
    }
}

/// The periods that are done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Periods {
    done: Clock,
    bytes: u32,
    announced: u64,
}

impl Periods {
    /// None done yet, of `bytes` bytes each; 0 for a buffer without periods.
    pub(crate) const fn of(bytes: u32) -> Self {
        Self { done: Clock::ZERO, bytes, announced: 0 }
    }

    /// Bytes done.
    pub(crate) const fn done(&self) -> u64 {
        self.done.linear()
    }

    /// Takes in that `done` bytes are done; a count that lies behind is ignored.
    pub(crate) fn advance(&mut self, done: u64) {
        self.done.advance(done);
    }

    /// Periods that ended since this was last asked.
    pub(crate) fn ended(&mut self) -> u64 {
        let total = self.done().checked_div(u64::from(self.bytes)).unwrap_or(0);
        let ended = total.saturating_sub(self.announced);
        self.announced = total;
        ended
    }

    /// Back to zero, as STOP demands.
    pub(crate) fn reset(&mut self) {
        *self = Self::of(self.bytes);
    }
}
