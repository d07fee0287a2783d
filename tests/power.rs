//! The device loses its power and gets it back, with and without sound.
//!
//! The rig takes the power from the function as well: it answers nothing until it has it again, and knows nothing of what
//! it was told before. A register that is touched meanwhile is a finding.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// Plays or records through a sleep, which is no interruption of the sound that anybody is told of.
fn through_a_sleep(name: &str, arguments: &[&str]) -> Run {
    let sleep = ["--seconds", "2", "--sleep-at", "33333"];
    let run = rig(&folder(&format!("sleep-{name}")), &[arguments, &sleep].concat());
    assert_eq!(run.number("/notices/glitches"), 0.0, "{}", run.text);
    run
}

/// Rows 47 and 48: D3 with a stream, and no register touched in it.
#[test]
fn sound_goes_on_after_a_sleep_where_it_was() {
    for device in ["ac97", "virtio-snd"] {
        for client in ["event", "packet", "position"] {
            let name = format!("{device}-{client}");
            through_a_sleep(&name, &["play", "--device", device, "--client", client]).assert_well();
        }
    }
}

/// Row 48. AC'97 tells where it is to the frame, wherever that is.
#[test]
fn a_sleep_in_the_middle_of_a_period_loses_nothing() {
    for (period, rate) in [("1024", "48000"), ("441", "44100"), ("4800", "32000")] {
        let arguments = ["play", "--device", "ac97", "--period", period, "--rate", rate];
        through_a_sleep(&format!("period-{period}"), &arguments).assert_well();
    }
}

/// Row 48. virtio-snd does not tell how much of a message it has played: that much is heard twice, the position stands
/// still meanwhile, and the client finds its packets as it left them.
#[test]
fn a_message_that_was_begun_is_played_again() {
    let run = through_a_sleep(
        "message",
        &["play", "--device", "virtio-snd", "--client", "packet", "--period", "1024"],
    );
    assert!(run.rules().is_empty(), "{}", run.text);
    for error in run.figure("/client_errors").as_array().into_iter().flatten() {
        let message = error["message"].as_str().unwrap_or_default();
        let stands_still = ["ahead, where", "was said to be heard"].iter().any(|word| message.contains(word));
        assert!(stands_still, "{}", run.text);
    }
    assert!(run.number("/position/max_ahead_frames") <= 1024.0, "{}", run.text);
    assert_eq!(run.number("/position/backward_steps"), 0.0);
    assert!(run.number("/glitches/count") <= 1.0, "{}", run.text);
}

/// Row 48.
#[test]
fn a_recording_goes_on_after_a_sleep() {
    for device in ["ac97", "virtio-snd"] {
        for client in ["event", "packet"] {
            let arguments = ["record", "--device", device, "--client", client];
            through_a_sleep(&format!("record-{device}-{client}"), &arguments).assert_well();
        }
    }
}

/// Rows 47 and 60. On a line that another device shares the service routine is asked in D3, too.
#[test]
fn a_shared_line_is_declined_in_d3() {
    through_a_sleep("line", &["play", "--device", "virtio-snd", "--vectors", "0"]).assert_well();
}

/// Rows 43, 46, 51, 52, 53 and 55: sleep and idle, with pins open and closed, over and over, and an end in each of
/// them, with cyclic buffers and with mappings.
#[test]
fn a_device_sleeps_and_wakes_in_each_stage_of_its_life() {
    for device in ["ac97", "virtio-snd"] {
        for windows in ["26100", "26100-nowavert"] {
            let folder = folder(&format!("sleep-life-{device}-{windows}"));
            let arguments =
                ["lifecycle", "--device", device, "--windows", windows, "--sleep", "--cycles", "20"];
            let run = rig(&folder, &arguments);
            assert_eq!(run.status, 0, "{}", run.text);
            assert!(run.text.contains("20 cycles with sleep"), "{}", run.text);
        }
    }
}

/// Row 47: what was set before a sleep, and in it, is what the device has after it.
#[test]
fn volume_and_mute_outlive_a_sleep() {
    let steps = [
        "volume:render0:0=-98304",
        "mute:render0:-1=1",
        "sleep",
        "volume:render0:0",
        "volume:render0:1=-196608",
        "wake",
        "volume:render0:0",
        "volume:render0:1",
        "mute:render0:0",
    ];
    let run = rig(&folder("sleep-volume"), &[&["controls", "--device", "ac97"], steps.as_slice()].concat());
    assert_eq!(run.status, 0, "{}", run.text);
    let said = [
        "volume:render0:0=-98304: 0x00000000",
        "mute:render0:-1=1: 0x00000000",
        "sleep: 0x00000000",
        "volume:render0:0: -98304",
        "volume:render0:1=-196608: 0x00000000",
        "wake: 0x00000000",
        "volume:render0:0: -98304",
        "volume:render0:1: -196608",
        "mute:render0:0: 1",
    ];
    assert!(run.text.contains(&said.join("\n")), "{}", run.text);
}

