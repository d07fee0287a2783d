//! The driver itself with a fault in what it tells its clients, one at a time: a client must notice.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig_with;

fn play(mutant: &Mutant, client: &str) -> Run {
    let image = mutant.build();
    let folder = folder(&format!("misled-{}", mutant.name));
    let run = rig_with(&image, &folder, &["play", "--device", "ac97", "--seconds", "2", "--client", client]);
    assert_eq!(run.status, 1, "{}", run.text);
    run
}

/// What the driver is to answer wrongly, and a word of what the client says about it.
#[track_caller]
fn noticed(mutant: &Mutant, word: &str) {
    let run = play(mutant, "packet");
    let errors = run.figure("/client_errors").to_string();
    assert!(errors.contains(word), "'{word}' is missing in {errors}");
}

#[test]
fn a_position_that_gives_away_what_has_not_been_played() {
    let mutant = Mutant {
        name: "given-away",
        file: "wave/lane.rs",
        right: "        Offsets { play: self.clock.offset(cut.bytes), write: write as u32 }",
        wrong: "        // 100 frames ahead: no more than a step of the device.\n        \
                let ahead = if self.clock.linear() > 0 { 400 } else { 0 };\n        \
                let on = |offset: u32| offset.wrapping_add(ahead).checked_rem(cut.bytes).unwrap_or(0);\n        \
                Offsets { play: on(self.clock.offset(cut.bytes)), write: on(write as u32) }",
    };
    // Clients that only compare it with the sample clock cannot tell.
    let run = play(&mutant, "rewrite");
    assert_eq!(run.figure("/bit_exact"), false, "{}", run.text);
    assert_eq!(run.figure("/glitches/list/0/kind"), "corrupt", "{}", run.text);
}

/// Row 30: packet count.
#[test]
fn a_packet_that_is_counted_before_it_is_done() {
    noticed(
        &Mutant {
            name: "counted-early",
            file: "wave/packets.rs",
            right: "    done.checked_div(u64::from(bytes)).unwrap_or(0)\n",
            wrong: "    done.checked_div(u64::from(bytes)).map_or(0, |count| count.wrapping_add(u64::from(done > 0)))\n",
        },
        // Its data is still taken in time: what is wrong is the count alone.
        "2 packets of 480 frames were counted when the sample clock said 480",
    );
}

/// Row 34: presentation position.
#[test]
fn a_presentation_that_is_ahead_of_the_ear() {
    noticed(
        &Mutant {
            name: "presented-early",
            file: "wave/packets.rs",
            right: "    clock.saturating_sub(frames)\n",
            wrong: "    clock.saturating_add(900).saturating_sub(frames)\n",
        },
        "was said to be heard",
    );
}

/// What is told to clients that may overwrite what was played, or read what was recorded, of a device that gives back
/// whole messages.
const LAGGING: &str = "            self.told = self.told.max(line.min(self.completed));\n";

/// Both directions, and a buffer in which offsets cannot be told apart.
const RUNS: [&str; 3] = [
    "play --client position --period 128",
    "record --client position --period 128",
    "play --client event --period 48",
];

/// The virtio driver with a fault: clients of these runs say `word`.
#[track_caller]
fn misplaced(mutant: &Mutant, runs: &[&str], word: &str) {
    let image = mutant.build_optimised();
    for run in runs {
        let folder = folder(&format!("misled-{}-{}", mutant.name, run.replace([' ', '-'], "")));
        let options = run.split(' ').chain(["--device", "virtio-snd", "--seconds", "1"]);
        let run = rig_with(&image, &folder, &options.collect::<Vec<&str>>());
        assert_eq!(run.status, 1, "{}", run.text);
        let errors = run.figure("/client_errors").to_string();
        assert!(errors.contains(word), "'{word}' is missing in {errors}");
    }
}

#[test]
fn a_position_that_is_ahead_of_the_device() {
    let mutant = Mutant {
        name: "ahead",
        file: "device/clock.rs",
        right: LAGGING,
        wrong: "            self.told = self.told.max(line.wrapping_add(self.message).wrapping_add(60));\n",
    };
    misplaced(&mutant, &RUNS, " ahead, where 49.0 are allowed");
}

#[test]
fn a_position_that_lags_by_two_messages() {
    let mutant = Mutant {
        name: "lagging",
        file: "device/clock.rs",
        right: LAGGING,
        wrong: "            let two = self.message.wrapping_mul(2);\n            \
                self.told = self.told.max(line.min(self.completed).saturating_sub(two));\n",
    };
    // No driver of ours can be further behind than a lap, which is as much in the smallest buffer.
    misplaced(&mutant, &RUNS[..2], " behind, where ");
}
