//! What the wave filter looks like to Windows.
//!
//! ```text
//!                     +-----------------------------+
//!   audio engine ---> | 0 (host)   [DAC]   1 (bridge) | ---> topology filter, pin 0
//!                     +-----------------------------+
//! ```

use portcls::descriptor::{AudioRange, Connection, DataRange, End, FilterParts, Node, Pin};
use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSCATEGORY_REALTIME, KSCATEGORY_RENDER, KSNODETYPE_DAC, KSPIN_DATAFLOW_IN,
    KSPIN_DATAFLOW_OUT,
};

use super::dac;
use super::format::{BITS, CHANNELS};
use crate::device::rates::{RATES, RateSet};

pub(super) use portcls::descriptor::Filter;

/// The pin that clients open.
pub(super) const HOST_PIN: u32 = 0;
/// The pin that leads to the topology filter.
pub(crate) const BRIDGE_PIN: u32 = 1;
/// Streams at a time.
const MAX_STREAMS: u32 = 1;

const fn range(rate: u32) -> AudioRange {
    AudioRange::pcm(CHANNELS as u32, (BITS as u32, BITS as u32), (rate, rate))
}

static RANGES: [AudioRange; RATES.len()] = {
    let [a, b, c, d, e, f, g] = RATES;
    [range(a), range(b), range(c), range(d), range(e), range(f), range(g)]
};

/// Discrete rates are ranges of their own, the best one first.
static VARIABLE: [DataRange; RATES.len()] = {
    let [a, b, c, d, e, f, g] = &RANGES;
    [
        DataRange::audio(a),
        DataRange::audio(b),
        DataRange::audio(c),
        DataRange::audio(d),
        DataRange::audio(e),
        DataRange::audio(f),
        DataRange::audio(g),
    ]
};
static FIXED: [DataRange; 1] = {
    let [best, ..] = &RANGES;
    [DataRange::audio(best)]
};

static VARIABLE_PINS: [Pin; 2] = pins(&VARIABLE);
static FIXED_PINS: [Pin; 2] = pins(&FIXED);

const fn pins(ranges: &'static [DataRange]) -> [Pin; 2] {
    [Pin::host(KSPIN_DATAFLOW_IN, MAX_STREAMS, ranges), Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO)]
}

static NODES: [Node; 1] = [Node::new(&KSNODETYPE_DAC).with_automation(&dac::AUTOMATION)];
static CONNECTIONS: [Connection; 2] = [
    Connection::new(End::Pin(HOST_PIN), End::Node(0, 1)),
    Connection::new(End::Node(0, 0), End::Pin(BRIDGE_PIN)),
];
static CATEGORIES: [GUID; 3] = [KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_REALTIME];

static VARIABLE_FILTER: Filter = filter(&VARIABLE_PINS);
static FIXED_FILTER: Filter = filter(&FIXED_PINS);

const fn filter(pins: &'static [Pin]) -> Filter {
    Filter::new(FilterParts {
        automation: None,
        pins,
        nodes: &NODES,
        connections: &CONNECTIONS,
        categories: &CATEGORIES,
    })
}

/// The filter of a device with these rates.
///
/// Of a device with several rates the filter shows all that the driver knows; one that the device lacks is
/// refused in the intersection and when a stream is made.
pub(super) fn for_rates(rates: RateSet) -> &'static Filter {
    if rates == RateSet::EMPTY.with(48_000) { &FIXED_FILTER } else { &VARIABLE_FILTER }
}
