//! PnP takes the device's resources away and gives it others: port ranges, memory, vectors.
//!
//! The rig moves the function: a register at an old address is in no range of the device's, and a finding.

use waverust_tests::Mutant;
use waverust_tests::Run;
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
/// removal. Under a stream with mappings the stop is refused, as rebalance is for WaveRT ports.
#[test]
fn a_device_is_moved_in_each_stage_of_its_life() {
    for device in ["ac97", "virtio-snd"] {
        for windows in ["26100", "10240", "26100-nowavert"] {
            let folder = folder(&format!("rebalance-life-{device}-{windows}"));
            let arguments =
                ["lifecycle", "--device", device, "--windows", windows, "--rebalance", "--cycles", "20"];
            let run = rig(&folder, &arguments);
            assert_eq!(run.status, 0, "{}", run.text);
            assert!(run.text.contains("20 cycles with rebalance"), "{}", run.text);
        }
    }
}

/// What may be done to a device that runs, and must not fail.
const INFALLIBLE: [&str; 7] = [
    "entering D3",
    "entering D0",
    "falling asleep",
    "waking up",
    "stopping the device",
    "closing the stream",
    "removing it",
];

/// How many calls that may fail the driver makes in this part of its life.
#[track_caller]
fn may_fail(run: &Run, part: &str) -> u32 {
    let counts = run.text.lines().find_map(|line| line.strip_prefix("calls that may fail: "));
    let counts = counts.unwrap_or_else(|| panic!("nothing was counted:\n{}", run.text));
    let counts = counts.split_once(": ").map_or(counts, |(counts, _)| counts);
    let count = counts.split(", ").find_map(|count| count.strip_suffix(part));
    let count = count.unwrap_or_else(|| panic!("no {part}:\n{}", run.text));
    count.trim().parse().expect("a number")
}

/// Rows 46, 54, 57 and 80: each call of a rebalance under a running stream, and of the sleep before it, made to fail in
/// turn; afterwards the next start works. Power, stop and removal make none that could.
#[test]
fn every_step_of_a_rebalance_fails_in_turn() {
    for device in ["ac97", "virtio-snd"] {
        for windows in ["26100", "10240", "26100-nowavert"] {
            let folder = folder(&format!("rebalance-failures-{device}-{windows}"));
            let arguments =
                ["lifecycle", "--device", device, "--windows", windows, "--rebalance", "--fail-each-step"];
            let run = rig(&folder, &arguments);
            assert_eq!(run.status, 0, "{}", run.text);
            let failed = run.text.matches("starting it again: start fails with 0xc000009a").count();
            assert!(failed >= 80, "only {failed} steps made the start fail:\n{}", run.text);
            assert_eq!(run.text.matches("start fails").count(), failed, "{}", run.text);
            assert!(may_fail(&run, "starting it again") as usize >= failed, "{}", run.text);
            for part in INFALLIBLE {
                assert_eq!(may_fail(&run, part), 0, "{part}: {}", run.text);
            }
        }
    }
}

/// Row 46: a change of power never fails.
#[test]
fn a_driver_that_needs_memory_to_sleep_or_to_stop() {
    for (name, file, right, parts) in [
        (
            "sleep-memory",
            "wave/power.rs",
            "                self.device().sleep(at, self);\n",
            &INFALLIBLE[2..3],
        ),
        (
            "stop-memory",
            "wave/hub.rs",
            "        self.in_turn(at, |at| self.let_all_go(at));\n",
            &INFALLIBLE[4..5],
        ),
    ] {
        let wrong = format!("let _memory = crate::platform::pool::PoolBox::new(0_u64);\n{right}");
        let mutant = Mutant { name, file, right, wrong: wrong.leak() };
        let arguments = ["lifecycle", "--device", "ac97", "--rebalance", "--fail-each-step"];
        let run = rig_with(&mutant.build(), &folder(&format!("rebalance-{name}")), &arguments);
        for part in parts {
            assert_eq!(may_fail(&run, part), 1, "{}", run.text);
            assert!(run.text.contains(&format!("{part}: started without it")), "{}", run.text);
        }
    }
}

/// Row 54: a failure leaves nothing that a later start stumbles over.
#[test]
fn a_driver_that_does_not_start_after_a_failure() {
    let mutant = Mutant {
        name: "once-failed",
        file: "platform/pnp.rs",
        right: "        let (instance, ties) = started.inspect_err(|status| {\n",
        wrong: "        static FAILED: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);\n        \
                let started = if FAILED.load(Acquire) { Err(Status::DEVICE_NOT_READY) } else { started };\n        \
                let (instance, ties) = started.inspect_err(|status| {\n            \
                FAILED.store(true, Release);\n",
    };
    let image = mutant.build();
    for more in [["--fail-each-step"].as_slice(), &["--fail-each-step", "--rebalance"]] {
        let folder = folder(&format!("once-failed-{}", more.len()));
        let run = rig_with(&image, &folder, &[["lifecycle", "--device", "ac97"].as_slice(), more].concat());
        assert_eq!(run.status, 2, "{}", run.text);
        assert!(run.text.contains("the start after a failure failed with status 0xc00000a3"), "{}", run.text);
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
