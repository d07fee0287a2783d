//! What the topology filters look like to Windows.
//!
//! ```text
//!                          +-----------------------------------------+
//!   wave filter, pin 1 --> | 0 (bridge)  [volume]  [mute]   1 (jack) | --> speaker, headphones, amplifier ...
//!                          +-----------------------------------------+
//!
//!                          +-----------------------------------------+
//!   microphone, line   --> | 0 (jack)  [volume]  [mute]   1 (bridge) | --> wave filter, pin 0
//!                          +-----------------------------------------+
//! ```
//!
//! Volume and mute are there if the device has them: where it has none, Windows brings its own.

use core::marker::PhantomData;

use portcls::Result;
use portcls::descriptor::{Automation, Connection, End, Node, OwnedFilter, OwnedParts, OwnedPin, Pin};
use portcls::event::EventItem;
use portcls::property::PropertyItem;
use portcls::raw::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSEVENT_CONTROL_CHANGE, KSEVENT_PINCAPS_JACKINFOCHANGE,
    KSEVENTSETID_AudioControlChange, KSEVENTSETID_PinCapsChange, KSNODETYPE_MUTE, KSNODETYPE_VOLUME,
    KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSPROPERTY_AUDIO_CPU_RESOURCES, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    KSPROPERTY_JACK_DESCRIPTION3, KSPROPSETID_Audio, KSPROPSETID_Jack, PCEVENT_ITEM_FLAG_BASICSUPPORT,
    PCEVENT_ITEM_FLAG_ENABLE, PCPROPERTY_ITEM_FLAG_BASICSUPPORT, PCPROPERTY_ITEM_FLAG_GET,
    PCPROPERTY_ITEM_FLAG_SET,
};

use super::pin::Outlet;
use super::{herald, jack, levels};
use crate::device::Direction;
use crate::device::controls::{Control, Controls};

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

/// The node of a control, in a filter that has a volume or has none.
pub(super) const fn node_of(control: Control, has_volume: bool) -> u32 {
    match (control, has_volume) {
        (Control::Mute, true) => 1,
        _ => 0,
    }
}

/// The tables of filters whose miniports have controls of type `C`.
struct Tables<C>(PhantomData<C>);

/// Properties that describe a jack.
const DESCRIBED: u32 = PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT;
/// Properties that are a control.
const SETTABLE: u32 = DESCRIBED | PCPROPERTY_ITEM_FLAG_SET;

static CPU_RESOURCES: PropertyItem =
    PropertyItem::new(&KSPROPSETID_Audio, KSPROPERTY_AUDIO_CPU_RESOURCES, DESCRIBED, levels::cpu_resources);

impl<C: Controls + 'static> Tables<C> {
    const PROPERTIES: &'static [PropertyItem] = &[
        PropertyItem::new(&KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, DESCRIBED, jack::description::<C>),
        PropertyItem::new(
            &KSPROPSETID_Jack,
            KSPROPERTY_JACK_DESCRIPTION2,
            DESCRIBED,
            jack::description2::<C>,
        ),
        PropertyItem::new(
            &KSPROPSETID_Jack,
            KSPROPERTY_JACK_DESCRIPTION3,
            DESCRIBED,
            jack::description3::<C>,
        ),
    ];
    /// The event belongs to a pin, but a bridge pin has no instance on which a client could enable it: clients use
    /// the filter, whose table it is that PortCls searches then.
    const EVENTS: &'static [EventItem] = &[EventItem::new(
        &KSEVENTSETID_PinCapsChange,
        KSEVENT_PINCAPS_JACKINFOCHANGE,
        PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
        herald::enable::<C>,
    )];
    const FILTER: &'static Automation = &Automation::new(Self::PROPERTIES, Self::EVENTS);

    /// That a control was changed by other hands.
    const CHANGES: &'static [EventItem] = &[EventItem::new(
        &KSEVENTSETID_AudioControlChange,
        KSEVENT_CONTROL_CHANGE,
        PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
        herald::enable::<C>,
    )];

    const VOLUME_PROPERTIES: &'static [PropertyItem] = &[
        PropertyItem::new(&KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, SETTABLE, levels::volume::<C>),
        CPU_RESOURCES,
    ];
    const VOLUME: &'static Automation = &Automation::new(Self::VOLUME_PROPERTIES, Self::CHANGES);

    const MUTE_PROPERTIES: &'static [PropertyItem] = &[
        PropertyItem::new(&KSPROPSETID_Audio, KSPROPERTY_AUDIO_MUTE, SETTABLE, levels::mute::<C>),
        CPU_RESOURCES,
    ];
    const MUTE: &'static Automation = &Automation::new(Self::MUTE_PROPERTIES, Self::CHANGES);
}

/// The filter of an endpoint of that direction, with that at its end, and nodes for the controls that there are.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(super) fn new<C: Controls + 'static>(
    direction: Direction,
    outlet: Outlet,
    controls: &C,
) -> Result<OwnedFilter> {
    let volume = Node::new(&KSNODETYPE_VOLUME).with_automation(Tables::<C>::VOLUME);
    let mute = Node::new(&KSNODETYPE_MUTE).with_automation(Tables::<C>::MUTE);
    let both = [volume, mute];
    let nodes: &[Node] = match (controls.volume().is_some(), controls.mute().is_some()) {
        (false, false) => &[],
        (true, false) => &[volume],
        (false, true) => &[mute],
        (true, true) => &both,
    };
    // From node to node, each with its way in, 1, and its way out, 0.
    let connections: &[Connection] = match nodes.len() {
        0 => &[Connection::new(End::Pin(0), End::Pin(1))],
        1 => &[Connection::new(End::Pin(0), End::Node(0, 1)), Connection::new(End::Node(0, 0), End::Pin(1))],
        _ => &[
            Connection::new(End::Pin(0), End::Node(0, 1)),
            Connection::new(End::Node(0, 0), End::Node(1, 1)),
            Connection::new(End::Node(1, 0), End::Pin(1)),
        ],
    };
    let (first, last) = match direction {
        Direction::Render => (&KSCATEGORY_AUDIO, outlet.category()),
        Direction::Capture => (outlet.category(), &KSCATEGORY_AUDIO),
    };
    let parts = OwnedParts {
        automation: Some(Tables::<C>::FILTER),
        pins: &[
            OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_IN, first)),
            OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_OUT, last)),
        ],
        nodes,
        connections,
        categories: &[KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY],
    };
    OwnedFilter::new(parts, core::iter::empty(), None)
}
