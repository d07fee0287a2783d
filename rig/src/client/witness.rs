//! Positions against the sample clock: which of the driver's answers cannot be true.
//!
//! Frames, bytes and times come in as they were observed; nothing here asks the driver anything.

use super::Direction;
use super::errors::Errors;
use super::limits::Limits;
use super::track::Track;

/// One answer of `GetPosition`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Bytes.
    pub(super) play: u64,
    /// Bytes.
    pub(super) write: u64,
    /// What was told at the same time by an interface that knows no buffer, in frames, and how far that may be behind
    /// beyond what a position may; none where nobody asked, or it is not there.
    pub(super) linear: Option<(u64, f64)>,
}

/// How good the positions of a stream were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PositionFigures {
    /// Greatest distance of a position in RUN before the sample clock, and behind it, in frames.
    pub ahead: f64,
    /// See `ahead`.
    pub behind: f64,
    /// What they may be.
    pub ahead_limit: f64,
    /// See `ahead_limit`.
    pub behind_limit: f64,
    /// The most that the device was given at a time, in frames.
    pub transfer: f64,
    /// Positions in RUN.
    pub samples: u64,
    /// Of these those that lay behind the one before.
    pub backward_steps: u64,
    /// How a wrong position could be told from a right one.
    pub judged: Judged,
}

/// See [`PositionFigures::judged`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judged {
    /// By its offset, which no other position has that could be right.
    #[default]
    ByOffset,
    /// Offsets in this buffer cannot be told apart: by the linear position.
    Linear,
    /// Not always: offsets in this buffer cannot be told apart, and there is no linear position.
    InPart,
}

/// Follows the positions of one stream.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    buffer: u64,
    frame: u64,
    limits: Limits,
    track: Track,
    /// The last linear position that was told, in frames.
    linear: u64,
    figures: PositionFigures,
    /// What was wrong.
    pub(super) errors: Errors,
}

impl Witness {
    /// For a buffer of so many bytes, of frames of so many bytes, on a device that moves its own position by
    /// `step_frames` at a time.
    pub(super) fn new(buffer: u64, frame: u64, step_frames: f64, direction: Direction) -> Self {
        Self {
            buffer,
            frame,
            limits: Limits::new(step_frames, direction),
            track: Track::new(buffer),
            linear: 0,
            figures: PositionFigures::default(),
            errors: Errors::default(),
        }
    }

    /// The device was seen to be given so many bytes at a time.
    pub(super) fn saw_transfer(&mut self, bytes: u64) {
        self.limits.saw_transfer(bytes as f64 / self.frame as f64);
    }

    /// Whether a wrong position always has another offset than a right one.
    pub(super) fn tells_offsets_apart(&self) -> bool {
        self.limits.fit_in(self.buffer / self.frame)
    }

    /// What was found.
    pub(super) fn figures(&self) -> PositionFigures {
        PositionFigures {
            ahead_limit: self.limits.ahead(),
            behind_limit: self.limits.behind(),
            transfer: self.limits.transfer(),
            ..self.figures
        }
    }

    /// Positions in RUN.
    pub(super) fn samples(&self) -> u64 {
        self.figures.samples
    }

    /// A position in RUN, with the frames that the sample clock counts. Returns linear frames: as far as
    /// the offset tells, and what was judged.
    pub(super) fn running(&mut self, now: u64, told: Told, clock: f64) -> (f64, f64) {
        self.figures.samples += 1;
        self.figures.judged = match told.linear {
            _ if self.tells_offsets_apart() => self.figures.judged,
            Some(_) if self.figures.judged != Judged::InPart => Judged::Linear,
            _ => Judged::InPart,
        };
        // Where the linear position is judged, the offset only has to go on from the one before.
        let linear = told.linear.is_some() && !self.tells_offsets_apart();
        let furthest = if linear { f64::INFINITY } else { clock + self.limits.ahead() };
        let own = self.follow(now, "in RUN", (told.play, told.write), clock, furthest);
        let ahead = (told.write + self.buffer - told.play % self.buffer) % self.buffer;
        // Where both are the same, all of the buffer may be the hardware's, or nothing.
        let owned = own + ahead as f64 / self.frame as f64;
        if ahead > 0 && self.tells_offsets_apart() && self.limits.leaves_out(owned, clock) {
            let text = format!(
                "in RUN WriteOffset gave away all from frame {owned:.0} on when the sample clock said {clock:.1}"
            );
            self.errors.add(now, "given away", text);
        }
        let frames = told.linear.map_or(own, |(linear, lag)| self.line(now, linear, lag, clock));
        self.figures.ahead = self.figures.ahead.max(frames - clock);
        self.figures.behind = self.figures.behind.max(clock - frames);
        (own, frames)
    }

