//! The filters that Windows sees, as subdevices of the device.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::port::{PortClass, Subdevice, WideName, new_port};
use portcls::raw::IPort;
use portcls::{Com, ComClass, ComPtr, Result, wide_name};

use crate::device::{Direction, MAX_ENDPOINTS};
use crate::platform::pnp::StartRequest;

/// Endpoints of each direction that there are names for.
const MOST_RENDER: usize = 12;
const MOST_CAPTURE: usize = 8;

/// All endpoints that there are names for.
pub(super) const MOST: usize = MOST_RENDER + MOST_CAPTURE;
const _: () = assert!(MOST <= MAX_ENDPOINTS);

/// Names of the two filters of an endpoint, which are the INF's reference strings.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// The wave filter's.
    pub(super) wave: WideName,
    /// The topology filter's.
    pub(super) topology: WideName,
}

impl Names {
    /// The names of the endpoint that is number `index` of its direction; none beyond [`MOST_RENDER`] and
    /// [`MOST_CAPTURE`].
    pub(super) fn of(direction: Direction, index: usize) -> Option<Self> {
        match direction {
            Direction::Render => RENDER.get(index).copied(),
            Direction::Capture => CAPTURE.get(index).copied(),
        }
    }
}

/// The names for as many render endpoints as a device may have.
const RENDER: [Names; MOST_RENDER] = [
    names(wide_name!("WaveRender0"), wide_name!("TopologyRender0")),
    names(wide_name!("WaveRender1"), wide_name!("TopologyRender1")),
    names(wide_name!("WaveRender2"), wide_name!("TopologyRender2")),
    names(wide_name!("WaveRender3"), wide_name!("TopologyRender3")),
    names(wide_name!("WaveRender4"), wide_name!("TopologyRender4")),
    names(wide_name!("WaveRender5"), wide_name!("TopologyRender5")),
    names(wide_name!("WaveRender6"), wide_name!("TopologyRender6")),
    names(wide_name!("WaveRender7"), wide_name!("TopologyRender7")),
    names(wide_name!("WaveRender8"), wide_name!("TopologyRender8")),
    names(wide_name!("WaveRender9"), wide_name!("TopologyRender9")),
    names(wide_name!("WaveRender10"), wide_name!("TopologyRender10")),
    names(wide_name!("WaveRender11"), wide_name!("TopologyRender11")),
];

/// The names for as many capture endpoints as a device may have.
const CAPTURE: [Names; MOST_CAPTURE] = [
    names(wide_name!("WaveCapture0"), wide_name!("TopologyCapture0")),
    names(wide_name!("WaveCapture1"), wide_name!("TopologyCapture1")),
    names(wide_name!("WaveCapture2"), wide_name!("TopologyCapture2")),
    names(wide_name!("WaveCapture3"), wide_name!("TopologyCapture3")),
    names(wide_name!("WaveCapture4"), wide_name!("TopologyCapture4")),
    names(wide_name!("WaveCapture5"), wide_name!("TopologyCapture5")),
    names(wide_name!("WaveCapture6"), wide_name!("TopologyCapture6")),
    names(wide_name!("WaveCapture7"), wide_name!("TopologyCapture7")),
];

const fn names(wave: WideName, topology: WideName) -> Names {
    Names { wave, topology }
}

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
    bind(irql, request, name, &new_port::<P>(irql)?, miniport)
}

/// Binds `port` to `miniport`, and registers both under `name`.
///
/// # Errors
///
/// What PortCls says to one of the steps.
pub(super) fn bind(
    irql: &Irql<Passive>,
    request: &StartRequest<'_>,
    name: WideName,
    port: &ComPtr<IPort>,
    miniport: impl ComClass,
) -> Result<Subdevice> {
    let miniport = Com::new(irql, miniport)?;
    port.init(irql, request.fdo, request.irp, miniport.unknown(), None, request.resources)?;
    Subdevice::register(irql, request.fdo, name, port)
}
