//! Sound of which parts were taken back while it was played, or that was recorded with parts missing: what was left to the
//! device must be there once, in order.
//!
//! ```text
//!   in    [ kept | taken back | kept ]       out   [ kept | its beginning, maybe | silence, maybe | kept ]
//! ```

use super::Comparison;
use super::Glitch;
use super::GlitchKind;
use super::Pcm;
use super::compare;

/// Frames by which a place in the sound is found: fewer where a stretch is as short as that.
const RUNS: [usize; 4] = [16, 8, 3, 1];

/// A stretch of an input, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First frame.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Whether all of it is to be there; of another one the beginning may be.
    pub kept: bool,
}

/// Compares what came out with what was kept of the input. Silent frames count nowhere: they come where nothing was left
/// to be played.
pub fn compare_kept(input: &Pcm, output: &Pcm, stretches: &[Stretch]) -> Comparison {
    let heard = without_silence(output);
    let mut expected = input.with_data(Vec::new());
    for stretch in stretches {
        let at = expected.frames();
        let part = without_silence(&input.with_data(input.span(stretch.from, stretch.to).to_vec()));
        let frames = if stretch.kept { part.frames() } else { alike(&part, &heard, at) };
        expected.data.extend_from_slice(part.span(0, frames));
    }
    let found = match compare(&expected, &heard) {
        Ok(found) => found,
        Err(_) => nothing(input, output),
    };
    let silent = (output.frames() - heard.frames()) as u64;
    Comparison { frames_out: output.frames() as u64, tail: found.tail + silent, ..found }
}

/// Compares a recording with what the device heard: it consists of stretches of that, in order, and there are at most
/// `gaps` of sound that is missing between them.
pub fn compare_stretches(fed: &Pcm, recorded: &Pcm, gaps: usize) -> Comparison {
    let silence = recorded.silence();
    let first = recorded.data.iter().position(|byte| *byte != silence);
    let lead = first.map_or(recorded.frames(), |at| at / recorded.frame_bytes());
    let mut glitches = Vec::new();
    let (mut at, mut place, mut stretches) = (lead, 0, 0);
    while at < recorded.frames() {
        let rest = (recorded.frames() - at) as u64;
        let probe =
            |frames: usize| search(fed, place, recorded.span(at, (at + frames).min(recorded.frames())));
        let Some(found) = RUNS.into_iter().find_map(probe) else {
            glitches.push(Glitch { kind: GlitchKind::Corrupt, at_frame: place as u64, frames: rest });
            break;
        };
        if stretches > gaps {
            let frames = (found - place) as u64;
            glitches.push(Glitch { kind: GlitchKind::Dropped, at_frame: place as u64, frames });
        }
        let most = (recorded.frames() - at).min(fed.frames() - found);
        let alike = |frame: &usize| {
            fed.span(found + frame, found + frame + 1) == recorded.span(at + frame, at + frame + 1)
        };
        let length = (0..most).find(|frame| !alike(frame)).unwrap_or(most);
        (at, place, stretches) = (at + length, found + length, stretches + 1);
    }
    Comparison {
        bit_exact: glitches.is_empty() && stretches > 0,
        frames_in: (recorded.frames() - lead) as u64,
        frames_out: recorded.frames() as u64,
        lead_in: lead as u64,
        tail: 0,
        glitches,
    }
}

/// The first frame of `sound` from `from` on at which `run` lies.
fn search(sound: &Pcm, from: usize, run: &[u8]) -> Option<usize> {
    let frames = run.len() / sound.frame_bytes();
    (from..(sound.frames() + 1).saturating_sub(frames)).find(|at| sound.span(*at, at + frames) == run)
}

/// Frames that `part` begins with and that `heard` has at `at`.
fn alike(part: &Pcm, heard: &Pcm, at: usize) -> usize {
    let most = part.frames().min(heard.frames().saturating_sub(at));
    (0..most)
        .find(|frame| part.span(*frame, frame + 1) != heard.span(at + frame, at + frame + 1))
        .unwrap_or(most)
}

fn without_silence(pcm: &Pcm) -> Pcm {
    let silence = pcm.silence();
    let sounding = |frame: &&[u8]| frame.iter().any(|byte| *byte != silence);
    pcm.with_data(pcm.data.chunks_exact(pcm.frame_bytes()).filter(sounding).flatten().copied().collect())
}

fn nothing(input: &Pcm, output: &Pcm) -> Comparison {
    let (frames_in, frames_out) = (input.frames() as u64, output.frames() as u64);
    Comparison { bit_exact: false, frames_in, frames_out, lead_in: 0, tail: 0, glitches: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::{Stretch, compare_kept, compare_stretches};
    use crate::sound::{Pcm, tune};

    fn sound() -> Pcm {
        tune::noise(1, 8_000, 2, 4)
    }

    fn of(pieces: &[&[u8]]) -> Pcm {
        sound().with_data(pieces.concat())
    }

    const STRETCHES: [Stretch; 3] = [
        Stretch { from: 0, to: 1_000, kept: true },
        Stretch { from: 1_000, to: 1_500, kept: false },
        Stretch { from: 1_500, to: 8_000, kept: true },
    ];

    #[test]
    fn what_was_taken_back_may_be_heard_from_its_beginning() {
        let pcm = sound();
        let silence = [0; 400];
        let (head, tail) = (pcm.span(0, 1_000), pcm.span(1_500, 8_000));
        for part in [&[][..], pcm.span(1_000, 1_240), pcm.span(1_000, 1_500)] {
            let found =
                compare_kept(&pcm, &of(&[&silence, head, part, &silence, tail, &silence]), &STRETCHES);
            assert!(found.bit_exact, "{found:?}");
        }
    }

    #[test]
    fn what_was_kept_is_missed_and_twice_is_once_too_often() {
        let pcm = sound();
        for wrong in [
            of(&[pcm.span(0, 990), pcm.span(1_500, 8_000)]),
            of(&[pcm.span(0, 1_000), pcm.span(1_200, 1_300), pcm.span(1_500, 8_000)]),
            of(&[pcm.span(0, 1_000), pcm.span(900, 1_000), pcm.span(1_500, 8_000)]),
            of(&[pcm.span(1_500, 8_000), pcm.span(0, 1_000)]),
        ] {
            assert!(!compare_kept(&pcm, &wrong, &STRETCHES).bit_exact);
        }
    }

    #[test]
    fn a_recording_may_have_so_many_gaps_and_no_more() {
        let fed = sound();
        let recorded = of(&[&[0; 40], fed.span(100, 1_000), fed.span(1_200, 3_000)]);
        assert!(compare_stretches(&fed, &recorded, 1).bit_exact);
        assert!(!compare_stretches(&fed, &recorded, 0).bit_exact);
        let short = of(&[fed.span(100, 103), fed.span(1_200, 3_000)]);
        assert!(compare_stretches(&fed, &short, 1).bit_exact);
        let back = of(&[fed.span(1_200, 3_000), fed.span(100, 1_000)]);
        assert!(!compare_stretches(&fed, &back, 9).bit_exact);
        assert!(!compare_stretches(&fed, &of(&[&[9; 400]]), 9).bit_exact);
        assert!(!compare_stretches(&fed, &of(&[&[0; 400]]), 9).bit_exact);
    }
}
