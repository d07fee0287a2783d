use super::{Encoding, Pcm, WavError};
use std::fs;
use std::path::PathBuf;

/// A directory of its own for each test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("waverust-wav-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("scratch directory");
        Self(path)
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.join("a.wav");
        fs::write(&path, bytes).expect("scratch file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A WAV image: the `fmt ` chunk's tag, channels, rate, block size and width, and the data.
fn image(tag: u16, channels: u16, rate: u32, block: u16, bits: u16, data: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(block)).to_le_bytes());
    out.extend(block.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    let size = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    out
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let scratch = Scratch::new(name);
    Pcm::load(&scratch.file(bytes)).expect_err("refused").to_string()
}

#[test]
fn bytes_arrive_as_they_stand_in_the_file() {
    let scratch = Scratch::new("bytes");
    let data: Vec<u8> = (0..48).collect();
    for (channels, block, bits) in [(1, 1, 8), (2, 4, 16), (2, 6, 24), (2, 8, 32), (6, 12, 16)] {
        let pcm = Pcm::load(&scratch.file(&image(1, channels, 48_000, block, bits, &data))).expect("plays");
        assert_eq!((pcm.channels, pcm.bits, pcm.container, pcm.rate), (channels, bits, bits, 48_000));
        assert_eq!(pcm.data, data);
        assert_eq!(pcm.frames(), 48 / usize::from(block));
    }
}

#[test]
fn a_wider_container_is_told_from_the_valid_bits() {
    let scratch = Scratch::new("container");
    let pcm = Pcm::load(&scratch.file(&image(1, 2, 96_000, 8, 24, &[7; 80]))).expect("plays");
    assert_eq!((pcm.bits, pcm.container, pcm.frames()), (24, 32, 10));
    assert_eq!(pcm.describe(), "96000 Hz, 24-bit in 32, stereo");
}

#[test]
fn what_follows_the_sound_is_not_sound() {
    let scratch = Scratch::new("trailer");
    let mut bytes = image(1, 2, 48_000, 4, 16, &[9; 40]);
    bytes.extend(b"LIST\x04\0\0\0INFO");
    assert_eq!(Pcm::load(&scratch.file(&bytes)).expect("plays").data, [9; 40]);
}

#[test]
fn saving_and_loading_change_nothing() {
    let scratch = Scratch::new("round");
    let path = scratch.0.join("round.wav");
    let data: Vec<u8> = (0..96).map(|i| (i * 37 + 11) as u8).collect();
    for container in [8, 16, 24, 32] {
        let pcm = Pcm {
            rate: 44_100,
            channels: 2,
            bits: container,
            container,
            encoding: Encoding::Integer,
            data: data.clone(),
        };
        pcm.save(&path).expect("saved");
        assert_eq!(Pcm::load(&path).expect("loaded"), pcm);
    }
    let floats: Vec<u8> = [0.5f32, -1.0, 0.25, 0.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let pcm =
        Pcm { rate: 48_000, channels: 2, bits: 32, container: 32, encoding: Encoding::Float, data: floats };
    pcm.save(&path).expect("saved");
    assert_eq!(Pcm::load(&path).expect("loaded"), pcm);
}

#[test]
fn a_missing_file_and_a_directory_are_told_apart() {
    let scratch = Scratch::new("missing");
    let missing = Pcm::load(&scratch.0.join("none.wav")).expect_err("missing");
    assert!(matches!(missing, WavError::Missing { .. }));
    assert!(missing.to_string().contains("none.wav: no such file"));
    let directory = Pcm::load(&scratch.0).expect_err("directory");
    assert!(matches!(directory, WavError::Directory { .. }));
}

#[test]
fn other_files_are_refused_by_name() {
    assert!(refused("text", b"just some text, not a sound").contains("not a WAV file"));
    assert!(refused("short", b"RIFF").contains("not a WAV file"));
    assert!(refused("empty", b"").contains("no frame"));
    assert!(refused("silent", &image(1, 2, 48_000, 4, 16, &[])).contains("no frame"));
    assert!(refused("adpcm", &image(2, 2, 48_000, 4, 16, &[0; 64])).contains("compressed"));
    assert!(refused("mp3", &image(0x55, 2, 48_000, 4, 16, &[0; 64])).contains("compressed"));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = image(1, 2, 48_000, 4, 16, &[5; 400]);
    for length in 0..whole.len() {
        let text = refused("cut", &whole[..length]);
        if length >= 44 {
            assert!(text.contains(&format!("promises 400 bytes of sound and {} are there", length - 44)));
        }
    }
}

#[test]
fn a_header_that_contradicts_itself_is_refused() {
    let mut bytes = image(1, 2, 48_000, 4, 16, &[5; 400]);
    bytes[28] ^= 1;
    assert!(refused("rate", &bytes).contains("damaged WAV header"));
    assert!(refused("channels", &image(1, 0, 48_000, 4, 16, &[5; 400])).contains("damaged WAV header"));
}

#[test]
fn an_unwritable_place_is_named() {
    let scratch = Scratch::new("unwritable");
    let pcm = Pcm::from_s16(48_000, 2, &[1, 2]);
    let error = pcm.save(&scratch.0.join("no/such/out.wav")).expect_err("unwritable").to_string();
    assert!(error.contains("out.wav: cannot be written"));
}
