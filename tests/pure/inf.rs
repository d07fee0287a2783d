//! The INF and the code name the same interfaces.

const INF: &str = include_str!("../../inf/waverust.inx");
const SUBDEVICES: &str = include_str!("../../src/adapter/subdevices.rs");

/// The names that the code registers.
fn subdevices() -> Vec<&'static str> {
    SUBDEVICES.split("wide_name!(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The value of a string of the INF.
fn string(name: &str) -> &'static str {
    let line = INF.lines().find(|line| line.split('=').next().unwrap().trim() == name);
    line.unwrap_or_else(|| panic!("no string {name}")).split('"').nth(1).unwrap()
}

/// Category and reference string of each interface.
fn interfaces() -> Vec<(&'static str, &'static str)> {
    let interface = |line: &'static str| {
        let mut parts =
            line.strip_prefix("AddInterface = ")?.split(',').map(|part| part.trim().trim_matches('%'));
        Some((string(parts.next()?), string(parts.next()?)))
    };
    INF.lines().filter_map(interface).collect()
}

#[test]
fn every_reference_string_is_a_subdevice_and_the_other_way_round() {
    let names = subdevices();
    assert_eq!(names, ["Wave", "Topology"]);
    let interfaces = interfaces();
    assert_eq!(interfaces.len(), 5);
    assert!(interfaces.iter().all(|(_, name)| names.contains(name)));
    assert!(names.iter().all(|name| interfaces.iter().any(|(_, used)| used == name)));
}

#[test]
fn the_device_is_named() {
    assert!(INF.contains(r"PCI\VEN_8086&DEV_2415"));
}
