//! The driver records through QEMU's virtio-snd: what was heard, frame by frame, and not before it is complete.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

/// Records two seconds of noise with these options; all must be well.
#[track_caller]
fn record(options: &str) -> Run {
    let name = options.replace([' ', '-'], "");
    let mut arguments = vec!["record", "--device", "virtio-snd", "--seconds", "2"];
    arguments.extend(options.split_whitespace());
    let run = rig(&folder(&format!("virtio-capture-{name}")), &arguments);
    run.assert_well();
    run
}

/// Rows 33 and 40: time of a capture packet; small periods.
#[test]
fn every_client_with_every_period() {
    for client in ["event", "packet", "position"] {
        for period in [48, 128, 480, 1024] {
            record(&format!("--client {client} --period {period}"));
        }
    }
}

#[test]
fn every_format_at_the_usual_rates() {
    for format in ["--bits 16", "--bits 32", "--float"] {
        for rate in [44_100, 48_000, 96_000] {
            record(&format!("{format} --rate {rate} --period {}", rate / 100));
        }
    }
}

#[test]
fn mono() {
    record("--channels 1");
}

/// Row 60: messages and line.
#[test]
fn any_number_of_messages_and_the_line() {
    for vectors in [0, 1, 2, 5] {
        record(&format!("--client packet --vectors {vectors}"));
    }
}

#[test]
fn a_file_is_heard() {
    let folder = folder("virtio-capture-file");
    noise(&folder.join("heard.wav"), 2, 44_100);
    let options = ["record", "--device", "virtio-snd", "--in", "heard.wav", "--out", "recorded.wav"];
    let run = rig(&folder, &[&options[..], &["--period", "441"]].concat());
    run.assert_well();
    assert_eq!(run.number("/format/rate"), 44_100.0);
    assert!(folder.join("recorded.wav").metadata().is_ok_and(|file| file.len() > 300_000));
}

#[test]
fn four_recordings_at_once() {
    let run = record("--streams 4 --client packet");
    assert_eq!(run.figure("/streams").as_array().map(Vec::len), Some(4));
}

/// Row 55: surprise removal.
#[test]
fn surprise_removal_in_the_middle() {
    for client in ["event", "packet", "position"] {
        let folder = folder(&format!("virtio-capture-removal-{client}"));
        let options =
            ["record", "--device", "virtio-snd", "--seconds", "2", "--remove-at", "48000", "--client"];
        let run = rig(&folder, &[&options[..], &[client]].concat());
        assert!(run.rules().is_empty(), "{}", run.text);
        assert_eq!(run.status, 0, "{}", run.text);
    }
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hash = || record("--client packet").figure("/trace_hash").to_string();
    let first = hash();
    assert_eq!((hash(), hash()), (first.clone(), first));
}
