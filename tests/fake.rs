//! Runs on the device that the rig itself plays, and what may become of them when that device fails.

use serde_json::Value;

use crate::Run;
use crate::folder;
use crate::rig_with;

/// Seconds of sound in such a run.
pub const SECONDS: u64 = 3;

/// What a client cannot help noticing once the sound has had a gap: its clock went on meanwhile, or the device's did.
const OF_A_GAP: [&str; 10] = [
    "an event came ",
    "events were signalled for ",
    "in RUN the position was ",
    "in PAUSE the position was ",
    "packets of ",
    "is said to begin ",
    "was said to be heard ",
    "GetReadPacket gave packet ",
    // The client learned so late that the half is full that the device is there again.
    "changed in the buffer after they had been read",
    // The driver plays silence in place of that packet by then.
    "SetWritePacket(",
];

/// A run of `command` with this kind of client, on a device in these words. The driver is the one that users get.
pub fn run(command: &str, client: &str, words: &str, more: &[&str]) -> Run {
    run_with(crate::driver(), command, client, words, more)
}

/// The same with another driver.
pub fn run_with(driver: &std::path::Path, command: &str, client: &str, words: &str, more: &[&str]) -> Run {
    let name = format!("fake-{command}-{client}-{words}-{}", more.join("-"));
    let name: String =
        name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    let seconds = SECONDS.to_string();
    let arguments = [
        command,
        "--device",
        "fake",
        "--fake",
        words,
        "--client",
        client,
        "--seconds",
        &seconds,
        "--uncounted",
    ];
    rig_with(driver, &folder(&name), &[&arguments, more].concat())
}

impl Run {
    /// Asserts that no rule was broken and nothing is left behind, whatever became of the sound.
    ///
    /// # Panics
    /// If not, and if there is no report.
    #[track_caller]
    pub fn assert_survived(&self) {
        assert!([0, 1].contains(&self.status), "{}", self.text);
        assert!(self.rules().is_empty(), "{}", self.text);
    }

    /// Asserts that the sound went on: besides [`Run::assert_survived`], each stream has lost at most so many frames,
    /// none at the end, and has repeated nothing.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_has_a_gap(&self, most: u64) {
        self.assert_survived();
        for stream in self.list("/streams") {
            let mut lost = 0;
            let glitches = stream["glitches"]["list"].as_array().cloned().unwrap_or_default();
            for glitch in &glitches {
                let [at, frames] =
                    ["at_frame", "frames"].map(|name| glitch[name].as_u64().unwrap_or(u64::MAX));
                assert!(
                    ["dropped", "silence"].contains(&glitch["kind"].as_str().unwrap_or("")),
                    "{}",
                    self.text
                );
                lost += frames;
                let end = stream["frames_in"].as_u64().unwrap_or(0);
                assert!(at + frames + end / 10 < end, "nothing comes after {glitch}\n{}", self.text);
            }
            assert!(lost <= most, "{lost} frames lost\n{}", self.text);
        }
    }

    /// Asserts [`Run::assert_has_a_gap`], and that no client was told anything that does not come from that gap.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_goes_on(&self, most: u64) {
        self.assert_has_a_gap(most);
        for error in self.list("/client_errors") {
            let message = error["message"].as_str().unwrap_or_default();
            assert!(OF_A_GAP.iter().any(|known| message.contains(known)), "{message}\n{}", self.text);
        }
    }

    /// The list at a path of the report; empty if there is none.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<Value> {
        self.figure(path).as_array().cloned().unwrap_or_default()
    }
}
