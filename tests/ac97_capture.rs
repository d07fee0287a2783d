//! The driver records through QEMU's AC'97, from each of its inputs, alone and beside what it plays: what was heard, frame
//! by frame, and not before it is complete.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;
use waverust_tests::rig_with;

const CLIENTS: [&str; 3] = ["event", "packet", "position"];

/// Runs two seconds of noise with these options; all must be well.
#[track_caller]
fn run(task: &str, options: &str) -> Run {
    let name = options.replace([' ', '-'], "");
    let mut arguments = vec![task, "--device", "ac97", "--seconds", "2"];
    arguments.extend(options.split_whitespace());
    let run = rig(&folder(&format!("ac97-{task}-{name}")), &arguments);
    run.assert_well();
    run
}

/// The same with a faulty edition of the driver.
fn run_mutant(mutant: &Mutant, task: &str, options: &[&str]) -> Run {
    let folder = folder(&format!("ac97-{task}-{}", mutant.name));
    let arguments = [&[task, "--device", "ac97", "--seconds", "2"], options].concat();
    rig_with(&mutant.build(), &folder, &arguments)
}

/// One stream costs what it costs when it plays: a read and a write an interrupt, and what the client asks.
#[track_caller]
fn assert_cheap(run: &Run) {
    assert!(run.number("/device_accesses/per_period/sum") <= 5.1, "{}", run.text);
    assert!(run.number("/get_position/max_reads") <= 2.0, "{}", run.text);
    assert_eq!(run.number("/run/allocations"), 0.0, "{}", run.text);
    assert_eq!(run.number("/run/bytes_copied"), 0.0, "{}", run.text);
}

/// Row 33: time of a capture packet.
#[test]
fn every_client_with_every_period() {
    for client in CLIENTS {
        for period in [128, 480, 1024] {
            let run = run("record", &format!("--client {client} --period {period}"));
            assert_cheap(&run);
            let step = run.number("/position/device_step_frames");
            for error in ["max_ahead_frames", "max_behind_frames"] {
                let error = run.number(&format!("/position/{error}"));
                assert!(error <= step + 1.0, "off by {error} frames, the device's step is {step}");
            }
        }
    }
}

#[test]
fn every_rate_that_the_codec_takes() {
    for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100] {
        run("record", &format!("--rate {rate} --period {}", rate / 50));
    }
}

#[test]
fn the_microphone_is_an_endpoint_of_its_own() {
    for client in CLIENTS {
        run("record", &format!("--endpoint 1 --client {client}"));
    }
}

#[test]
fn a_file_is_heard() {
    let folder = folder("ac97-record-file");
    noise(&folder.join("heard.wav"), 2, 44_100);
    let options = ["record", "--device", "ac97", "--in", "heard.wav", "--out", "recorded.wav"];
    let run = rig(&folder, &[&options[..], &["--period", "441"]].concat());
    run.assert_well();
    assert_eq!(run.number("/format/rate"), 44_100.0);
    assert!(folder.join("recorded.wav").metadata().is_ok_and(|file| file.len() > 300_000));
}

#[test]
fn a_pause_loses_nothing() {
    for client in CLIENTS {
        run("record", &format!("--client {client} --pause-at 40011"));
    }
}

#[test]
fn stop_and_restart_between_recordings() {
    run("record", "--restarts 2");
    run("duplex", "--restarts 1");
}

/// Row 55: surprise removal.
#[test]
fn surprise_removal_in_the_middle() {
    for client in CLIENTS {
        for task in ["record", "duplex"] {
            let folder = folder(&format!("ac97-{task}-removal-{client}"));
            let options = [task, "--device", "ac97", "--seconds", "2", "--remove-at", "48000", "--client"];
            let run = rig(&folder, &[&options[..], &[client]].concat());
            assert!(run.rules().is_empty(), "{}", run.text);
            assert_eq!(run.status, 0, "{}", run.text);
        }
    }
}

/// Row 63: independent duplex.
#[test]
fn every_client_beside_every_other() {
    for client in CLIENTS {
        for other in CLIENTS {
            let run = run("duplex", &format!("--client {client} --record-client {other}"));
            let streams = run.figure("/streams").as_array().expect("a list");
            let directions: Vec<&str> =
                streams.iter().filter_map(|stream| stream["direction"].as_str()).collect();
            assert_eq!(directions, ["render", "capture"]);
        }
    }
}

#[test]
fn both_directions_with_short_and_long_periods() {
    for period in [128, 1024] {
        run("duplex", &format!("--client packet --period {period}"));
    }
}

#[test]
fn what_is_recorded_goes_on_while_what_is_played_pauses() {
    for client in CLIENTS {
        run("duplex", &format!("--client {client} --pause-at 40011"));
    }
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hash = || run("duplex", "--client packet --record-client event").figure("/trace_hash").to_string();
    let first = hash();
    assert_eq!((hash(), hash()), (first.clone(), first));
}

#[test]
fn a_driver_that_records_at_another_gain() {
    let mutant = Mutant {
        name: "gain",
        file: "device/ac97/codec.rs",
        right: "unity_record: 0x0F0F",
        wrong: "unity_record: 0x0E0F",
    };
    let run = run_mutant(&mutant, "record", &[]);
    assert_eq!(run.status, 1, "{}", run.text);
    assert_eq!(run.figure("/bit_exact"), false);
}

#[test]
fn a_driver_that_does_not_hear_what_is_recorded() {
    let mutant = Mutant {
        name: "deaf",
        file: "device/ac97/boxes.rs",
        right: "for own in [&self.output, &self.input] {",
        wrong: "for own in [&self.output, &self.output] {",
    };
    let run = run_mutant(&mutant, "duplex", &[]);
    assert_ne!(run.status, 0, "{}", run.text);
}
