//! What a catalog looks like, byte for byte where that is published.

use driver_catalog::{Catalog, CatalogError};
use sha2::{Digest, Sha256};

/// 2026-01-01 00:00:00 UTC.
const CREATED: u64 = 1_767_225_600;

fn catalog(files: &[(&str, &[u8])]) -> Catalog {
    let mut catalog = Catalog::new(CREATED);
    for (name, bytes) in files {
        catalog.add_file(name, bytes);
    }
    catalog
}

fn der(catalog: &Catalog) -> Vec<u8> {
    catalog.to_der().expect("a catalog")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_list_is_one_of_version_2_in_data_that_nobody_has_signed() {
    let der = der(&catalog(&[("a.inf", b"a")]));
    let signed_data = bytes("06092A864886F70D010702");
    let list = bytes("06 0A 2B060104018237 0C0101");
    let no_digests_then_ctl = bytes("0201013100");
    let version_2 = bytes("170D 3236303130313030303030305A 300E 060A2B060104018237 0C0103 0500");
    for part in [&signed_data, &no_digests_then_ctl, &list, &version_2] {
        assert!(find(&der, part).is_some(), "{part:02X?}");
    }
    assert!(der.ends_with(&[0x31, 0]), "no signers");
    assert_eq!(usize::from(u16::from_be_bytes([der[2], der[3]])), der.len() - 4, "one sequence, no more");
}

#[test]
fn a_member_is_written_as_makecat_does() {
    let hash = Sha256::digest(b"a");
    let der = der(&catalog(&[("a.inf", b"a")]));
    // Published with dotnet/arcade: CAT_MEMBERINFO2, and SPC_INDIRECT_DATA of a file that is no image.
    let member_info = bytes("3010 060A2B060104018237 0C0203 3102 8200");
    let mut data = bytes(
        "060A2B060104018237020104 3147 3045 3010 060A2B060104018237020119 A2028000 \
         3031 300D 0609608648016503040201 0500 0420",
    );
    data.extend(hash);
    let subject = [bytes("0420"), hash.to_vec()].concat();
    for part in [&member_info, &data, &subject, &wide("a.inf"), &wide("2:10.0")] {
        assert!(find(&der, part).is_some(), "{part:02X?}");
    }
}

#[test]
fn members_are_in_the_order_of_their_hashes_and_none_is_there_twice() {
    let files: [(&str, &[u8]); 4] = [("1", b"1"), ("2", b"2"), ("3", b"3"), ("1 again", b"1")];
    let der_of = |order: &[usize]| der(&catalog(&order.iter().map(|at| files[*at]).collect::<Vec<_>>()));
    let expected = der_of(&[0, 1, 2]);
    assert_eq!(der_of(&[2, 0, 1, 3]), expected);
    let mut hashes: Vec<Vec<u8>> =
        files[..3].iter().map(|(_, bytes)| Sha256::digest(bytes).to_vec()).collect();
    hashes.sort();
    let places: Vec<usize> = hashes
        .iter()
        .map(|hash| find(&expected, &[bytes("0420"), hash.clone()].concat()).expect("member"))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn systems_and_devices_are_extensions() {
    let mut catalog = catalog(&[("a.inf", b"a")]);
    let without = der(&catalog);
    catalog.for_system("_v100_X64");
    catalog.for_system("_v100_ARM64_RS3");
    for id in ["PCI\\VEN_1AF4&DEV_1059", "pci\\ven_1af4&dev_1059", "PCI\\VEN_8086&DEV_2415"] {
        catalog.for_hardware(id);
    }
    let der = der(&catalog);
    let place = |text: &str| find(&der, &wide(text)).unwrap_or_else(|| panic!("no {text}"));
    assert!(find(&without, &wide("_v100_X64,_v100_ARM64_RS3")).is_none());
    assert!(place("_v100_X64,_v100_ARM64_RS3") < place("pci\\ven_8086&dev_2415"));
    assert!(place("pci\\ven_8086&dev_2415") < place("pci\\ven_1af4&dev_1059"), "counted down");
    // BMPString "HWID2", the attributes of a value that is signed and is text, and the value.
    let second =
        [bytes("1E0A 00480057004900440032 0204 10010001 042C"), wide("pci\\ven_8086&dev_2415")].concat();
    assert!(find(&der, &second).is_some());
    let third: Vec<u8> = "HWID3".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(find(&der, &third).is_none(), "the same device twice");
}

#[test]
fn the_same_files_make_the_same_catalog_and_others_another_identifier() {
    let identifier = |catalog: &Catalog| {
        let der = der(catalog);
        let usage = find(&der, &bytes("060A2B060104018237 0C0101")).expect("usage");
        assert_eq!(der[usage + 12..usage + 14], [4, 16]);
        der[usage + 14..usage + 30].to_vec()
    };
    let first = catalog(&[("a", b"a"), ("b", b"b")]);
    assert_eq!(der(&first), der(&first.clone()));
    let mut later = Catalog::new(CREATED + 1);
    later.add_file("a", b"a");
    later.add_file("b", b"b");
    let mut system = first.clone();
    system.for_system("x");
    let others = [catalog(&[("a", b"a")]), catalog(&[("a", b"a"), ("c", b"b")]), later, system];
    let all: std::collections::BTreeSet<_> = others.iter().chain([&first]).map(identifier).collect();
    assert_eq!(all.len(), 5);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let far = Catalog::new(2_600_000_000);
    assert!(matches!(far.to_der(), Err(CatalogError::Encoding(_))));
    let mut catalog = Catalog::new(CREATED);
    assert!(catalog.add_image("a.sys", b"MZ").is_err());
    assert!(find(&der(&catalog), &wide("a.sys")).is_none());
}
