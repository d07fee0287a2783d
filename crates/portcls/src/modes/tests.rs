//! Modes are found where they are, and nothing is read where none can be.

use super::*;
use crate::format::{Encoding, Format};
use crate::raw::{AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW};
use std::vec::Vec;

const MODE: GUID = KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE;

fn attribute(id: GUID, value: &[u8]) -> Vec<u8> {
    let size = (size_of::<KSATTRIBUTE>() + value.len()) as u32;
    [KSATTRIBUTE { Size: size, Flags: 0, Attribute: id }.as_bytes(), value].concat()
}

/// A format of 82 bytes, so that there are six between it and its attributes, and these.
fn format(count: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut format = Format::new(48_000, 2, 16, 16, 0, Encoding::Pcm).unwrap().to_waveformatex().unwrap();
    format.DataFormat.Flags = KSDATAFORMAT_ATTRIBUTES;
    let list = attributes.concat();
    let size = (size_of::<KSMULTIPLE_ITEM>() + list.len()) as u32;
    let head = KSMULTIPLE_ITEM { Size: size, Count: count };
    [format.as_bytes(), &[0xEE; 6], head.as_bytes(), &list].concat()
}

fn mode(bytes: &[u8]) -> Result<Option<GUID>> {
    DataFormat::new(bytes).mode()
}

/// Row 5: mode attribute.
#[test]
fn the_mode_is_found_behind_the_format() {
    for asked in [AUDIO_SIGNALPROCESSINGMODE_RAW, AUDIO_SIGNALPROCESSINGMODE_DEFAULT] {
        let bytes = format(1, &[attribute(MODE, asked.as_bytes())]);
        assert_eq!(mode(&bytes), Ok(Some(asked)));
        assert!(DataFormat::new(&bytes).parse().is_ok());
    }
}

#[test]
fn no_attributes_are_no_mode() {
    assert_eq!(mode(&format(0, &[])), Ok(None));
    let plain = Format::new(48_000, 2, 16, 16, 0, Encoding::Pcm).unwrap().to_waveformatex().unwrap();
    assert_eq!(mode(plain.as_bytes()), Ok(None));
}

#[test]
fn other_attributes_are_not_supported() {
    let other = attribute(AUDIO_SIGNALPROCESSINGMODE_RAW, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(mode(&format(1, &[other])), Err(Status::NOT_SUPPORTED));
}

#[test]
fn two_modes_are_refused() {
    let raw = attribute(MODE, AUDIO_SIGNALPROCESSINGMODE_RAW.as_bytes());
    assert_eq!(mode(&format(2, &[raw.clone(), raw])), Err(Status::INVALID_PARAMETER));
}

#[test]
fn lies_about_sizes_are_refused() {
    let good = format(1, &[attribute(MODE, AUDIO_SIGNALPROCESSINGMODE_RAW.as_bytes())]);
    // Wherever the bytes end, the attributes are cut short.
    for end in 0..good.len() {
        assert!(mode(&good[..end]).is_err(), "{end}");
    }
    const LIST: usize = 88;
    for (at, value) in
        [(LIST, 0_u32), (LIST, 7), (LIST, 49), (LIST, u32::MAX), (LIST + 4, 2), (LIST + 4, u32::MAX)]
            .into_iter()
            .chain([0, 23, 24, 39, 41, u32::MAX].map(|size| (LIST + 8, size)))
    {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
        assert_eq!(mode(&bad), Err(Status::INVALID_PARAMETER), "{value} at {at}");
    }
    let mut bad = good;
    bad[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(mode(&bad), Err(Status::INVALID_PARAMETER));
}
