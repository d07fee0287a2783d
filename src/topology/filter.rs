//! What the topology filters look like to Windows.
//!
//! ```text
//!                          +------------------------+
//!   wave filter, pin 1 --> | 0 (bridge)    1 (jack) | --> speaker, headphones, amplifier ...
//!                          +------------------------+
//!
//!                          +------------------------+
//!   microphone, line   --> | 0 (jack)    1 (bridge) | --> wave filter, pin 0
//!                          +------------------------+
//! ```
//!
//! There is no volume node: Windows brings a finer volume control where the hardware shows none.

use portcls::Result;
use portcls::descriptor::{Automation, Connection, End, OwnedFilter, OwnedParts, OwnedPin, Pin};
use portcls::event::EventItem;
use portcls::property::PropertyItem;
use portcls::raw::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSEVENT_PINCAPS_JACKINFOCHANGE, KSEVENTSETID_PinCapsChange,
    KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    KSPROPSETID_Jack, PCEVENT_ITEM_FLAG_BASICSUPPORT, PCEVENT_ITEM_FLAG_ENABLE,
    PCPROPERTY_ITEM_FLAG_BASICSUPPORT, PCPROPERTY_ITEM_FLAG_GET,
};

use super::jack;
use super::pin::Outlet;
use crate::device::Direction;

/// The pin that comes from the wave filter, or leads there.
pub(crate) const fn bridge_pin(direction: Direction) -> u32 {
    match direction {
        Direction::Render => 0,
        Direction::Capture => 1,
    }
}

/// The pin behind which the jack is.
pub(super) const fn jack_pin(direction: Direction) -> u32 {
    match direction {
        Direction::Render => 1,
        Direction::Capture => 0,
    }
}

/// Properties that describe a jack.
const DESCRIBED: u32 = PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT;

static PROPERTIES: [PropertyItem; 2] = [
    PropertyItem::new(&KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, DESCRIBED, jack::description),
    PropertyItem::new(&KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION2, DESCRIBED, jack::description2),
];
/// The event belongs to a pin, but a bridge pin has no instance on which a client could enable it: clients use the
/// filter, whose table it is that PortCls searches then.
static EVENTS: [EventItem; 1] = [EventItem::new(
    &KSEVENTSETID_PinCapsChange,
    KSEVENT_PINCAPS_JACKINFOCHANGE,
    PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
    jack::info_change,
)];
static AUTOMATION: Automation = Automation::new(&PROPERTIES, &EVENTS);

/// The filter of an endpoint of that direction, with that at its end.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(super) fn new(direction: Direction, outlet: Outlet) -> Result<OwnedFilter> {
    let (first, last) = match direction {
        Direction::Render => (&KSCATEGORY_AUDIO, outlet.category()),
        Direction::Capture => (outlet.category(), &KSCATEGORY_AUDIO),
    };
    let parts = OwnedParts {
        automation: Some(&AUTOMATION),
        pins: &[
            OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_IN, first)),
            OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_OUT, last)),
        ],
        nodes: &[],
        connections: &[Connection::new(End::Pin(0), End::Pin(1))],
        categories: &[KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY],
    };
    OwnedFilter::new(parts, core::iter::empty(), None)
}
