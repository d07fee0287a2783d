//! What the wave filter of an endpoint is, whichever port it has.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

use portcls::com::ComClass;
use portcls::descriptor::{Attributes, Automation, OwnedFilter};
use portcls::format::DataFormat;
use portcls::miniport::DataRanges;
use portcls::output::Output;
use portcls::plain::Plain;
use portcls::range::AudioRange;
use portcls::{Result, Status};

use super::channel::Channel;
use super::{filter, format, modes};
use crate::device::formats::{Formats, StreamFormat};
use crate::device::{Direction, SoundDevice};

/// A miniport with a wave filter.
pub(crate) trait Faced: ComClass {
    /// Its device.
    type Device: SoundDevice;

    /// The filter.
    fn face(&self) -> &Face<Self::Device>;
}

/// The wave filter of one endpoint.
pub(crate) struct Face<D: SoundDevice> {
    channel: Channel<D>,
    filter: OwnedFilter,
    /// The speaker configuration that was set last.
    speakers: AtomicU32,
}

/// What depends on the kind of the port.
pub(crate) struct Kind {
    /// Properties of the filter.
    pub(crate) filter: &'static Automation,
    /// Properties of its DAC.
    pub(crate) dac: &'static Automation,
    /// What follows each data range, and whether clients share the buffer with the device.
    pub(crate) realtime: Option<&'static Attributes>,
}

impl<D: SoundDevice> Face<D> {
    /// The filter in front of `channel`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(channel: Channel<D>, kind: &Kind) -> Result<Self> {
        let filter = filter::new(channel.info(), kind)?;
        let formats = &channel.info().formats;
        let channels = formats.channels_within(u32::MAX).unwrap_or(0);
        let speakers = AtomicU32::new(formats.mask(channels));
        Ok(Self { channel, filter, speakers })
    }

    /// The endpoint.
    pub(crate) fn channel(&self) -> &Channel<D> {
        &self.channel
    }

    /// The tables.
    pub(crate) fn filter(&self) -> &OwnedFilter {
        &self.filter
    }

    /// The speaker configuration.
    pub(super) fn speakers(&self) -> u32 {
        self.speakers.load(Relaxed)
    }

    /// Takes a speaker configuration.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` for one that the endpoint does not have.
    pub(super) fn set_speakers(&self, speakers: u32) -> Result {
        let formats = self.formats();
        let channels = u8::try_from(speakers.count_ones()).unwrap_or(0);
        let (least, most) = formats.channels;
        if !(least..=most).contains(&channels) || !formats.takes_mask(channels, speakers) {
            return Err(Status::NOT_SUPPORTED);
        }
        self.speakers.store(speakers, Relaxed);
        Ok(())
    }

    /// What its streams can be.
    pub(super) fn formats(&self) -> &Formats {
        &self.channel.info().formats
    }

    /// The format of a stream that a client asks for.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for what is no format, `STATUS_NO_MATCH` for one that the endpoint does not have,
    /// `STATUS_NOT_SUPPORTED` for a signal processing mode that it does not have.
    pub(crate) fn accept(&self, format: &DataFormat<'_>) -> Result<StreamFormat> {
        let accepted = format::accept(&format.parse()?, self.formats()).ok_or(Status::NO_MATCH)?;
        modes::accept(format.mode()?)?;
        Ok(accepted)
    }

    /// The format of a stream to be opened with pin `pin`, which is to record or not.
    ///
    /// # Errors
    ///
    /// Those of [`Face::accept`]; `STATUS_INVALID_PARAMETER` for another pin than the one that clients open, or another
    /// direction than its own.
    pub(crate) fn open(&self, pin: u32, capture: bool, format: &DataFormat<'_>) -> Result<StreamFormat> {
        if pin != self.host_pin() || capture != (self.channel.info().direction == Direction::Capture) {
            return Err(Status::INVALID_PARAMETER);
        }
        self.accept(format)
    }

    /// Goes on for the pin that clients open only.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` for the bridge pin, `STATUS_INVALID_PARAMETER` for a pin that is not there.
    pub(super) fn expect_host_pin(&self, pin: u32) -> Result {
        if pin == self.host_pin() {
            Ok(())
        } else if pin == filter::bridge_pin(self.channel.info().direction) {
            Err(Status::NOT_SUPPORTED)
        } else {
            Err(Status::INVALID_PARAMETER)
        }
    }

    /// The best format in which a client's range and the pin's meet.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` if they do not; those of the size protocol.
    pub(crate) fn intersect(&self, ranges: &DataRanges<'_>, output: Output<'_>) -> Result {
        if ranges.pin != self.host_pin() {
            return Err(Status::NO_MATCH);
        }
        let client = AudioRange::parse(ranges.client).ok_or(Status::NO_MATCH)?;
        let own = AudioRange::parse(ranges.own).ok_or(Status::NO_MATCH)?;
        let format = format::intersection(&client, &own, self.formats()).ok_or(Status::NO_MATCH)?;
        match format.to_waveformatex().filter(|_| format::is_plain(&format)) {
            Some(plain) => output.put(&[plain.as_bytes()]),
            None => output.put(&[format.to_extensible().as_bytes()]),
        }
    }

    fn host_pin(&self) -> u32 {
        filter::host_pin(self.channel.info().direction)
    }
}
