//! What is wrong with a filter description: the rules of PCFILTER_DESCRIPTOR and its parts, and those of the KS
//! topology test that need no device.

use portcls::raw::GUID;
use portcls::raw::KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
use portcls::raw::KSDATARANGE_AUDIO;
use portcls::raw::KSNODETYPE_ACOUSTIC_ECHO_CANCEL;
use portcls::raw::KSNODETYPE_DAC;
use portcls::raw::KSNODETYPE_DEMUX;
use portcls::raw::KSNODETYPE_MUTE;
use portcls::raw::KSNODETYPE_MUX;
use portcls::raw::KSNODETYPE_SUM;
use portcls::raw::KSNODETYPE_VOLUME;
use portcls::raw::KSPIN_COMMUNICATION_BOTH;
use portcls::raw::KSPIN_COMMUNICATION_NONE;
use portcls::raw::KSPIN_COMMUNICATION_SINK;
use portcls::raw::KSPIN_DATAFLOW_IN;
use portcls::raw::KSPIN_DATAFLOW_OUT;
use portcls::raw::KSPROPERTY_AUDIO_MUTE;
use portcls::raw::KSPROPERTY_AUDIO_VOLUMELEVEL;
use portcls::raw::KSPROPSETID_Audio;
use portcls::raw::PCAUTOMATION_TABLE;
use portcls::raw::PCEVENT_ITEM;
use portcls::raw::PCFILTER_NODE;
use portcls::raw::PCMETHOD_ITEM;
use portcls::raw::PCNODE_DESCRIPTOR;
use portcls::raw::PCPIN_DESCRIPTOR;
use portcls::raw::PCPROPERTY_ITEM;
use portcls::raw::PCPROPERTY_ITEM_FLAG_BASICSUPPORT;
use portcls::raw::PCPROPERTY_ITEM_FLAG_GET;
use portcls::raw::PCPROPERTY_ITEM_FLAG_SET;

use super::filter::DataRange;
use super::filter::Filter;
use super::filter::FilterNode;
use super::filter::FilterPin;
use super::property;
use crate::nt::At;

/// Frames a second and bits a sample that a range may name: what the KS topology test takes.
const RATES: core::ops::RangeInclusive<u32> = 1..=2_000_000;
const BITS: core::ops::RangeInclusive<u32> = 8..=32;

/// Everything found wrong, in words. Sources: portcls/ns-portcls-pcfilter_descriptor, -pcpin_descriptor,
/// -pcautomation_table, audio/exposing-filter-topology, audio/topology-pins, audio/ksnodetype-dac, and the KS topology
/// test (Windows 8.1 hardware certification, KSTopologyCompliance).
pub(crate) fn problems(filter: &Filter) -> Vec<String> {
    let mut found = Vec::new();
    let raw = &filter.raw;
    if raw.Version != 0 {
        found.push(format!("PCFILTER_DESCRIPTOR.Version is {} and must be 0", raw.Version));
    }
    table(&mut found, "pin", raw.PinCount, raw.Pins.cast(), raw.PinSize, size_of::<PCPIN_DESCRIPTOR>());
    table(&mut found, "node", raw.NodeCount, raw.Nodes.cast(), raw.NodeSize, size_of::<PCNODE_DESCRIPTOR>());
    automation(&mut found, "the filter", raw.AutomationTable);
    for (number, pin) in filter.pins.iter().enumerate() {
        check_pin(&mut found, number, pin);
    }
    for (number, node) in filter.nodes.iter().enumerate() {
        if node.kind.is_none() {
            found.push(format!("node {number} has no type"));
        }
        automation(&mut found, &format!("node {number}"), node.automation);
        check_control(&mut found, number, node);
    }
    if filter.nodes.iter().filter(|node| node.kind == Some(KSNODETYPE_DAC)).count() > 1 {
        found.push("there is more than one DAC node".to_owned());
    }
    check_connections(&mut found, filter);
    found
}

/// A node that is a control has the property that it is (audio/ksnodetype-volume, audio/ksnodetype-mute).
fn check_control(found: &mut Vec<String>, number: usize, node: &FilterNode) {
    let (id, property) = match node.kind {
        Some(KSNODETYPE_VOLUME) => (KSPROPERTY_AUDIO_VOLUMELEVEL, "VOLUMELEVEL"),
        Some(KSNODETYPE_MUTE) => (KSPROPERTY_AUDIO_MUTE, "MUTE"),
        _ => return,
    };
    let verbs = PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT;
    if !property::has(node.automation, KSPROPSETID_Audio, id, verbs) {
        found.push(format!("node {number} does not tell and take KSPROPERTY_AUDIO_{property}"));
    }
}

fn table(found: &mut Vec<String>, what: &str, count: u32, first: *const u8, stride: u32, least: usize) {
    if count == 0 {
        return;
    }
    if first.is_null() {
        found.push(format!("{count} {what} descriptors are announced, and there is no table"));
    }
    if (stride as usize) < least || !stride.is_multiple_of(8) {
        found.push(format!("the size of a {what} descriptor is {stride}: at least {least}, a multiple of 8"));
    }
}

fn automation(found: &mut Vec<String>, of: &str, pointer: *const PCAUTOMATION_TABLE) {
    if pointer.is_null() {
        return;
    }
    let all = At::new(pointer.cast_mut()).read();
    let parts = [
        (
            "property",
            all.PropertyCount,
            all.Properties.cast(),
            all.PropertyItemSize,
            size_of::<PCPROPERTY_ITEM>(),
        ),
        ("method", all.MethodCount, all.Methods.cast(), all.MethodItemSize, size_of::<PCMETHOD_ITEM>()),
        ("event", all.EventCount, all.Events.cast(), all.EventItemSize, size_of::<PCEVENT_ITEM>()),
    ];
    for (what, count, first, stride, least) in parts {
        table(found, &format!("{what} (automation table of {of})"), count, first, stride, least);
    }
}

