//! A virtio-snd device that refuses what it is asked when it falls asleep and wakes up, answers late or never: the stream
//! goes on, or stands still with a status, and the next one plays.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::driver;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// Requests, by code: the Nth of each comes while the system falls asleep, or wakes up, under a stream that plays. The
/// stream is stopped; all streams are released.
const ASLEEP: [&str; 3] = [STOP, "0x103:4", "0x103:5"];
const STOP: &str = "0x105:1";
/// The jack is asked for; parameters, PREPARE, START.
const AWAKE: [&str; 4] = ["0x1:2", "0x101:4", "0x102:4", START];
const START: &str = "0x104:2";

/// What becomes of a request: IO_ERR, NOT_SUPP, an answer after more than the driver's patience, an answer within it, none.
const REFUSED: [&str; 2] = ["answer:0x8003", "answer:0x8002"];
const LATE: [&str; 3] = ["late:3000000", "late:300000", "never"];

/// Frames of the sound, and those that were played before the sleep.
const FRAMES: u64 = 48_000;
const BEFORE: u64 = 23_552;
/// Frames that the device has at a time.
const MESSAGE: u64 = 1_024;
/// Bytes of a frame.
const FRAME: usize = 4;

/// Plays a second through a sleep on a device to which `fault` happens, and again `restarts` times, each time through a
/// sleep. The folder has the sound that went in and what came out.
fn play_in(image: &Path, fault: &str, request: &str, restarts: &str) -> (Run, PathBuf) {
    let folder = folder(&format!("wake-{fault}-{request}-{restarts}").replace(':', "-"));
    noise(&folder.join("noise.wav"), 1, 48_000);
    let words = format!("jacks=2,step_us=1000,fault={fault}@request:{request}");
    let what = ["play", "noise.wav", "--device", "fake", "--fake", &words, "--uncounted", "--period", "1024"];
    let when = ["--sleep-at", "24000", "--restarts", restarts, "--out", "out.wav"];
    let run = rig_with(image, &folder, &[what.as_slice(), &when].concat());
    assert!(run.rules().is_empty(), "{}", run.text);
    (run, folder)
}

fn play(image: &Path, fault: &str, request: &str) -> Run {
    play_in(image, fault, request, "0").0
}

/// All of the sound came out once and in order, but for `lost` frames, though there may have been silence in between; no
/// client was told anything that is not so.
#[track_caller]
fn assert_it_goes_on(run: &Run, lost: u64) {
    run.assert_survived();
    assert!(run.list("/client_errors").is_empty(), "{}", run.text);
    let mut dropped = 0;
    for glitch in run.list("/streams/0/glitches/list") {
        match glitch["kind"].as_str() {
            Some("silence") => {}
            Some("dropped") => dropped += glitch["frames"].as_u64().unwrap_or(FRAMES),
            _ => panic!("{}", run.text),
        }
    }
    assert!(dropped <= lost, "{}", run.text);
    assert!(run.number("/streams/0/frames_out") >= (FRAMES - lost) as f64, "{}", run.text);
}

/// Whether the end of the noise, which is played after the sleep, came out.
fn end_came_out(folder: &Path) -> bool {
    let [input, output] = ["noise.wav", "out.wav"].map(|name| fs::read(folder.join(name)).expect("a sound"));
    let end = &input[input.len() - FRAMES as usize / 4 * FRAME..];
    output.windows(end.len()).any(|window| window == end)
}

#[test]
fn the_requests_are_those_of_the_sleep() {
    for request in ASLEEP.iter().chain(&AWAKE) {
        let run = play(driver(), "remove", request);
        assert_eq!(run.status, 0, "{}", run.text);
        assert_eq!(run.number("/streams/0/frames_out"), BEFORE as f64, "{request}: {}", run.text);
    }
}

/// Rows 46 and 48: it is started over before the stream goes on, or does without.
#[test]
fn a_device_that_does_not_do_as_asked_goes_on() {
    for request in ASLEEP.iter().chain(&AWAKE) {
        let refused = REFUSED.iter().filter(|_| *request != START);
        for fault in refused.chain(&LATE) {
            let run = play(driver(), fault, request);
            match *request {
                // What a device has that is started over it may have played.
                STOP if LATE.contains(fault) => assert_it_goes_on(&run, MESSAGE),
                // It goes on with silence meanwhile.
                START => assert_it_goes_on(&run, 0),
                _ => run.assert_well(),
            }
        }
    }
}

/// Rows 48 and 54: a stream that the device does not start stands where it was, and the one after it plays.
#[test]
fn a_device_that_does_not_start_what_slept_plays_the_next_stream() {
    for fault in REFUSED {
        let (run, folder) = play_in(driver(), fault, START, "1");
        assert_eq!(run.status, 1, "{}", run.text);
        assert_eq!(run.number("/streams/0/frames_out"), BEFORE as f64, "{}", run.text);
        // Its client hears nothing any more; that of the next stream has no complaint.
        let errors = run.list("/client_errors");
        let of_silence = ["no event came", "events were signalled for"];
        assert_eq!(errors.len(), of_silence.len(), "{}", run.text);
        for (error, words) in errors.iter().zip(of_silence) {
            assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{}", run.text);
        }
        assert!(end_came_out(&folder), "the next stream was not heard: {}", run.text);
    }
}

/// Rows 47 and 54: volume that a device does not take back when it wakes is said to be what the device has, or not to be
/// known, and nothing else is lost.
#[test]
fn a_control_that_is_refused_on_waking_costs_that_control_alone() {
    let steps = [
        "volume:render0:0=-98304",
        "sleep",
        "wake",
        "volume:render0:0",
        "mute:render0:0=1",
        "mute:render0:0",
    ];
    for (fault, volume) in [("answer:0x8003", "0"), ("never", "0xc0000185")] {
        // The second write is that of the wake.
        let words = format!("controls=1,fault={fault}@request:0x303:2");
        let folder = folder(&format!("wake-control-{}", fault.replace(':', "-")));
        let device = ["controls", "--device", "fake", "--fake", &words];
        let run = rig(&folder, &[device.as_slice(), &steps].concat());
        assert_eq!(run.status, 0, "{}", run.text);
        for said in [format!("volume:render0:0: {volume}"), "mute:render0:0: 1".to_owned()] {
            assert!(run.text.lines().any(|line| line == said), "no {said}: {}", run.text);
        }
    }
}

/// Row 48.
#[test]
fn a_driver_that_does_not_start_its_device_over_is_found() {
    let mutant = Mutant {
        name: "wakes-no-more",
        file: "device/virtio_snd/recovery.rs",
        right: "    fn recover(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {\n",
        wrong: "    fn recover(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {\n        \
                if self.lost.load(Acquire) {\n            return;\n        }\n",
    };
    let image = mutant.build_optimised();
    let run = play(&image, "never", "0x101:4");
    assert_eq!(run.status, 1, "{}", run.text);
    assert!(run.text.contains("no event came"), "{}", run.text);
}
