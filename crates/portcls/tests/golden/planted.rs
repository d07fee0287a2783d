//! The comparisons fire when a table is wrong.

use crate::{constants, interfaces, records};

/// `text` with `from` replaced, where it must occur.
fn falsified(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is there to falsify");
    text.replacen(from, to, 1)
}

fn record_faults(from: &str, to: &str) -> Vec<String> {
    records::faults(&records::declared(), &falsified(records::GOLDEN, from, to))
}

fn interface_faults(from: &str, to: &str) -> Vec<String> {
    interfaces::faults(&interfaces::declared(), &falsified(interfaces::GOLDEN, from, to))
}

#[test]
fn a_wrong_size_is_noticed() {
    assert_eq!(record_faults("PCNODE_DESCRIPTOR\t32\t8\tFlags", "PCNODE_DESCRIPTOR\t40\t8\tFlags").len(), 1);
}

#[test]
fn a_wrong_alignment_is_noticed() {
    assert_eq!(record_faults("KSPROPERTY\t24\t8\tSet", "KSPROPERTY\t24\t4\tSet").len(), 1);
}

#[test]
fn a_wrong_offset_is_noticed() {
    let faults =
        record_faults("PCPROPERTY_REQUEST\t72\t8\tVerb\t32\t4", "PCPROPERTY_REQUEST\t72\t8\tVerb\t20\t4");
    assert!(faults[0].contains("PCPROPERTY_REQUEST.Verb"), "{faults:?}");
}

#[test]
fn a_field_that_was_forgotten_is_noticed() {
    let faults = record_faults(
        "DRMRIGHTS\t12\t4\tReserved\t4\t4",
        "DRMRIGHTS\t16\t4\tReserved\t4\t4\nDRMRIGHTS\t12\t4\tMore\t12\t4",
    );
    assert!(faults.iter().any(|fault| fault.contains("DRMRIGHTS.More: golden, not declared")), "{faults:?}");
}

#[test]
fn a_record_without_golden_line_is_noticed() {
    let golden: String = records::GOLDEN
        .lines()
        .filter(|line| !line.starts_with("MDL\t"))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(records::faults(&records::declared(), &golden), ["MDL: no golden line"]);
}

#[test]
fn a_swapped_pair_of_methods_is_noticed() {
    let faults = interface_faults("\t4\tSetState\t", "\t4\tGetPosition\t");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_wrong_parameter_is_noticed() {
    assert_eq!(
        interface_faults("GetPhysicalPageAddress\t8,8,4\t8", "GetPhysicalPageAddress\t8,4\t8").len(),
        1
    );
}

#[test]
fn a_wrong_iid_is_noticed() {
    let faults = interface_faults("IDmaChannel\t22C6AC61", "IDmaChannel\t22C6AC62");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_method_too_many_is_noticed() {
    let faults =
        interface_faults("IPinName\t29CC9AB1-E89D-413C-B6B2-F6D50005D063\t4\t3\tGetPinName\t8,8,8\t4\n", "");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_wrong_constant_is_noticed() {
    let golden = falsified(constants::CONSTANTS, "KSSTATE_RUN\t0x3", "KSSTATE_RUN\t0x4");
    assert_eq!(constants::constant_faults(&constants::declared_constants(), &golden).len(), 1);
}

#[test]
fn a_wrong_guid_is_noticed() {
    let golden = falsified(constants::GUIDS, "KSCATEGORY_AUDIO\t", "KSCATEGORY_AUDIO\t0");
    assert_eq!(constants::guid_faults(&constants::declared_guids(), &golden).len(), 1);
}
