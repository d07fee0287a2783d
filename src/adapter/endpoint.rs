//! One endpoint: its two filters, and what connects them.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::port::{PhysicalConnection, Subdevice};
use portcls::raw::{IPort, IPortTopology};
use portcls::{ComPtr, Result};

use super::controls::EndpointControls;
use super::subdevices::{Names, install};
use super::wave_port::WaveFilter;
use crate::device::formats::fingerprint;
use crate::device::{Direction, SoundDevice};
use crate::platform::ending::Ending;
use crate::platform::pnp::StartRequest;
use crate::platform::pool::{PoolBox, PoolSlice};
use crate::platform::shared::Shared;
use crate::topology::{self, Herald, TopologyMiniport, Watch};
use crate::wave;
use crate::wave::channel::Channel;
use crate::wave::hub::Hub;

/// The filters of one endpoint, registered. The drop unregisters them.
struct Endpoint<D: SoundDevice> {
    _connection: PhysicalConnection,
    _topology: Subdevice,
    _watch: Ending<Watch>,
    wave: WaveFilter<D>,
}

impl<D: SoundDevice> Endpoint<D> {
    fn new(
        irql: &mut Irql<Passive>,
        request: &StartRequest<'_>,
        channel: Channel<D>,
        herald: Shared<Herald>,
        controls: EndpointControls<D>,
        names: Names,
    ) -> Result<Self> {
        let direction = channel.info().direction;
        let formats = &channel.info().formats;
        let speakers = formats.channels_within(u32::MAX).map_or(0, |channels| formats.mask(channels));
        let config = fingerprint(formats, channel.device().max_buffer_bytes());
        let wave = WaveFilter::install(irql, request, names.wave, channel)?;
        let watch = Ending::new(Watch(herald.clone()));
        let filter = TopologyMiniport::new(speakers, config, herald, controls)?;
        let topology = install::<IPortTopology>(irql, request, names.topology, filter)?;
        let wave_end = (wave.subdevice(), wave::bridge_pin(direction));
        let topology_end = (&topology, topology::bridge_pin(direction));
        let (from, to) = match direction {
            Direction::Render => (wave_end, topology_end),
            Direction::Capture => (topology_end, wave_end),
        };
        let connection = PhysicalConnection::register(irql, request.fdo, from, to)?;
        Ok(Self { _connection: connection, _topology: topology, _watch: watch, wave })
    }
}

/// Tells the clients of each endpoint of its jack and its controls; of as many as there are names for.
pub(super) struct Heralds(PoolSlice<Option<Shared<Herald>>>);

impl Heralds {
    /// Those of the endpoints of `hub`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new<D: SoundDevice>(irql: &Irql<Passive>, hub: &Hub<D>) -> Result<Self> {
        let mut heralds = PoolSlice::new(hub.endpoints().len(), || None)?;
        for (number, (info, place)) in hub.endpoints().iter().zip(heralds.iter_mut()).enumerate() {
            let jack = hub.device().jack(irql, number)?;
            let news = hub.device().news(number);
            *place = Some(Shared::new(Herald::new(info.direction, jack, news))?);
        }
        Ok(Self(heralds))
    }

    /// Passes on what changed.
    pub(super) fn notify(&self, irql: &mut Irql<Passive>) {
        self.0.iter().flatten().for_each(|herald| herald.notify(irql));
    }
}

/// All endpoints of a device.
pub(super) struct Endpoints<D: SoundDevice>(PoolSlice<Option<PoolBox<Endpoint<D>>>>);

impl<D: SoundDevice> Endpoints<D> {
    /// Makes the filters of the endpoints of `hub`, and registers them.
    ///
    /// # Errors
    ///
    /// What PortCls says to one of the steps.
    pub(super) fn new(
        irql: &mut Irql<Passive>,
        request: &StartRequest<'_>,
        hub: &Shared<Hub<D>>,
        heralds: &Heralds,
    ) -> Result<Self> {
        let mut endpoints = Self(PoolSlice::new(hub.endpoints().len(), || None)?);
        let (mut renders, mut captures) = (0_usize, 0_usize);
        for (number, (place, herald)) in endpoints.0.iter_mut().zip(heralds.0.iter()).enumerate() {
            let (Some(channel), Some(herald)) = (Channel::new(hub.clone(), number), herald) else { break };
            let count = match channel.info().direction {
                Direction::Render => &mut renders,
                Direction::Capture => &mut captures,
            };
            // Endpoints that there are no names for are left out.
            let Some(names) = Names::of(channel.info().direction, *count) else { continue };
            *count = count.wrapping_add(1);
            let controls = EndpointControls::new(hub.clone(), number);
            let endpoint = Endpoint::new(irql, request, channel, herald.clone(), controls, names)?;
            *place = Some(PoolBox::new(endpoint)?);
        }
        Ok(endpoints)
    }

    /// The ports of the wave filters, by endpoint.
    pub(super) fn ports(&self) -> impl Iterator<Item = (usize, &ComPtr<IPort>)> {
        let made = self.0.iter().enumerate();
        made.filter_map(|(number, endpoint)| Some((number, endpoint.as_ref()?.wave.subdevice().port())))
    }
}
