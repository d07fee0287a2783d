//! Volume and mute: a client reads them, sets them, and hears of changes; and devices that lie, refuse or say nothing.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// Two numbers from 0 to 100, without metadata: 0.96 dB each.
const VOLUME: &str = "volume:render0: access 0x203, 2 channels, -6291400 to 0 by 62914";
const MUTE: &str = "mute:render0: access 0x203, 2 channels as one, 0 to 1 by 1";

/// `rig controls` with the device in the rig itself.
fn controls(name: &str, device: &str, steps: &[&str]) -> Run {
    let folder = folder(&format!("controls-{name}"));
    rig(&folder, &[&["controls", "--device", "fake", "--fake", device], steps].concat())
}

/// The run found nothing, and said just this.
#[track_caller]
fn assert_said(run: &Run, lines: &[&str]) {
    assert_eq!(run.status, 0, "{}", run.text);
    let said: Vec<&str> = run.text.lines().skip(1).collect();
    assert_eq!(said, lines, "{}", run.text);
}

/// Row 66: volume is linear.
#[test]
fn volume_and_mute_are_the_device_s() {
    let run = controls(
        "both",
        "controls=1",
        &[
            "show",
            "volume:render0:0",
            "volume:render0:1=-3145700",
            "element:0",
            "volume:render0:1",
            "volume:render0:-1=-100000",
            "element:0",
            "volume:render0:0",
            "mute:render0:-1=1",
            "element:1",
            "mute:render0:1",
            "mute:render0:0=0",
            "element:1",
        ],
    );
    assert_said(
        &run,
        &[
            VOLUME,
            MUTE,
            "volume:render0:0: 0",
            "volume:render0:1=-3145700: 0x00000000",
            "element:0: [100, 50]",
            "volume:render0:1: -3145700",
            "volume:render0:-1=-100000: 0x00000000",
            "element:0: [98, 98]",
            "volume:render0:0: -125828",
            "mute:render0:-1=1: 0x00000000",
            // A switch of ALSA's kind: 0 is no sound.
            "element:1: [0]",
            "mute:render0:1: 1",
            "mute:render0:0=0: 0x00000000",
            "element:1: [1]",
        ],
    );
}

/// Row 64: volume.
#[test]
fn out_of_range_is_clamped_and_a_channel_too_many_is_refused() {
    let run = controls(
        "range",
        "controls=1",
        &[
            "volume:render0:-1=-2147483648",
            "element:0",
            "volume:render0:0=2147483647",
            "element:0",
            "volume:render0:2",
        ],
    );
    assert_said(
        &run,
        &[
            "volume:render0:-1=-2147483648: 0x00000000",
            "element:0: [0, 0]",
            "volume:render0:0=2147483647: 0x00000000",
            "element:0: [100, 0]",
            "volume:render0:2: 0xc000000d",
        ],
    );
}

/// Row 67: no false controls.
#[test]
fn no_node_without_hardware() {
    assert_said(&controls("none", "", &["show"]), &["no controls"]);
    let folder = folder("controls-qemu");
    assert_said(&rig(&folder, &["controls", "--device", "virtio-snd", "show"]), &["no controls"]);
}

#[test]
fn capture_has_controls_of_its_own_and_metadata_are_believed() {
    let run = controls(
        "capture",
        "control=volume;in:1;max:31;values:31/31;db:-3450/150,control=switch;in:1;name:Master Capture Mute;values:0",
        &["show", "volume:capture0:0=0", "element:0", "mute:capture0:0=1", "element:1"],
    );
    assert_said(
        &run,
        &[
            "volume:capture0: access 0x203, 2 channels, -2260992 to 786432 by 98304",
            "mute:capture0: access 0x203, 2 channels as one, 0 to 1 by 1",
            "volume:capture0:0=0: 0x00000000",
            "element:0: [23, 31]",
            "mute:capture0:0=1: 0x00000000",
            "element:1: [1]",
        ],
    );
}

#[test]
fn what_works_on_several_streams_is_nobody_s() {
    assert_said(&controls("shared", "controls=1,outputs=2", &["show"]), &["no controls"]);
    let run = controls(
        "several",
        "control=volume,control=volume,outputs=2",
        &["volume:render1:0=-6291400", "element:0", "element:1"],
    );
    assert_said(
        &run,
        &["volume:render1:0=-6291400: 0x00000000", "element:0: [100, 100]", "element:1: [0, 100]"],
    );
}

