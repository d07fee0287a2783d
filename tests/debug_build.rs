//! The image that `cargo make` and `cargo build` leave unless told otherwise: with debug assertions and overflow checks.

use waverust_tests::{debug_driver, folder, rig_with};

/// The stack of a thread in the kernel, in bytes.
const STACK: f64 = 24_576.0;

#[test]
fn it_plays_and_records() {
    let folder = folder("debug");
    for device in ["virtio-snd", "ac97", "fake"] {
        for command in ["play", "record"] {
            let arguments = [command, "--device", device, "--seconds", "1", "--client", "packet"];
            let run = rig_with(debug_driver(), &folder, &arguments);
            run.assert_well();
            // What an interrupt and Windows' own calls take comes on top.
            assert!(run.number("/stack_bytes") < STACK * 3.0 / 4.0, "{}", run.text);
        }
    }
}

#[test]
fn it_comes_and_goes() {
    let folder = folder("debug-lifecycle");
    let run = rig_with(debug_driver(), &folder, &["lifecycle", "--device", "virtio-snd", "--cycles", "3"]);
    assert_eq!(run.status, 0, "{}", run.text);
}
