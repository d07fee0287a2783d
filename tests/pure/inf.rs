//! The INF and the code name the same interfaces, and the INF says all that Windows wants to know.
//!
//! Sources: the WDK's pages on INF sections, "Installing Device Interfaces for an Audio Adapter", "Using a
//! Universal INF File", "Enabling Message-Signaled Interrupts in the Registry".

#[path = "inf/file.rs"]
mod file;
#[path = "inf/planted.rs"]
mod planted;

use file::Inf;
use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME, KSCATEGORY_RENDER, KSCATEGORY_TOPOLOGY,
};

const INF: &str = include_str!("../../inf/waverust.inx");
const SUBDEVICES: &str = include_str!("../../src/adapter/subdevices.rs");

/// The devices: name of the install section, hardware id, whether it has all subdevices, whether it has messages.
const DEVICES: [(&str, &str, bool, bool); 2] =
    [("VirtioSnd", r"PCI\VEN_1AF4&DEV_1059", true, true), ("Ac97", r"PCI\VEN_8086&DEV_2415", false, false)];

/// The names that the code registers.
fn subdevices(source: &str) -> Vec<&str> {
    source.split("wide_name!(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Everything that is wrong with an INF for a driver of that source.
fn faults(inf: &str, subdevices_source: &str) -> Vec<String> {
    let inf = Inf::parse(inf);
    let mut found = inf.faults();
    for (device, id, all, messages) in DEVICES {
        if !inf.models().iter().any(|(section, ids)| section == device && ids.iter().any(|each| each == id)) {
            found.push(format!("{device}: no model with {id}"));
        }
        found.extend(interfaces(&inf, device, &subdevices(subdevices_source), all));
        found.extend(hardware(&inf, device, messages));
        if inf.values(&format!("{device}.NT.Services"), "AddService").is_empty() {
            found.push(format!("{device}: no service"));
        }
    }
    found
}

/// The interfaces of a device against the names that the driver registers.
fn interfaces(inf: &Inf, device: &str, names: &[&str], all: bool) -> Vec<String> {
    let mut found = Vec::new();
    let section = format!("{device}.NT.Interfaces");
    let entries: Vec<[String; 3]> = inf
        .values(&section, "AddInterface")
        .iter()
        .filter_map(|value| file::fields(value).try_into().ok())
        .collect();
    if entries.len() != inf.values(&section, "AddInterface").len() || entries.is_empty() {
        found.push(format!("{section}: category, reference string, section"));
    }
    for [_, name, _] in &entries {
        if !names.contains(&name.as_str()) {
            found.push(format!("{device}: the driver registers no {name}"));
        }
    }
    let required: &[&str] = if all { names } else { &["WaveRender0", "TopologyRender0"] };
    for name in required {
        let mut categories: Vec<String> = entries
            .iter()
            .filter(|[_, each, _]| each == name)
            .map(|[each, ..]| each.to_uppercase())
            .collect();
        categories.sort_unstable();
        let mut expected = categories_of(name);
        if expected.is_empty() {
            found.push(format!("{device}: {name} is no name of a filter"));
        }
        expected.sort_unstable();
        if categories != expected {
            found.push(format!("{device}: the categories of {name} are {categories:?}"));
        }
    }
    for [_, name, section] in &entries {
        for value in ["CLSID", "FriendlyName"] {
            if inf.registry(section, "", value).is_none() {
                found.push(format!("{device}: {name} has no {value}"));
            }
        }
        let events = [file::ASSOCIATION, file::EVENT_DRIVEN].map(|key| inf.registry(section, r"EP\0", key));
        let driven = matches!(&events, [Some(_), Some(value)] if file::number(value) == Some(1));
        if driven != name.starts_with("Topology") {
            found.push(format!("{device}: EventDriven of {name}"));
        }
    }
    found
}

fn categories_of(name: &str) -> Vec<String> {
    let kind: &[GUID] = match name {
        _ if name.starts_with("WaveRender") => &[KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_REALTIME],
        _ if name.starts_with("WaveCapture") => &[KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME],
        _ if name.starts_with("Topology") => &[KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY],
        _ => &[],
    };
    kind.iter().map(text).collect()
}

/// A GUID as the registry has it.
fn text(guid: &GUID) -> String {
    let [a, b, c, d, e, f, g, h] = guid.Data4;
    format!(
        "{{{:08X}-{:04X}-{:04X}-{a:02X}{b:02X}-{c:02X}{d:02X}{e:02X}{f:02X}{g:02X}{h:02X}}}",
        guid.Data1, guid.Data2, guid.Data3
    )
}

/// Who may open the device, and how it interrupts.
fn hardware(inf: &Inf, device: &str, messages: bool) -> Vec<String> {
    let mut found = Vec::new();
    let section = format!("{device}.NT.HW");
    if inf.registry(&section, "", "DeviceType").as_deref().and_then(file::number) != Some(0x1D) {
        found.push(format!("{device}: the device type is not FILE_DEVICE_KS"));
    }
    if !inf.registry(&section, "", "Security").is_some_and(|sddl| sddl.starts_with("D:P(")) {
        found.push(format!("{device}: nothing says who may open it"));
    }
    let number = |value: &str| {
        let key = r"Interrupt Management\MessageSignaledInterruptProperties";
        inf.registry(&section, key, value).as_deref().and_then(file::number)
    };
    let (supported, limit) = (number("MSISupported"), number("MessageNumberLimit"));
    let right = match limit {
        Some(limit) => messages && supported == Some(1) && (1..=2048).contains(&limit),
        None => !messages && supported.is_none(),
    };
    if !right {
        found.push(format!("{device}: message interrupts {supported:?}, at most {limit:?}"));
    }
    found
}

#[test]
fn nothing_is_wrong() {
    assert_eq!(faults(INF, SUBDEVICES), [""; 0]);
}

#[test]
fn the_driver_has_eight_endpoints_in_each_direction() {
    let mut expected = Vec::new();
    for direction in ["Render", "Capture"] {
        for number in 0..8 {
            expected.push(format!("Wave{direction}{number}"));
            expected.push(format!("Topology{direction}{number}"));
        }
    }
    assert_eq!(subdevices(SUBDEVICES), expected);
}
