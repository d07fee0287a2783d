//! The WaveRT miniport.

use portcls::com::ComClass;
use portcls::irql::{Irql, Passive};
use portcls::miniport::{DataRanges, Miniport};
use portcls::output::Output;
use portcls::plain::Plain;
use portcls::range::AudioRange;
use portcls::raw::{
    DEVICE_DESCRIPTION, DEVICE_DESCRIPTION_VERSION, IMiniportWaveRT, IMiniportWaveRTStream, IPortWaveRT,
    IResourceList, IUnknown, PCIBus,
};
use portcls::wavert::{MiniportWaveRt, NewStream};
use portcls::{Com, ComPtr, Result, Status};

use super::channel::Channel;
use super::filter;
use super::format;
use super::stream::Stream;
use crate::device::SoundDevice;
use crate::platform::shared::Shared;

/// The wave filter of one device: makes at most one stream at a time.
pub(crate) struct WaveMiniport<D: SoundDevice> {
    channel: Shared<Channel<D>>,
}

impl<D: SoundDevice> WaveMiniport<D> {
    /// The miniport in front of `channel`.
    pub(crate) fn new(channel: Shared<Channel<D>>) -> Self {
        Self { channel }
    }
}

impl<D: SoundDevice> ComClass for WaveMiniport<D> {
    type Interfaces = (IMiniportWaveRT,);
}

impl<D: SoundDevice> Miniport for WaveMiniport<D> {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&'static filter::Filter> {
        Ok(filter::for_rates(self.channel.device().rates()))
    }

    fn data_range_intersection(
        &self,
        _irql: &mut Irql<Passive>,
        ranges: &DataRanges<'_>,
        output: Output<'_>,
    ) -> Result {
        if ranges.pin != filter::HOST_PIN {
            return Err(Status::NO_MATCH);
        }
        let client = AudioRange::parse(ranges.client).ok_or(Status::NO_MATCH)?;
        let own = AudioRange::parse(ranges.own).ok_or(Status::NO_MATCH)?;
        let format = format::intersection(&client, &own, self.channel.device().rates());
        let answer = format.ok_or(Status::NO_MATCH)?.to_extensible();
        output.put(&[answer.as_bytes()])
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
        if request.pin != filter::HOST_PIN || request.capture {
            return Err(Status::INVALID_PARAMETER);
        }
        let format = request.format.parse()?;
        let device = self.channel.device();
        if !format::is_playable(&format, device.rates()) {
            return Err(Status::NO_MATCH);
        }
        if !self.channel.occupy() {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        let stream = Com::new(irql, Stream::new(self.channel.clone(), request.port_stream.clone()))?;
        device.set_rate(irql, format.rate())?;
        stream.query(irql)
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
