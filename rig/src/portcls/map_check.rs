//! What is wrong with the filters of a device taken together: physical connections, jacks and pins for clients of which
//! Windows' endpoint builder would make no endpoint, or another one than was meant.

use portcls::raw::GUID;
use portcls::raw::KSCATEGORY_AUDIO;
use portcls::raw::KSCATEGORY_CAPTURE;
use portcls::raw::KSCATEGORY_RENDER;
use portcls::raw::KSCATEGORY_TOPOLOGY;
use portcls::raw::KSDATAFORMAT_SUBTYPE_PCM;
use portcls::raw::KSNODETYPE_1394_DA_STREAM;
use portcls::raw::KSNODETYPE_1394_DV_STREAM_SOUNDTRACK;
use portcls::raw::KSNODETYPE_ANALOG_CONNECTOR;
use portcls::raw::KSNODETYPE_BIDIRECTIONAL_UNDEFINED;
use portcls::raw::KSNODETYPE_DAC;
use portcls::raw::KSNODETYPE_DISPLAYPORT_INTERFACE;
use portcls::raw::KSNODETYPE_EMBEDDED_UNDEFINED;
use portcls::raw::KSNODETYPE_EQUALIZATION_NOISE;
use portcls::raw::KSNODETYPE_EXTERNAL_UNDEFINED;
use portcls::raw::KSNODETYPE_HDMI_INTERFACE;
use portcls::raw::KSNODETYPE_INPUT_UNDEFINED;
use portcls::raw::KSNODETYPE_LEGACY_AUDIO_CONNECTOR;
use portcls::raw::KSNODETYPE_LEVEL_CALIBRATION_NOISE_SOURCE;
use portcls::raw::KSNODETYPE_OUTPUT_UNDEFINED;
use portcls::raw::KSNODETYPE_SPDIF_INTERFACE;
use portcls::raw::KSNODETYPE_SYNTHESIZER;
use portcls::raw::KSNODETYPE_TELEPHONY_UNDEFINED;
use portcls::raw::KSPROPERTY_AUDIO_CHANNEL_CONFIG;
use portcls::raw::KSPROPERTY_JACK_DESCRIPTION;
use portcls::raw::KSPROPERTY_JACK_DESCRIPTION2;
use portcls::raw::KSPROPSETID_Audio;
use portcls::raw::KSPROPSETID_Jack;
use portcls::raw::PCPROPERTY_ITEM_FLAG_GET;
use portcls::raw::PCPROPERTY_ITEM_FLAG_SET;

use super::fdo::Fdo;
use super::map::Far;
use super::map::Map;
use super::map::Part;
use super::map::Place;
use super::map::is_for_clients;
use super::map::takes_sound;
use super::property;
use super::rules;

/// Categories of pins of which the endpoint builder makes endpoints that nobody sees
/// (audio/pkey-audiodevice-enableendpointbydefault).
const HIDDEN: [GUID; 14] = [
    KSCATEGORY_AUDIO,
    KSNODETYPE_ANALOG_CONNECTOR,
    KSNODETYPE_BIDIRECTIONAL_UNDEFINED,
    KSNODETYPE_EMBEDDED_UNDEFINED,
    KSNODETYPE_EQUALIZATION_NOISE,
    KSNODETYPE_EXTERNAL_UNDEFINED,
    KSNODETYPE_INPUT_UNDEFINED,
    KSNODETYPE_LEVEL_CALIBRATION_NOISE_SOURCE,
    KSNODETYPE_OUTPUT_UNDEFINED,
    KSNODETYPE_TELEPHONY_UNDEFINED,
    KSNODETYPE_1394_DA_STREAM,
    KSNODETYPE_1394_DV_STREAM_SOUNDTRACK,
    KSNODETYPE_LEGACY_AUDIO_CONNECTOR,
    KSNODETYPE_SYNTHESIZER,
];

/// Categories of jacks that are not analog.
const DIGITAL: [GUID; 3] =
    [KSNODETYPE_SPDIF_INTERFACE, KSNODETYPE_HDMI_INTERFACE, KSNODETYPE_DISPLAYPORT_INTERFACE];

/// The categories of terminals are those of USB audio in another writing: this part of them says which way sound goes
/// (ksmedia.h).
const TERMINALS: u32 = 0xFFFF_FF00;
const INPUTS: u32 = 0xDFF2_1B00;
const OUTPUTS: u32 = 0xDFF2_1C00;

/// Looks at a device that has just been started.
pub(crate) fn check(fdo: &Fdo) {
    let problems = problems(&Map::of(fdo));
    if !problems.is_empty() {
        let message = format!("the filters do not fit together: {}", problems.join("; "));
        rules::note(fdo.kernel, "FilterMap", rules::code::FILTER_MAP, 0, message);
    }
}

/// Everything found wrong, in words. Sources: portcls/nf-portcls-pcregisterphysicalconnection,
/// stream/ksproperty-pin-physicalconnection, audio/audio-endpoint-builder-algorithm,
/// audio/pkey-audiodevice-enableendpointbydefault, audio/pin-category-property, and the Windows 8.1 hardware certification
/// (JackDescription, ReportSupportedProperties).
pub(crate) fn problems(map: &Map) -> Vec<String> {
    let mut found = Vec::new();
    map.parts.iter().for_each(|part| classes(&mut found, part));
    links(&mut found, map);
    let jacks = map.jacks();
    for jack in &jacks {
        check_jack(&mut found, map, *jack);
    }
    let led_to: Vec<Vec<Place>> = jacks.iter().map(|jack| map.clients_of(*jack)).collect();
    for client in map.pins(|_, pin| is_for_clients(pin)) {
        if !led_to.iter().any(|clients| clients.contains(&client)) {
            found.push(format!("{} is for clients and leads to no jack", name(map, client)));
        }
    }
    found
}

