//! The tables that describe a filter, as `static`s of a driver without unsafe code.
//!
//! PortCls keeps pointers into these tables, so that everything here borrows for `'static`. Each type is its
//! raw record, and nothing else, with a constructor that keeps counts, sizes and pointers honest. A filter that is
//! known at run time only is an [`OwnedFilter`].
//!
//! ```
//! use portcls::descriptor::{AudioRange, Connection, DataRange, End, Filter, FilterParts, Node, Pin};
//! use portcls::raw::*;
//!
//! // host -> [ DAC ] -> bridge
//! static PCM: AudioRange = AudioRange::pcm(2, (16, 16), (48_000, 48_000));
//! static HOST: [DataRange; 1] = [DataRange::audio(&PCM)];
//! static PINS: [Pin; 2] = [
//!     Pin::host(KSPIN_DATAFLOW_IN, 1, &HOST),
//!     Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO),
//! ];
//! static NODES: [Node; 1] = [Node::new(&KSNODETYPE_DAC)];
//! static CONNECTIONS: [Connection; 2] = [
//!     Connection::new(End::Pin(0), End::Node(0, 1)),
//!     Connection::new(End::Node(0, 0), End::Pin(1)),
//! ];
//! static CATEGORIES: [GUID; 3] = [KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_REALTIME];
//! static FILTER: Filter = Filter::new(FilterParts {
//!     automation: None,
//!     pins: &PINS,
//!     nodes: &NODES,
//!     connections: &CONNECTIONS,
//!     categories: &CATEGORIES,
//! });
//! # assert_eq!(FILTER.raw().PinCount, 2);
//! ```

mod owned;

use core::ptr::null;

pub use owned::{OwnedFilter, OwnedParts, OwnedPin};

use crate::raw::{
    GUID, KSATTRIBUTE, KSATTRIBUTE_LIST, KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_PCM,
    KSDATAFORMAT_TYPE_AUDIO, KSDATARANGE, KSDATARANGE_ATTRIBUTES, KSDATARANGE_AUDIO, KSPIN_COMMUNICATION,
    KSPIN_COMMUNICATION_NONE, KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW, KSPIN_DESCRIPTOR, PCAUTOMATION_TABLE,
    PCCONNECTION_DESCRIPTOR, PCEVENT_ITEM, PCFILTER_DESCRIPTOR, PCFILTER_NODE, PCMETHOD_ITEM,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};
use crate::{event::EventItem, property::PropertyItem};

