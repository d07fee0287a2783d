//! The WavePci miniport.

use portcls::com::ComClass;
use portcls::descriptor::Filter;
use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::miniport::{DataRanges, Miniport};
use portcls::output::Output;
use portcls::pnp::MiniportPnpNotify;
use portcls::raw::{
    IDmaChannel, IMiniportPnpNotify, IMiniportWavePci, IPortWavePci, IResourceList, IServiceGroup, IUnknown,
};
use portcls::wavepci::{MadeStream, MiniportWavePci, NewStream};
use portcls::{Com, ComPtr, Result, Status};

use super::stream::Stream;
use crate::device::SoundDevice;
use crate::platform::once::Once;
use crate::wave::channel::Channel;
use crate::wave::{Dac, Face, Faced, Kind, Proposals};

/// The wave filter of one endpoint: makes at most one stream at a time.
pub(crate) struct PciMiniport<D: SoundDevice> {
    face: Face<D>,
    pdo: Device,
    /// In which the port has the miniport and its streams served.
    group: ComPtr<IServiceGroup>,
    /// The channel of all streams, which the port uses without a reference of its own.
    dma: Once<ComPtr<IDmaChannel>>,
}

impl<D: SoundDevice> PciMiniport<D> {
    const KIND: Kind =
        Kind { filter: Proposals::<Self>::AUTOMATION, dac: Dac::<Self>::AUTOMATION, realtime: None };

    /// The miniport in front of `channel`, of the device below `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(channel: Channel<D>, pdo: Device, group: ComPtr<IServiceGroup>) -> Result<Self> {
        Ok(Self { face: Face::new(channel, &Self::KIND)?, pdo, group, dma: Once::new() })
    }
}

impl<D: SoundDevice> Faced for PciMiniport<D> {
    type Device = D;

    fn face(&self) -> &Face<D> {
        &self.face
    }
}

impl<D: SoundDevice> ComClass for PciMiniport<D> {
    type Interfaces = (IMiniportWavePci, IMiniportPnpNotify);
}

impl<D: SoundDevice> MiniportPnpNotify for PciMiniport<D> {
    /// Nothing starts any more. What runs, and all the rest, ends when the adapter is told, which may wait.
    fn pnp_stop(&self, irql: &mut Irql<Passive>) {
        self.face.channel().bar(irql);
    }
}

impl<D: SoundDevice> Miniport for PciMiniport<D> {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&Filter> {
        Ok(self.face.filter().filter())
    }

    fn data_range_intersection(
        &self,
        _irql: &mut Irql<Passive>,
        ranges: &DataRanges<'_>,
        output: Output<'_>,
    ) -> Result {
        self.face.intersect(ranges, output)
    }
}

impl<D: SoundDevice> MiniportWavePci for PciMiniport<D> {
    /// The device is up already; of the port nothing but a DMA channel is needed, and a reference to it would be a circle.
    fn init(
        &self,
        irql: &mut Irql<Passive>,
        _adapter: Option<&ComPtr<IUnknown>>,
        _resources: &ComPtr<IResourceList>,
        port: &ComPtr<IPortWavePci>,
    ) -> Result<ComPtr<IServiceGroup>> {
        let longest = self.face.channel().device().max_buffer_bytes();
        self.dma.fill(port.new_master_dma_channel(irql, false, longest)?)?;
        Ok(self.group.clone())
    }

    fn new_stream(&self, irql: &mut Irql<Passive>, request: &NewStream<'_>) -> Result<MadeStream<'_>> {
        let channel = self.dma.get().ok_or(Status::INVALID_DEVICE_STATE)?;
        let format = self.face.open(request.pin, request.capture, &request.format)?;
        if !self.face.channel().occupy(irql, format) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        let own = self.face.channel().clone();
        let stream = Stream::open(irql, own, request.port_stream.clone(), self.pdo, format)?;
        let stream = Com::new(irql, stream)?.query(irql)?;
        Ok(MadeStream { stream, channel, group: self.group.clone() })
    }
}
