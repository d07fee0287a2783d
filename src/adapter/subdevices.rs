//! The filters that Windows sees, as subdevices of the device.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::port::{PortClass, Subdevice, WideName, new_port};
use portcls::{Com, ComClass, Result, wide_name};

use crate::platform::pnp::StartRequest;

/// Name of the wave filter; the INF's reference string.
pub(super) const WAVE: WideName = wide_name!("Wave");
/// Name of the topology filter; the INF's reference string.
pub(super) const TOPOLOGY: WideName = wide_name!("Topology");

/// Makes a port of kind `P` for `miniport`, and registers both under `name`.
///
/// # Errors
///
/// What PortCls says to one of the steps.
pub(super) fn install<P: PortClass>(
    irql: &Irql<Passive>,
    request: &StartRequest<'_>,
    name: WideName,
    miniport: impl ComClass,
) -> Result<Subdevice> {
    let miniport = Com::new(irql, miniport)?;
    let port = new_port::<P>(irql)?;
    port.init(irql, request.fdo, request.irp, miniport.unknown(), None, request.resources)?;
    Subdevice::register(irql, request.fdo, name, &port)
}
