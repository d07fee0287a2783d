//! The one clock of a stream: bytes played since STOP.

/// A linear byte count that never runs backwards, and the notification boundaries it crossed.
///
/// Everything a client may ask for (offset in the cyclic buffer, notifications due) comes from this count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    linear: u64,
    period: u32,
    announced: u64,
}

impl Clock {
    /// A clock at zero with a boundary every `period` bytes; none where that is 0.
    pub(crate) const fn new(period: u32) -> Self {
        Self { linear: 0, period, announced: 0 }
    }

    /// Bytes played.
    pub(crate) const fn linear(&self) -> u64 {
        self.linear
    }

    /// Moves on to `linear`; a count that lies behind is ignored.
    pub(crate) fn advance(&mut self, linear: u64) {
        self.linear = self.linear.max(linear);
    }

    /// The byte in a cyclic buffer of `bytes` at which the clock stands.
    pub(crate) fn offset(&self, bytes: u32) -> u32 {
        self.linear.checked_rem(u64::from(bytes)).unwrap_or(0) as u32
    }

    /// Boundaries crossed since this was last asked.
    pub(crate) fn crossed(&mut self) -> u64 {
        let total = self.linear.checked_div(u64::from(self.period)).unwrap_or(0);
        let crossed = total.saturating_sub(self.announced);
        self.announced = total;
        crossed
    }

    /// Back to zero, as STOP demands.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.period);
    }
}
