//! What can't be played is refused in words that help, with exit status 2.

use std::fs;
use std::path::Path;

use waverust_rig::sound::Pcm;
use waverust_rig::sound::tune;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// The run must end with status 2 and say each of these.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], words: &[&str]) {
    let run = rig(folder, arguments);
    assert_eq!(run.status, 2, "{}", run.text);
    assert!(run.report.is_none(), "a report was written of a run that never began");
    for word in words {
        assert!(run.text.contains(word), "'{word}' is missing in: {}", run.text);
    }
}

#[test]
fn formats_that_the_codec_has_not() {
    let folder = folder("formats");
    let silence = |rate: u32, channels: u16, bits: u16| {
        let mut pcm = Pcm::from_s16(rate, channels, &[]);
        (pcm.bits, pcm.container) = (bits, bits);
        let bytes = usize::from(channels) * usize::from(bits / 8) * 4800;
        pcm.with_data(vec![1; bytes])
    };
    silence(96_000, 2, 24).save(&folder.join("studio.wav")).expect("writing");
    silence(48_000, 6, 16).save(&folder.join("surround.wav")).expect("writing");
    let works = ["48000 Hz", "16-bit", "stereo"];
    refused(&folder, &["play", "studio.wav"], &["studio.wav", "96000 Hz", "24-bit"]);
    refused(&folder, &["play", "studio.wav"], &works);
    refused(&folder, &["play", "surround.wav"], &["surround.wav", "6 channels"]);
    refused(&folder, &["play", "surround.wav"], &works);
}

#[test]
fn files_that_are_no_sound() {
    let folder = folder("files");
    tune::noise(1, 48_000, 2, 1).save(&folder.join("whole.wav")).expect("writing");
    let whole = fs::read(folder.join("whole.wav")).expect("reading");
    fs::write(folder.join("truncated.wav"), &whole[..whole.len() / 2]).expect("writing");
    fs::write(folder.join("text.wav"), "This is no sound.").expect("writing");
    fs::write(folder.join("empty.wav"), "").expect("writing");
    refused(&folder, &["play", "truncated.wav"], &["truncated.wav"]);
    refused(&folder, &["play", "text.wav"], &["text.wav", "WAV"]);
    refused(&folder, &["play", "empty.wav"], &["empty.wav"]);
    refused(&folder, &["play", "."], &["directory"]);
    refused(&folder, &["play", "missing.wav"], &["missing.wav"]);
}

#[test]
fn options_that_make_no_sense() {
    let folder = folder("options");
    refused(&folder, &["play", "--windows", "9600"], &["9600", "26100"]);
    refused(&folder, &["play", "--client", "guess"], &["event", "position"]);
    refused(&folder, &["play", "--period", "0"], &["period"]);
    refused(&folder, &["play", "--module", "portcls.sys"], &["NAME=PATH"]);
}

#[test]
fn images_that_are_no_drivers() {
    let folder = folder("images");
    fs::write(folder.join("text.sys"), "This is no image.").expect("writing");
    for (image, word) in [("text.sys", "text.sys"), ("missing.sys", "missing.sys")] {
        let run = rig_with(&folder.join(image), &folder, &["play"]);
        assert_eq!(run.status, 2, "{}", run.text);
        assert!(run.text.contains(word), "{}", run.text);
    }
}

#[test]
fn a_module_that_lacks_exports_is_told_with_all_of_them() {
    let folder = folder("modules");
    // The driver's own image exports nothing that PortCls has.
    let own = waverust_tests::driver().display().to_string();
    let module = format!("portcls.sys={own}");
    refused(&folder, &["play", "--module", &module], &["portcls.sys", "PcNewPort", "PcRegisterSubdevice"]);
}
