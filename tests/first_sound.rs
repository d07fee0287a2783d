//! The driver plays through QEMU's AC'97, to the bit, cheaply, and each time alike.

use std::path::PathBuf;

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

const SECONDS: u32 = 3;

fn play(name: &str, client: &str, period: &str) -> Run {
    let folder = folder(name);
    let wav = folder.join("noise.wav");
    noise(&wav, SECONDS, 48_000);
    let run = rig(&folder, &["play", "noise.wav", "--client", client, "--period", period]);
    run.assert_well();
    run
}

/// The device moves its position in steps, and its register tells it: beyond them a driver may be a frame off.
#[track_caller]
fn assert_position(run: &Run) {
    let step = run.number("/position/device_step_frames");
    for error in ["max_ahead_frames", "max_behind_frames"] {
        let error = run.number(&format!("/position/{error}"));
        assert!(error <= step + 1.0, "position off by {error} frames, the device's step is {step}");
    }
    assert_eq!(run.number("/position/transfer_frames"), 0.0);
    assert!(run.number("/position/samples") > 10.0);
}

#[track_caller]
fn assert_cheap(run: &Run) {
    assert!(run.number("/device_accesses/per_period/sum") <= 5.0, "{}", run.text);
    assert!(run.number("/get_position/max_reads") <= 2.0, "{}", run.text);
    assert_eq!(run.number("/run/allocations"), 0.0, "{}", run.text);
    assert_eq!(run.number("/run/bytes_copied"), 0.0, "{}", run.text);
}

#[test]
fn event_client_with_periods_of_128_frames() {
    let run = play("event-128", "event", "128");
    assert_position(&run);
    assert_cheap(&run);
}

#[test]
fn event_client_with_periods_of_480_frames() {
    let run = play("event-480", "event", "480");
    assert_position(&run);
    assert_cheap(&run);
}

#[test]
fn event_client_with_periods_of_1024_frames() {
    let run = play("event-1024", "event", "1024");
    assert_position(&run);
    assert_cheap(&run);
}

/// Row 19: GetPosition at DISPATCH_LEVEL.
#[test]
fn position_client_with_every_period() {
    for period in ["128", "480", "1024"] {
        let run = play(&format!("position-{period}"), "position", period);
        assert_position(&run);
        assert!(run.number("/get_position/max_reads") <= 2.0);
        assert_eq!(run.number("/run/allocations"), 0.0);
    }
}

/// Row 21: events a cycle.
#[test]
fn every_event_is_signalled_once() {
    let run = play("events", "event", "480");
    // Each period that the client saw end was one event; while the device plays out, a few more come.
    let (periods, events) = (run.number("/periods"), run.number("/events_signalled"));
    assert!(events >= periods && events <= periods + 8.0, "{periods} periods, {events} events");
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hashes: Vec<String> =
        (0..3).map(|_| play("again", "event", "480").figure("/trace_hash").to_string()).collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[1], hashes[2]);
}

#[test]
fn another_sound_is_another_run() {
    let folder = folder("another");
    noise(&folder.join("a.wav"), 1, 48_000);
    noise(&folder.join("b.wav"), 2, 48_000);
    let [a, b] =
        ["a.wav", "b.wav"].map(|file| rig(&folder, &["play", file]).figure("/trace_hash").to_string());
    assert_ne!(a, b);
}

/// Row 17: PAUSE freezes.
#[test]
fn a_pause_loses_nothing() {
    for client in ["event", "position"] {
        let folder = folder(&format!("pause-{client}"));
        noise(&folder.join("noise.wav"), 2, 48_000);
        let run = rig(&folder, &["play", "noise.wav", "--client", client, "--pause-at", "40000"]);
        assert_eq!(run.status, 0, "{}", run.text);
    }
}

#[test]
fn a_rate_that_the_codec_varies_to() {
    let folder = folder("rate");
    noise(&folder.join("noise.wav"), 2, 44_100);
    let run = rig(&folder, &["play", "noise.wav", "--period", "441"]);
    run.assert_well();
    assert_eq!(run.number("/format/rate"), 44_100.0);
}

#[test]
fn without_a_file_the_tune_plays() {
    let folder = folder("tune");
    let run = rig(&folder, &["play", "--out", "out.wav", "--html", "report.html"]);
    run.assert_well();
    let files: Vec<PathBuf> = ["out.wav", "report.html"].map(|file| folder.join(file)).to_vec();
    assert!(files.iter().all(|file| file.metadata().is_ok_and(|data| data.len() > 1000)));
}
