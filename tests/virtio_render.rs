//! The driver plays through QEMU's virtio-snd: every client, format, period and way of interrupting, to the bit.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;

/// Plays two seconds of noise with these options; all must be well.
#[track_caller]
fn play(options: &str) -> Run {
    let name = options.replace([' ', '-'], "");
    let mut arguments = vec!["play", "--device", "virtio-snd", "--seconds", "2"];
    arguments.extend(options.split_whitespace());
    let run = rig(&folder(&format!("virtio-render-{name}")), &arguments);
    run.assert_well();
    run
}

#[test]
fn every_client_with_every_period() {
    for client in ["event", "packet", "position", "rewrite"] {
        for period in [48, 128, 480, 1024] {
            let run = play(&format!("--client {client} --period {period}"));
            assert_eq!(run.figure("/position/judged"), true, "{}", run.text);
        }
    }
}

/// Streams that go out together, of the client that most depends on when.
#[test]
fn several_streams_of_what_is_written_anew_at_the_last_moment() {
    for options in
        ["--streams 2 --period 480", "--streams 3 --period 128 --tick 10000", "--streams 3 --period 48"]
    {
        play(&format!("--client rewrite {options}"));
    }
}

/// Rows 28 and 34: tail of the last packet; presentation position.
#[test]
fn packets_of_any_length() {
    // Whole steps of the device and not, an odd number of frames, and a last one that is shorter.
    for period in [48, 100, 128, 441, 1024] {
        let run = play(&format!("--client packet --period {period}"));
        assert_eq!(run.number("/streams/0/packets/exchanged"), (96_000.0 / f64::from(period)).ceil());
    }
}

#[test]
fn every_format_at_the_usual_rates() {
    for format in ["--bits 16", "--bits 32", "--float"] {
        for rate in [44_100, 48_000, 96_000] {
            let run = play(&format!("{format} --rate {rate} --period {}", rate / 100));
            assert_eq!(run.number("/format/rate"), f64::from(rate));
        }
    }
}

#[test]
fn samples_of_24_bits() {
    // The device has no samples of three bytes: they go into four.
    let run = play("--bits 24");
    assert_eq!(run.figure("/format/container_bits"), 32);
}

#[test]
fn mono() {
    play("--channels 1");
    play("--channels 1 --bits 32 --client packet");
}

/// Row 60: messages and line.
#[test]
fn any_number_of_messages_and_the_line() {
    for vectors in [0, 1, 2, 5] {
        let run = play(&format!("--vectors {vectors}"));
        let registered = run.figure("/stream_resources").as_array().map_or(0, Vec::len);
        assert!(registered >= 2, "interrupts and the thread are the stream's resources: {}", run.text);
    }
}

#[test]
fn four_streams_at_once() {
    for client in ["event", "packet", "position"] {
        let run = play(&format!("--streams 4 --client {client}"));
        let streams = run.figure("/streams").as_array().expect("a list");
        assert_eq!(streams.len(), 4);
        assert!(streams.iter().all(|stream| stream["bit_exact"] == true), "{}", run.text);
    }
}

#[test]
fn a_client_that_takes_its_time() {
    // A half or a packet is the client's until the other one has been played: it may use a third of that.
    for client in ["event", "packet"] {
        play(&format!("--client {client} --late 3300"));
    }
}

/// Row 17: PAUSE freezes.
#[test]
fn a_pause_loses_nothing() {
    for client in ["event", "packet", "position", "rewrite"] {
        play(&format!("--client {client} --pause-at 40000"));
    }
}

/// Row 16: STOP resets.
#[test]
fn stop_and_restart_between_sounds() {
    play("--restarts 2");
}

/// Row 15: order of states.
#[test]
fn surprise_removal_in_the_middle() {
    for client in ["event", "packet", "position"] {
        let folder = folder(&format!("virtio-removal-{client}"));
        let options =
            ["play", "--device", "virtio-snd", "--seconds", "2", "--remove-at", "48000", "--client"];
        let run = rig(&folder, &[&options[..], &[client]].concat());
        // The sound ends early; until then it is right.
        assert_eq!(run.status, 0, "{}", run.text);
        assert!(run.rules().is_empty(), "{}", run.text);
    }
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hash = || play("--client packet").figure("/trace_hash").to_string();
    let first = hash();
    assert_eq!((hash(), hash()), (first.clone(), first));
}
