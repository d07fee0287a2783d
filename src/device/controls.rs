//! Volume and mute, where a device has them.

use core::ops::Range;
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::{AcqRel, Release};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

/// The controls of one endpoint. What there is does not change; the values do, and not only by this driver.
pub(crate) trait Controls: Send + Sync {
    /// The volume, if there is one.
    fn volume(&self) -> Option<Volume>;

    /// What can be muted, if anything can.
    fn mute(&self) -> Option<Channels>;

    /// The level of a channel, in 1/65536 dB.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` without a volume; `STATUS_DEVICE_NOT_READY` if the device does not answer in time, or is
    /// being started over; `STATUS_IO_DEVICE_ERROR` if what it says cannot be, or if it left an earlier request about
    /// this control unanswered; `STATUS_DEVICE_REMOVED`; and whatever the device says itself.
    fn level(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<i32>;

    /// Sets the level of a channel to the one nearest to `level` that the device has. `level` is in the volume's range.
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

/// A control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// The volume.
    Volume,
    /// The mute.
    Mute,
}

impl Control {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Volume, Self::Mute];

    const fn bit(self) -> u8 {
        match self {
            Self::Volume => 1 << 0,
            Self::Mute => 1 << 1,
        }
    }
}

/// Which controls of an endpoint were changed by other hands than this driver's, until Windows was told. Shared by the
/// device, which says what happens, and the filter that tells Windows; it holds no lock, so that any IRQL will do.
pub(crate) struct News(AtomicU8);

impl News {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Takes in that `control` was changed: a notification is due, see [`Self::take`].
    pub(crate) fn tell(&self, control: Control) {
        self.0.fetch_or(control.bit(), Release);
    }

    /// Whether `control` was changed since this was last asked.
    pub(crate) fn take(&self, control: Control) -> bool {
        self.0.fetch_and(!control.bit(), AcqRel) & control.bit() != 0
    }
}
