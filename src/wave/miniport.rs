//! The WaveRT miniport.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

use portcls::com::ComClass;
use portcls::descriptor::{Filter, OwnedFilter};
use portcls::format::DataFormat;
use portcls::irql::{Irql, Passive};
use portcls::miniport::{DataRanges, Miniport};
use portcls::output::Output;
use portcls::plain::Plain;
use portcls::pnp::MiniportPnpNotify;
use portcls::range::AudioRange;
use portcls::raw::{
    DEVICE_DESCRIPTION, DEVICE_DESCRIPTION_VERSION, IMiniportAudioSignalProcessing, IMiniportPnpNotify,
    IMiniportWaveRT, IMiniportWaveRTStream, IPortWaveRT, IResourceList, IUnknown, PCIBus,
};
use portcls::wavert::{MiniportWaveRt, NewStream};
use portcls::{Com, ComPtr, Result, Status};

use super::channel::Channel;
use super::dac::Dac;
use super::propose::Proposals;
use super::stream::{Capture, Render, Stream};
use super::{filter, format, modes};
use crate::device::formats::{Formats, StreamFormat};
use crate::device::{Direction, SoundDevice};

/// The wave filter of one endpoint: makes at most one stream at a time.
pub(crate) struct WaveMiniport<D: SoundDevice> {
    channel: Channel<D>,
    filter: OwnedFilter,
    /// The speaker configuration that was set last.
    speakers: AtomicU32,
}

impl<D: SoundDevice> WaveMiniport<D> {
    /// The miniport in front of `channel`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(channel: Channel<D>) -> Result<Self> {
        let filter = filter::new(channel.info(), Proposals::<D>::AUTOMATION, Dac::<D>::AUTOMATION)?;
        let formats = &channel.info().formats;
        let channels = formats.channels_within(u32::MAX).unwrap_or(0);
        let speakers = AtomicU32::new(formats.mask(channels));
        Ok(Self { channel, filter, speakers })
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
    pub(super) fn accept(&self, format: &DataFormat<'_>) -> Result<StreamFormat> {
        let accepted = format::accept(&format.parse()?, self.formats()).ok_or(Status::NO_MATCH)?;
        modes::accept(format.mode()?)?;
        Ok(accepted)
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

    fn host_pin(&self) -> u32 {
        filter::host_pin(self.channel.info().direction)
    }
}

impl<D: SoundDevice> ComClass for WaveMiniport<D> {
    type Interfaces = (IMiniportWaveRT, IMiniportAudioSignalProcessing, IMiniportPnpNotify);
}

impl<D: SoundDevice> MiniportPnpNotify for WaveMiniport<D> {
    /// Nothing starts any more. What runs, and all the rest, ends when the adapter is told, which may wait.
    fn pnp_stop(&self, irql: &mut Irql<Passive>) {
        self.channel.bar(irql);
    }
}

impl<D: SoundDevice> Miniport for WaveMiniport<D> {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&Filter> {
        Ok(self.filter.filter())
    }

    fn data_range_intersection(
        &self,
        _irql: &mut Irql<Passive>,
        ranges: &DataRanges<'_>,
        output: Output<'_>,
    ) -> Result {
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
}

impl<D: SoundDevice> MiniportWaveRt for WaveMiniport<D> {
    fn init(
        &self,
        _irql: &mut Irql<Passive>,
        _adapter: Option<&ComPtr<IUnknown>>,
        _resources: &ComPtr<IResourceList>,
        _port: &ComPtr<IPortWaveRT>,
    ) -> Result {
        // The device is up already; of the port nothing is needed, and a reference to it would be a circle.
        Ok(())
    }

    fn new_stream(
        &self,
        irql: &mut Irql<Passive>,
        request: &NewStream<'_>,
    ) -> Result<ComPtr<IMiniportWaveRTStream>> {
        let capture = self.channel.info().direction == Direction::Capture;
        if request.pin != self.host_pin() || request.capture != capture {
            return Err(Status::INVALID_PARAMETER);
        }
        let format = self.accept(&request.format)?;
        if !self.channel.occupy(irql, format) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        let (channel, port) = (self.channel.clone(), request.port_stream.clone());
        match self.channel.info().direction {
            Direction::Render => Com::new(irql, Stream::<D, Render>::new(channel, port))?.query(irql),
            Direction::Capture => Com::new(irql, Stream::<D, Capture>::new(channel, port))?.query(irql),
        }
    }

    fn device_description(&self, _irql: &mut Irql<Passive>) -> Result<DEVICE_DESCRIPTION> {
        Ok(DEVICE_DESCRIPTION {
            Version: DEVICE_DESCRIPTION_VERSION,
            Master: 1,
            ScatterGather: 1,
            Dma32BitAddresses: 1,
            InterfaceType: PCIBus,
            MaximumLength: u32::MAX,
            ..DEVICE_DESCRIPTION::ZERO
        })
    }
}
