//! Playing and recording at the same time, neither disturbed by the other.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;

#[track_caller]
fn duplex(options: &str) -> Run {
    let name = options.replace([' ', '-'], "");
    let mut arguments = vec!["duplex", "--device", "virtio-snd", "--seconds", "2"];
    arguments.extend(options.split_whitespace());
    let run = rig(&folder(&format!("duplex-{name}")), &arguments);
    run.assert_well();
    run
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

/// Row 83: many streams.
#[test]
fn four_of_each() {
    let run = duplex("--streams 4 --client packet");
    assert_eq!(run.figure("/streams").as_array().map(Vec::len), Some(8));
}

#[test]
fn a_run_is_the_same_run_each_time() {
    let hash = || duplex("--client event").figure("/trace_hash").to_string();
    let first = hash();
    assert_eq!((hash(), hash()), (first.clone(), first));
}
