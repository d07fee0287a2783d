//! The catalog, by OpenSSL's reading of it.

use std::collections::BTreeSet;
use std::fs;

use crate::{argument, package, text};

/// What stands in a member for an image, and for any other file, as depth and content below the member.
const IMAGE: &str = include_str!("image.txt");
const OTHER: &str = include_str!("other.txt");
/// The list around its members.
const LIST: &str = include_str!("list.txt");

/// The dump of a catalog: depth, and what is there, without places and lengths.
fn dump(name: &str) -> Vec<(usize, String)> {
    let path = package().folder.join(name);
    let text = text("openssl", &["asn1parse", "-inform", "DER", "-in", argument(&path)]);
    let line = |line: &str| {
        let (place, what) = line.split_once("prim:").or_else(|| line.split_once("cons:"))?;
        let depth = place.split_once("d=")?.1.split_whitespace().next()?.parse().ok()?;
        Some((depth, what.split_whitespace().collect::<Vec<_>>().join(" ")))
    };
    text.lines().filter_map(line).collect()
}

/// The members: everything below the depth of the list's entries that begins with a hash of 32 bytes.
fn members(dump: &[(usize, String)]) -> Vec<&[(usize, String)]> {
    const MEMBER: usize = 7;
    let starts: Vec<usize> = (0..dump.len() - 1)
        .filter(|at| dump[*at] == (MEMBER, "SEQUENCE".to_owned()) && is_hash(&dump[at + 1].1))
        .collect();
    let end = |start: usize| (start + 1..dump.len()).find(|at| dump[*at].0 <= MEMBER).unwrap_or(dump.len());
    starts.iter().map(|start| &dump[*start..end(*start)]).collect()
}

fn is_hash(line: &str) -> bool {
    line.strip_prefix("OCTET STRING [HEX DUMP]:").is_some_and(|hex| hex.len() == 64)
}

fn hash(line: &str) -> String {
    line.trim_start_matches("OCTET STRING [HEX DUMP]:").to_lowercase()
}

/// The lines as text, indented, data left out.
fn shape(lines: &[(usize, String)]) -> String {
    let lowest = lines.first().map_or(0, |(depth, _)| *depth);
    let line = |(depth, what): &(usize, String)| {
        let what = what.split("[HEX DUMP]").next().unwrap_or_default().trim();
        format!("{}{what}\n", " ".repeat(depth - lowest))
    };
    lines.iter().map(line).collect()
}

#[test]
fn members_are_as_documented() {
    for name in ["unsigned/waverust.cat", "waverust.cat"] {
        let dump = dump(name);
        let members = members(&dump);
        let shapes: Vec<String> = members.iter().map(|member| shape(member)).collect();
        assert_eq!(shapes.iter().filter(|shape| *shape == IMAGE).count(), 2, "{name}: {shapes:#?}");
        assert_eq!(shapes.iter().filter(|shape| *shape == OTHER).count(), 1, "{name}: {shapes:#?}");
        assert_eq!(shapes.len(), 3);
        for member in members {
            let (subject, digest) = (&member[1].1, &member[member.len() - 1].1);
            assert_eq!(subject, digest, "the hash is the subject and what is signed");
        }
    }
}

#[test]
fn the_list_is_as_documented() {
    let dump = dump("unsigned/waverust.cat");
    let members: usize = members(&dump).iter().map(|member| member.len()).sum();
    let first = dump.iter().position(|(depth, what)| *depth == 8 && is_hash(what)).expect("a member") - 1;
    let around = [&dump[..first], &dump[first + members..]].concat();
    // The time is that of the commit.
    let shape = shape(&around);
    let time = shape.lines().find(|line| line.contains("UTCTIME")).expect("a time");
    assert_eq!(shape.replace(time, "      UTCTIME"), LIST);
}

#[test]
fn hashes_are_those_that_others_compute() {
    let dump = dump("waverust.cat");
    let listed: BTreeSet<String> = members(&dump).iter().map(|member| hash(&member[1].1)).collect();
    let mut computed = BTreeSet::new();
    for image in ["waverust.sys", "waverust_arm64.sys"] {
        let (certificate, path) = (argument(&package().certificate), package().folder.join(image));
        let said = text("osslsigncode", &["verify", "-CAfile", certificate, "-in", argument(&path)]);
        let line = said.lines().find_map(|line| line.strip_prefix("Calculated message digest : "));
        computed.insert(line.expect("a digest").trim().to_lowercase());
    }
    let inf = package().folder.join("waverust.inf");
    let said = text("openssl", &["dgst", "-sha256", "-r", argument(&inf)]);
    computed.insert(said.split_whitespace().next().expect("a digest").to_owned());
    assert_eq!(listed, computed);
}

#[test]
fn a_changed_inf_is_not_in_the_catalog() {
    let dump = dump("waverust.cat");
    let listed: BTreeSet<String> = members(&dump).iter().map(|member| hash(&member[1].1)).collect();
    let folder = crate::scratch("changed-inf");
    let mut inf = fs::read(package().folder.join("waverust.inf")).expect("a file");
    inf.push(b' ');
    fs::write(folder.join("waverust.inf"), inf).expect("written");
    let said = text("openssl", &["dgst", "-sha256", "-r", argument(&folder.join("waverust.inf"))]);
    assert!(!listed.contains(said.split_whitespace().next().expect("a digest")));
}

#[test]
fn systems_and_hardware_are_named() {
    let catalog = fs::read(package().folder.join("waverust.cat")).expect("a file");
    for name in ["_v100_X64,_v100_ARM64_RS3", r"pci\ven_1af4&dev_1059", r"pci\ven_8086&dev_2415", "2:10.0"] {
        let wide: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        assert!(catalog.windows(wide.len()).any(|window| window == wide), "{name}");
    }
}
