//! Filter descriptions with one thing wrong: each is refused, by the rule for it.

use portcls::raw::{
    KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, KSNODEPIN_STANDARD_IN, KSNODEPIN_STANDARD_OUT,
    KSNODETYPE_ACOUSTIC_ECHO_CANCEL, KSNODETYPE_DAC, KSNODETYPE_DEMUX, KSNODETYPE_MUTE, KSNODETYPE_SUM,
    KSNODETYPE_VOLUME, KSPROPERTY_AUDIO_MUTE, KSPROPERTY_AUDIO_VOLUMELEVEL, PCCONNECTION_DESCRIPTOR,
    PCFILTER_NODE,
};

use super::driver::Mistake;
use super::filters;
use super::on;
use crate::portcls::filter::AudioRange;
use crate::portcls::filter::Filter;
use crate::portcls::filter_check::problems;

type Spoil = fn(&mut Filter);

/// From the clients' pin to the node, and from there to the other pin.
fn again(filter: &mut Filter, place: usize) {
    let copy = filter.connections[place];
    filter.connections.push(copy);
}

fn audio(filter: &mut Filter) -> &mut AudioRange {
    filter.pins[0].ranges[0].audio.as_mut().expect("a range of wave formats")
}

/// Another node behind the first one's input and output.
fn beside(filter: &mut Filter) {
    let node = filter.nodes[0];
    filter.nodes.push(node);
    let into = PCCONNECTION_DESCRIPTOR {
        FromNode: PCFILTER_NODE,
        FromNodePin: 0,
        ToNode: 1,
        ToNodePin: KSNODEPIN_STANDARD_IN,
    };
    let out = PCCONNECTION_DESCRIPTOR {
        FromNode: 1,
        FromNodePin: KSNODEPIN_STANDARD_OUT,
        ToNode: PCFILTER_NODE,
        ToNodePin: 1,
    };
    filter.connections.extend([into, out]);
}

const SPOILT: &[(Spoil, &str)] = &[
    (|filter| filter.raw.Version = 1, "Version is 1"),
    (|filter| filter.raw.PinSize = 20, "the size of a pin descriptor is 20"),
    (|filter| filter.raw.NodeSize += 4, "the size of a node descriptor"),
    (|filter| filter.raw.Pins = core::ptr::null(), "and there is no table"),
    (|filter| filter.nodes[0].kind = None, "node 0 has no type"),
    (|filter| filter.pins[0].raw.KsPinDescriptor.DataFlow = 7, "pin 0 has data flow 7"),
    (|filter| filter.pins[0].raw.MinFilterInstanceCount = 2, "pin 0 needs more instances"),
    (|filter| filter.pins[0].raw.MaxFilterInstanceCount = 0, "pin 0 is for clients and may have no instance"),
    (|filter| filter.pins[0].raw.MaxGlobalInstanceCount = 0, "pin 0 is for clients and may have no instance"),
    (
        |filter| filter.pins[1].raw.MaxGlobalInstanceCount = 1,
        "pin 1 leads to another filter or out, and may have",
    ),
    (|filter| filter.pins[1].category = None, "pin 1 leads to another filter or out, and has no category"),
    (|filter| filter.pins[0].ranges.clear(), "pin 0 has no data range"),
    (|filter| audio(filter).bits = (24, 16), "a minimum above its maximum"),
    (|filter| audio(filter).rates = (96_000, 48_000), "a minimum above its maximum"),
    (|filter| audio(filter).rates = (0, 48_000), "rates beyond"),
    (|filter| audio(filter).rates = (48_000, 2_000_001), "rates beyond"),
    (|filter| audio(filter).bits = (7, 16), "samples beyond"),
    (|filter| audio(filter).bits = (16, 33), "samples beyond"),
    (|filter| audio(filter).channels = 0, "has no channel"),
    (|filter| filter.pins[0].ranges[0].size += 8, "has not the size of a KSDATARANGE_AUDIO"),
    (
        |filter| filter.pins[1].ranges[0].specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        "has not the size of a KSDATARANGE_AUDIO",
    ),
    (beside, "more than one DAC"),
    (|filter| filter.connections[0].FromNodePin = 5, "from pin 5 of 2"),
    (|filter| filter.connections[0].FromNodePin = 1, "whose data flow the other way"),
    (|filter| filter.connections[1].FromNode = 3, "from node 3 of 1"),
    (|filter| filter.connections[0].ToNodePin = KSNODEPIN_STANDARD_OUT, "which is the other end"),
    (|filter| filter.connections.truncate(1), "pin 1 is connected to nothing"),
    (|filter| filter.connections.truncate(1), "node 0 has 1 inputs and 0 outputs"),
    (|filter| again(filter, 0), "node 0 has 2 inputs and 1 outputs"),
    (|filter| again(filter, 1), "node 0 has 1 inputs and 2 outputs"),
    (
        |filter| filter.nodes[0].kind = Some(KSNODETYPE_VOLUME),
        "node 0 does not tell and take KSPROPERTY_AUDIO_VOLUMELEVEL",
    ),
    (
        |filter| filter.nodes[0].kind = Some(KSNODETYPE_MUTE),
        "node 0 does not tell and take KSPROPERTY_AUDIO_MUTE",
    ),
    (
        |filter| filter.nodes[0].kind = Some(KSNODETYPE_ACOUSTIC_ECHO_CANCEL),
        "node 0 has 1 inputs and 1 outputs",
    ),
];

/// Row 61: legal topology.
#[test]
fn each_fault_of_a_description_is_found() {
    on("26100", Mistake::None, |adapter| {
        let good = Filter::read(filters::wave());
        assert_eq!(problems(&good), [""; 0]);
        assert_eq!(problems(&Filter::read(filters::topology())), [""; 0]);
        for (number, (spoil, word)) in SPOILT.iter().enumerate() {
            let mut filter = good.clone();
            spoil(&mut filter);
            let found = problems(&filter);
            assert!(found.iter().any(|problem| problem.contains(word)), "number {number}: {found:?}");
        }
        adapter.unload();
    });
}

/// Row 61: legal topology.
#[test]
fn nodes_that_branch_and_join_may() {
    on("26100", Mistake::None, |adapter| {
        let good = Filter::read(filters::wave());
        // A mixer with two inputs.
        let mut filter = good.clone();
        filter.nodes[0].kind = Some(KSNODETYPE_SUM);
        again(&mut filter, 0);
        assert_eq!(problems(&filter), [""; 0]);
        // A DEMUX, whose pin 0 is the input, with two outputs.
        let mut filter = good.clone();
        filter.nodes[0].kind = Some(KSNODETYPE_DEMUX);
        filter.connections[0].ToNodePin = 0;
        filter.connections[1].FromNodePin = 1;
        again(&mut filter, 1);
        assert_eq!(problems(&filter), [""; 0]);
        assert_eq!(good.nodes[0].kind, Some(KSNODETYPE_DAC));
        adapter.unload();
    });
}

/// Row 61: legal topology.
#[test]
fn controls_with_their_properties_may() {
    on("26100", Mistake::None, |adapter| {
        let good = Filter::read(filters::wave());
        for (kind, property) in
            [(KSNODETYPE_VOLUME, KSPROPERTY_AUDIO_VOLUMELEVEL), (KSNODETYPE_MUTE, KSPROPERTY_AUDIO_MUTE)]
        {
            let mut filter = good.clone();
            filter.nodes[0].kind = Some(kind);
            filter.nodes[0].automation = filters::control(property);
            assert_eq!(problems(&filter), [""; 0]);
        }
        adapter.unload();
    });
}