/// Row 67: no false controls.
#[test]
fn a_device_that_lies_at_the_start_has_no_node_for_that() {
    for (name, device) in [
        ("least-above-most", "control=volume;min:100;max:0"),
        ("beyond-its-range", "control=volume;values:500/500"),
        ("nine-numbers", "control=volume;values:1/1/1/1/1/1/1/1/1"),
        ("step-too-long", "control=volume;step:101"),
        ("name-without-end", "control=volume;name:Master Playback Volume that has no end whatever one does"),
        ("read-only", "control=volume;access:1"),
        ("says-nothing", "controls=1,fault=never@request:0x300:1"),
        ("says-nothing-of-its-value", "controls=1,fault=never@request:0x302:1"),
    ] {
        assert_said(&controls(name, device, &["show"]), &["no controls"]);
    }
    let one = "control=volume;values:500/100,control=switch";
    assert_said(&controls("one-of-two", one, &["show"]), &[MUTE]);
    let forgot = "control=volume;role:1,control=switch;role:2";
    assert_said(&controls("forgot-the-direction", forgot, &["show"]), &[VOLUME, MUTE]);
}

#[test]
fn a_value_that_cannot_be_is_an_error_of_the_device() {
    let steps = ["wait:3100", "volume:render0:0", "volume:render0:0=0", "mute:render0:0"];
    assert_said(
        &controls("lies-later", "controls=1,fault=turn:500@3000ms", &steps),
        &["volume:render0:0: 0xc0000185", "volume:render0:0=0: 0xc0000185", "mute:render0:0: 0"],
    );
}

#[test]
fn a_device_that_refuses_is_quoted() {
    let device = "controls=1,fault=answer:0x8001@request:0x303:1,fault=answer:0x8002@request:0x303:2,\
                  fault=answer:0x8003@request:0x303:3";
    assert_said(
        &controls("refuses", device, &["mute:render0:0=1"; 4]),
        &[
            "mute:render0:0=1: 0xc0000184",
            "mute:render0:0=1: 0xc00000bb",
            "mute:render0:0=1: 0xc0000185",
            "mute:render0:0=1: 0x00000000",
        ],
    );
}

#[test]
fn a_request_that_is_never_answered_costs_one_control_and_not_the_device() {
    // Once more while the device is started over, had the driver not learnt from the first time.
    let device =
        "controls=1,fault=never@request:0x303:1,fault=never@request:0x303:2,fault=never@request:0x303:3";
    let run = controls(
        "never",
        device,
        &[
            "volume:render0:0",
            "volume:render0:0=-65536",
            "wait:3000",
            "volume:render0:0",
            "mute:render0:0",
            "element:0",
        ],
    );
    assert_said(
        &run,
        &[
            "volume:render0:0: 0",
            "volume:render0:0=-65536: 0xc00000a3",
            "volume:render0:0: 0xc0000185",
            "mute:render0:0: 0",
            "element:0: [100, 100]",
        ],
    );
    let late = "controls=1,fault=late:500000@request:0x303:1";
    assert_said(
        &controls("late", late, &["volume:render0:0=-65536", "element:0"]),
        &["volume:render0:0=-65536: 0x00000000", "element:0: [99, 100]"],
    );
}

#[test]
fn a_device_that_is_gone_is_gone() {
    let run = controls(
        "gone",
        "controls=1,fault=remove@3000ms",
        &["wait:3100", "volume:render0:0", "mute:render0:0=1"],
    );
    assert_said(&run, &["volume:render0:0: 0xc00002b6", "mute:render0:0=1: 0xc00002b6"]);
}

#[test]
fn a_client_hears_of_what_others_change() {
    let run = controls(
        "turned",
        "controls=1,fault=turn:40@3000ms",
        &["wait:2900", "heard", "wait:200", "heard", "volume:render0:1"],
    );
    assert_said(
        &run,
        &[
            "volume:render0: 0 changes",
            "mute:render0: 0 changes",
            "volume:render0: 1 changes",
            "mute:render0: 0 changes",
            "volume:render0:1: -3774840",
        ],
    );
}

/// Sets both, and lets the device forget them, which a reset makes it do; before that somebody else turns the volume.
const FORGETFUL: &str = "controls=1,fault=turn:40@3000ms,fault=needs_reset@4000ms";
const SETTINGS: [&str; 7] = [
    "volume:render0:-1=-1000000",
    "mute:render0:0=1",
    "wait:2900",
    "element:0",
    "wait:2000",
    "element:0",
    "element:1",
];

