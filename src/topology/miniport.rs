//! The topology miniport.

use portcls::com::ComClass;
use portcls::descriptor::Filter;
use portcls::irql::{Irql, Passive};
use portcls::miniport::Miniport;
use portcls::raw::{IMiniportTopology, IPortTopology, IResourceList, IUnknown};
use portcls::topology::MiniportTopology;
use portcls::{ComPtr, Result};

use super::filter::FILTER;

/// The topology filter: nothing but its description, as nothing in it can be set.
pub(crate) struct TopologyMiniport;

impl ComClass for TopologyMiniport {
    type Interfaces = (IMiniportTopology,);
}

impl Miniport for TopologyMiniport {
    fn description(&self, _irql: &mut Irql<Passive>) -> Result<&'static Filter> {
        Ok(&FILTER)
    }
}

impl MiniportTopology for TopologyMiniport {
    fn init(
        &self,
        _irql: &mut Irql<Passive>,
        _adapter: Option<&ComPtr<IUnknown>>,
        _resources: Option<&ComPtr<IResourceList>>,
        _port: &ComPtr<IPortTopology>,
    ) -> Result {
        Ok(())
    }
}
