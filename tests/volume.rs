//! What volume and mute of the device do to a sound.

use std::path::Path;

use waverust_rig::sound::Pcm;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

/// Two seconds of noise through AC'97 with what is `set` before: the run, and the samples that came out, from the first
/// frame with sound on.
fn set_and_played(name: &str, set: &[&str]) -> (Run, Vec<i16>) {
    let folder = folder(&format!("set-{name}"));
    noise(&folder.join("noise.wav"), 2, 48_000);
    let set = set.iter().flat_map(|step| ["--set", step]);
    let arguments: Vec<&str> = ["play", "noise.wav", "--out", "out.wav"].into_iter().chain(set).collect();
    let run = rig(&folder, &arguments);
    let out = samples(&folder.join("out.wav"));
    let lead_in = out.iter().position(|sample| *sample != 0).unwrap_or(out.len()) & !1;
    (run, out.into_iter().skip(lead_in).collect())
}

fn samples(path: &Path) -> Vec<i16> {
    let pcm = Pcm::load(path).expect("a WAV file");
    pcm.data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// Row 66. What the volume is at its most, and what a mute that is off lets through, is the sound itself.
#[test]
fn full_volume_is_the_sound_itself() {
    set_and_played("full", &["volume:render0:-1=-393216", "volume:render0:-1=0"]).0.assert_well();
    set_and_played("unmuted", &["mute:render0:-1=1", "mute:render0:-1=0"]).0.assert_well();
}

/// Row 66. Nothing is heard, and the stream is as it would be.
#[test]
fn a_stream_that_is_muted_goes_on_in_silence() {
    let (run, out) = set_and_played("muted", &["mute:render0:-1=1"]);
    assert_eq!(run.status, 1, "{}", run.text);
    assert!(out.is_empty(), "{}", run.text);
    assert_eq!(run.figure("/client_errors").as_array().map(Vec::len), Some(0), "{}", run.text);
    assert_eq!(run.number("/position/backward_steps"), 0.0);
    assert!(run.number("/periods") >= 200.0 && run.rules().is_empty(), "{}", run.text);
}

/// Row 66. The sound is the same at each volume, but for its level, which falls with the volume, in each channel by itself.
/// By how much is the model's own affair.
#[test]
fn a_volume_makes_the_sound_quieter_and_nothing_else() {
    let (full, whole) = set_and_played("whole", &[]);
    full.assert_well();
    let mut last = [1.0; 2];
    for level in [-196_608, -786_432, -1_572_864] {
        let set = format!("volume:render0:1={level}");
        let (run, out) = set_and_played(&format!("quieter{level}"), &[&set]);
        assert_eq!(run.figure("/client_errors").as_array().map(Vec::len), Some(0), "{}", run.text);
        let gain = [0, 1].map(|channel| gain(&whole, &out, channel));
        assert!(gain[0] == 1.0 && gain[1] < 0.99 * last[1], "{level}: {gain:?} after {last:?}");
        last = gain;
    }
}

/// What the samples of a channel were multiplied with, each of them, to within what a sample can hold.
#[track_caller]
fn gain(whole: &[i16], out: &[i16], channel: usize) -> f64 {
    let pairs =
        || whole.iter().zip(out).skip(channel).step_by(2).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let (products, squares) = pairs().fold((0.0, 0.0), |(ab, aa), (a, b)| (ab + a * b, aa + a * a));
    let gain = if pairs().all(|(a, b)| a == b) { 1.0 } else { products / squares };
    let worst = pairs().map(|(a, b)| (gain * a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= 1.5, "one sample is off by {worst}, with a gain of {gain}");
    gain
}
