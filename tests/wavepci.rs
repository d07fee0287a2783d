//! The driver through the WavePci port: packets that are cut into mappings at hostile lengths, refused, revoked and taken
//! back, on both devices and both ways.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// Runs the rig's client of the WavePci port for some seconds of noise.
fn run(task: &str, options: &str) -> Run {
    let name: String = format!("{task}{options}").chars().filter(char::is_ascii_alphanumeric).collect();
    let mut arguments = vec![task, "--client", "wavepci", "--uncounted"];
    arguments.extend(options.split_whitespace());
    rig(&folder(&format!("wavepci-{name}")), &arguments)
}

/// All must be well, and it was the WavePci port.
#[track_caller]
fn good(task: &str, options: &str) -> Run {
    let run = run(task, options);
    run.assert_well();
    assert_eq!(run.figure("/streams/0/port"), "WavePci", "{}", run.text);
    run
}

#[test]
fn packets_of_pages() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            let run = good(task, &format!("--device {device} --seconds 3 --seed 0"));
            assert_eq!(run.number("/streams/0/mappings/frame_splits"), 0.0, "{}", run.text);
        }
    }
}

#[test]
fn mappings_of_hostile_lengths() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            for seed in 1..=4 {
                let run = good(task, &format!("--device {device} --seconds 5 --seed {seed}"));
                let figure = |name: &str| run.number(&format!("/streams/0/mappings/{name}"));
                assert_eq!(
                    (figure("seed"), figure("shortest_bytes")),
                    (f64::from(seed), 1.0),
                    "{}",
                    run.text
                );
                assert!(figure("longest_bytes") > f64::from(0x1_FFFE), "{}", run.text);
                for kind in ["frame_splits", "across_pages", "refused", "made_available"] {
                    assert!(figure(kind) > 0.0, "{kind}: {}", run.text);
                }
            }
        }
    }
}

#[test]
fn both_ways_at_once() {
    for device in ["ac97", "virtio-snd"] {
        good("duplex", &format!("--device {device} --seconds 3 --seed 7"));
    }
}

#[test]
fn what_was_not_revoked_is_there_once_and_in_order() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            for seed in 1..=3 {
                let run = good(task, &format!("--device {device} --seconds 4 --seed {seed} --revoke 12"));
                assert!(run.number("/streams/0/mappings/revoked") > 0.0, "{}", run.text);
            }
        }
    }
}

#[test]
fn a_device_that_starves_goes_on() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            good(task, &format!("--device {device} --seconds 2 --seed 0 --starve-at 30000"));
        }
    }
}

#[test]
fn pause_stop_and_run_again() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            good(task, &format!("--device {device} --seconds 2 --seed 5 --pause-at 40000"));
            good(task, &format!("--device {device} --seconds 1 --seed 6 --restarts 1"));
        }
    }
}

/// Row 48: what the device had is taken from it, and is there again when it has power.
#[test]
fn mappings_outlive_a_sleep() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            for seed in [0, 3] {
                let options = format!("--device {device} --seconds 2 --seed {seed} --sleep-at 33333");
                let run = good(task, &options);
                assert_eq!(run.number("/notices/glitches"), 0.0, "{}", run.text);
            }
            good(task, &format!("--device {device} --seconds 2 --seed 5 --revoke 6 --sleep-at 33333"));
        }
    }
}

/// Row 48.
#[test]
fn a_driver_that_takes_what_was_asleep_for_played() {
    let mutant = Mutant {
        name: "slept-for-played",
        file: "device/virtio_snd/power.rs",
        right: "            && let Err(status) = self.take_back(at, station, |_| false)\n",
        wrong: "            && let Err(status) = self.take_back(at, station, |_| true)\n",
    };
    let arguments = "play --client wavepci --device virtio-snd --seconds 2 --seed 3 --sleep-at 33333";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let run = rig_with(&mutant.build_optimised(), &folder("wavepci-slept-for-played"), &arguments);
    assert_eq!(run.status, 1, "{}", run.text);
    assert_eq!(run.figure("/bit_exact"), false, "{}", run.text);
}