    /// Two positions in PAUSE with time between them. `clock` stopped when the stream was paused. Returns linear
    /// frames, as far as offsets tell.
    pub(super) fn paused(&mut self, now: u64, when: &str, offsets: (u64, u64), clock: f64) -> f64 {
        self.still(now, when, offsets);
        self.follow(now, when, (offsets.0, offsets.0), clock, clock + self.limits.ahead())
    }

    /// The first position after a sleep, which the stream went into at `stood`, in linear frames: no less than that, and
    /// not as much as half a buffer more. Returns linear frames.
    pub(super) fn woken(&mut self, now: u64, play: u64, stood: f64) -> f64 {
        let half = self.buffer / self.frame / 2;
        let from = stood as u64 * self.frame;
        let reading = self.track.follow(play % self.buffer, (from, from + half * self.frame));
        let frames = reading.linear as f64 / self.frame as f64;
        if reading.back || reading.off {
            let text = format!("after a sleep the position was {frames:.1} frames, and {stood:.1} before it");
            self.errors.add(now, "not continuous", text);
        }
        frames
    }

    /// A position of a stream of mappings, in bytes: the miniport has got so many.
    pub(super) fn mapped(&mut self, now: u64, play: u64, given: u64) {
        if play > given {
            let text = format!("the position was byte {play} when {given} bytes had been mapped");
            self.errors.add(now, "beyond the mappings", text);
        }
    }

    /// A position in RUN of a stream whose device has had nothing to play or to fill: it does not go back. Returns linear
    /// frames, twice.
    pub(super) fn untimed(&mut self, now: u64, play: u64) -> (f64, f64) {
        self.figures.samples += 1;
        self.figures.judged = Judged::InPart;
        let linear = play / self.frame;
        let before = core::mem::replace(&mut self.linear, linear);
        if linear < before {
            self.went_back(now, "in RUN", before, linear);
        }
        (linear as f64, linear as f64)
    }

    /// Two positions of such a stream that stands still. Returns linear frames.
    pub(super) fn stopped_short(&mut self, now: u64, when: &str, offsets: (u64, u64)) -> f64 {
        self.still(now, when, offsets);
        (offsets.0 / self.frame) as f64
    }

    /// Two positions in STOP with time between them.
    pub(super) fn stopped(&mut self, now: u64, when: &str, offsets: (u64, u64)) {
        self.still(now, when, offsets);
        if offsets.0 != 0 {
            let text = format!("{when} the position is byte {} and not 0", offsets.0);
            self.errors.add(now, "not zero in STOP", text);
        }
    }

    fn still(&mut self, now: u64, when: &str, (before, after): (u64, u64)) {
        if before != after {
            let text = format!("{when} the position moved from byte {before} to {after}");
            self.errors.add(now, "not frozen", text);
        }
    }

    /// Takes in a pair of offsets, of a position that is at frame `furthest` at most. Returns linear frames.
    fn follow(&mut self, now: u64, when: &str, (play, write): (u64, u64), clock: f64, furthest: f64) -> f64 {
        for (name, offset) in [("PlayOffset", play), ("WriteOffset", write)] {
            if offset >= self.buffer {
                let text =
                    format!("{when} GetPosition told {name} {offset} in a buffer of {} bytes", self.buffer);
                self.errors.add(now, "beyond the buffer", text);
            }
        }
        let before = self.track.linear() / self.frame;
        let bytes = |frames: f64| (frames * self.frame as f64).max(0.0);
        let low = bytes(clock - self.limits.behind()).ceil() as u64;
        let high = bytes(furthest).floor() as u64;
        let reading = self.track.follow(play % self.buffer, (low, high));
        let frames = reading.linear as f64 / self.frame as f64;
        if reading.back {
            self.went_back(now, when, before, reading.linear / self.frame);
        }
        if reading.off {
            self.off(now, when, frames, clock);
        }
        frames
    }

    /// Takes in a linear position, which may lag by `lag` frames more. Returns it.
    fn line(&mut self, now: u64, linear: u64, lag: f64, clock: f64) -> f64 {
        let before = core::mem::replace(&mut self.linear, linear);
        if linear < before {
            self.went_back(now, "in RUN", before, linear);
        }
        let frames = linear as f64;
        if frames > clock + self.limits.ahead() || frames < clock - self.limits.behind() - lag {
            self.off(now, "in RUN", frames, clock);
        }
        frames
    }

    fn went_back(&mut self, now: u64, when: &str, from: u64, to: u64) {
        self.figures.backward_steps += 1;
        let text = format!("{when} the position went back from frame {from} to {to}");
        self.errors.add(now, "backward", text);
    }

    fn off(&mut self, now: u64, when: &str, frames: f64, clock: f64) {
        let off = frames - clock;
        let (side, limit) =
            if off > 0.0 { ("ahead", self.limits.ahead()) } else { ("behind", self.limits.behind()) };
        let text = format!(
            "{when} the position was {frames:.1} frames when the sample clock said {clock:.1}: {:.1} {side}, where \
             {limit:.1} are allowed",
            off.abs()
        );
        self.errors.add(now, "off", text);
    }
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
