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
