//! The events that the driver writes for Windows' tracing: they say what happened, and nothing is written once a period.

use serde_json::Value;
use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::fake;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// The events of that name: each one's time, and the values of its fields.
fn events(run: &Run, name: &str) -> Vec<(u64, Vec<String>)> {
    let all = run.figure("/traced").as_array().cloned().unwrap_or_default();
    assert!(all.iter().all(|event| event["provider"] == "WaveRusT"));
    let value = |field: &Value| field[1].as_str().unwrap_or_default().to_owned();
    all.iter()
        .filter(|event| event["name"] == name)
        .map(|event| {
            let fields = event["fields"].as_array().cloned().unwrap_or_default();
            (event["time_ns"].as_u64().expect("a time"), fields.iter().map(value).collect())
        })
        .collect()
}

fn values(run: &Run, name: &str) -> Vec<Vec<String>> {
    events(run, name).into_iter().map(|(_, values)| values).collect()
}

/// A good run: one start and one end, the states of the stream in their order, each resource; nothing while it runs.
#[test]
fn events_are_what_happened() {
    for device in ["ac97", "virtio-snd", "fake"] {
        let folder = folder(&format!("traced-{device}"));
        let run = rig(&folder, &["play", "--device", device, "--seconds", "1", "--pause-at", "24000"]);
        run.assert_well();
        assert_eq!(values(&run, "Start"), [["0x0"]]);
        assert_eq!(values(&run, "Stop").len(), 1);
        let states: Vec<String> =
            values(&run, "StreamState").into_iter().map(|mut both| both.remove(1)).collect();
        assert_eq!(states, ["1", "2", "3", "2", "3", "2", "1", "0"]);
        let kinds: Vec<Value> =
            values(&run, "StreamResource").into_iter().map(|both| Value::from(both[0].as_str())).collect();
        let registered = run.figure("/stream_resources").as_array().cloned().unwrap_or_default();
        assert_eq!(kinds, registered.iter().map(|resource| resource["type"].clone()).collect::<Vec<_>>());
        assert!(!kinds.is_empty() && values(&run, "StreamResource").iter().all(|both| both[1] == "0x0"));
        assert!(values(&run, "Underrun").is_empty() && values(&run, "Recovery").is_empty());
        // Nothing at all while it runs.
        let times: Vec<u64> = events(&run, "StreamState").iter().map(|(time, _)| *time).collect();
        let all = run.figure("/traced").as_array().cloned().unwrap_or_default();
        let runs = [(times[2], times[3]), (times[4], times[5])];
        let inside = |time: u64| runs.iter().any(|(from, to)| *from < time && time < *to);
        assert!(!all.iter().any(|event| inside(event["time_ns"].as_u64().expect("a time"))), "{all:?}");
        assert!(run.text.contains("StreamState"), "{}", run.text);
    }
}

/// Row 81. A device in trouble: its recovery, and as many interruptions as the port was told of.
#[test]
fn recoveries_and_underruns_are_told() {
    let run = fake::run("play", "event", "fault=needs_reset@300ms", &[]);
    run.assert_survived();
    assert_eq!(values(&run, "Recovery"), [["0x0"]]);
    let times: f64 =
        values(&run, "Underrun").iter().map(|fields| fields[1].parse::<f64>().expect("a number")).sum();
    assert!(times >= 1.0 && times == run.number("/notices/glitches"), "{}", run.text);
}

/// Sleep is told, down and up.
#[test]
fn power_is_told() {
    let folder = folder("traced-power");
    let run = rig(&folder, &["play", "--device", "ac97", "--seconds", "1", "--sleep-at", "24000"]);
    assert_eq!(run.status, 0, "{}", run.text);
    let states: Vec<String> = values(&run, "Power").into_iter().map(|mut fields| fields.remove(0)).collect();
    assert!(states.windows(2).any(|pair| pair == ["3", "0"]), "{states:?}");
}

/// A description that says it is longer than it is.
#[test]
fn a_driver_whose_events_are_malformed() {
    let mutant = Mutant {
        name: "malformed-event",
        file: "platform/trace.rs",
        right: "Status\\0\\x14\";\n    STOP",
        wrong: "Status\\0\\x0A\";\n    STOP",
    };
    let folder = folder("traced-malformed");
    let run = rig_with(&mutant.build(), &folder, &["play", "--device", "ac97", "--seconds", "1"]);
    assert_eq!(run.status, 3, "{}", run.text);
    assert_eq!(run.rules().first().map(String::as_str), Some("TraceLogging"), "{}", run.text);
}