#[test]
fn surprise_removal_with_mappings_out() {
    for device in ["ac97", "virtio-snd"] {
        for task in ["play", "record"] {
            for seed in 1..=3 {
                let options = format!("--device {device} --seconds 2 --seed {seed} --remove-at 50000");
                let run = run(task, &options);
                assert!(run.rules().is_empty(), "{}", run.text);
                assert_eq!(run.number("/glitches/count"), 0.0, "{}", run.text);
                assert!(run.number("/streams/0/mappings/mapped") > 0.0, "{}", run.text);
            }
        }
    }
}

#[test]
fn equal_runs_leave_equal_traces() {
    for device in ["ac97", "virtio-snd"] {
        let trace = |seed: u32| {
            let run = good("play", &format!("--device {device} --seconds 1 --seed {seed}"));
            run.figure("/trace_hash").clone()
        };
        let first = trace(3);
        assert_eq!(trace(3), first);
        assert_ne!(trace(4), first);
    }
}

#[test]
fn a_windows_without_a_wavert_port() {
    for device in ["ac97", "virtio-snd"] {
        let options =
            format!("--device {device} --seconds 1 --windows 26100-nowavert --registry ForceWavePci=0");
        let run = good("play", &options);
        assert_eq!(run.figure("/profile/wavert"), false);
        assert_eq!(run.figure("/stream_resources").as_array().map(Vec::len), Some(0), "{}", run.text);
        assert!(run.text.contains("no WaveRT port is there"), "{}", run.text);
    }
}

#[test]
fn the_registry_decides_where_there_are_both() {
    let folder = folder("wavepci-registry");
    let play = |options: &[&str]| {
        let fixed = ["play", "--device", "virtio-snd", "--seconds", "1", "--uncounted"];
        rig(&folder, &[&fixed[..], options].concat())
    };
    let forced = play(&["--client", "wavepci"]);
    forced.assert_well();
    assert!(
        forced.text.contains("WavePci: a WaveRT port is there, in the registry ForceWavePci=1"),
        "{}",
        forced.text
    );
    for other in [&[][..], &["--registry", "ForceWavePci=0"], &["--registry", "Other=1"]] {
        let run = play(other);
        run.assert_well();
        assert_eq!(run.figure("/streams/0/port"), "WaveRT", "{}", run.text);
    }
    let wrong = play(&["--client", "wavepci", "--registry", "ForceWavePci=0"]);
    assert_eq!(wrong.status, 2, "{}", wrong.text);
    assert!(wrong.text.contains("the client 'wavepci' needs the WavePci port"), "{}", wrong.text);
}

/// Plays through an edition of the driver with a fault.
fn play_faulty(mutant: &Mutant) -> Run {
    let image = mutant.build();
    let folder = folder(&format!("wavepci-{}", mutant.name));
    let options = [
        "play",
        "--device",
        "ac97",
        "--client",
        "wavepci",
        "--seconds",
        "2",
        "--revoke",
        "12",
        "--uncounted",
    ];
    rig_with(&image, &folder, &options)
}

#[track_caller]
fn assert_found(run: &Run, rule: &str) {
    assert_eq!(run.status, 3, "{}", run.text);
    assert_eq!(run.rules().first().map(String::as_str), Some(rule), "{}", run.text);
}

#[test]
fn a_driver_that_releases_twice() {
    let run = play_faulty(&Mutant {
        name: "released-twice",
        file: "wavepci/pump.rs",
        right: "if let Err(status) = port.release_mapping(at, Tag(tag)) {",
        wrong: "let _ = port.release_mapping(at, Tag(tag));\n                \
                if let Err(status) = port.release_mapping(at, Tag(tag)) {",
    });
    assert_found(&run, "WavePciReleaseMapping");
}

#[test]
fn a_driver_that_leaves_the_last_tag_out() {
    let run = play_faulty(&Mutant {
        name: "last-tag",
        file: "device/mappings.rs",
        right: "tag.wrapping_sub(first) <= length",
        wrong: "tag.wrapping_sub(first) < length",
    });
    assert_found(&run, "WavePciRevokeMappings");
}

#[test]
fn a_driver_that_plays_on_from_revoked_memory() {
    let run = play_faulty(&Mutant {
        name: "plays-revoked",
        file: "device/mappings.rs",
        right: ".filter(|entry| entry.start < self.given && entry.end() > self.done)",
        wrong: ".filter(|entry| entry.start < self.given && entry.end() > u64::MAX - self.done)",
    });
    assert_eq!(run.status, 1, "{}", run.text);
    assert!(run.number("/glitches/count") > 0.0, "{}", run.text);
}
