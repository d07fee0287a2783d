//! Whatever happens to the device, nothing is left behind and nothing is touched that must not be.

use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

#[test]
fn a_hundred_cycles_of_load_and_unload() {
    let folder = folder("cycles");
    let run = rig(&folder, &["lifecycle", "--cycles", "100"]);
    assert_eq!(run.status, 0, "{}", run.text);
    assert!(run.text.contains("100 cycles"), "{}", run.text);
    assert!(run.text.contains("and one with a surprise removal"), "{}", run.text);
}

#[test]
fn every_step_of_start_fails_in_turn() {
    for windows in ["26100", "10240"] {
        let folder = folder(&format!("failures-{windows}"));
        let run = rig(&folder, &["lifecycle", "--fail-each-step", "--windows", windows]);
        assert_eq!(run.status, 0, "{}", run.text);
        let failed = run.text.matches("start fails with 0xc").count();
        assert!(failed >= 10, "only {failed} steps made start fail:\n{}", run.text);
        for step in ["PcNewPort", "IoConnectInterruptEx", "PsCreateSystemThread", "PcRegisterSubdevice"] {
            assert!(run.text.contains(step), "{step} was never made to fail:\n{}", run.text);
        }
    }
}

#[test]
fn a_manager_that_refuses_does_not_stop_the_start() {
    let folder = folder("refusing-manager");
    let run = rig(&folder, &["lifecycle", "--fail-each-step"]);
    let line = run.text.lines().find(|line| line.contains("AddStreamResource2"));
    assert!(line.is_some_and(|line| line.contains("started without it")), "{}", run.text);
}

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
