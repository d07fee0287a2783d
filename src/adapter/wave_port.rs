//! Which port the wave filters have: WaveRT's, or WavePci's.
#![forbid(unsafe_code)]

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::port::{Subdevice, WideName, new_port};
use portcls::raw::{IPort, IPortWavePci, IPortWaveRT};
use portcls::wavepci::new_service_group;
use portcls::{ComPtr, Result, Status, wide_name};

use super::packet_sizes;
use super::subdevices::bind;
use crate::device::SoundDevice;
use crate::platform::ending::Ending;
use crate::platform::pnp::StartRequest;
use crate::platform::shared::Shared;
use crate::platform::{registry, trace};
use crate::wave::WaveMiniport;
use crate::wave::bell::{Bell, Hung};
use crate::wave::channel::Channel;
use crate::wave::packet_sizes::PacketSizes;
use crate::wavepci::PciMiniport;

/// In the software key of a device: 1 has its wave filters use WavePci ports.
const FORCE: WideName = wide_name!("ForceWavePci");

/// A wave filter, registered. The drop unregisters it.
pub(super) struct WaveFilter<D: SoundDevice> {
    _bell: Option<Ending<Hung<D>>>,
    subdevice: Subdevice,
}

impl<D: SoundDevice> WaveFilter<D> {
    /// Makes the filter in front of `channel`, and registers it under `name`: with a WaveRT port where there is one,
    /// unless the registry asks for WavePci; with a WavePci port otherwise.
    ///
    /// # Errors
    ///
    /// What PortCls says to one of the steps.
    pub(super) fn install(
        irql: &mut Irql<Passive>,
        request: &StartRequest<'_>,
        name: WideName,
        channel: Channel<D>,
    ) -> Result<Self> {
        match real_time_port(irql, request.pdo)? {
            Some(port) => {
                let sizes = PacketSizes::within(channel.device().max_buffer_bytes());
                packet_sizes::announce(irql, request.pdo, name, &sizes);
                let subdevice = bind(irql, request, name, &port, WaveMiniport::new(channel)?)?;
                Ok(Self { _bell: None, subdevice })
            }
            None => Self::install_pci(irql, request, name, channel),
        }
    }

    fn install_pci(
        irql: &mut Irql<Passive>,
        request: &StartRequest<'_>,
        name: WideName,
        channel: Channel<D>,
    ) -> Result<Self> {
        trace::info(c"the wave filter has a WavePci port");
        let port = new_port::<IPortWavePci>(irql)?;
        let group = new_service_group(irql)?;
        let (hub, endpoint) = (channel.shared_hub(), channel.endpoint());
        let bell = Shared::new(Bell { port: port.query(irql)?, group: group.clone() })?;
        let miniport = PciMiniport::new(channel, request.pdo, group)?;
        // Before anybody can open a stream of it.
        let bell = Ending::new(Hung::new(irql, hub, endpoint, bell));
        let subdevice = bind(irql, request, name, &port, miniport)?;
        Ok(Self { _bell: Some(bell), subdevice })
    }

    /// The filter as PortCls knows it.
    pub(super) fn subdevice(&self) -> &Subdevice {
        &self.subdevice
    }
}

/// A WaveRT port for a filter of the device below `pdo`; none where it is not to have one, or there is no such port.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`: a lack of memory says nothing about ports.
fn real_time_port(irql: &Irql<Passive>, pdo: Device) -> Result<Option<ComPtr<IPort>>> {
    if registry::driver_value(irql, pdo, FORCE) == Some(1) {
        return Ok(None);
    }
    match new_port::<IPortWaveRT>(irql) {
        Ok(port) => Ok(Some(port)),
        Err(Status::INSUFFICIENT_RESOURCES) => Err(Status::INSUFFICIENT_RESOURCES),
        Err(status) => {
            trace::failure(c"making a WaveRT port", status);
            Ok(None)
        }
    }
}
