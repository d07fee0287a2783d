//! What came out against what went in, frame by frame.
//!
//! ```text
//!   in          [ a b c d e f g h ]
//!   out   0 0 0 [ a b c c d e g h ] 0 0
//!         '---'       ^     ^       '-'
//!        lead-in   repeated dropped tail
//! ```
//!
//! Silence before the first and after the last frame is no fault: a device starts and stops when it likes.
//! Everything between must be the input, byte for byte. Where it is not, the comparison looks for the nearest
//! place at which both run on together, so that one lost period is one glitch and not everything after it.

use std::collections::HashMap;

use super::Pcm;
use super::index::{Index, RUN, hashes};

/// Frames over which a possible continuation is followed before it counts as good as any.
const FOLLOW: usize = 48_000;
/// Bytes compared at once.
const BLOCK: usize = 4_096;
/// Glitches that are told apart; what comes after them is lumped into the last one.
const MOST_GLITCHES: usize = 1_000;

/// The outcome of [`compare`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Every input frame came out, unchanged and in order, with nothing but silence around.
    pub bit_exact: bool,
    /// Frames of the input.
    pub frames_in: u64,
    /// Frames of the output, lead-in and tail included.
    pub frames_out: u64,
    /// Silent frames before the input's first frame.
    pub lead_in: u64,
    /// Silent frames after the input's last frame.
    pub tail: u64,
    /// What is wrong, in order of `at_frame`.
    pub glitches: Vec<Glitch>,
}

/// One stretch where the output is not the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glitch {
    /// What happened.
    pub kind: GlitchKind,
    /// The input frame at which it happened.
    pub at_frame: u64,
    /// Length: input frames missing, or output frames too many or wrong.
    pub frames: u64,
}

/// What went wrong in one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlitchKind {
    /// Input frames are missing from the output.
    Dropped,
    /// Frames that had been played before were played again, in addition or in place of others.
    Repeated,
    /// Silence was played, in addition or in place of sound.
    Silence,
    /// Something was played that is neither.
    Corrupt,
}

/// Two sounds in different formats cannot be the same sound.
#[derive(Debug, thiserror::Error)]
#[error("the input is {input}, the output is {output}")]
pub struct FormatsDiffer {
    input: String,
    output: String,
}

/// Compares an output with its input.
///
/// # Errors
///
/// [`FormatsDiffer`] where rate, width, channels or encoding are not the same.
pub fn compare(input: &Pcm, output: &Pcm) -> Result<Comparison, FormatsDiffer> {
    let format = |pcm: &Pcm| (pcm.rate, pcm.channels, pcm.bits, pcm.container, pcm.encoding);
    if format(input) != format(output) {
        return Err(FormatsDiffer { input: input.describe(), output: output.describe() });
    }
    Ok(Walk::new(input, output).run())
}

/// As [`compare`], of a sound that was cut off behind frame `least` of the input: what comes after the last frame of the
/// output is not missed.
///
/// # Errors
///
/// As for [`compare`].
pub fn compare_cut_off(input: &Pcm, output: &Pcm, least: u64) -> Result<Comparison, FormatsDiffer> {
    let came = sound_end(output).saturating_sub(lead_in(input, output));
    let end = came.max(least as usize).min(input.frames());
    compare(&input.with_data(input.span(0, end).to_vec()), output)
}

/// A place where input and output might run on together.
#[derive(Clone, Copy)]
struct Meeting {
    /// Input and output frame.
    at: (usize, usize),
    /// Frames for which they do.
    together: usize,
    /// Better is smaller: how far it falls short of [`FOLLOW`], how unequal it leaves the rests, how far it is.
    rank: (usize, usize, usize),
}

struct Walk<'a> {
    input: &'a Pcm,
    output: &'a Pcm,
    /// One past the last frame that is not silent.
    input_end: usize,
    output_end: usize,
    /// Built at the first glitch: most runs need none of it.
    search: Option<(Index, Vec<u64>)>,
    glitches: Vec<Glitch>,
}

impl<'a> Walk<'a> {
    fn new(input: &'a Pcm, output: &'a Pcm) -> Self {
        let (input_end, output_end) = (sound_end(input), sound_end(output));
        Self { input, output, input_end, output_end, search: None, glitches: Vec::new() }
    }

