//! What the topology filter looks like to Windows.
//!
//! ```text
//!                            +---------------------------+
//!   wave filter, pin 1 ----> | 0 (bridge)     1 (speaker) | ----> jack
//!                            +---------------------------+
//! ```
//!
//! There is no volume node: the codec's attenuator is left at unity, and Windows brings a finer volume control
//! where the hardware shows none.

use portcls::descriptor::{Automation, Connection, End, Filter, FilterParts, Pin};
use portcls::property::PropertyItem;
use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSNODETYPE_SPEAKER, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
    KSPROPERTY_JACK_DESCRIPTION, KSPROPSETID_Jack, PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    PCPROPERTY_ITEM_FLAG_GET,
};

use super::jack;

/// The pin that comes from the wave filter.
pub(crate) const BRIDGE_PIN: u32 = 0;
/// The pin behind which the jack is.
pub(super) const SPEAKER_PIN: u32 = 1;

static PROPERTIES: [PropertyItem; 1] = [PropertyItem::new(
    &KSPROPSETID_Jack,
    KSPROPERTY_JACK_DESCRIPTION,
    PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    jack::description,
)];
static AUTOMATION: Automation = Automation::new(&PROPERTIES, &[]);

static PINS: [Pin; 2] =
    [Pin::bridge(KSPIN_DATAFLOW_IN, &KSCATEGORY_AUDIO), Pin::bridge(KSPIN_DATAFLOW_OUT, &KSNODETYPE_SPEAKER)];
static CONNECTIONS: [Connection; 1] = [Connection::new(End::Pin(BRIDGE_PIN), End::Pin(SPEAKER_PIN))];
static CATEGORIES: [GUID; 2] = [KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY];

/// The filter.
pub(super) static FILTER: Filter = Filter::new(FilterParts {
    automation: Some(&AUTOMATION),
    pins: &PINS,
    nodes: &[],
    connections: &CONNECTIONS,
    categories: &CATEGORIES,
});
