//! How near the position comes to the device's own sample clock, what that does over time, and that it never goes back.
//! The bounds are those that `src/device/clock.rs` tells.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;

/// Steps of the device: microseconds, and frames at 48 kHz.
const STEPS: [(&str, f64); 4] =
    [("1000", 48.0), ("2666.667", 129.0), ("10000", 480.0), ("21333.333", 1_024.0)];

/// Frames of a period, and of a message at most: clients that wait for events have one a period.
const PERIOD: &str = "2048";
const MESSAGE: f64 = 2_048.0;

/// What a device that is 500 ppm off gains or loses in 32 returns of a message, and a frame.
const DRIFT: f64 = 0.0005 * 32.0 * MESSAGE + 1.0;

/// Five seconds on the device in these words.
#[track_caller]
fn well(command: &str, client: &str, words: &str) -> Run {
    let name: String =
        words.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    let arguments = [
        command,
        "--device",
        "fake",
        "--fake",
        words,
        "--client",
        client,
        "--seconds",
        "5",
        "--period",
        PERIOD,
        "--uncounted",
    ];
    let run = rig(&folder(&format!("position-{command}-{client}-{name}")), &arguments);
    run.assert_well();
    run
}

/// For each step and drift: command, client and words, and frames by which it may be ahead and behind.
#[track_caller]
fn within(command: &str, client: &str, bounds: impl Fn(f64, f64) -> (f64, f64)) {
    for (step, frames) in STEPS {
        for drift in ["-500", "0", "500"] {
            let words = format!("truth=1,step_us={step},drift_ppm={drift},phase_us=317");
            let run = well(command, client, &words);
            let (most_ahead, most_behind) = bounds(frames, if drift == "0" { 1.0 } else { DRIFT });
            let ahead = run.number("/position/max_ahead_frames");
            let behind = run.number("/position/max_behind_frames");
            assert!(ahead <= most_ahead && behind <= most_behind, "{words}: {ahead} ahead, {behind} behind");
        }
    }
}

#[test]
fn what_was_handed_over_is_told_as_it_is_heard() {
    within("play", "packet", |step, drift| (step + drift, step + drift));
}

#[test]
fn what_may_be_overwritten_is_never_told_too_early() {
    for client in ["event", "position", "rewrite"] {
        within("play", client, |step, drift| (1.0, MESSAGE.max(step) + step + drift));
    }
}

#[test]
fn what_may_be_read_is_never_told_too_early() {
    for client in ["event", "packet", "position"] {
        within("record", client, |step, drift| (1.0, MESSAGE.max(step) + step + drift));
    }
}

#[test]
fn steps_that_come_late_do_not_turn_it_back() {
    for client in ["event", "packet", "position"] {
        for seed in ["3", "4", "5"] {
            well("play", client, &format!("truth=1,jitter_us=3000,seed={seed}"));
        }
    }
}

/// Plays so many seconds in periods of 10 ms, where each DPC waits for up to a millisecond. There are few frames a second,
/// for the sake of memory.
fn with_late_dpcs(client: &str, seconds: &str) {
    let words = ["play", "--device", "fake", "--fake", "step_us=2666.667", "--client", client];
    let more =
        ["--seconds", seconds, "--rate", "8000", "--period", "80", "--dpc-delay", "1000", "--uncounted"];
    rig(&folder(&format!("position-late-{client}")), &[&words[..], &more].concat()).assert_well();
}

#[test]
fn an_hour_with_dpcs_that_come_late_has_no_glitch() {
    with_late_dpcs("event", "3600");
}

#[test]
fn nor_have_ten_minutes_of_other_clients() {
    for client in ["packet", "position"] {
        with_late_dpcs(client, "600");
    }
}
