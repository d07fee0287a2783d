//! Constants, GUIDs and property keys: their values.

use portcls::raw::interfaces;
use portcls::raw::{ALL_CONSTANTS, ALL_PROPERTY_KEYS, Constant, GUID, IID_IUNKNOWN_CLASSIC, guids};

use crate::table::{none, number, rows};

pub(crate) const CONSTANTS: &str = include_str!("../../golden/constants.tsv");
pub(crate) const GUIDS: &str = include_str!("../../golden/guids.tsv");

/// The constants that the crate declares.
pub(crate) fn declared_constants() -> Vec<Constant> {
    ALL_CONSTANTS.concat()
}

/// The GUIDs that the crate declares, identities of interfaces and property keys (with their number)
/// included.
pub(crate) fn declared_guids() -> Vec<(String, GUID, Option<u32>)> {
    let sets = guids::ALL.concat().into_iter().map(|named| (named.name.to_owned(), named.guid, None));
    let interfaces =
        interfaces::ALL.concat().into_iter().map(|layout| (format!("IID_{}", layout.name), layout.iid, None));
    let keys = ALL_PROPERTY_KEYS.iter().map(|(name, key)| ((*name).to_owned(), key.fmtid, Some(key.pid)));
    let classic = [("IID_IUnknown_CLASSIC".to_owned(), IID_IUNKNOWN_CLASSIC, None)];
    sets.chain(interfaces).chain(keys).chain(classic).collect()
}

/// What differs between the declared constants and the golden ones.
pub(crate) fn constant_faults(declared: &[Constant], golden: &str) -> Vec<String> {
    let golden = rows(golden, 2);
    let fault = |constant: &Constant| {
        let row = golden.iter().find(|row| row[0] == constant.name);
        match row {
            None => Some(format!("{}: no golden line", constant.name)),
            Some(row) if number(row[1]) != constant.value as usize => {
                Some(format!("{}: {:#X}, golden {}", constant.name, constant.value, row[1]))
            }
            Some(_) => None,
        }
    };
    declared.iter().filter_map(fault).collect()
}

/// The bytes of a GUID as they lie in memory.
fn memory(guid: &GUID) -> String {
    let bytes = [
        &guid.Data1.to_ne_bytes()[..],
        &guid.Data2.to_ne_bytes()[..],
        &guid.Data3.to_ne_bytes()[..],
        &guid.Data4[..],
    ]
    .concat();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What differs between the declared GUIDs and the golden ones.
pub(crate) fn guid_faults(declared: &[(String, GUID, Option<u32>)], golden: &str) -> Vec<String> {
    let golden = rows(golden, 3);
    let fault = |(name, guid, number): &(String, GUID, Option<u32>)| {
        let number = number.map_or("-".to_owned(), |number| number.to_string());
        match golden.iter().find(|row| row[0] == name) {
            None => Some(format!("{name}: no golden line")),
            Some(row) if row[1] != memory(guid) || row[2] != number => {
                Some(format!("{name}: {} {number}, golden {} {}", memory(guid), row[1], row[2]))
            }
            Some(_) => None,
        }
    };
    declared.iter().filter_map(fault).collect()
}

#[test]
fn every_constant_is_as_golden() {
    none(&constant_faults(&declared_constants(), CONSTANTS));
}

#[test]
fn every_guid_is_as_golden() {
    none(&guid_faults(&declared_guids(), GUIDS));
}

#[test]
fn every_golden_value_is_declared() {
    let constants = declared_constants();
    for row in rows(CONSTANTS, 2) {
        assert!(constants.iter().any(|constant| constant.name == row[0]), "{} is not declared", row[0]);
    }
    let guids = declared_guids();
    for row in rows(GUIDS, 3) {
        assert!(guids.iter().any(|(name, ..)| name == row[0]), "{} is not declared", row[0]);
    }
}
