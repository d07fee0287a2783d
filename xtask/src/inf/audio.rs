//! Rules for the INF of an audio driver with the devices and names of this one.

use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME, KSCATEGORY_RENDER, KSCATEGORY_TOPOLOGY,
    KSNODETYPE_HDMI_INTERFACE, KSNODETYPE_HEADPHONES, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MICROPHONE,
    KSNODETYPE_SPDIF_INTERFACE, KSNODETYPE_SPEAKER,
};

use super::Driver;
use super::file::{Inf, Model, fields, number};

/// Devices that do not have everything: install section, what they have. All others have all subdevices, and messages.
const AC97: &str = "Ac97";
const AC97_SUBDEVICES: [&str; 6] = [
    "WaveRender0",
    "TopologyRender0",
    "WaveCapture0",
    "TopologyCapture0",
    "WaveCapture1",
    "TopologyCapture1",
];

/// What endpoints belong to the entry (PKEY_AudioEndpoint_Association), here any.
const ASSOCIATION: &str = "{1DA5D803-D492-4EDD-8C23-E0C0FFEE7F0E},2";
const ANY: &str = "{00000000-0000-0000-0000-000000000000}";
/// They may be driven by events (PKEY_AudioEndpoint_Supports_EventDriven_Mode).
const EVENT_DRIVEN: &str = "{1DA5D803-D492-4EDD-8C23-E0C0FFEE7F0E},7";

/// The class of the proxy that opens a filter's interface.
const PROXY: &str = "{17CCA71B-ECD7-11D0-B908-00A0C9223196}";

/// What the far ends of the driver's endpoints may be.
const PIN_CATEGORIES: [GUID; 6] = [
    KSNODETYPE_SPEAKER,
    KSNODETYPE_HEADPHONES,
    KSNODETYPE_MICROPHONE,
    KSNODETYPE_LINE_CONNECTOR,
    KSNODETYPE_SPDIF_INTERFACE,
    KSNODETYPE_HDMI_INTERFACE,
];

/// The models are the driver's devices.
pub(super) fn models(inf: &Inf, driver: &Driver) -> Vec<String> {
    let models = inf.models();
    let has =
        |id: &str| models.iter().any(|model| model.ids.iter().any(|each| each.eq_ignore_ascii_case(id)));
    let mut found: Vec<String> =
        driver.hardware.iter().filter(|id| !has(id)).map(|id| format!("no model with {id}")).collect();
    if driver.hardware.is_empty() {
        found.push("the driver knows no device".to_owned());
    }
    for model in &models {
        for id in model.ids.iter().filter(|id| !driver.hardware.contains(id)) {
            found.push(format!("{}: the driver knows no {id}", model.section("")));
        }
    }
    found
}

/// The system's own parts, and what has the device listed among multimedia devices.
pub(super) fn registration(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section("");
        for (key, expected) in
            [("Include", ["ks.inf", "wdmaudio.inf"]), ("Needs", ["KS.Registration", "WDMAUDIO.Registration"])]
        {
            if inf.list(&section, key) != expected {
                found.push(format!("[{section}]: {key} is not {}", expected.join(", ")));
            }
        }
        let file = inf.list(&section, "CopyFiles").iter().find_map(|list| inf.lines(list).first().cloned());
        let mut expected = vec![
            ("", "AssociatedFilters", "wdmaud,swmidi,redbook".to_owned()),
            ("", "Driver", file.unwrap_or_default()),
            ("Drivers", "SubClasses", "wave,midi,mixer".to_owned()),
        ];
        let classes = [r"Drivers\wave\wdmaud.drv", r"Drivers\midi\wdmaud.drv", r"Drivers\mixer\wdmaud.drv"];
        expected.extend(classes.map(|key| (key, "Driver", "wdmaud.drv".to_owned())));
        for (key, value, data) in expected {
            if inf.registry(&section, key, value).as_ref() != Some(&data) {
                found.push(format!("[{section}]: HKR,{key},{value} is not {data:?}"));
            }
        }
        for key in classes {
            if inf.registry(&section, key, "Description").is_none() {
                found.push(format!("[{section}]: HKR,{key} has no Description"));
            }
        }
    }
    found
}

