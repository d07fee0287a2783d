//! Surprise removal at any point: what was played until then is right, nothing is found and nothing is left behind.

use waverust_tests::fake::run;
use waverust_tests::folder;
use waverust_tests::rig;

#[test]
fn at_any_access() {
    // Bringing the device up takes some hundreds of accesses; a period takes one.
    for nth in (1..1_200).step_by(13) {
        let run = run("duplex", ["event", "packet"][nth % 2], &format!("fault=remove@access:{nth}"), &[]);
        // A device that is gone before it was started is one that cannot be started.
        let status = if run.report.is_some() { 0 } else { 2 };
        assert_eq!(run.status, status, "{}", run.text);
    }
}

#[test]
fn while_sound_moves() {
    for command in ["play", "record", "duplex"] {
        for client in ["event", "packet", "position"] {
            for moment in ["17350us", "500ms", "503700us", "1503us", "3090ms"] {
                let run = run(command, client, &format!("fault=remove@{moment}"), &[]);
                assert_eq!(run.status, 0, "{}", run.text);
            }
        }
    }
}

/// Row 56: close beside removal.
#[test]
fn under_a_client_that_is_blocked_in_set_state() {
    for code in ["0x101", "0x102", "0x103", "0x104", "0x105"] {
        for nth in 1..=5 {
            for client in ["event", "packet"] {
                let run = run("duplex", client, &format!("fault=remove@request:{code}:{nth}"), &[]);
                let status = if run.report.is_some() { 0 } else { 2 };
                assert_eq!(run.status, status, "{}", run.text);
            }
        }
    }
    // The client waits for an answer that will not come, and the device goes meanwhile.
    for (code, moment) in [("0x104:1", 1_000), ("0x104:2", 1_000), ("0x105:1", 3_500), ("0x103:4", 3_500)] {
        for client in ["event", "packet", "position"] {
            let words = format!("fault=never@request:{code},fault=remove@{moment}ms");
            let run = run("duplex", client, &words, &[]);
            assert_eq!(run.status, 0, "{}", run.text);
        }
    }
}

#[test]
fn while_the_device_is_started_over() {
    for nth in (0..400).step_by(9) {
        // Accesses from the recovery on: some hundreds are before it.
        let words = format!("fault=needs_reset@300ms,fault=remove@access:{}", 500 + nth);
        let run = run("duplex", "event", &words, &[]);
        run.assert_survived();
    }
}

#[test]
fn what_was_wrong_before_it_is_still_wrong() {
    for device in ["fake", "virtio-snd", "ac97"] {
        for client in ["event", "packet", "position", "rewrite"] {
            let folder = folder(&format!("removal-{device}-{client}"));
            let options = ["play", "--seconds", "1", "--uncounted", "--remove-at", "24000"];
            let words = ["--device", device, "--client", client];
            let run = rig(&folder, &[&options[..], &words].concat());
            assert_eq!(run.status, 0, "{}", run.text);
            let out = run.number("/frames_out");
            assert!((20_000.0..=24_960.0).contains(&out), "{}", run.text);
        }
    }
    // A gap ahead of the removal is still a gap.
    let run = run("play", "event", "fault=burst@300ms", &["--remove-at", "24000"]);
    assert_eq!(run.status, 1, "{}", run.text);
    assert!(run.text.contains("silence"), "{}", run.text);
}
