//! Devices that fail while sound is under way: nothing is found and nothing is left behind, nothing is heard twice, and
//! the sound goes on behind a gap. Each of it also while something is recorded, and while a client is blocked in SetState.

use std::collections::BTreeSet;

use waverust_tests::fake::run;

/// A millisecond of sound, in frames.
const MS: u64 = 48;

/// What happens to a stream that is under way, and frames that may be lost by it in each direction. `TIME` stands for
/// when, `LATER` for a tenth of a second after that, and `tx:NEXT` for a message at about that time.
const UNDER_WAY: [(&str, u64); 12] = [
    ("fault=burst@TIME", 40 * MS),
    ("fault=needs_reset@TIME", 40 * MS),
    ("fault=needs_reset@TIME,fault=needs_reset@LATER", 60 * MS),
    ("fault=lose:3@TIME", 40 * MS),
    ("fault=spurious@TIME", 0),
    ("fault=id:999@tx:NEXT", 40 * MS),
    ("fault=id:3@tx:NEXT", 40 * MS),
    ("fault=length:4294967295@tx:NEXT", 0),
    ("fault=status:57005@tx:NEXT", 0),
    ("fault=twice@tx:NEXT", 40 * MS),
    ("fault=index:200@tx:NEXT", 40 * MS),
    ("fault=twice@event:1,fault=xrun:0@TIME", 40 * MS),
];

/// Clients, their periods, and how many times as much they may lose: a position that stands for a while can be told from
/// one that runs only where the buffer is longer than that.
const CLIENTS: [(&str, &str, u64); 3] = [("event", "480", 1), ("packet", "480", 1), ("position", "960", 2)];

/// A time in the middle, and the messages of 480 frames at about that time.
const MIDDLE: (u64, u64) = (700, 68);
/// The same early in the sound.
const EARLY: (u64, u64) = (200, 18);
/// The same in the pause of a client that pauses in the middle.
const PAUSE: (u64, u64) = (550, 50);

/// The words with times in place of their names.
fn at((time, message): (u64, u64), words: &str) -> String {
    let message = message.to_string();
    words
        .replace("@TIME", &format!("@{time}ms"))
        .replace("@LATER", &format!("@{}ms", time + 100))
        .replace("NEXT", &message)
}

#[test]
fn sound_goes_on_behind_a_gap() {
    for (words, most) in UNDER_WAY {
        for (client, period, times) in CLIENTS {
            run("play", client, &at(MIDDLE, words), &["--period", period]).assert_goes_on(times * most);
        }
    }
}

#[test]
fn so_it_does_while_something_is_recorded() {
    for (words, most) in UNDER_WAY {
        for (client, period, times) in CLIENTS {
            run("duplex", client, &at(MIDDLE, words), &["--period", period]).assert_goes_on(times * most);
        }
    }
}

#[test]
fn recordings_go_on_behind_a_gap() {
    for (words, most) in UNDER_WAY {
        for (client, period, times) in CLIENTS {
            let words = at(MIDDLE, &words.replace("tx:", "rx:").replace("xrun:0", "xrun:1"));
            run("duplex", client, &words, &["--period", period]).assert_goes_on(times * most);
        }
    }
}

#[test]
fn so_it_does_while_a_client_is_blocked_on_its_way_to_run() {
    for (words, most) in UNDER_WAY {
        for client in ["event", "packet"] {
            // The other client's START is answered long after that.
            let words = format!("fault=late:400000@request:0x104:2,{}", at(EARLY, words));
            // What the device records meanwhile has nowhere to go, and the client's clock begins when SetState returns.
            let run = run("duplex", client, &words, &[]);
            run.assert_has_a_gap(most.max(400 * MS));
            assert!(!run.text.contains("SetState") && !run.text.contains("no event"), "{}", run.text);
        }
    }
}

#[test]
fn so_it_does_while_a_client_is_blocked_on_its_way_to_pause() {
    for (words, most) in UNDER_WAY {
        for client in ["event", "packet"] {
            let words = format!("fault=late:400000@request:0x105:1,{}", at(PAUSE, words));
            run("duplex", client, &words, &["--pause-at", "24000"]).assert_goes_on(most);
        }
    }
}

#[test]
fn so_it_does_where_it_stands_in_pause() {
    for (words, most) in UNDER_WAY {
        for client in ["event", "packet", "position"] {
            run("play", client, &at(PAUSE, words), &["--pause-at", "24000"]).assert_goes_on(most);
        }
    }
}

