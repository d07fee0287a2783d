//! Filters that do not fit together, one thing wrong at a time: each is found, by the rule for it.

use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER, KSCATEGORY_TOPOLOGY,
    KSDATAFORMAT_SUBTYPE_ANALOG, KSNODETYPE_ADC, KSNODETYPE_DAC, KSNODETYPE_HEADPHONES,
    KSNODETYPE_LEGACY_AUDIO_CONNECTOR, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MICROPHONE,
    KSNODETYPE_SPDIF_INTERFACE, KSNODETYPE_SPEAKER, KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW,
    KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};

use super::driver::Mistake;
use super::filters;
use super::on;
use super::one;
use crate::portcls::filter::Filter;
use crate::portcls::map::Far;
use crate::portcls::map::Link;
use crate::portcls::map::Map;
use crate::portcls::map::Part;
use crate::portcls::map_check::problems;

const WAVE: usize = 0;
const TOPOLOGY: usize = 1;

/// The toy driver's filters.
fn render() -> Map {
    let part = |name: &str, filter, topology, classes: [GUID; 2]| Part {
        name: name.to_owned(),
        filter: Filter::read(filter),
        topology,
        classes: classes.to_vec(),
    };
    let parts = vec![
        part("Wave", filters::wave(), false, [KSCATEGORY_AUDIO, KSCATEGORY_RENDER]),
        part("Topo", filters::topology(), true, [KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY]),
    ];
    Map { parts, links: vec![Link { from: (Far::Part(WAVE), 1), to: (Far::Part(TOPOLOGY), 0) }] }
}

/// The same in the other direction: a microphone, and what records it.
fn capture() -> Map {
    let mut map = render();
    for part in &mut map.parts {
        for pin in &mut part.filter.pins {
            let flow = &mut pin.raw.KsPinDescriptor.DataFlow;
            *flow = if *flow == KSPIN_DATAFLOW_IN { KSPIN_DATAFLOW_OUT } else { KSPIN_DATAFLOW_IN };
        }
        for each in &mut part.filter.connections {
            core::mem::swap(&mut each.FromNode, &mut each.ToNode);
            core::mem::swap(&mut each.FromNodePin, &mut each.ToNodePin);
        }
    }
    map.parts[WAVE].classes[1] = KSCATEGORY_CAPTURE;
    map.parts[WAVE].filter.nodes[0].kind = Some(KSNODETYPE_ADC);
    map.parts[TOPOLOGY].filter.pins[1].category = Some(KSNODETYPE_MICROPHONE);
    map.links[0] = Link { from: (Far::Part(TOPOLOGY), 0), to: (Far::Part(WAVE), 1) };
    map
}

fn flow(map: &mut Map, part: usize, pin: usize) -> &mut KSPIN_DATAFLOW {
    &mut map.parts[part].filter.pins[pin].raw.KsPinDescriptor.DataFlow
}

/// The category of the jack.
fn category(map: &mut Map) -> &mut Option<GUID> {
    &mut map.parts[TOPOLOGY].filter.pins[1].category
}

/// Another filter like that one, under the same name.
fn again(map: &mut Map, part: usize) -> usize {
    let copy = map.parts[part].clone();
    map.parts.push(copy);
    map.parts.len() - 1
}

/// A second pin for clients that leads where the first one does.
fn second_client(map: &mut Map) {
    let filter = &mut map.parts[WAVE].filter;
    let (pin, mut connection) = (filter.pins[0].clone(), filter.connections[0]);
    filter.pins.push(pin);
    connection.FromNodePin = 2;
    filter.connections.push(connection);
}

type Spoil = fn(&mut Map);

