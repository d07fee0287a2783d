//! Packets: numbers, counts and times that fit each other and the sample clock, on each device.

use serde_json::Value;
use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// What plays packets.
const DEVICES: [&str; 2] = ["ac97", "virtio-snd"];

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

/// Row 28: tail of the last packet. What lies behind it in the buffer is loud.
#[test]
fn the_last_packet_may_be_shorter_than_the_others() {
    for device in DEVICES {
        // 96000 frames are 93 packets of 1024 frames, and 768 frames more.
        let run = run(device, "play", "--period 1024 --late 1000");
        assert_eq!(run.number("/streams/0/packets/exchanged"), 94.0);
    }
}

/// Row 29: pace of an underrun.
#[test]
fn packets_that_come_too_late_are_silent_and_counter_and_events_go_on() {
    let run = late(None);
    assert!(is_silent_where_late(&run), "{}", run.text);
    assert!(run.number("/notices/glitches") > 1.0, "{}", run.text);
    // Counter and events keep the pace of the sound.
    for word in ["events were signalled", "an event came", "packets of", "no event"] {
        assert!(!run.text.contains(word), "{}", run.text);
    }
}

/// Packets on AC'97 that come later than they are long, each time; then the client goes on with the one that is due.
fn late(mutant: Option<&Mutant>) -> Run {
    let arguments = ["play", "--device", "ac97", "--client", "packet", "--seconds", "2", "--late", "15000"];
    match mutant {
        None => rig(&folder("packets-late"), &arguments),
        Some(mutant) => rig_with(&mutant.build(), &folder("packets-late-mutant"), &arguments),
    }
}

/// Silence takes the place of each packet that is late, and the next one is heard: half of the sound, until time is up.
fn is_silent_where_late(run: &Run) -> bool {
    let frames = run.number("/frames_in");
    let list = run.figure("/glitches/list").as_array().expect("a list");
    let is_as_it_should = |glitch: &Value| {
        let [at, lost] = ["at_frame", "frames"].map(|name| glitch[name].as_f64().expect(name));
        match glitch["kind"].as_str() {
            Some("silence") => true,
            Some("dropped") => at + lost == frames && at > 0.4 * frames,
            _ => false,
        }
    };
    list.len() > 1 && list.iter().all(is_as_it_should)
}

/// Rows 28 and 29: tail of the last packet; pace of an underrun.
#[test]
fn a_driver_that_plays_what_was_not_handed_over_is_found() {
    let mutant = Mutant {
        name: "plays-what-was-not-handed-over",
        file: "device/ac97/given.rs",
        right: "self.from <= linear && linear < self.upto\n",
        wrong: "self.from <= linear || linear < self.upto\n",
    };
    assert!(!is_silent_where_late(&late(Some(&mutant))));
    let arguments = ["play", "--device", "ac97", "--client", "packet", "--seconds", "2", "--period", "1024"];
    let run = rig_with(&mutant.build(), &folder("packets-end-mutant"), &arguments);
    assert_eq!(run.status, 1, "{}", run.text);
}

/// Row 28: tail of the last packet.
#[test]
fn a_driver_that_plays_on_behind_the_last_byte_is_found() {
    let mutant = Mutant {
        name: "plays-the-whole-last-packet",
        file: "device/ac97/ring.rs",
        right: "self.laps.split = Some((number, before as u32));\n",
        wrong: "let _ = before;\n",
    };
    let arguments = ["play", "--device", "ac97", "--client", "packet", "--seconds", "2", "--period", "1024"];
    let run = rig_with(&mutant.build(), &folder("packets-tail-mutant"), &arguments);
    assert_eq!(run.status, 1, "{}", run.text);
}
