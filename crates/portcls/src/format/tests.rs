//! Honest formats are read, lying ones refused.

use super::*;
use std::vec::Vec;

/// 48 kHz, 16-bit stereo.
fn stereo() -> Format {
    Format::new(48_000, 2, 16, 16, 3, Encoding::Pcm).unwrap()
}

fn extensible() -> Vec<u8> {
    stereo().to_extensible().as_bytes().to_vec()
}

fn plain() -> Vec<u8> {
    stereo().to_waveformatex().unwrap().as_bytes().to_vec()
}

/// The format with a field of two or four bytes overwritten.
fn with(mut bytes: Vec<u8>, at: usize, value: &[u8]) -> Vec<u8> {
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

fn parse(bytes: &[u8]) -> Result<Format> {
    DataFormat::new(bytes).parse()
}

const FORMAT_SIZE: usize = 0;
const MAJOR: usize = 16;
const SPECIFIER: usize = 48;
const TAG: usize = 64;
const CHANNELS: usize = 66;
const RATE: usize = 68;
const BLOCK_ALIGN: usize = 76;
const BITS: usize = 78;
const EXTRA: usize = 80;
const VALID_BITS: usize = 82;

#[test]
fn both_ways_of_saying_it_are_read() {
    assert_eq!(parse(&extensible()), Ok(stereo()));
    let without_mask = Format { channel_mask: 0, ..stereo() };
    assert_eq!(parse(&plain()), Ok(without_mask));
    assert_eq!((stereo().frame_bytes(), plain().len(), extensible().len()), (4, 82, 104));
}

#[test]
fn a_direct_sound_format_is_read() {
    let mut bytes = plain();
    bytes.splice(64..64, [0; DSOUND_WAVE - 64]);
    let bytes = with(bytes, SPECIFIER, KSDATAFORMAT_SPECIFIER_DSOUND.as_bytes());
    assert_eq!(
        parse(&with(bytes, FORMAT_SIZE, &90u32.to_le_bytes())).map(|format| format.rate()),
        Ok(48_000)
    );
}

#[test]
fn twenty_four_bits_in_thirty_two_keep_their_width() {
    let format = Format::new(96_000, 2, 32, 24, 3, Encoding::Pcm).unwrap();
    assert_eq!(parse(format.to_extensible().as_bytes()), Ok(format));
    assert!(format.to_waveformatex().is_none());
}

#[test]
fn every_truncation_is_refused() {
    for full in [plain(), extensible()] {
        for length in 0..full.len() {
            assert!(parse(&full[..length]).is_err(), "{length} bytes, saying {}", full.len());
            let honest = with(full.clone(), FORMAT_SIZE, &(length as u32).to_le_bytes());
            assert!(
                parse(&honest[..length]).is_err() || length < FORMAT_SIZE + 4,
                "{length} bytes, saying so"
            );
        }
    }
}

#[test]
fn lies_are_refused() {
    let refused: [(&str, Vec<u8>); 12] = [
        ("a size beyond the bytes", with(plain(), FORMAT_SIZE, &83u32.to_le_bytes())),
        ("a huge size", with(plain(), FORMAT_SIZE, &u32::MAX.to_le_bytes())),
        ("no audio", with(plain(), MAJOR, &[0; 16])),
        ("an unknown specifier", with(plain(), SPECIFIER, &[0; 16])),
        ("an unknown tag", with(plain(), TAG, &0x55u16.to_le_bytes())),
        ("no channels", with(plain(), CHANNELS, &0u16.to_le_bytes())),
        ("no rate", with(plain(), RATE, &0u32.to_le_bytes())),
        ("a wrong frame size", with(plain(), BLOCK_ALIGN, &3u16.to_le_bytes())),
        ("12 bits in a byte and a half", with(plain(), BITS, &12u16.to_le_bytes())),
        ("extensible, without the rest", with(extensible(), EXTRA, &21u16.to_le_bytes())),
        ("extensible, with too much", with(extensible(), EXTRA, &23u16.to_le_bytes())),
        ("more valid bits than bits", with(extensible(), VALID_BITS, &17u16.to_le_bytes())),
    ];
    for (what, bytes) in refused {
        assert_eq!(parse(&bytes), Err(Status::INVALID_PARAMETER), "{what}");
    }
}

#[test]
fn a_frame_that_overflows_is_refused() {
    assert!(Format::new(48_000, u16::MAX, 64, 64, 0, Encoding::Pcm).is_none());
    let wide = with(plain(), CHANNELS, &0x8001u16.to_le_bytes());
    assert!(parse(&with(wide, BLOCK_ALIGN, &2u16.to_le_bytes())).is_err());
}

#[test]
fn any_single_byte_may_lie_without_harm() {
    for full in [plain(), extensible()] {
        for at in 0..full.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut bytes = full.clone();
                bytes[at] = value;
                if let Ok(format) = parse(&bytes) {
                    assert!(format.rate() > 0 && format.frame_bytes() > 0);
                }
            }
        }
    }
}