/// What is set and asked of a virtio-snd device before a sleep, in it and after it. Of QEMU's there is nothing to set.
const ELEMENTS: [&str; 16] = [
    "controls",
    "--device",
    "fake",
    "--fake",
    "controls=1",
    "volume:render0:0=-3145700",
    "mute:render0:-1=1",
    "sleep",
    "element:0",
    "volume:render0:0",
    "volume:render0:1=-1258280",
    "wake",
    "element:0",
    "element:1",
    "volume:render0:1",
    "mute:render0:0",
];

/// Row 47. The device forgets what it was told when it loses its power, and gets it back with what was set meanwhile.
#[test]
fn control_elements_outlive_a_sleep() {
    let run = rig(&folder("sleep-elements"), &ELEMENTS);
    assert_eq!(run.status, 0, "{}", run.text);
    let said = [
        "volume:render0:0=-3145700: 0x00000000",
        "mute:render0:-1=1: 0x00000000",
        "sleep: 0x00000000",
        "element:0: [100, 100]",
        "volume:render0:0: -3145700",
        "volume:render0:1=-1258280: 0x00000000",
        "wake: 0x00000000",
        "element:0: [50, 80]",
        "element:1: [0]",
        "volume:render0:1: -1258280",
        "mute:render0:0: 1",
    ];
    assert!(run.text.contains(&said.join("\n")), "{}", run.text);
}

/// Row 47: settings are there again.
#[test]
fn a_driver_that_forgets_the_control_elements() {
    let mutant = Mutant {
        name: "power-elements",
        file: "device/virtio_snd/power.rs",
        right: "        self.restore_controls(at)?;\n",
        wrong: "",
    };
    let run = rig_with(&mutant.build(), &folder("power-elements"), &ELEMENTS);
    assert_eq!(run.status, 0, "{}", run.text);
    let end = run.text.split_once("wake: 0x00000000\n").map(|(_, end)| end.to_owned());
    assert!(
        end.is_some_and(|end| end.starts_with("element:0: [100, 100]\nelement:1: [1]\n")),
        "{}",
        run.text
    );
}

/// A run of a driver with a planted fault.
fn faulty(mutant: &Mutant, arguments: &[&str]) -> Run {
    let folder = folder(&format!("sleep-{}", mutant.name));
    rig_with(&mutant.build(), &folder, &[arguments, &["--seconds", "2", "--sleep-at", "33333"]].concat())
}

/// Row 47: no register outside D0.
#[test]
fn a_driver_that_touches_a_device_without_power() {
    let mutant = Mutant {
        name: "power-hands",
        file: "device/ac97/power.rs",
        right: "        self.awake.store(false, Release);\n",
        wrong: "",
    };
    let folder = folder("power-hands");
    let steps = ["sleep", "volume:render0:0=-98304", "wake"];
    let run = rig_with(&mutant.build(), &folder, &[&["controls", "--device", "ac97"], &steps[..]].concat());
    assert_eq!(run.status, 3, "{}", run.text);
    assert!(run.rules().iter().any(|rule| rule == "DeviceOutsideD0"), "{}", run.text);
}

/// Row 47: no register outside D0.
#[test]
fn a_driver_that_forgets_the_codec() {
    let mutant = Mutant {
        name: "power-codec",
        file: "device/ac97/power.rs",
        right: "        self.codec.restore(at, &self.bus)?;\n",
        wrong: "        let _ = (Self::bring_up, at);\n",
    };
    let run = faulty(&mutant, &["play", "--device", "ac97"]);
    assert_eq!(run.status, 1, "{}", run.text);
    assert_eq!(run.figure("/bit_exact"), false, "{}", run.text);
}

/// Row 53: pairs of registrations.
#[test]
fn a_driver_that_does_not_unregister() {
    let mutant = Mutant {
        name: "power-pair",
        file: "platform/pnp.rs",
        right: "    replace(at, &Slots::<I>::of(&fdo).ties, None);\n",
        wrong: "    let _ = (at, fdo);\n",
    };
    let folder = folder("power-pair");
    let run = rig_with(&mutant.build(), &folder, &["lifecycle", "--cycles", "1", "--device", "ac97"]);
    assert_eq!(run.status, 3, "{}", run.text);
    assert_eq!(run.rules().first().map(String::as_str), Some("PcRegisterAdapterPower"));
}
