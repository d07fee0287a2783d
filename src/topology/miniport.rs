//! The topology miniport.

use portcls::com::ComClass;
use portcls::descriptor::{Filter, OwnedFilter};
use portcls::irql::{Irql, Passive};
use portcls::miniport::Miniport;
use portcls::raw::{IMiniportTopology, IPortTopology, IResourceList, IUnknown, KSJACK_DESCRIPTION};
use portcls::topology::MiniportTopology;
use portcls::{ComPtr, Result};

use super::filter;
use super::herald::Herald;
use super::pin::{self, Outlet};
use crate::device::controls::Controls;
use crate::platform::shared::Shared;

/// The topology filter of one endpoint.
pub(crate) struct TopologyMiniport<C> {
    filter: OwnedFilter,
    speakers: u32,
    config: u32,
    herald: Shared<Herald>,
    controls: C,
}

impl<C: Controls + 'static> TopologyMiniport<C> {
    /// The filter of the endpoint at whose end the herald's jack is; its channels go to `speakers`
    /// (`KSAUDIO_SPEAKER_`), by way of `controls`. `config` stands for what the endpoint can do: Windows forgets what it
    /// knew of it when that is another number than it was.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(speakers: u32, config: u32, herald: Shared<Herald>, controls: C) -> Result<Self> {
        let direction = herald.direction();
        herald.set_volume(controls.volume().is_some());
        let filter = filter::new(direction, Outlet::of(direction, herald.jack().pin()), &controls)?;
        Ok(Self { filter, speakers, config, herald, controls })
    }

    pub(super) fn herald(&self) -> &Herald {
        &self.herald
    }

    pub(super) fn config(&self) -> u32 {
        self.config
    }

    pub(super) fn controls(&self) -> &C {
        &self.controls
    }

    /// The jack, as it is at the moment.
    pub(super) fn jack_description(&self) -> KSJACK_DESCRIPTION {
        pin::description(self.herald.direction(), self.speakers, self.herald.jack())
    }
}

impl<C: Controls + 'static> ComClass for TopologyMiniport<C> {
    type Interfaces = (IMiniportTopology,);
}

impl<C: Controls + 'static> Miniport for TopologyMiniport<C> {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&Filter> {
        Ok(self.filter.filter())
    }
}

impl<C: Controls + 'static> MiniportTopology for TopologyMiniport<C> {
    fn init(
        &self,
        irql: &mut Irql<Passive>,
        _adapter: Option<&ComPtr<IUnknown>>,
        _resources: Option<&ComPtr<IResourceList>>,
        port: &ComPtr<IPortTopology>,
    ) -> Result {
        self.herald.meet(irql, port)
    }
}