fn name(map: &Map, (part, pin): Place) -> String {
    format!("pin {pin} of '{}'", map.parts[part].name)
}

/// The endpoint builder looks for new filters in the class AUDIO, and clients in those of what they are about to do.
fn classes(found: &mut Vec<String>, part: &Part) {
    let has =
        |takes: bool| part.filter.pins.iter().any(|pin| is_for_clients(pin) && takes_sound(pin) == takes);
    let wanted = [
        (true, KSCATEGORY_AUDIO, "AUDIO"),
        (has(true), KSCATEGORY_RENDER, "RENDER"),
        (has(false), KSCATEGORY_CAPTURE, "CAPTURE"),
        (part.topology, KSCATEGORY_TOPOLOGY, "TOPOLOGY"),
    ];
    for (due, class, word) in wanted {
        if due && !part.classes.contains(&class) {
            found.push(format!("filter '{}' is not in the class KSCATEGORY_{word}", part.name));
        }
    }
}

/// Sound flows from an output to an input, both of which are bridge pins; each of them tells clients of one connection.
fn links(found: &mut Vec<String>, map: &Map) {
    for (number, link) in map.links.iter().enumerate() {
        for (side, end, takes) in [("begins", link.from, false), ("ends", link.to, true)] {
            let place = match end {
                (Far::Part(part), pin) => (part, pin),
                (Far::Elsewhere, _) => continue,
                (Far::Unregistered, _) => {
                    found.push(format!("connection {number} {side} at a filter that is not registered"));
                    continue;
                }
            };
            match map.pin(place) {
                None => {
                    found.push(format!("connection {number} {side} at {}: there is none", name(map, place)))
                }
                Some(pin) => {
                    let name = name(map, place);
                    if takes_sound(pin) != takes {
                        found.push(format!(
                            "connection {number} {side} at {name}, whose data flow the other way"
                        ));
                    }
                    if is_for_clients(pin) {
                        found.push(format!("connection {number} {side} at {name}, which is for clients"));
                    }
                }
            }
        }
        if let ((Far::Part(from), _), (Far::Part(to), _)) = (link.from, link.to)
            && from == to
        {
            found.push(format!("connection {number} leads from '{}' to itself", map.parts[from].name));
        }
    }
    for place in map.pins(|place, _| map.links_of(place) > 1) {
        found.push(format!("{} has {} physical connections", name(map, place), map.links_of(place)));
    }
}

/// A bridge pin without a physical connection is an endpoint.
fn check_jack(found: &mut Vec<String>, map: &Map, jack: Place) {
    let Some(pin) = map.pin(jack) else { return };
    let (name, render, category) = (name(map, jack), !takes_sound(pin), pin.category.unwrap_or(GUID::ZERO));
    if HIDDEN.contains(&category) {
        found.push(format!("{name} leads out, and an endpoint of its category is hidden"));
    }
    let opposite = if render { INPUTS } else { OUTPUTS };
    if category.Data1 & TERMINALS == opposite {
        found.push(format!("{name} has the category of a terminal for the other direction"));
    }
    for (id, property) in [(KSPROPERTY_JACK_DESCRIPTION, ""), (KSPROPERTY_JACK_DESCRIPTION2, "2")] {
        let table = map.parts[jack.0].filter.raw.AutomationTable;
        if !property::has(table, KSPROPSETID_Jack, id, PCPROPERTY_ITEM_FLAG_GET) {
            found.push(format!(
                "{name} leads out, and its filter has no KSPROPERTY_JACK_DESCRIPTION{property}"
            ));
        }
    }
    let clients = map.clients_of(jack);
    if clients.is_empty() {
        found.push(format!("{name} leads out, and no pin for clients is behind it"));
    }
    if clients.len() > 1 {
        found.push(format!("{name} leads to {} pins for clients, of which Windows shows one", clients.len()));
    }
    for client in clients {
        check_client(found, map, client, render && !DIGITAL.contains(&category));
    }
}

/// A pin of which an endpoint was made, for analog sound out of the machine or not.
fn check_client(found: &mut Vec<String>, map: &Map, client: Place, analog_out: bool) {
    let (filter, name) = (&map.parts[client.0].filter, name(map, client));
    let pcm = |pin: &super::filter::FilterPin| {
        pin.ranges.iter().any(|range| range.audio.is_some() && range.sub_format == KSDATAFORMAT_SUBTYPE_PCM)
    };
    if !map.pin(client).is_some_and(pcm) {
        found.push(format!("{name} is for clients and takes no PCM"));
    }
    let both = PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET;
    let dac = filter.nodes.iter().any(|node| {
        node.kind == Some(KSNODETYPE_DAC)
            && property::has(node.automation, KSPROPSETID_Audio, KSPROPERTY_AUDIO_CHANNEL_CONFIG, both)
    });
    if analog_out && !dac {
        found.push(format!(
            "{name} plays, and there is no DAC that tells and takes KSPROPERTY_AUDIO_CHANNEL_CONFIG"
        ));
    }
}
