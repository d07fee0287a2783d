//! Volume and mute, where a device has them.

use core::ops::Range;

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

/// The controls of one endpoint. What there is does not change; the values do, and not only by this driver.
pub(crate) trait Controls: Send + Sync + 'static {
    /// The volume, if there is one.
    fn volume(&self) -> Option<Volume>;

    /// What can be muted, if anything can.
    fn mute(&self) -> Option<Channels>;

    /// The level of a channel, in 1/65536 dB.
    ///
    /// # Errors
    ///
    /// The device's: `STATUS_IO_DEVICE_ERROR` if it does not answer, `STATUS_NOT_SUPPORTED` without a volume.
    fn level(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<i32>;

    /// Sets the level of a channel to one of those that the volume has.
    ///
    /// # Errors
    ///
    /// As [`Self::level`].
    fn set_level(&self, irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result;

    /// Whether a channel is mute.
    ///
    /// # Errors
    ///
    /// As [`Self::level`], where there is no mute.
    fn is_muted(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<bool>;

    /// Mutes a channel, or ends that.
    ///
    /// # Errors
    ///
    /// As [`Self::is_muted`].
    fn set_muted(&self, irql: &mut Irql<Passive>, channel: u32, muted: bool) -> Result;
}

/// The channels of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channels {
    /// How many sound; at least one.
    pub(crate) count: u32,
    /// One value serves them all: the device is only asked for channel 0.
    pub(crate) uniform: bool,
}

/// What stands for all channels in a client's request.
const ALL: i32 = -1;

impl Channels {
    /// Those of the device's channels that a client means by `channel`: one, or all by -1.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for a channel that there is not.
    pub(crate) fn meant(self, channel: i32) -> Result<Range<u32>> {
        let several = if self.uniform { 1 } else { self.count };
        if channel == ALL {
            return Ok(0..several);
        }
        let channel = u32::try_from(channel).map_err(|_| Status::INVALID_PARAMETER)?;
        if channel >= self.count {
            return Err(Status::INVALID_PARAMETER);
        }
        let first = if self.uniform { 0 } else { channel };
        Ok(first..first.saturating_add(1))
    }
}

/// A volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Its channels.
    pub(crate) channels: Channels,
    /// The lowest level, in 1/65536 dB.
    pub(crate) lowest: i32,
    /// The highest level; not below the lowest one.
    pub(crate) highest: i32,
    /// From one level to the next; not 0.
    pub(crate) step: u32,
}

impl Volume {
    /// The level that the device has nearest to `level`; whatever is out of range is as near as it gets.
    pub(crate) fn nearest(self, level: i32) -> i32 {
        let (lowest, highest) = (i64::from(self.lowest), i64::from(self.highest).max(self.lowest.into()));
        let step = i64::from(self.step.max(1));
        let above = i64::from(level).clamp(lowest, highest).saturating_sub(lowest);
        let rounded = above.saturating_add(step >> 1).checked_div(step).unwrap_or(0).saturating_mul(step);
        let level = lowest.saturating_add(rounded);
        // The highest level need not be a whole number of steps up.
        let level = if level > highest { level.saturating_sub(step) } else { level };
        i32::try_from(level).unwrap_or(self.lowest)
    }
}