fn check_pin(found: &mut Vec<String>, number: usize, pin: &FilterPin) {
    let raw = &pin.raw;
    let ks = &raw.KsPinDescriptor;
    if ks.DataFlow != KSPIN_DATAFLOW_IN && ks.DataFlow != KSPIN_DATAFLOW_OUT {
        found.push(format!("pin {number} has data flow {}", ks.DataFlow));
    }
    if raw.MinFilterInstanceCount > raw.MaxFilterInstanceCount {
        found.push(format!("pin {number} needs more instances than it may have"));
    }
    let host = [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&ks.Communication);
    if host && (raw.MaxFilterInstanceCount == 0 || raw.MaxGlobalInstanceCount == 0) {
        found.push(format!("pin {number} is for clients and may have no instance"));
    }
    if ks.Communication == KSPIN_COMMUNICATION_NONE {
        let most = [raw.MaxGlobalInstanceCount, raw.MaxFilterInstanceCount, raw.MinFilterInstanceCount];
        if most != [0; 3] {
            found.push(format!("pin {number} leads to another filter or out, and may have instances"));
        }
        if pin.category.is_none() {
            found.push(format!("pin {number} leads to another filter or out, and has no category"));
        }
    }
    if pin.ranges.is_empty() {
        found.push(format!("pin {number} has no data range"));
    }
    for range in &pin.ranges {
        let Some(audio) = range.audio else { continue };
        if audio.bits.0 > audio.bits.1 || audio.rates.0 > audio.rates.1 {
            found.push(format!("a data range of pin {number} has a minimum above its maximum"));
        }
        if !RATES.contains(&audio.rates.0) || !RATES.contains(&audio.rates.1) {
            found.push(format!("a data range of pin {number} has rates beyond 1 to 2000000 Hz"));
        }
        if !BITS.contains(&audio.bits.0) || !BITS.contains(&audio.bits.1) {
            found.push(format!("a data range of pin {number} has samples beyond 8 to 32 bits"));
        }
        if audio.channels == 0 {
            found.push(format!("a data range of pin {number} has no channel"));
        }
    }
    let wave = |range: &&DataRange| range.specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    if pin.ranges.iter().filter(wave).any(|range| range.size != size_of::<KSDATARANGE_AUDIO>() as u32) {
        found.push(format!("a data range of pin {number} has not the size of a KSDATARANGE_AUDIO"));
    }
    automation(found, &format!("pin {number}"), raw.AutomationTable);
}

fn check_connections(found: &mut Vec<String>, filter: &Filter) {
    let (pins, nodes) = (filter.pins.len() as u32, filter.nodes.len() as u32);
    for (number, connection) in filter.connections.iter().enumerate() {
        let ends = [
            ("from", connection.FromNode, connection.FromNodePin, KSPIN_DATAFLOW_IN),
            ("to", connection.ToNode, connection.ToNodePin, KSPIN_DATAFLOW_OUT),
        ];
        for (side, node, pin, flow) in ends {
            if node == PCFILTER_NODE {
                match filter.pins.get(pin as usize) {
                    None => found.push(format!("connection {number} {side} pin {pin} of {pins}")),
                    Some(end) if end.raw.KsPinDescriptor.DataFlow != flow => {
                        found.push(format!(
                            "connection {number} {side} pin {pin}, whose data flow the other way"
                        ));
                    }
                    Some(_) => {}
                }
                continue;
            }
            let Some(end) = filter.nodes.get(node as usize) else {
                found.push(format!("connection {number} {side} node {node} of {nodes}"));
                continue;
            };
            // Of a node, pin 0 is the output and 1 the input; a DEMUX has them the other way (ks.h).
            let demux = end.kind == Some(KSNODETYPE_DEMUX);
            let output = if demux { pin != 0 } else { pin == 0 };
            if output != (side == "from") {
                found.push(format!(
                    "connection {number} {side} pin {pin} of node {node}, which is the other end"
                ));
            }
        }
    }
    for pin in 0..pins {
        if !filter.connections.iter().any(|each| touches(each, PCFILTER_NODE, pin)) {
            found.push(format!("pin {pin} is connected to nothing inside the filter"));
        }
    }
    for node in 0..nodes {
        let (into, out) = filter.connections.iter().fold((0, 0), |(into, out), each| {
            (into + u32::from(each.ToNode == node), out + u32::from(each.FromNode == node))
        });
        if !takes(filter.nodes[node as usize].kind, into, out) {
            found.push(format!("node {node} has {into} inputs and {out} outputs connected"));
        }
    }
}

fn touches(connection: &portcls::raw::PCCONNECTION_DESCRIPTOR, node: u32, pin: u32) -> bool {
    (connection.FromNode == node && connection.FromNodePin == pin)
        || (connection.ToNode == node && connection.ToNodePin == pin)
}

/// Whether a node of a kind may have so many inputs and outputs connected.
fn takes(kind: Option<GUID>, into: u32, out: u32) -> bool {
    match kind {
        Some(KSNODETYPE_MUX | KSNODETYPE_SUM) => into >= 1 && out >= 1,
        Some(KSNODETYPE_DEMUX) => into == 1 && out >= 1,
        Some(KSNODETYPE_ACOUSTIC_ECHO_CANCEL) => (into, out) == (2, 2),
        _ => (into, out) == (1, 1),
    }
}
