//! PnP takes the device's resources away and gives it others: port ranges, memory, vectors.
//!
//! The rig moves the function: a register at an old address is in no range of the device's, and a finding.

use waverust_tests::Mutant;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// Row 57: the stream that was active ends; a new one plays through the new resources.
#[test]
fn sound_after_a_rebalance_under_an_active_stream() {
    for (device, vectors) in [("ac97", "2"), ("virtio-snd", "2"), ("virtio-snd", "0"), ("virtio-snd", "5")] {
        let folder = folder(&format!("rebalance-{device}-{vectors}"));
        let arguments =
            ["play", "--device", device, "--vectors", vectors, "--client", "packet", "--seconds", "1"];
        let run = rig(&folder, &[&arguments, ["--restarts", "3", "--rebalance"].as_slice()].concat());
        run.assert_well();
    }
}

/// Row 57, for a recording.
#[test]
fn a_recording_after_a_rebalance() {
    let folder = folder("rebalance-record");
    let arguments = ["record", "--device", "virtio-snd", "--seconds", "1", "--restarts", "2", "--rebalance"];
    rig(&folder, &arguments).assert_well();
}

/// Row 57. Windows 10 1507 knows of no rebalance under streams: it refuses the stop, and the sound goes on.
#[test]
fn a_windows_without_rebalance_stops_when_no_pin_is_open() {
    for device in ["ac97", "virtio-snd"] {
        let folder = folder(&format!("rebalance-10240-{device}"));
        let arguments = ["play", "--device", device, "--seconds", "1", "--windows", "10240"];
        rig(&folder, &[&arguments, ["--restarts", "1", "--rebalance"].as_slice()].concat()).assert_well();
    }
}

/// Rows 43, 57 and 58, in each stage of the device's life: with streams and without, called off, asleep, with its
/// removal.
#[test]
fn a_device_is_moved_in_each_stage_of_its_life() {
    for device in ["ac97", "virtio-snd"] {
        let folder = folder(&format!("rebalance-life-{device}"));
        let run = rig(&folder, &["lifecycle", "--device", device, "--rebalance", "--cycles", "20"]);
        assert_eq!(run.status, 0, "{}", run.text);
        assert!(run.text.contains("20 cycles with rebalance"), "{}", run.text);
    }
}

/// Rows 54, 57 and 80: each call of a rebalance under a running stream, and of the sleep before it, made to fail in
/// turn.
#[test]
fn every_step_of_a_rebalance_fails_in_turn() {
    for device in ["ac97", "virtio-snd"] {
        let folder = folder(&format!("rebalance-failures-{device}"));
        let run = rig(&folder, &["lifecycle", "--device", device, "--rebalance", "--fail-each-step"]);
        assert_eq!(run.status, 0, "{}", run.text);
        let failed = run.text.matches("start fails with 0xc").count();
        assert!(failed >= 20, "only {failed} steps made the start fail:\n{}", run.text);
    }
}

/// Row 57: rebalance.
#[test]
fn a_driver_that_keeps_its_old_ports() {
    let mutant = Mutant {
        name: "old-ports",
        file: "adapter/resources.rs",
        right: "            Registers::ports(ports.start, ports.length)\n",
        wrong: "            use core::sync::atomic::{AtomicU64, Ordering};\n            \
                static OLD: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];\n            \
                let old = OLD.get(index as usize).map_or(0, |old| {\n                \
                match old.compare_exchange(0, ports.start, Ordering::AcqRel, Ordering::Acquire) {\n                    \
                Ok(_) => ports.start,\n                    Err(old) => old,\n                }\n            });\n            \
                Registers::ports(old, ports.length)\n",
    };
    let folder = folder("rebalance-old-ports");
    let arguments = ["play", "--device", "ac97", "--seconds", "1", "--restarts", "1", "--rebalance"];
    let run = rig_with(&mutant.build(), &folder, &arguments);
    assert_eq!(run.status, 3, "{}", run.text);
    assert_eq!(run.rules(), ["RegisterNotAssigned"]);
}

#[test]
fn a_driver_that_does_not_hear_of_the_stop() {
    let mutant = Mutant {
        name: "deaf-to-stop",
        file: "adapter/callbacks.rs",
        right: "        Rebalance::RemoveSubdevices\n",
        wrong: "        Rebalance::NotSupported\n",
    };
    let folder = folder("rebalance-deaf");
    let arguments = ["play", "--device", "ac97", "--seconds", "1", "--restarts", "1", "--rebalance"];
    let run = rig_with(&mutant.build(), &folder, &arguments);
    assert_ne!(run.status, 0, "{}", run.text);
    assert!(run.text.contains("refused while a stream is active"), "{}", run.text);
}

/// Rows 55 and 57: surprise removal and rebalance. The stream outlives the device's resources in each of them,
/// and the windows of its registers do not.
#[test]
fn a_driver_that_keeps_the_windows_of_its_device() {
    let mutant = Mutant {
        name: "keeps-windows",
        file: "device/virtio/transport.rs",
        right: "            window.close(at);\n",
        wrong: "            let _ = (Registers::close as fn(&_, &_), window, at);\n",
    };
    let image = mutant.build_optimised();
    for (end, request) in [
        (["--restarts", "1", "--rebalance"].as_slice(), "IRP_MN_STOP_DEVICE"),
        (&["--remove-at", "20000"], "IRP_MN_SURPRISE_REMOVAL"),
    ] {
        let folder = folder(&format!("keeps-windows-{}", end.len()));
        let arguments = [&["play", "--device", "virtio-snd", "--seconds", "1"], end].concat();
        let run = rig_with(&image, &folder, &arguments);
        assert_eq!(run.status, 3, "{}", run.text);
        assert_eq!(run.rules().first().map(String::as_str), Some("MappingLeft"), "{}", run.text);
        let message = run.figure("/findings/0/message").to_string();
        assert!(message.contains(request), "{message}");
    }
}
