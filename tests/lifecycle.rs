//! Whatever happens to the device, nothing is left behind and nothing is touched that must not be.

use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

const DEVICES: [&str; 2] = ["ac97", "virtio-snd"];

/// Rows 43, 53 and 59.
#[test]
fn a_hundred_cycles_of_load_and_unload() {
    for device in DEVICES {
        let folder = folder(&format!("cycles-{device}"));
        let run = rig(&folder, &["lifecycle", "--device", device, "--cycles", "100"]);
        assert_eq!(run.status, 0, "{}", run.text);
        assert!(run.text.contains("100 cycles"), "{}", run.text);
        assert!(run.text.contains("and one with a surprise removal"), "{}", run.text);
    }
}

/// Rows 43, 54 and 80: each call of the first start that may fail does so once, on each device, by each way in which a
/// wave filter is made; the next start works. Removal makes none that may.
#[test]
fn every_step_of_start_fails_in_turn() {
    for device in DEVICES {
        for windows in ["26100", "10240", "26100-nowavert"] {
            let folder = folder(&format!("failures-{device}-{windows}"));
            let arguments = ["lifecycle", "--device", device, "--fail-each-step", "--windows", windows];
            let run = rig(&folder, &arguments);
            assert_eq!(run.status, 0, "{}", run.text);
            let failed = run.text.matches("start fails with 0xc").count();
            let for_want = run.text.matches("start fails with 0xc000009a").count();
            assert!(failed >= 80, "only {failed} steps made start fail:\n{}", run.text);
            assert_eq!(failed, for_want, "another status than STATUS_INSUFFICIENT_RESOURCES:\n{}", run.text);
            assert!(run.text.contains(", 0 removing it: nothing found"), "{}", run.text);
            for step in ["PcNewPort", "IoConnectInterruptEx", "PsCreateSystemThread", "PcRegisterSubdevice"] {
                assert!(run.text.contains(step), "{step} was never made to fail:\n{}", run.text);
            }
        }
    }
}

/// Row 42: each registration that is refused is gone without, on each device.
#[test]
fn a_manager_that_refuses_does_not_stop_the_start() {
    for device in DEVICES {
        let folder = folder(&format!("refusing-manager-{device}"));
        let run = rig(&folder, &["lifecycle", "--device", device, "--fail-each-step"]);
        let lines: Vec<&str> = run.text.lines().filter(|line| line.contains("AddStreamResource2")).collect();
        assert!(lines.len() >= 2, "{}", run.text);
        assert!(lines.iter().all(|line| line.contains("started without it")), "{}", run.text);
    }
}

/// Rows 15 and 55: order of states; surprise removal.
#[test]
fn surprise_removal_in_the_middle() {
    for client in ["event", "position"] {
        for frame in ["10000", "48000"] {
            let folder = folder(&format!("removal-{client}-{frame}"));
            noise(&folder.join("noise.wav"), 2, 48_000);
            let run = rig(&folder, &["play", "noise.wav", "--client", client, "--remove-at", frame]);
            // The sound ends early; until then it is right.
            assert_eq!(run.status, 0, "{}", run.text);
            assert!(run.rules().is_empty(), "{}", run.text);
        }
    }
}

#[test]
fn stop_and_restart_between_sounds() {
    let folder = folder("restart");
    noise(&folder.join("noise.wav"), 1, 48_000);
    let run = rig(&folder, &["play", "noise.wav", "--restarts", "2"]);
    assert_eq!(run.status, 0, "{}", run.text);
}
