//! Hashes of images, against hashes of the parts that they are made of.

use driver_catalog::{Hash, Image, ImageError};
use sha2::{Digest, Sha256};

const HEADER: usize = 0x80;
const OPTIONAL: usize = HEADER + 24;
const CHECKSUM: usize = OPTIONAL + 64;
const SECURITY: usize = OPTIONAL + 112 + 4 * 8;
const SECTIONS: usize = OPTIONAL + 240;
const HEADERS: usize = 0x400;

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// An image of two sections, of 0x1200 and 0x200 bytes, the second one named first.
fn image() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..HEADERS + 0x1400).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
    bytes[..2].copy_from_slice(b"MZ");
    put(&mut bytes, 0x3C, HEADER as u32);
    bytes[HEADER..HEADER + 4].copy_from_slice(b"PE\0\0");
    bytes[HEADER + 6..HEADER + 8].copy_from_slice(&3u16.to_le_bytes());
    bytes[HEADER + 20..HEADER + 22].copy_from_slice(&240u16.to_le_bytes());
    bytes[OPTIONAL..OPTIONAL + 2].copy_from_slice(&0x20Bu16.to_le_bytes());
    put(&mut bytes, OPTIONAL + 32, 0x1000);
    put(&mut bytes, OPTIONAL + 60, HEADERS as u32);
    put(&mut bytes, SECURITY, 0);
    put(&mut bytes, SECURITY + 4, 0);
    for (index, (start, size)) in
        [(HEADERS + 0x1200, 0x200), (HEADERS, 0x1200), (0, 0)].into_iter().enumerate()
    {
        put(&mut bytes, SECTIONS + 40 * index + 16, size);
        put(&mut bytes, SECTIONS + 40 * index + 20, start as u32);
    }
    bytes
}

/// The hash of all parts, one behind the other.
fn hash(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

fn of(bytes: &[u8]) -> Hash {
    Image::parse(bytes).expect("an image").hash()
}

#[test]
fn checksum_and_signature_do_not_count_and_all_else_does() {
    let plain = image();
    let expected = hash(&[&plain[..CHECKSUM], &plain[CHECKSUM + 4..SECURITY], &plain[SECURITY + 8..]]);
    assert_eq!(of(&plain), expected);

    let mut signed = plain.clone();
    put(&mut signed, CHECKSUM, 0x1234);
    put(&mut signed, SECURITY, plain.len() as u32);
    put(&mut signed, SECURITY + 4, 24);
    signed.extend([0xAA; 24]);
    assert_eq!(of(&signed), expected);
    assert_eq!(Image::parse(&signed).unwrap().page_hashes(), Image::parse(&plain).unwrap().page_hashes());

    for at in [OPTIONAL + 40, CHECKSUM + 4, SECURITY + 8, plain.len() - 1] {
        let mut other = plain.clone();
        other[at] ^= 1;
        assert_ne!(of(&other), expected, "the byte at {at:#x}");
    }
}

#[test]
fn an_odd_end_is_filled_up_as_signing_does() {
    let mut odd = image();
    odd.extend([1, 2, 3]);
    let mut even = odd.clone();
    even.extend([0; 5]);
    assert_eq!(of(&odd), of(&even));
}

#[test]
fn pages_are_filled_up_with_zeros_and_the_last_entry_is_the_end() {
    let bytes = image();
    let pages = Image::parse(&bytes).expect("an image").page_hashes();
    let zeros = [0; 0x1000];
    let data = &bytes[HEADERS..];
    let headers =
        [&bytes[..CHECKSUM], &bytes[CHECKSUM + 4..SECURITY], &bytes[SECURITY + 8..HEADERS]].concat();
    let expected = [
        (0, hash(&[&headers, &zeros[HEADERS..]])),
        (HEADERS, hash(&[&data[..0x1000]])),
        (HEADERS + 0x1000, hash(&[&data[0x1000..0x1200], &zeros[0x200..]])),
        (HEADERS + 0x1200, hash(&[&data[0x1200..0x1400], &zeros[0x200..]])),
        (HEADERS + 0x1400, [0; 32]),
    ];
    assert_eq!(pages.iter().map(|page| (page.offset as usize, page.hash)).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_no_image_is_refused() {
    type Spoil = fn(&mut Vec<u8>);
    let cases: [(Spoil, ImageError); 9] = [
        (|b| b[0] = 0, ImageError::Format),
        (|b| b[HEADER] = 0, ImageError::Format),
        (|b| b[OPTIONAL] = 7, ImageError::Format),
        (|b| put(b, 0x3C, 0xFFFF_FF00), ImageError::Truncated),
        (|b| b.truncate(0x200), ImageError::Truncated),
        (|b| put(b, SECURITY, 0x7FFF_FFFF), ImageError::Truncated),
        (|b| put(b, OPTIONAL + 32, 0), ImageError::Layout),
        (|b| put(b, OPTIONAL + 32, 0x200), ImageError::Layout),
        (|b| put(b, SECURITY, 0x10), ImageError::Layout),
    ];
    for (index, (spoil, error)) in cases.into_iter().enumerate() {
        let mut bytes = image();
        spoil(&mut bytes);
        assert_eq!(Image::parse(&bytes).map(|image| image.hash()), Err(error), "case {index}");
    }
}
