//! Records: sizes, alignments, offsets.

use portcls::raw::{ALL_RECORDS, RecordLayout};

use crate::table::{none, number, rows};

pub(crate) const GOLDEN: &str = include_str!("../../golden/structs.tsv");

/// The records that the crate declares.
pub(crate) fn declared() -> Vec<&'static RecordLayout> {
    ALL_RECORDS.iter().flat_map(|module| module.iter().copied()).collect()
}

/// What differs between the declared records and the golden ones.
///
/// Every declared field must be golden, except those whose name begins with an underscore. Every golden field
/// must begin where a declared one does, or lie within declared ones: no field is forgotten, but of the arms
/// of a union one is enough.
pub(crate) fn faults(declared: &[&RecordLayout], golden: &str) -> Vec<String> {
    let golden = rows(golden, 6);
    let mut faults = Vec::new();
    for record in declared {
        let name = record.name;
        let lines: Vec<_> = golden.iter().filter(|row| row[0] == name).collect();
        let Some(head) = lines.first() else {
            faults.push(format!("{name}: no golden line"));
            continue;
        };
        if record.size != number(head[1]) {
            faults.push(format!("{name}: size {}, golden {}", record.size, head[1]));
        }
        if head[2] != "-" && record.align != number(head[2]) {
            faults.push(format!("{name}: alignment {}, golden {}", record.align, head[2]));
        }
        for field in record.fields.iter().filter(|field| !field.name.starts_with('_')) {
            match lines.iter().find(|row| row[3] == field.name.trim_start_matches("r#")) {
                None => faults.push(format!("{name}.{}: not golden", field.name)),
                Some(row) if (field.offset, field.size) != (number(row[4]), number(row[5])) => {
                    faults.push(format!(
                        "{name}.{}: {} bytes at {}, golden {} at {}",
                        field.name, field.size, field.offset, row[5], row[4]
                    ))
                }
                Some(_) => {}
            }
        }
        for row in &lines {
            let (offset, size) = (number(row[4]), number(row[5]));
            let covered = |byte| {
                record.fields.iter().any(|field| (field.offset..field.offset + field.size).contains(&byte))
            };
            let same_start = record.fields.iter().any(|field| field.offset == offset);
            if !same_start && !(offset..offset + size).all(covered) {
                faults.push(format!("{name}.{}: golden, not declared", row[3]));
            }
        }
    }
    faults
}

#[test]
fn every_record_is_as_golden() {
    none(&faults(&declared(), GOLDEN));
}

#[test]
fn every_golden_record_is_declared() {
    let declared: Vec<_> = declared().iter().map(|record| record.name).collect();
    for row in rows(GOLDEN, 6) {
        let has_own_line = declared.contains(&row[0]);
        let is_arm_left_out = row[0].starts_with("CM_PARTIAL_RESOURCE_DESCRIPTOR.u.");
        assert!(has_own_line || is_arm_left_out, "{} is not declared", row[0]);
    }
}

#[test]
fn the_packed_format_is_82_bytes() {
    assert_eq!(size_of::<portcls::raw::KSDATAFORMAT_WAVEFORMATEX>(), 82);
    assert_eq!(size_of::<portcls::raw::KSDATARANGE_AUDIO>(), 88);
}
