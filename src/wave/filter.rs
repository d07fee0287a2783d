//! What the wave filters look like to Windows.
//!
//! ```text
//!                     +-----------------------------+
//!   audio engine ---> | 0 (host)   [DAC]  1 (bridge) | ---> topology filter
//!                     +-----------------------------+
//!
//!                     +-----------------------------+
//!   topology     ---> | 0 (bridge)  [ADC]   1 (host) | ---> audio engine
//!   filter            +-----------------------------+
//! ```
//!
//! They are made at run time, out of what the endpoint can do: each sample at each rate is a range of its own, the
//! best one first. Where the port is WaveRT's, each range says that a client may name a signal processing mode, and the
//! filter is found among those in real time.

use portcls::Result;
use portcls::descriptor::{AudioRange, Connection, End, Node, OwnedFilter, OwnedParts, OwnedPin, Pin};
use portcls::raw::{
    KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME, KSCATEGORY_RENDER, KSNODETYPE_ADC,
    KSNODETYPE_DAC, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};

use super::face::Kind;
use super::format;
use crate::device::formats::Sample;
use crate::device::{Direction, EndpointInfo};

/// Streams at a time.
const MAX_STREAMS: u32 = 1;

/// The pin that clients open.
pub(crate) const fn host_pin(direction: Direction) -> u32 {
    match direction {
        Direction::Render => 0,
        Direction::Capture => 1,
    }
}

/// The pin that leads to the topology filter.
pub(crate) const fn bridge_pin(direction: Direction) -> u32 {
    match direction {
        Direction::Render => 1,
        Direction::Capture => 0,
    }
}

/// The filter of an endpoint, of one kind or the other.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(super) fn new(endpoint: &EndpointInfo, kind: &Kind) -> Result<OwnedFilter> {
    let channels = u32::from(endpoint.formats.channels.1);
    let ranges = format::pairs(&endpoint.formats).map(|(sample, rate)| range(sample, rate, channels));
    let (pins, node, category) = match endpoint.direction {
        Direction::Render => (
            [
                OwnedPin::Host(KSPIN_DATAFLOW_IN, MAX_STREAMS),
                OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO)),
            ],
            Node::new(&KSNODETYPE_DAC).with_automation(kind.dac),
            KSCATEGORY_RENDER,
        ),
        Direction::Capture => (
            [
                OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_IN, &KSCATEGORY_AUDIO)),
                OwnedPin::Host(KSPIN_DATAFLOW_OUT, MAX_STREAMS),
            ],
            Node::new(&KSNODETYPE_ADC),
            KSCATEGORY_CAPTURE,
        ),
    };
    let plain = [KSCATEGORY_AUDIO, category];
    let realtime = [KSCATEGORY_AUDIO, category, KSCATEGORY_REALTIME];
    let parts = OwnedParts {
        automation: Some(kind.filter),
        pins: &pins,
        nodes: &[node],
        connections: &[
            Connection::new(End::Pin(0), End::Node(0, 1)),
            Connection::new(End::Node(0, 0), End::Pin(1)),
        ],
        categories: if kind.realtime.is_some() { &realtime } else { &plain },
    };
    OwnedFilter::new(parts, ranges, kind.realtime)
}

fn range(sample: Sample, rate: u32, channels: u32) -> AudioRange {
    let bits = u32::from(format::bits(sample));
    if sample == Sample::F32 {
        AudioRange::float(channels, bits, (rate, rate))
    } else {
        AudioRange::pcm(channels, (bits, bits), (rate, rate))
    }
}
