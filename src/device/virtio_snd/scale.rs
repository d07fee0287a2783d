//! Which level an integer of the device stands for.
//!
//! A device that has metadata for it says so, in 1/100 dB. One that has none says no more than that greater is louder.
//! Windows knows levels in dB only; so the greatest value is taken for 0 dB, sound as it is, and the others lie evenly
//! below it: as far apart as makes 96 dB in all, which is what Windows' own volume has, but at most 1.5 dB, which is as
//! coarse as Windows wants a volume to be. What a level does then is the device's own affair; that more is louder, that
//! full is full, and that each of the device's steps can be reached is certain.
//!
//! ```text
//!   least                                             most        values of the device, every `step`
//!     |----|----|----|----|----|----|----|----|----|----|
//!  lowest                                            highest      levels, 1/65536 dB
//! ```

use super::wire_ctl::Decibels;
use crate::device::controls::{Channels, Volume};

/// One dB.
const DB: i64 = 1 << 16;

/// The range that is assumed where a device does not say, and the longest step.
const ASSUMED_RANGE: i64 = 96 * DB;
const LONGEST_STEP: i64 = DB + DB / 2;

/// The values of an element, and their levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// The least value.
    least: i32,
    /// What the device has said that there is; a value beyond the last step is as loud as that.
    most: i32,
    /// From one value to the next one; not 0.
    step: u32,
    /// How many steps; not 0.
    steps: u32,
    lowest: i32,
    highest: i32,
}

impl Scale {
    /// The scale of an element of values from `least` to `most` by `step`, 0 standing for any. None if there is nothing
    /// to be set, or if the levels do not lie evenly or are nothing that Windows has numbers for.
    pub(crate) fn new(least: i32, most: i32, step: u32, decibels: Decibels) -> Option<Self> {
        let range = i64::from(most).checked_sub(i64::from(least)).filter(|range| *range > 0)?;
        let step = step.max(1);
        let steps = range.checked_div(i64::from(step)).filter(|steps| *steps > 0)?;
        let used = steps.checked_mul(i64::from(step))?;
        let (lowest, highest) = match decibels {
            Decibels::Unknown => {
                let each = ASSUMED_RANGE.checked_div(steps)?.min(LONGEST_STEP);
                (each.checked_mul(steps)?.checked_neg()?, 0)
            }
            Decibels::Even { lowest, step } => {
                let above = used.checked_mul(step.into())?;
                (level_of(lowest.into())?, level_of(i64::from(lowest).checked_add(above)?)?)
            }
            Decibels::Between(lowest, highest) => {
                let span = i64::from(highest).checked_sub(lowest.into())?;
                let above = span.checked_mul(used)?.checked_div(range)?;
                (level_of(lowest.into())?, level_of(i64::from(lowest).checked_add(above)?)?)
            }
            Decibels::Uneven => return None,
        };
        let steps = u32::try_from(steps).ok()?;
        let (lowest, highest) = (i32::try_from(lowest).ok()?, i32::try_from(highest).ok()?);
        (lowest < highest).then_some(Self { least, most, step, steps, lowest, highest })
    }

    /// The device can have this value.
    pub(crate) fn contains(&self, value: i32) -> bool {
        (self.least..=self.most).contains(&value)
    }

    /// The level of a value.
    pub(crate) fn level(&self, value: i32) -> i32 {
        let above = i64::from(value).saturating_sub(self.least.into()).clamp(0, self.used());
        let level = scaled(above, self.span(), self.used()).saturating_add(self.lowest.into());
        i32::try_from(level).unwrap_or(self.highest)
    }

    /// The value whose level is nearest to `level`.
    pub(crate) fn value(&self, level: i32) -> i32 {
        let above = i64::from(level).saturating_sub(self.lowest.into()).clamp(0, self.span());
        let steps = scaled(above, self.steps.into(), self.span());
        let value = steps.saturating_mul(self.step.into()).saturating_add(self.least.into());
        i32::try_from(value).unwrap_or(self.most)
    }

    /// As Windows is told.
    pub(crate) fn volume(&self, channels: Channels) -> Volume {
        let step = self.span().checked_div(self.steps.into()).and_then(|step| u32::try_from(step).ok());
        Volume { channels, lowest: self.lowest, highest: self.highest, step: step.unwrap_or(1).max(1) }
    }

    /// From the lowest to the highest level.
    fn span(&self) -> i64 {
        i64::from(self.highest).saturating_sub(self.lowest.into())
    }

    /// From the least value to the last step.
    fn used(&self) -> i64 {
        i64::from(self.steps).saturating_mul(self.step.into())
    }
}

/// 1/100 dB in 1/65536 dB.
fn level_of(hundredths: i64) -> Option<i64> {
    hundredths.checked_mul(DB)?.checked_add(50)?.checked_div_euclid(100)
}

/// What `part` of `whole` is in a whole of `of`, rounded. None is negative or has more than 32 bits, `whole` is not 0, and
/// `part` is not beyond it.
fn scaled(part: i64, of: i64, whole: i64) -> i64 {
    let [part, of, whole] = [part, of, whole].map(i64::cast_unsigned);
    let rounded = part.saturating_mul(of).saturating_add(whole >> 1).checked_div(whole);
    rounded.unwrap_or(0).min(of).cast_signed()
}