/// Category, reference string and section of each interface of a device.
fn entries(inf: &Inf, model: &Model) -> Vec<Vec<String>> {
    inf.values(&model.section(".Interfaces"), "AddInterface").into_iter().map(fields).collect()
}

/// The interfaces of a device are those of the filters that the driver registers, each with the categories of its kind.
pub(super) fn interfaces(inf: &Inf, driver: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section(".Interfaces");
        let entries = entries(inf, &model);
        if entries.is_empty() || entries.iter().any(|entry| entry.len() != 3) {
            found.push(format!("[{section}]: category, reference string, section"));
            continue;
        }
        for entry in entries.iter().filter(|entry| !driver.subdevices.contains(&entry[1])) {
            found.push(format!("[{section}]: the driver registers no {}", entry[1]));
        }
        let all: Vec<&str> = driver.subdevices.iter().map(String::as_str).collect();
        let required = if model.device == AC97 { AC97_SUBDEVICES.to_vec() } else { all };
        for name in required {
            let mut categories: Vec<String> = entries
                .iter()
                .filter(|entry| entry[1] == name)
                .map(|entry| entry[0].to_uppercase())
                .collect();
            categories.sort_unstable();
            let mut expected = categories_of(name);
            expected.sort_unstable();
            if expected.is_empty() {
                found.push(format!("[{section}]: {name} is no name of a filter"));
            }
            if categories != expected {
                found.push(format!("[{section}]: the categories of {name} are {categories:?}"));
            }
        }
        for entry in &entries {
            if inf.registry(&entry[2], "", "CLSID").as_deref() != Some(PROXY) {
                found.push(format!("[{section}]: the CLSID of {} is not the proxy's", entry[1]));
            }
            if inf.registry(&entry[2], "", "FriendlyName").is_none() {
                found.push(format!("[{section}]: {} has no FriendlyName", entry[1]));
            }
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

/// Clients may wait for events in place of polling: the topology interfaces say so, of any endpoint, and no others.
pub(super) fn events(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    for model in inf.models() {
        for entry in entries(inf, &model).iter().filter(|entry| entry.len() == 3) {
            let value = |key| inf.registry(&entry[2], r"EP\0", key);
            let driven = value(ASSOCIATION).as_deref() == Some(ANY)
                && value(EVENT_DRIVEN).as_deref().and_then(number) == Some(1);
            let says_nothing = value(ASSOCIATION).is_none() && value(EVENT_DRIVEN).is_none();
            if entry[1].starts_with("Topology") != driven || driven == says_nothing {
                found.push(format!("[{}]: event-driven mode of {}", model.section(".Interfaces"), entry[1]));
            }
        }
    }
    found
}

/// What kind of device it is, and who may open it.
pub(super) fn security(inf: &Inf, _: &Driver) -> Vec<String> {
    const FILE_DEVICE_KS: u32 = 0x1D;
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section(".HW");
        if inf.registry(&section, "", "DeviceType").as_deref().and_then(number) != Some(FILE_DEVICE_KS) {
            found.push(format!("[{section}]: the device type is not FILE_DEVICE_KS"));
        }
        let descriptor = inf.registry(&section, "", "Security").unwrap_or_default();
        // A protected list in which the system may do everything.
        if !(descriptor.starts_with("D:P(")
            && descriptor.contains("(A;;GA;;;SY)")
            && descriptor.ends_with(')'))
        {
            found.push(format!("[{section}]: {descriptor:?} does not say who may open it"));
        }
    }
    found
}

/// Interrupts by message for devices that have them, and a number that there can be.
pub(super) fn messages(inf: &Inf, _: &Driver) -> Vec<String> {
    const KEY: &str = r"Interrupt Management\MessageSignaledInterruptProperties";
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section(".HW");
        let number = |value: &str| inf.registry(&section, KEY, value).as_deref().and_then(number);
        let (supported, limit) = (number("MSISupported"), number("MessageNumberLimit"));
        let right = match limit {
            Some(limit) => model.device != AC97 && supported == Some(1) && (1..=2048).contains(&limit),
            None => model.device == AC97 && supported.is_none(),
        };
        if !right {
            found.push(format!("[{section}]: messages {supported:?}, at most {limit:?}"));
        }
    }
    found
}