#[test]
fn settings_outlive_a_reset_of_the_device() {
    assert_said(
        &controls("reset", FORGETFUL, &SETTINGS),
        &[
            "volume:render0:-1=-1000000: 0x00000000",
            "mute:render0:0=1: 0x00000000",
            "element:0: [84, 84]",
            "element:0: [40, 40]",
            "element:1: [0]",
        ],
    );
}

#[test]
fn a_driver_that_forgets_settings_is_noticed() {
    let mutant = Mutant {
        name: "settings",
        file: "device/virtio_snd/recovery.rs",
        right: "        self.restore_controls(at)?;\n",
        wrong: "",
    };
    let folder = folder("controls-forgets");
    let steps: Vec<&str> =
        ["controls", "--device", "fake", "--fake", FORGETFUL].into_iter().chain(SETTINGS).collect();
    let run = rig_with(&mutant.build_optimised(), &folder, &steps);
    assert_eq!(run.status, 0, "{}", run.text);
    assert!(run.text.contains("element:0: [100, 100]"), "{}", run.text);
}

#[test]
fn a_device_with_controls_plays_bit_exactly() {
    let folder = folder("controls-play");
    let play = ["play", "--device", "fake", "--seconds", "1"];
    rig(&folder, &[&play[..], &["--fake", "controls=1"]].concat()).assert_well();
    let turned = rig(&folder, &[&play[..], &["--fake", "controls=1,fault=turn:40@3500ms"]].concat());
    turned.assert_well();
}

/// Row 64: volume.
#[test]
fn ac97_attenuates_only_when_it_is_told_to() {
    let folder = folder("controls-ac97");
    let steps = [
        "controls",
        "--device",
        "ac97",
        "show",
        "volume:render0:0",
        "volume:render0:1",
        "mute:render0:0",
        "volume:render0:1=-200000",
        "volume:render0:1",
        "volume:render0:0",
        "mute:render0:0=1",
        "mute:render0:1",
        "volume:render0:-1=-9999999",
        "volume:render0:0",
        "mute:capture0:1=1",
        "mute:capture0:0",
        "mute:capture1:0",
    ];
    assert_said(
        &rig(&folder, &steps),
        &[
            "volume:render0: access 0x203, 2 channels, -3047424 to 0 by 98304",
            MUTE,
            "mute:capture0: access 0x203, 2 channels as one, 0 to 1 by 1",
            "mute:capture1: access 0x203, 2 channels as one, 0 to 1 by 1",
            "volume:render0:0: 0",
            "volume:render0:1: 0",
            "mute:render0:0: 0",
            "volume:render0:1=-200000: 0x00000000",
            "volume:render0:1: -196608",
            "volume:render0:0: 0",
            "mute:render0:0=1: 0x00000000",
            "mute:render0:1: 1",
            "volume:render0:-1=-9999999: 0x00000000",
            "volume:render0:0: -3047424",
            "mute:capture0:1=1: 0x00000000",
            "mute:capture0:0: 1",
            "mute:capture1:0: 0",
        ],
    );
}

/// The emulated codec's record gain is not in decibels, so that there is no volume. This edition of the driver takes it
/// for a codec as specified.
#[test]
fn a_codec_as_specified_amplifies_each_of_its_inputs() {
    let mutant = Mutant {
        name: "as-specified",
        file: "device/ac97/codec.rs",
        right: "features: 0x0000,",
        wrong: "features: 0x6940,",
    };
    let steps = [
        "controls",
        "--device",
        "ac97",
        "volume:capture0:0",
        "volume:capture0:0=200000",
        "volume:capture0:0",
        "volume:capture0:1",
        "volume:capture1:-1=9999999",
        "volume:capture1:1",
        "mute:capture1:0",
        "volume:capture0:0",
    ];
    assert_said(
        &rig_with(&mutant.build(), &folder("controls-as-specified"), &steps),
        &[
            "volume:capture0:0: 0",
            "volume:capture0:0=200000: 0x00000000",
            "volume:capture0:0: 196608",
            "volume:capture0:1: 0",
            "volume:capture1:-1=9999999: 0x00000000",
            "volume:capture1:1: 1474560",
            "mute:capture1:0: 0",
            "volume:capture0:0: 196608",
        ],
    );
}
