//! The sample rates a device offers.

/// The rates this driver knows, in Hz, best first. Formats are 16-bit stereo PCM at one of them.
pub(crate) const RATES: [u32; 7] = [48_000, 44_100, 32_000, 22_050, 16_000, 11_025, 8_000];

/// A set of [`RATES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateSet(u8);

impl RateSet {
    /// No rate at all.
    pub(crate) const EMPTY: Self = Self(0);

    /// This set and `rate`; an unknown rate changes nothing.
    pub(crate) fn with(self, rate: u32) -> Self {
        Self(self.0 | Self::bit(rate))
    }

    /// The set has `rate`.
    pub(crate) fn contains(self, rate: u32) -> bool {
        self.0 & Self::bit(rate) != 0
    }

    /// The best rate of the set within `lowest..=highest`.
    pub(crate) fn best_within(self, lowest: u32, highest: u32) -> Option<u32> {
        RATES.into_iter().find(|rate| self.contains(*rate) && (lowest..=highest).contains(rate))
    }

    fn bit(rate: u32) -> u8 {
        match RATES.into_iter().position(|known| known == rate) {
            Some(index) => 1_u8.wrapping_shl(index as u32),
            None => 0,
        }
    }
}