    fn run(mut self) -> Comparison {
        let (frames_in, frames_out) = (self.input.frames(), self.output.frames());
        let lead_in = lead_in(self.input, self.output);
        let (mut i, mut o) = (0, lead_in);
        loop {
            let equal = self.equal_frames(i, o);
            (i, o) = (i + equal, o + equal);
            if i == frames_in || o >= self.output_end {
                break;
            }
            let last = self.glitches.len() + 1 == MOST_GLITCHES;
            let next = if last { None } else { self.resume(i, o).or_else(|| self.common_end(i, o)) };
            let Some((next_i, next_o)) = next else {
                self.push(self.kind_of((i, o), (i, self.output_end)), i, self.output_end - o);
                (i, o) = (frames_in, self.output_end);
                break;
            };
            self.push(self.kind_of((i, o), (next_i, next_o)), i, (next_i - i).max(next_o - o));
            (i, o) = (next_i, next_o);
        }
        // One of the two has nothing but silence left. What the other still has is missing, or too much.
        if i < self.input_end {
            self.push(GlitchKind::Dropped, i, self.input_end - i);
            i = self.input_end;
        }
        if o < self.output_end {
            self.push(self.kind_of((i, o), (i, self.output_end)), i, self.output_end - o);
            o = self.output_end;
        }
        let (rest_in, rest_out) = (frames_in - i, frames_out - o);
        if rest_in > rest_out {
            self.push(GlitchKind::Dropped, i + rest_out, rest_in - rest_out);
        }
        Comparison {
            bit_exact: self.glitches.is_empty(),
            frames_in: frames_in as u64,
            frames_out: frames_out as u64,
            lead_in: lead_in as u64,
            tail: rest_out.saturating_sub(rest_in) as u64,
            glitches: self.glitches,
        }
    }

    fn push(&mut self, kind: GlitchKind, at: usize, frames: usize) {
        self.glitches.push(Glitch { kind, at_frame: at as u64, frames: frames as u64 });
    }

