//! Playing and recording at the same time, neither disturbed by the other.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// More streams than QEMU's device has: on the device in the rig, where each has an output or an input of its own.
const TWELVE_AND_FIVE: &str = "--device fake --fake outputs=12,inputs=5 --streams 12 --record-streams 5";

/// The nearest thing to a processor that has no time: of periods of 10 ms, DPCs come up to 2 ms late, and each client takes
/// 2 ms.
const BUSY: &str = "--streams 3 --record-streams 2 --dpc-delay 2000 --late 2000";
const FIVE: &str = "--device fake --fake outputs=3,inputs=2";

/// The arguments of two seconds both ways, on virtio-snd unless `options` say where.
fn arguments(options: &str) -> Vec<&str> {
    let mut arguments = vec!["duplex", "--seconds", "2"];
    if !options.contains("--device") {
        arguments.extend(["--device", "virtio-snd"]);
    }
    arguments.extend(options.split_whitespace());
    arguments
}

#[track_caller]
fn duplex(options: &str) -> Run {
    let name = options.replace([' ', '-'], "");
    let run = rig(&folder(&format!("duplex-{name}")), &arguments(options));
    run.assert_well();
    run
}

/// The same with a faulty edition of the driver.
fn faulty(mutant: &Mutant, options: &str) -> Run {
    rig_with(&mutant.build(), &folder(&format!("duplex-{}", mutant.name)), &arguments(options))
}

/// Streams that were played and recorded.
#[track_caller]
fn streams(run: &Run) -> (usize, usize) {
    let streams = run.figure("/streams").as_array().expect("a list");
    assert!(streams.iter().all(|stream| stream["bit_exact"] == true), "{}", run.text);
    let of = |direction| streams.iter().filter(|stream| stream["direction"] == direction).count();
    (of("render"), of("capture"))
}

/// Rows 41 and 63: event-driven endpoints; independent duplex.
#[test]
fn every_client_beside_every_other() {
    for client in ["event", "packet", "position"] {
        for other in ["event", "packet", "position"] {
            let run = duplex(&format!("--client {client} --record-client {other}"));
            let streams = run.figure("/streams").as_array().expect("a list");
            let directions: Vec<&str> =
                streams.iter().filter_map(|stream| stream["direction"].as_str()).collect();
            assert_eq!(directions, ["render", "capture"]);
        }
    }
}

#[test]
fn any_number_of_messages_and_the_line() {
    for vectors in [0, 1, 2, 5] {
        duplex(&format!("--client packet --vectors {vectors}"));
    }
}

/// Row 83: many streams; as many as QEMU's device has.
#[test]
fn five_of_each() {
    for client in ["event", "packet"] {
        assert_eq!(streams(&duplex(&format!("--streams 5 --bits 32 --client {client}"))), (5, 5));
    }
}

/// Row 83: many streams.
#[test]
fn twelve_play_while_five_record() {
    for client in ["event", "packet", "position"] {
        assert_eq!(streams(&duplex(&format!("{TWELVE_AND_FIVE} --client {client}"))), (12, 5));
    }
}

/// Row 83: many streams.
#[test]
fn three_play_and_two_record_where_everybody_is_late() {
    for client in ["event", "packet", "position"] {
        for device in ["--device virtio-snd", FIVE] {
            assert_eq!(streams(&duplex(&format!("{BUSY} {device} --client {client}"))), (3, 2));
        }
    }
}

/// Row 83: many streams.
#[test]
fn a_driver_that_takes_the_ninth_stream_for_the_first() {
    let mutant = Mutant {
        name: "ninth-stream",
        file: "device/virtio_snd/rings.rs",
        right: "    ((endpoint as u16) << SLOT_BITS)",
        wrong: "    ((endpoint as u16 & 7) << SLOT_BITS)",
    };
    let run = faulty(&mutant, TWELVE_AND_FIVE);
    assert_ne!(run.status, 0, "{}", run.text);
}

/// Row 83: many streams.
#[test]
fn a_driver_that_feeds_its_device_at_the_last_moment() {
    let mutant = Mutant {
        name: "last-moment",
        file: "device/virtio_snd/feed.rs",
        right: "{ (frames / 4).min(rate / 333) }",
        wrong: "{ frames / 64 }",
    };
    let run = faulty(&mutant, &format!("{FIVE} {BUSY}"));
    assert_eq!(run.status, 1, "{}", run.text);
    assert!(run.number("/glitches/count") > 0.0, "{}", run.text);
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hash = || duplex("--client event").figure("/trace_hash").to_string();
    let first = hash();
    assert_eq!((hash(), hash()), (first.clone(), first));
}
