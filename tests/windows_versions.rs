//! One image for every Windows from 1507 on: it loads, plays, and registers its stream resources by what there is.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;

const DEVICES: [&str; 2] = ["ac97", "virtio-snd"];

fn play(device: &str, windows: &str) -> Run {
    let folder = folder(&format!("windows-{device}-{windows}"));
    noise(&folder.join("noise.wav"), 1, 48_000);
    let run = rig(&folder, &["play", "noise.wav", "--device", device, "--windows", windows]);
    run.assert_well();
    run
}

/// Type and interface of every registration; each must have been removed again.
fn registrations(run: &Run) -> Vec<(String, String)> {
    let list = run.figure("/stream_resources").as_array().expect("a list");
    list.iter()
        .map(|entry| {
            assert!(entry["removed"].as_u64() >= entry["added"].as_u64(), "not removed: {entry}");
            let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
            (text("type"), text("via"))
        })
        .collect()
}

#[track_caller]
fn assert_via(run: &Run, via: &str) {
    let found = registrations(run);
    let of = |kind: &str| found.iter().filter(|(found, _)| found == kind).count();
    assert!(of("interrupt") >= 1 && of("thread") >= 1, "{found:?}");
    assert!(found.iter().all(|(_, through)| through.starts_with(via)), "{found:?}");
}

/// Row 42.
#[test]
fn windows_10_1507_has_the_first_interface_only() {
    for device in DEVICES {
        assert_via(&play(device, "10240"), "IPortClsStreamResourceManager::AddStreamResource");
    }
}

/// Row 42.
#[test]
fn later_windows_have_the_second() {
    for device in DEVICES {
        for windows in ["10586", "14393", "19041", "22621", "26100"] {
            assert_via(&play(device, windows), "IPortClsStreamResourceManager2::AddStreamResource2");
        }
    }
}

/// Row 42.
#[test]
fn without_a_manager_everything_else_works() {
    for device in DEVICES {
        let run = play(device, "10240-noresources");
        assert!(registrations(&run).is_empty());
        let note = run.figure("/stream_resources_note").as_str().unwrap_or_default();
        assert!(note.contains("skipped"), "{note}");
    }
}
