//! Filters that are made at run time: what PortCls finds behind the pointers.

use portcls::Status;
use portcls::descriptor::{
    Attributes, AudioRange, Connection, DataRange, End, Filter, Node, OwnedFilter, OwnedParts, OwnedPin, Pin,
};
use portcls::raw::{
    GUID, KSATTRIBUTE, KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT,
    KSDATAFORMAT_SUBTYPE_PCM, KSDATARANGE_ATTRIBUTES, KSDATARANGE_AUDIO, KSNODETYPE_DAC,
    KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, PCPIN_DESCRIPTOR,
};

static NOTHING: KSATTRIBUTE = KSATTRIBUTE { Size: 24, Flags: 0, Attribute: KSCATEGORY_AUDIO };
static LIST: [&KSATTRIBUTE; 1] = [&NOTHING];
static ATTRIBUTES: Attributes = Attributes::new(&LIST);

fn filter(rates: &[u32], attributes: Option<&'static Attributes>) -> Result<OwnedFilter, Status> {
    let parts = OwnedParts {
        automation: None,
        pins: &[
            OwnedPin::Host(KSPIN_DATAFLOW_IN, 1),
            OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO)),
        ],
        nodes: &[Node::new(&KSNODETYPE_DAC)],
        connections: &[
            Connection::new(End::Pin(0), End::Node(0, 1)),
            Connection::new(End::Node(0, 0), End::Pin(1)),
        ],
        categories: &[KSCATEGORY_AUDIO, KSCATEGORY_RENDER],
    };
    let range = |rate: &u32| match rate % 2 {
        0 => AudioRange::pcm(2, (16, 16), (*rate, *rate)),
        _ => AudioRange::float(6, 32, (*rate, *rate)),
    };
    OwnedFilter::new(parts, rates.iter().map(range), attributes)
}

fn pins(filter: &Filter) -> &[PCPIN_DESCRIPTOR] {
    let raw = filter.raw();
    assert_eq!(raw.PinSize as usize, size_of::<PCPIN_DESCRIPTOR>());
    // SAFETY: so many pins, as the filter says.
    unsafe { std::slice::from_raw_parts(raw.Pins, raw.PinCount as usize) }
}

/// The entries of the host pin's list, as the addresses of ranges.
fn ranges(filter: &Filter) -> Vec<*const KSDATARANGE_AUDIO> {
    let pin = &pins(filter)[0].KsPinDescriptor;
    let entries = (0..pin.DataRangesCount as usize).map(|index| {
        // SAFETY: the list has so many entries.
        unsafe { pin.DataRanges.cast::<*const KSDATARANGE_AUDIO>().add(index).read() }
    });
    entries.collect()
}

fn read(range: *const KSDATARANGE_AUDIO) -> KSDATARANGE_AUDIO {
    // SAFETY: an entry of the list, which is a range here.
    unsafe { range.read() }
}

#[test]
fn ranges_are_those_that_were_given_in_order() {
    // Moved after it was made, as into a miniport.
    let filter = Box::new(filter(&[48_000, 44_101], None).unwrap());
    let ranges = ranges(filter.filter());
    assert_eq!(ranges.len(), 2);
    let (pcm, float) = (read(ranges[0]), read(ranges[1]));
    assert_eq!((pcm.DataRange.SubFormat, pcm.MaximumChannels), (KSDATAFORMAT_SUBTYPE_PCM, 2));
    assert_eq!((pcm.MinimumSampleFrequency, pcm.MaximumSampleFrequency), (48_000, 48_000));
    assert_eq!((float.DataRange.SubFormat, float.MaximumChannels), (KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, 6));
    assert_eq!((float.MinimumBitsPerSample, float.MaximumBitsPerSample), (32, 32));
    for range in [pcm, float] {
        assert_eq!((range.DataRange.FormatSize, range.DataRange.Flags), (88, 0));
    }
}

#[test]
fn attributes_follow_their_range() {
    let filter = filter(&[48_000, 44_100, 8_000], Some(&ATTRIBUTES)).unwrap();
    let entries = ranges(filter.filter());
    assert_eq!(entries.len(), 6);
    for pair in entries.chunks(2) {
        assert_eq!(read(pair[0]).DataRange.Flags, KSDATARANGE_ATTRIBUTES);
        assert_eq!(pair[1].cast(), std::ptr::from_ref(ATTRIBUTES.raw()));
    }
}

#[test]
fn all_tables_are_there() {
    let filter = filter(&[48_000], None).unwrap();
    let raw = filter.filter().raw();
    assert_eq!((raw.PinCount, raw.NodeCount, raw.ConnectionCount, raw.CategoryCount), (2, 1, 2, 2));
    // SAFETY: there is one node.
    let node = unsafe { raw.Nodes.read() };
    assert!(std::ptr::eq(node.Type, &KSNODETYPE_DAC) || !node.Type.is_null());
    // SAFETY: there are two connections.
    let last = unsafe { raw.Connections.add(1).read() };
    assert_eq!((last.FromNode, last.FromNodePin, last.ToNodePin), (0, 0, 1));
    // SAFETY: there are two categories.
    let categories: &[GUID] = unsafe { std::slice::from_raw_parts(raw.Categories, 2) };
    assert_eq!(categories, [KSCATEGORY_AUDIO, KSCATEGORY_RENDER]);
    let [host, bridge] = pins(filter.filter()) else { panic!("two pins") };
    assert_eq!((host.MaxGlobalInstanceCount, bridge.MaxGlobalInstanceCount), (1, 0));
    assert_eq!(bridge.KsPinDescriptor.DataRangesCount, 1);
}

#[test]
fn a_pin_that_clients_open_is_a_sink_of_their_requests_whichever_way_sound_goes() {
    static NONE: [DataRange; 0] = [];
    for flow in [KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT] {
        let pin = Pin::host(flow, 1, &NONE);
        let descriptor = &pin.raw().KsPinDescriptor;
        assert_eq!((descriptor.DataFlow, descriptor.Communication), (flow, KSPIN_COMMUNICATION_SINK));
    }
}

#[test]
fn a_filter_without_ranges_has_none() {
    let filter = filter(&[], None).unwrap();
    assert!(ranges(filter.filter()).is_empty());
}

#[test]
fn a_list_that_gets_shorter_is_refused() {
    // Counted first, it has an entry; then it has none.
    #[derive(Clone)]
    struct Shrinking<'a>(&'a std::cell::Cell<u32>);
    impl Iterator for Shrinking<'_> {
        type Item = AudioRange;
        fn next(&mut self) -> Option<AudioRange> {
            self.0.set(self.0.get() + 1);
            (self.0.get() == 1).then_some(AudioRange::pcm(2, (16, 16), (8_000, 8_000)))
        }
    }
    let parts = OwnedParts { automation: None, pins: &[], nodes: &[], connections: &[], categories: &[] };
    let made = OwnedFilter::new(parts, Shrinking(&std::cell::Cell::new(0)), None);
    assert_eq!(made.err(), Some(Status::INSUFFICIENT_RESOURCES));
}
