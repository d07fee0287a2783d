//! The WaveRT miniport.

use portcls::com::ComClass;
use portcls::descriptor::Filter;
use portcls::irql::{Irql, Passive};
use portcls::miniport::{DataRanges, Miniport};
use portcls::output::Output;
use portcls::pnp::MiniportPnpNotify;
use portcls::raw::{
    DEVICE_DESCRIPTION, DEVICE_DESCRIPTION_VERSION, IMiniportAudioSignalProcessing, IMiniportPnpNotify,
    IMiniportWaveRT, IMiniportWaveRTStream, IPortWaveRT, IResourceList, IUnknown, PCIBus,
};
use portcls::wavert::{MiniportWaveRt, NewStream};
use portcls::{Com, ComPtr, Result, Status};

use super::channel::Channel;
use super::dac::Dac;
use super::face::{Face, Faced, Kind};
use super::modes;
use super::propose::Proposals;
use super::stream::{Capture, Render, Stream};
use crate::device::{Direction, SoundDevice};

/// The wave filter of one endpoint: makes at most one stream at a time.
pub(crate) struct WaveMiniport<D: SoundDevice>(Face<D>);

impl<D: SoundDevice> WaveMiniport<D> {
    const KIND: Kind = Kind {
        filter: Proposals::<Self>::AUTOMATION,
        dac: Dac::<Self>::AUTOMATION,
        realtime: Some(&modes::ATTRIBUTES),
    };

    /// The miniport in front of `channel`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(channel: Channel<D>) -> Result<Self> {
        Face::new(channel, &Self::KIND).map(Self)
    }
}

impl<D: SoundDevice> Faced for WaveMiniport<D> {
    type Device = D;

    fn face(&self) -> &Face<D> {
        &self.0
    }
}

impl<D: SoundDevice> ComClass for WaveMiniport<D> {
    type Interfaces = (IMiniportWaveRT, IMiniportAudioSignalProcessing, IMiniportPnpNotify);
}

impl<D: SoundDevice> MiniportPnpNotify for WaveMiniport<D> {
    /// Nothing starts any more. What runs, and all the rest, ends when the adapter is told, which may wait.
    fn pnp_stop(&self, irql: &mut Irql<Passive>) {
        self.0.channel().bar(irql);
    }
}

impl<D: SoundDevice> Miniport for WaveMiniport<D> {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&Filter> {
        Ok(self.0.filter().filter())
    }

    fn data_range_intersection(
        &self,
        _irql: &mut Irql<Passive>,
        ranges: &DataRanges<'_>,
        output: Output<'_>,
    ) -> Result {
        self.0.intersect(ranges, output)
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
        let channel = self.0.channel();
        let format = self.0.open(request.pin, request.capture, &request.format)?;
        if !channel.occupy(irql, format) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        let (channel, port) = (channel.clone(), request.port_stream.clone());
        match channel.info().direction {
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
