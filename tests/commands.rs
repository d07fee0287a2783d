//! Control commands that a device does not answer, answers late, refuses or answers with nonsense: a client that waits
//! in SetState waits for so long and no longer, the device is started over, and SetState succeeds after all.

use waverust_tests::fake::run;

/// Frames that another stream may lose while the device is started over.
const A_GAP: u64 = 1_440;

/// Requests for information, and those of a stream.
const JACK_INFO: &str = "0x1";
const PCM_INFO: &str = "0x100";
const SET_PARAMS: &str = "0x101";
const PREPARE: &str = "0x102";
const RELEASE: &str = "0x103";
const START: &str = "0x104";
const STOP: &str = "0x105";
const ALL: [&str; 7] = [JACK_INFO, PCM_INFO, SET_PARAMS, PREPARE, RELEASE, START, STOP];

/// Lets this happen at the first requests of each code, one a run: some while the device is brought up, the others in
/// SetState of a client that plays and of one that records. Each run is well, or has a gap.
fn at_each_request(fault: &str) {
    for code in ALL {
        for nth in 1..=5 {
            let words = format!("jacks=2,fault={fault}@request:{code}:{nth}");
            run("duplex", "event", &words, &[]).assert_goes_on(A_GAP);
        }
    }
}

#[test]
fn a_command_that_is_never_answered() {
    at_each_request("never");
}

#[test]
fn an_answer_without_a_status() {
    at_each_request("answer:0");
}

#[test]
fn a_device_that_gives_up_over_a_command() {
    at_each_request("needs_reset");
}

#[test]
fn everything_complete_before_a_command_is_answered() {
    at_each_request("burst");
}

#[test]
fn an_answer_that_is_late_but_in_time() {
    for code in ALL.into_iter().filter(|code| *code != START) {
        for nth in 1..=5 {
            let words = format!("jacks=2,fault=late:50000@request:{code}:{nth}");
            run("duplex", "packet", &words, &[]).assert_goes_on(0);
        }
    }
    for client in ["event", "packet", "position"] {
        // The device is in motion by then. It gets the beginning, and the rest once the client knows.
        run("play", client, &format!("fault=late:50000@request:{START}:1"), &[]).assert_goes_on(60 * 48);
    }
}

#[test]
fn an_answer_that_is_too_late() {
    for code in [SET_PARAMS, PREPARE, RELEASE, STOP] {
        for nth in 1..=5 {
            let words = format!("fault=late:3000000@request:{code}:{nth}");
            run("duplex", "event", &words, &[]).assert_goes_on(A_GAP);
        }
    }
    // The device has begun to play; when it is started over, so is the sound.
    let run = run("play", "event", &format!("fault=late:3000000@request:{START}:1"), &["--out", "out.wav"]);
    run.assert_survived();
    assert!(run.number("/frames_out") > 180_000.0, "{}", run.text);
    assert!(!run.text.contains("SetState"), "{}", run.text);
}

#[test]
fn a_command_that_is_refused_is_an_error_of_set_state() {
    for (code, nth) in [(SET_PARAMS, 3), (PREPARE, 3), (START, 1)] {
        let run = run("duplex", "packet", &format!("fault=answer:0x8003@request:{code}:{nth}"), &[]);
        run.assert_survived();
        assert!(run.text.contains("SetState(Run) failed with 0xc0000185"), "{}", run.text);
    }
}

#[test]
fn the_way_down_is_none_that_can_be_refused() {
    for code in [STOP, RELEASE] {
        for nth in 1..=5 {
            for client in ["event", "packet", "position"] {
                let words = format!("fault=answer:0x8003@request:{code}:{nth}");
                run("duplex", client, &words, &[]).assert_goes_on(A_GAP);
            }
        }
    }
}

#[test]
fn a_device_that_answers_no_start_at_all_is_not_waited_for_for_ever() {
    let never: Vec<String> = (1..=6).map(|nth| format!("fault=never@request:{START}:{nth}")).collect();
    for client in ["event", "packet", "position"] {
        let run = run("play", client, &never.join(","), &[]);
        run.assert_survived();
        assert!(run.text.contains("SetState(Run) failed with 0xc00000a3"), "{}", run.text);
    }
}

#[test]
fn what_a_predecessor_left_is_neither_heard_nor_counted() {
    for words in ["predecessor=5,reset=leaves", "predecessor=64,reset=leaves,vectors=0", "predecessor=5"] {
        run("play", "event", words, &[]).assert_well();
        run("duplex", "packet", words, &[]).assert_well();
        run("duplex", "event", words, &["--restarts", "2"]).assert_well();
        // Nor what this driver itself left with the device when that gave up.
        let words = format!("{words},fault=needs_reset@700ms");
        run("duplex", "packet", &words, &[]).assert_goes_on(A_GAP);
    }
}