macro_rules! tables {
    ($( $(#[$meta:meta])* $name:ident($raw:ty); )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($raw);

        // SAFETY: the record is never written after it was made, and points to such records only.
        unsafe impl Sync for $name {}
        // SAFETY: as above.
        unsafe impl Send for $name {}

        impl $name {
            /// The record.
            #[must_use]
            pub const fn raw(&self) -> &$raw {
                &self.0
            }
        }
    )* };
}

tables! {
    /// A filter (`PCFILTER_DESCRIPTOR`).
    Filter(PCFILTER_DESCRIPTOR);
    /// A pin (`PCPIN_DESCRIPTOR`).
    Pin(PCPIN_DESCRIPTOR);
    /// A node (`PCNODE_DESCRIPTOR`).
    Node(PCNODE_DESCRIPTOR);
    /// A connection inside a filter (`PCCONNECTION_DESCRIPTOR`).
    Connection(PCCONNECTION_DESCRIPTOR);
    /// Properties and events (`PCAUTOMATION_TABLE`).
    Automation(PCAUTOMATION_TABLE);
    /// A range of wave formats (`KSDATARANGE_AUDIO`).
    AudioRange(KSDATARANGE_AUDIO);
    /// Attributes of a range (`KSATTRIBUTE_LIST`).
    Attributes(KSATTRIBUTE_LIST);
    /// An entry of a pin's list of ranges: a range, or the attributes of the one before.
    DataRange(*const KSDATARANGE);
}

/// What a [`Filter`] is made of.
pub struct FilterParts {
    /// Properties and events of the filter itself.
    pub automation: Option<&'static Automation>,
    /// Pins, by number.
    pub pins: &'static [Pin],
    /// Nodes, by number.
    pub nodes: &'static [Node],
    /// What connects pins and nodes.
    pub connections: &'static [Connection],
    /// The interfaces that the filter is found by; none leaves them to the port.
    pub categories: &'static [GUID],
}

impl Filter {
    /// A filter.
    #[must_use]
    pub const fn new(parts: FilterParts) -> Self {
        Self::of(parts.automation, parts.pins, parts.nodes, parts.connections, parts.categories)
    }

    /// A filter of tables that the caller keeps where they are.
    const fn of(
        filter: Option<&'static Automation>,
        pins: &[Pin],
        nodes: &[Node],
        connections: &[Connection],
        categories: &[GUID],
    ) -> Self {
        Self(PCFILTER_DESCRIPTOR {
            Version: 0,
            AutomationTable: automation(filter),
            PinSize: size_of::<PCPIN_DESCRIPTOR>() as u32,
            PinCount: pins.len() as u32,
            Pins: pins.as_ptr().cast(),
            NodeSize: size_of::<PCNODE_DESCRIPTOR>() as u32,
            NodeCount: nodes.len() as u32,
            Nodes: nodes.as_ptr().cast(),
            ConnectionCount: connections.len() as u32,
            Connections: connections.as_ptr().cast(),
            CategoryCount: categories.len() as u32,
            Categories: categories.as_ptr(),
        })
    }

    pub(crate) fn as_raw(&self) -> *const PCFILTER_DESCRIPTOR {
        &raw const self.0
    }
}

/// The range of a bridge pin: analog audio.
static ANALOG: BridgeRange =
    BridgeRange(range(size_of::<KSDATARANGE>(), KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_SPECIFIER_NONE));
static ANALOG_RANGES: [DataRange; 1] = [DataRange(&raw const ANALOG.0)];

/// A `KSDATARANGE` alone: it has no pointer, and so is `Sync` by itself.
#[repr(transparent)]
struct BridgeRange(KSDATARANGE);

const fn range(size: usize, subformat: GUID, specifier: GUID) -> KSDATARANGE {
    KSDATARANGE {
        FormatSize: size as u32,
        MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
        SubFormat: subformat,
        Specifier: specifier,
        ..KSDATARANGE::ZERO
    }
}

impl Pin {
    /// A pin that clients open, at most `instances` times at once, in one of the formats of `ranges`.
    /// Data flow in for render, out for capture; in either case the pin is a sink of requests, which clients send.
    #[must_use]
    pub const fn host(flow: KSPIN_DATAFLOW, instances: u32, ranges: &'static [DataRange]) -> Self {
        Self::host_of(flow, instances, ranges)
    }

    /// The same, with ranges that the caller keeps where they are.
    const fn host_of(flow: KSPIN_DATAFLOW, instances: u32, ranges: &[DataRange]) -> Self {
        Self::new(flow, KSPIN_COMMUNICATION_SINK, instances, ranges, &crate::raw::KSCATEGORY_AUDIO)
    }

    /// A pin that leads to another filter or out of the machine. `category` says where to, such as
    /// `KSNODETYPE_SPEAKER`; `KSCATEGORY_AUDIO` between a wave filter and its topology.
    #[must_use]
    pub const fn bridge(flow: KSPIN_DATAFLOW, category: &'static GUID) -> Self {
        Self::new(flow, KSPIN_COMMUNICATION_NONE, 0, &ANALOG_RANGES, category)
    }

    const fn new(
        flow: KSPIN_DATAFLOW,
        communication: KSPIN_COMMUNICATION,
        instances: u32,
        ranges: &[DataRange],
        category: &'static GUID,
    ) -> Self {
        Self(PCPIN_DESCRIPTOR {
            MaxGlobalInstanceCount: instances,
            MaxFilterInstanceCount: instances,
            MinFilterInstanceCount: 0,
            AutomationTable: null(),
            KsPinDescriptor: KSPIN_DESCRIPTOR {
                DataRangesCount: ranges.len() as u32,
                DataRanges: ranges.as_ptr().cast(),
                DataFlow: flow,
                Communication: communication,
                Category: category,
                ..KSPIN_DESCRIPTOR::ZERO
            },
        })
    }

    /// The pin, with properties and events.
    #[must_use]
    pub const fn with_automation(mut self, automation: &'static Automation) -> Self {
        self.0.AutomationTable = &raw const automation.0;
        self
    }

    /// The pin, with a name of its own.
    #[must_use]
    pub const fn with_name(mut self, name: &'static GUID) -> Self {
        self.0.KsPinDescriptor.Name = name;
        self
    }
}

impl Node {
    /// A node of a type such as `KSNODETYPE_DAC`.
    #[must_use]
    pub const fn new(kind: &'static GUID) -> Self {
        Self(PCNODE_DESCRIPTOR { Type: kind, ..PCNODE_DESCRIPTOR::ZERO })
    }

    /// The node, with properties and events.
    #[must_use]
    pub const fn with_automation(mut self, automation: &'static Automation) -> Self {
        self.0.AutomationTable = &raw const automation.0;
        self
    }

    /// The node, with a name of its own.
    #[must_use]
    pub const fn with_name(mut self, name: &'static GUID) -> Self {
        self.0.Name = name;
        self
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A pin of the filter.
    Pin(u32),
    /// A node and its logical pin: 1 is the way in, 0 the way out.
    Node(u32, u32),
}

impl Connection {
    /// Data flow from one end to the other.
    #[must_use]
    pub const fn new(from: End, to: End) -> Self {
        let (from_node, from_pin) = from.numbers();
        let (to_node, to_pin) = to.numbers();
        Self(PCCONNECTION_DESCRIPTOR {
            FromNode: from_node,
            FromNodePin: from_pin,
            ToNode: to_node,
            ToNodePin: to_pin,
        })
    }
}

impl End {
    const fn numbers(self) -> (u32, u32) {
        match self {
            Self::Pin(pin) => (PCFILTER_NODE, pin),
            Self::Node(node, pin) => (node, pin),
        }
    }
}

impl Automation {
    /// Properties and events of a filter, pin or node.
    #[must_use]
    pub const fn new(properties: &'static [PropertyItem], events: &'static [EventItem]) -> Self {
        Self(PCAUTOMATION_TABLE {
            PropertyItemSize: size_of::<PCPROPERTY_ITEM>() as u32,
            PropertyCount: properties.len() as u32,
            Properties: properties.as_ptr().cast(),
            MethodItemSize: size_of::<PCMETHOD_ITEM>() as u32,
            MethodCount: 0,
            Methods: null(),
            EventItemSize: size_of::<PCEVENT_ITEM>() as u32,
            EventCount: events.len() as u32,
            Events: events.as_ptr().cast(),
            Reserved: 0,
        })
    }
}

impl AudioRange {
    /// Integer PCM of up to `channels` channels; `bits` a sample and `rates` in Hz, each from and to.
    #[must_use]
    pub const fn pcm(channels: u32, bits: (u32, u32), rates: (u32, u32)) -> Self {
        Self::new(KSDATAFORMAT_SUBTYPE_PCM, channels, bits, rates)
    }

    /// IEEE 754 of up to `channels` channels, of `bits` bits a sample; `rates` in Hz, from and to.
    #[must_use]
    pub const fn float(channels: u32, bits: u32, rates: (u32, u32)) -> Self {
        Self::new(KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, channels, (bits, bits), rates)
    }

    const fn new(subformat: GUID, channels: u32, bits: (u32, u32), rates: (u32, u32)) -> Self {
        Self(KSDATARANGE_AUDIO {
            DataRange: range(size_of::<KSDATARANGE_AUDIO>(), subformat, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX),
            MaximumChannels: channels,
            MinimumBitsPerSample: bits.0,
            MaximumBitsPerSample: bits.1,
            MinimumSampleFrequency: rates.0,
            MaximumSampleFrequency: rates.1,
        })
    }

    /// The range, followed in the pin's list by [`DataRange::attributes`].
    #[must_use]
    pub const fn with_attributes(mut self) -> Self {
        self.0.DataRange.Flags = KSDATARANGE_ATTRIBUTES;
        self
    }
}

impl Attributes {
    /// A list of attributes.
    #[must_use]
    pub const fn new(attributes: &'static [&'static KSATTRIBUTE]) -> Self {
        Self(KSATTRIBUTE_LIST { Count: attributes.len() as u32, Attributes: attributes.as_ptr().cast() })
    }
}

impl DataRange {
    /// A range of wave formats.
    #[must_use]
    pub const fn audio(range: &'static AudioRange) -> Self {
        Self::of(range)
    }

    /// The same, of a range that the caller keeps where it is.
    const fn of(range: &AudioRange) -> Self {
        Self((&raw const range.0).cast())
    }

    /// The attributes of the range before, which must say that it has some.
    #[must_use]
    pub const fn attributes(attributes: &'static Attributes) -> Self {
        Self((&raw const attributes.0).cast())
    }
}

const fn automation(table: Option<&'static Automation>) -> *const PCAUTOMATION_TABLE {
    match table {
        Some(table) => &raw const table.0,
        None => null(),
    }
}