/// The device gets physical addresses from PortCls, so that its DMA must not be remapped.
pub(super) fn remapping(inf: &Inf, _: &Driver) -> Vec<String> {
    let sections = inf.models().into_iter().map(|model| model.section(".HW"));
    let says = |section: &String| {
        let value = inf.registry(section, "DMA Management", "RemappingSupported");
        value.as_deref().and_then(number) == Some(0)
    };
    sections
        .filter(|section| !says(section))
        .map(|section| format!("[{section}]: DMA may be remapped"))
        .collect()
}

/// Names of pins are the device's own, and those of categories that pins of the driver have.
pub(super) fn media_categories(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    let known = PIN_CATEGORIES.map(|guid| text(&guid));
    for (section, line) in
        inf.sections.iter().flat_map(|(name, lines)| lines.iter().map(move |line| (name, line)))
    {
        let fields = fields(line);
        let [root, key, value, ..] = fields.as_slice() else { continue };
        let Some((place, guid)) =
            key.rsplit_once('\\').filter(|(place, _)| place.ends_with("MediaCategories"))
        else {
            continue;
        };
        if root != "HKR" || place != "MediaCategories" {
            found.push(format!("[{section}]: names are below HKR,MediaCategories, not {root},{place}"));
        }
        if !known.contains(&guid.to_uppercase()) {
            found.push(format!("[{section}]: no pin is of category {guid}"));
        }
        if !["Name", "Display"].contains(&value.as_str()) {
            found.push(format!("[{section}]: {value} says nothing of a category"));
        }
    }
    found
}

/// How long a device is idle before it is powered down, and how far: three numbers, of four bytes each.
pub(super) fn power(inf: &Inf, _: &Driver) -> Vec<String> {
    const VALUES: [&str; 3] = ["ConservationIdleTime", "PerformanceIdleTime", "IdlePowerState"];
    /// FLG_ADDREG_BINVALUETYPE.
    const BINARY: u32 = 1;
    const DEEPEST: u32 = 3;
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section("");
        let lines: Vec<Vec<String>> = inf
            .registry_lines(&section)
            .into_iter()
            .filter(|fields| fields.len() > 3 && fields[1] == "PowerSettings")
            .collect();
        for name in VALUES {
            let fields: Vec<&[String]> =
                lines.iter().filter(|fields| fields[2] == name).map(|fields| &fields[3..]).collect();
            let bytes: Vec<Option<u8>> = match fields.as_slice() {
                [[flags, bytes @ ..]] if number(flags).is_some_and(|flags| flags & BINARY != 0) => {
                    bytes.iter().map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
                }
                _ => Vec::new(),
            };
            let number = match bytes.as_slice() {
                [Some(a), Some(b), Some(c), Some(d)] => Some(u32::from_le_bytes([*a, *b, *c, *d])),
                _ => None,
            };
            match number {
                None => found.push(format!("[{section}]: {name} is not four bytes in plain hexadecimal")),
                Some(state) if name == "IdlePowerState" && !(1..=DEEPEST).contains(&state) => {
                    found.push(format!("[{section}]: there is no power state {state} to be idle in"));
                }
                Some(_) => {}
            }
        }
    }
    found
}
