//! What the numbers in the codec's volume registers mean.

use super::regs::nam;

/// From one level to the next one: 1.5 dB, in 1/65536 dB.
pub(crate) const STEP: u32 = 3 << 15;

/// A register with a number of steps for each of two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// The greatest number, whose bits are all ones.
    most: u16,
    /// The steps amplify; otherwise they attenuate.
    amplifies: bool,
}

/// The line output: down to -46.5 dB.
pub(crate) const MASTER: Scale = Scale { most: nam::MASTER_MOST, amplifies: false };
/// The ADC: up to 22.5 dB.
pub(crate) const RECORD: Scale = Scale { most: nam::RECORD_MOST, amplifies: true };

/// Where the number of a channel is: that of the left one, 0, is above that of the right one.
const fn shift(channel: u32) -> u32 {
    if channel == 0 { 8 } else { 0 }
}

impl Scale {
    /// The level of the greatest number, in 1/65536 dB.
    const fn far(self) -> i32 {
        let far = (self.most as i32).wrapping_mul(STEP.cast_signed());
        if self.amplifies { far } else { far.wrapping_neg() }
    }

    /// The lowest level.
    pub(crate) const fn lowest(self) -> i32 {
        if self.amplifies { 0 } else { self.far() }
    }

    /// The highest level.
    pub(crate) const fn highest(self) -> i32 {
        if self.amplifies { self.far() } else { 0 }
    }

    /// The level of a channel.
    pub(crate) fn level(self, register: u16, channel: u32) -> i32 {
        let steps = register.wrapping_shr(shift(channel)) & self.most;
        let level = i32::from(steps).saturating_mul(STEP.cast_signed());
        if self.amplifies { level } else { level.saturating_neg() }
    }

    /// The register with the level of a channel as near to `level` as it gets.
    pub(crate) fn with_level(self, register: u16, channel: u32, level: i32) -> u16 {
        let away = level.clamp(self.lowest(), self.highest()).unsigned_abs();
        let steps = away.saturating_add(STEP / 2) / STEP;
        let steps = u16::try_from(steps).unwrap_or(u16::MAX).min(self.most);
        let others = !self.most.wrapping_shl(shift(channel));
        register & others | steps.wrapping_shl(shift(channel))
    }
}
