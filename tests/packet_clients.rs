//! Packets: numbers, counts and times that fit each other and the sample clock, on each device.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;

/// What plays packets.
const DEVICES: [&str; 1] = ["ac97"];

#[track_caller]
fn run(device: &str, task: &str, options: &str) -> Run {
    let name = format!("packets-{device}-{task}-{}", options.replace([' ', '-'], ""));
    let mut arguments = vec![task, "--device", device, "--client", "packet", "--seconds", "2"];
    arguments.extend(options.split_whitespace());
    let run = rig(&folder(&name), &arguments);
    run.assert_well();
    run
}

/// Every packet of the sound was exchanged, and told of within the device's step.
#[track_caller]
fn assert_packets(run: &Run, frames: f64) {
    let packets = run.number("/streams/0/packets/exchanged");
    let period = run.number("/period_frames");
    assert_eq!(packets, (frames / period).ceil(), "{}", run.text);
    let (error, step) =
        (run.number("/streams/0/packets/max_error_frames"), run.number("/position/device_step_frames"));
    assert!(error <= step + period + 1.0, "off by {error} frames, the device's step is {step}");
}

/// Row 34: presentation position.
#[test]
fn packets_are_played_in_order_and_counted() {
    for device in DEVICES {
        for period in [128, 480, 1024] {
            assert_packets(&run(device, "play", &format!("--period {period}")), 96_000.0);
        }
    }
}

/// Row 28: tail of the last packet.
#[test]
fn the_last_packet_may_be_shorter_than_the_others() {
    for device in DEVICES {
        // 96000 frames are 93 packets of 1024 frames, and 768 frames more.
        let run = run(device, "play", "--period 1024 --late 1000");
        assert_eq!(run.number("/streams/0/packets/exchanged"), 94.0);
    }
}
