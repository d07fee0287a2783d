//! What was recorded against what the device was fed.
//!
//! A device begins to listen when it likes, so that a recording starts with silence and then somewhere in the sound:
//! the place is found by its first frames. From there on it must be the sound, frame by frame.

use super::Comparison;
use super::Glitch;
use super::GlitchKind;
use super::Pcm;
use super::compare;
use super::index::Index;
use super::index::RUN;
use super::index::hashes;

/// Frames of the recording at which the place is looked for: the first may be what a fault made of them.
const TRIES: usize = 4_096;

/// Compares a recording with the sound that the device was fed. All of it must be there, in one piece, in the
/// same format.
pub fn compare_recording(fed: &Pcm, recorded: &Pcm) -> Comparison {
    let silence = recorded.silence();
    let first = recorded.data.iter().position(|byte| *byte != silence);
    let lead = first.map_or(recorded.frames(), |at| at / recorded.frame_bytes());
    let sound = recorded.with_data(recorded.span(lead, recorded.frames()).to_vec());
    let index = Index::of(fed);
    let Some(place) = place(&index, fed, &sound) else { return nothing_of_it(recorded, lead) };
    let end = end(&index, fed, &sound).unwrap_or(place + sound.frames()).clamp(place, fed.frames());
    let expected = fed.with_data(fed.span(place, end).to_vec());
    let Ok(found) = compare(&expected, &sound) else { return nothing_of_it(recorded, lead) };
    Comparison {
        frames_in: expected.frames() as u64,
        frames_out: recorded.frames() as u64,
        lead_in: lead as u64,
        ..found
    }
}

/// Frame of `fed` with which `sound` begins.
fn place(index: &Index, fed: &Pcm, sound: &Pcm) -> Option<usize> {
    let head = sound.with_data(sound.span(0, sound.frames().min(TRIES)).to_vec());
    hashes(&head)
        .into_iter()
        .enumerate()
        .find_map(|(at, hash)| Some(found(index, fed, hash, head.span(at, at + RUN))?.saturating_sub(at)))
}

/// One past the frame of `fed` with which `sound` ends.
fn end(index: &Index, fed: &Pcm, sound: &Pcm) -> Option<usize> {
    let from = sound.frames().saturating_sub(TRIES);
    let tail = sound.with_data(sound.span(from, sound.frames()).to_vec());
    let rest = |at: usize| tail.frames() - at;
    let found = |(at, hash)| Some(found(index, fed, hash, tail.span(at, at + RUN))? + rest(at));
    hashes(&tail).into_iter().enumerate().rev().find_map(found)
}

/// The first place of a run of frames in `fed`.
fn found(index: &Index, fed: &Pcm, hash: u64, run: &[u8]) -> Option<usize> {
    index.from(hash, 0).find(|place| fed.span(*place, place + RUN) == run)
}

fn nothing_of_it(recorded: &Pcm, lead: usize) -> Comparison {
    let frames = recorded.frames() as u64;
    let silent = lead == recorded.frames();
    let kind = if silent { GlitchKind::Silence } else { GlitchKind::Corrupt };
    let glitches = vec![Glitch { kind, at_frame: 0, frames: frames - if silent { 0 } else { lead as u64 } }];
    Comparison { bit_exact: false, frames_in: 0, frames_out: frames, lead_in: lead as u64, tail: 0, glitches }
}

#[cfg(test)]
mod tests {
    use super::compare_recording;
    use crate::sound::{GlitchKind, Pcm, tune};

    fn fed() -> Pcm {
        tune::noise(1, 8_000, 2, 4)
    }

    fn recorded(pieces: &[&[u8]]) -> Pcm {
        fed().with_data(pieces.concat())
    }

    #[test]
    fn a_recording_may_start_late() {
        let fed = fed();
        let found = compare_recording(&fed, &recorded(&[&[0; 400], fed.span(777, 5_000)]));
        assert!(found.bit_exact, "{found:?}");
        assert_eq!((found.lead_in, found.frames_in, found.frames_out), (100, 4_223, 4_323));
    }

    #[test]
    fn a_period_lost_or_taken_twice_is_found() {
        let fed = fed();
        let lost = compare_recording(&fed, &recorded(&[fed.span(10, 1_000), fed.span(1_480, 5_000)]));
        assert_eq!((lost.glitches.len(), lost.glitches[0].kind), (1, GlitchKind::Dropped), "{lost:?}");
        let twice = compare_recording(&fed, &recorded(&[fed.span(10, 1_000), fed.span(520, 5_000)]));
        assert!(!twice.bit_exact && twice.glitches[0].kind == GlitchKind::Repeated, "{twice:?}");
    }

    #[test]
    fn a_bad_beginning_does_not_hide_the_rest() {
        let fed = fed();
        let found = compare_recording(&fed, &recorded(&[&[9; 64], fed.span(116, 2_000)]));
        assert!(!found.bit_exact, "{found:?}");
        assert_eq!(
            (found.glitches[0].kind, found.glitches[0].frames),
            (GlitchKind::Corrupt, 16),
            "{found:?}"
        );
    }

    #[test]
    fn silence_and_another_sound_are_no_recording() {
        let silence = compare_recording(&fed(), &recorded(&[&[0; 4_000]]));
        assert_eq!((silence.bit_exact, silence.glitches[0].kind), (false, GlitchKind::Silence));
        let other = tune::noise(1, 8_000, 2, 5);
        let found = compare_recording(&fed(), &other);
        assert_eq!((found.bit_exact, found.glitches[0].kind), (false, GlitchKind::Corrupt));
    }
}