    /// How many frames agree from here on, to the end of the shorter.
    fn equal_frames(&self, i: usize, o: usize) -> usize {
        let size = self.input.frame_bytes();
        let (a, b) = (&self.input.data[i * size..], &self.output.data[o * size..]);
        // Whole blocks first: comparing slices is many times faster than comparing bytes.
        let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK)).take_while(|(a, b)| a == b).count();
        let equal = (blocks * BLOCK).min(a.len()).min(b.len());
        let rest = a[equal..].iter().zip(&b[equal..]).take_while(|(a, b)| a == b).count();
        (equal + rest) / size
    }

    /// Where both run on together after a disagreement at input frame `i`, output frame `o`.
    ///
    /// Looks ever further ahead in the output, no further than the nearest continuation found so far is away.
    /// A sound that repeats itself has many continuations. For each output frame three are weighed: the
    /// nearest, the one that replaces frame by frame, and the one that leaves both rests equally long.
    fn resume(&mut self, i: usize, o: usize) -> Option<(usize, usize)> {
        let (index, runs) =
            self.search.take().unwrap_or_else(|| (Index::of(self.input), hashes(self.output)));
        let mut best: Option<Meeting> = None;
        let mut nearest = usize::MAX;
        // How far in the output each shift between the two has been followed already.
        let mut followed = HashMap::new();
        for (ahead, hash) in runs.get(o..).unwrap_or_default().iter().enumerate() {
            if ahead > nearest || o + ahead >= self.output_end {
                break;
            }
            let behind = o + ahead;
            let balanced = (self.input_end + behind).checked_sub(self.output_end);
            for from in [Some(i), Some(i + ahead), balanced.filter(|at| *at >= i)].into_iter().flatten() {
                let Some(at) = index.from(*hash, from).next() else { continue };
                if from != i && at != from {
                    continue;
                }
                let shift = (at + self.output_end).wrapping_sub(behind);
                if followed.get(&shift).is_some_and(|end| behind < *end) {
                    continue;
                }
                let Some(meeting) = self.weigh((i, o), (at, behind)) else { continue };
                followed.insert(shift, behind + meeting.together);
                nearest = nearest.min(meeting.rank.2);
                if best.is_none_or(|best| meeting.rank < best.rank) {
                    best = Some(meeting);
                }
            }
        }
        self.search = Some((index, runs));
        best.map(|best| best.at)
    }

    /// Where both end alike, if the disagreement is too near to the end for a whole run after it.
    fn common_end(&self, i: usize, o: usize) -> Option<(usize, usize)> {
        let frame = |pcm: &'a Pcm, end: usize, back: usize| pcm.span(end - back, end - back + 1);
        let most = self.input_end.saturating_sub(i).min(self.output_end - o).min(RUN);
        let alike = (1..=most)
            .take_while(|back| {
                frame(self.input, self.input_end, *back) == frame(self.output, self.output_end, *back)
            })
            .count();
        (alike > 0).then(|| (self.input_end - alike, self.output_end - alike))
    }

    /// `None` where the hash promised a run that is none.
    fn weigh(&self, from: (usize, usize), at: (usize, usize)) -> Option<Meeting> {
        let together = self.equal_frames(at.0, at.1);
        if together < RUN {
            return None;
        }
        let (i, o) = (at.0 + together, at.1 + together);
        let to_the_end = i >= self.input_end && o >= self.output_end;
        let short_of = if to_the_end { 0 } else { FOLLOW.saturating_sub(o - from.1) };
        let rests = self.input_end.saturating_sub(at.0).abs_diff(self.output_end.saturating_sub(at.1));
        let distance = (at.0 - from.0) + (at.1 - from.1);
        Some(Meeting { at, together, rank: (short_of, rests, distance) })
    }

    /// What the output did between two places: `from` is where it left the input, `to` where it came back.
    fn kind_of(&self, from: (usize, usize), to: (usize, usize)) -> GlitchKind {
        let played = self.output.span(from.1, to.1);
        if played.is_empty() || self.lies_between(from, to) {
            GlitchKind::Dropped
        } else if played.iter().all(|byte| *byte == self.output.silence()) {
            GlitchKind::Silence
        } else if self.played_before(from, to.1) {
            GlitchKind::Repeated
        } else {
            GlitchKind::Corrupt
        }
    }

    /// Whether the output frames are input frames from between those two places, with some missing before and behind.
    fn lies_between(&self, from: (usize, usize), to: (usize, usize)) -> bool {
        let frames = to.1 - from.1;
        let Some((index, runs)) = &self.search else { return false };
        let Some(hash) = runs.get(from.1).filter(|_| frames >= RUN) else { return false };
        let played = self.output.span(from.1, to.1);
        index
            .from(*hash, from.0)
            .take(64)
            .any(|at| at + frames <= to.0 && self.input.span(at, at + frames) == played)
    }

    /// Whether the output frames from `from.1` to `end` are frames that had come out just before, or are a
    /// stretch of the input from before `from.0`.
    fn played_before(&self, from: (usize, usize), end: usize) -> bool {
        let frames = end - from.1;
        let played = self.output.span(from.1, end);
        if from.1 >= frames && self.output.span(from.1 - frames, from.1) == played {
            return true;
        }
        let Some((index, runs)) = &self.search else { return false };
        let Some(hash) = runs.get(from.1).filter(|_| frames >= RUN) else { return false };
        index
            .before(*hash, from.0)
            .take(64)
            .any(|at| at + frames <= self.input.frames() && self.input.span(at, at + frames) == played)
    }
}

/// Silent frames of the output before the input's first frame.
fn lead_in(input: &Pcm, output: &Pcm) -> usize {
    match (sound_start(input), sound_start(output)) {
        (Some(input), Some(output)) => output.saturating_sub(input),
        _ => 0,
    }
}

/// The first frame that is not silent.
fn sound_start(pcm: &Pcm) -> Option<usize> {
    pcm.data.iter().position(|byte| *byte != pcm.silence()).map(|at| at / pcm.frame_bytes())
}

/// One past the last frame that is not silent; 0 where all is silence.
fn sound_end(pcm: &Pcm) -> usize {
    pcm.data.iter().rposition(|byte| *byte != pcm.silence()).map_or(0, |at| at / pcm.frame_bytes() + 1)
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