#[test]
fn a_device_that_stands_still_for_a_while_is_waited_for() {
    for command in ["play", "record", "duplex"] {
        for (client, period) in [("event", "480"), ("packet", "480"), ("position", "4096")] {
            let words = "fault=stall@700ms,fault=resume@800ms";
            run(command, client, words, &["--period", period]).assert_goes_on(300 * MS);
        }
    }
    // For good: that is no reason not to stop and to close.
    run("duplex", "packet", "fault=stall@700ms", &[]).assert_survived();
}

#[test]
fn trouble_at_rest_is_not_heard() {
    for words in ["fault=needs_reset@5ms", "fault=burst@5ms", "fault=spurious@5ms", "fault=lose:2@5ms"] {
        for client in ["event", "packet", "position", "rewrite"] {
            run("play", client, words, &[]).assert_well();
            run("duplex", client.replace("rewrite", "event").as_str(), words, &[]).assert_well();
        }
    }
}

/// Row 29: pace of an underrun.
#[test]
fn what_is_not_handed_over_in_time_is_silence_and_nothing_is_heard_twice() {
    // Longer than a period, each time.
    let run = run("play", "packet", "", &["--late", "15000"]);
    run.assert_survived();
    let list = run.list("/glitches/list");
    let kinds: BTreeSet<&str> = list.iter().filter_map(|glitch| glitch["kind"].as_str()).collect();
    assert!(!kinds.is_empty() && kinds.is_subset(&BTreeSet::from(["silence", "dropped"])), "{}", run.text);
    assert!(run.number("/frames_out") >= run.number("/frames_in"), "{}", run.text);
    // Counter and events keep the pace of the sound.
    for word in ["events were signalled", "an event came", "packets of", "SetState", "no event"] {
        assert!(!run.text.contains(word), "{}", run.text);
    }
}

#[test]
fn a_stream_that_cannot_be_had_back_ends_with_a_status() {
    for words in ["fault=refuse@600ms,fault=needs_reset@700ms", "fault=refuse@600ms,fault=id:999@tx:200"] {
        for client in ["event", "packet", "position"] {
            let run = run("duplex", client, words, &[]);
            run.assert_survived();
            assert!(run.text.contains("GetPosition failed with 0xc00000a3"), "{}", run.text);
            assert!(!run.text.contains("repeated"), "{}", run.text);
        }
    }
}

#[test]
fn a_device_that_does_not_reset_keeps_the_memory_and_nothing_else_happens() {
    // Never to be freed under a device that may still write to it.
    let memory =
        ["PcAllocatedPages", "DmaAdapterLeft", "DmaCommonBufferLeft", "ComObjectLeft", "PoolLeak", "MdlLeft"];
    for client in ["event", "packet", "position"] {
        let run = run("duplex", client, "fault=stuck@600ms,fault=needs_reset@700ms", &[]);
        let rules = run.rules();
        assert!(rules.iter().any(|rule| rule == "DmaCommonBufferLeft"), "{}", run.text);
        assert!(rules.iter().all(|rule| memory.contains(&rule.as_str())), "{}", run.text);
    }
}

#[test]
fn interruptions_are_reported_for_traces() {
    for (words, most) in [("fault=xrun:0@700ms", 1), ("fault=burst@700ms", 3), ("fault=needs_reset@700ms", 3)]
    {
        let run = run("play", "event", words, &[]);
        let glitches = run.number("/notices/glitches");
        assert!((1.0..=f64::from(most)).contains(&glitches), "{glitches} reports\n{}", run.text);
    }
    assert_eq!(run("play", "event", "", &[]).number("/notices/glitches"), 0.0);
    // A device that does not tell of its overruns is no reason to report any.
    assert_eq!(run("record", "event", "fault=spurious@700ms", &[]).number("/notices/glitches"), 0.0);
}

#[test]
fn a_jack_that_changes_is_told_also_where_the_change_was_lost() {
    let plugged = |words: &str| {
        let run = run("duplex", "event", words, &[]);
        run.assert_survived();
        (run.figure("/notices/plugged").clone(), run.number("/notices/jack_changes"))
    };
    let out = serde_json::json!([false, true]);
    let back = serde_json::json!([true, true]);
    assert_eq!(plugged("jacks=2"), (back.clone(), 0.0));
    assert_eq!(plugged("jacks=2,fault=unplug:0@700ms"), (out.clone(), 1.0));
    assert_eq!(plugged("jacks=2,fault=unplug:0@700ms,fault=plug:0@900ms"), (back, 2.0));
    // A device that needs a reset tells nothing any more; afterwards the jack is asked.
    assert_eq!(plugged("jacks=2,fault=needs_reset@700ms,fault=unplug:0@700ms"), (out, 1.0));
}