const SPOILT: &[(Spoil, &str)] = &[
    (|map| map.parts[WAVE].classes.clear(), "'Wave' is not in the class KSCATEGORY_AUDIO"),
    (|map| map.parts[WAVE].classes[1] = KSCATEGORY_CAPTURE, "'Wave' is not in the class KSCATEGORY_RENDER"),
    (|map| *flow(map, WAVE, 0) = KSPIN_DATAFLOW_OUT, "'Wave' is not in the class KSCATEGORY_CAPTURE"),
    (|map| map.parts[TOPOLOGY].classes.truncate(1), "'Topo' is not in the class KSCATEGORY_TOPOLOGY"),
    (|map| map.links[0].to.0 = Far::Unregistered, "connection 0 ends at a filter that is not registered"),
    (|map| map.links[0].from.0 = Far::Unregistered, "connection 0 begins at a filter that is not registered"),
    (|map| map.links[0].from.1 = 2, "connection 0 begins at pin 2 of 'Wave': there is none"),
    (|map| map.links[0].to.1 = 9, "connection 0 ends at pin 9 of 'Topo': there is none"),
    (
        |map| {
            let link = &mut map.links[0];
            core::mem::swap(&mut link.from, &mut link.to);
        },
        "connection 0 begins at pin 0 of 'Topo', whose data flow the other way",
    ),
    (|map| map.links[0].to.1 = 1, "connection 0 ends at pin 1 of 'Topo', whose data flow the other way"),
    (|map| map.links[0].from.1 = 0, "connection 0 begins at pin 0 of 'Wave', which is for clients"),
    (
        |map| map.parts[TOPOLOGY].filter.pins[0].raw.KsPinDescriptor.Communication = KSPIN_COMMUNICATION_SINK,
        "connection 0 ends at pin 0 of 'Topo', which is for clients",
    ),
    (|map| map.links[0].to = (Far::Part(WAVE), 0), "connection 0 leads from 'Wave' to itself"),
    (|map| map.links.push(map.links[0]), "pin 1 of 'Wave' has 2 physical connections"),
    (
        |map| {
            let other = again(map, WAVE);
            map.links.push(Link { from: (Far::Part(other), 1), ..map.links[0] });
        },
        "pin 0 of 'Topo' has 2 physical connections",
    ),
    (|map| map.links.clear(), "pin 1 of 'Wave' leads out, and an endpoint of its category is hidden"),
    (|map| map.links.clear(), "pin 1 of 'Topo' leads out, and no pin for clients is behind it"),
    (
        |map| *category(map) = Some(KSNODETYPE_LEGACY_AUDIO_CONNECTOR),
        "pin 1 of 'Topo' leads out, and an endpoint of its category is hidden",
    ),
    (
        |map| *category(map) = Some(KSNODETYPE_MICROPHONE),
        "pin 1 of 'Topo' has the category of a terminal for the other direction",
    ),
    (
        |map| map.parts[TOPOLOGY].filter.raw.AutomationTable = core::ptr::null(),
        "pin 1 of 'Topo' leads out, and its filter has no KSPROPERTY_JACK_DESCRIPTION",
    ),
    (
        |map| map.parts[TOPOLOGY].filter.raw.AutomationTable = core::ptr::null(),
        "pin 1 of 'Topo' leads out, and its filter has no KSPROPERTY_JACK_DESCRIPTION2",
    ),
    (second_client, "pin 1 of 'Topo' leads to 2 pins for clients"),
    (|map| map.parts[WAVE].filter.connections.clear(), "pin 0 of 'Wave' is for clients and leads to no jack"),
    (
        |map| map.parts[WAVE].filter.pins[0].ranges[0].sub_format = KSDATAFORMAT_SUBTYPE_ANALOG,
        "pin 0 of 'Wave' is for clients and takes no PCM",
    ),
    (
        |map| map.parts[WAVE].filter.nodes[0].automation = core::ptr::null(),
        "there is no DAC that tells and takes KSPROPERTY_AUDIO_CHANNEL_CONFIG",
    ),
    (
        |map| map.parts[WAVE].filter.nodes[0].kind = Some(KSNODETYPE_ADC),
        "there is no DAC that tells and takes KSPROPERTY_AUDIO_CHANNEL_CONFIG",
    ),
];

/// Row 61: legal topology.
#[test]
fn each_fault_of_a_map_is_found() {
    on("26100", Mistake::None, |adapter| {
        for (number, (spoil, word)) in SPOILT.iter().enumerate() {
            let mut map = render();
            spoil(&mut map);
            let found = problems(&map);
            assert!(found.iter().any(|problem| problem.contains(word)), "number {number}: {found:?}");
        }
        let mut map = capture();
        *category(&mut map) = Some(KSNODETYPE_SPEAKER);
        assert_eq!(
            problems(&map),
            ["pin 1 of 'Topo' has the category of a terminal for the other direction"]
        );
        let mut map = capture();
        *flow(&mut map, WAVE, 0) = KSPIN_DATAFLOW_IN;
        let found = problems(&map);
        assert!(found.iter().any(|problem| problem.contains("no pin for clients is behind it")), "{found:?}");
        adapter.unload();
    });
}

/// Row 61: legal topology.
#[test]
fn good_maps_are_not_blamed() {
    on("26100", Mistake::None, |adapter| {
        assert_eq!(problems(&render()), [""; 0]);
        assert_eq!(problems(&capture()), [""; 0]);
        // Digital sound out of the machine has no DAC.
        let mut map = render();
        *category(&mut map) = Some(KSNODETYPE_SPDIF_INTERFACE);
        map.parts[WAVE].filter.nodes[0].automation = core::ptr::null();
        assert_eq!(problems(&map), [""; 0]);
        // Two jacks of one pin for clients take turns, and a filter of another device may be at the other end.
        let mut map = render();
        let filter = &mut map.parts[TOPOLOGY].filter;
        let (mut pin, mut connection) = (filter.pins[1].clone(), filter.connections[0]);
        pin.category = Some(KSNODETYPE_HEADPHONES);
        filter.pins.push(pin);
        connection.ToNodePin = 2;
        filter.connections.push(connection);
        assert_eq!(problems(&map), [""; 0]);
        map.links.push(Link { from: (Far::Part(TOPOLOGY), 2), to: (Far::Elsewhere, 5) });
        assert_eq!(problems(&map), [""; 0]);
        // A line connector is of either direction.
        for mut map in [render(), capture()] {
            *category(&mut map) = Some(KSNODETYPE_LINE_CONNECTOR);
            assert_eq!(problems(&map), [""; 0]);
        }
        assert_eq!(render().parts[WAVE].filter.nodes[0].kind, Some(KSNODETYPE_DAC));
        adapter.unload();
    });
}

#[test]
fn a_map_is_looked_at_when_the_device_has_started() {
    let finding = one(Mistake::NoConnection);
    assert_eq!(finding.rule, "FilterMap");
    assert!(finding.message.contains("no pin for clients is behind it"), "{finding}");
}
