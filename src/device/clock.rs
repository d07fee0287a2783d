//! The clock of a stream whose device tells of whole messages only.
//!
//! A device returns a message once it is done with all of it, and may do so in coarse steps: QEMU takes 10 ms of sound
//! at a time. Between two returns the count is a straight line over the performance counter:
//!
//! ```text
//!   frames                           /   estimate: the line through the earliest returns
//!     |                         ____/_
//!     |                    ____|  /        A: frames of the messages that came back
//!     |               ____|   / /
//!     |          ____|      / /   <----- what is told where a client may overwrite what was played
//!     |     ____|         / /            (render without packets), and for capture: never beyond A
//!     +-----------------------------> performance counter
//! ```
//!
//! - A return before its time moves the line up at once: the device surely is that far.
//! - The first return after a start moves the line back to a message from it: the device started that much later.
//! - Later returns that come late by less than a message and a step say little: a step of the device, or a DPC that had to
//!   wait. Only the least delay of [`WINDOW`] returns is taken off the line, which follows a device that is slower than
//!   the performance counter.
//! - What is told never runs backwards, stands still in PAUSE, and is zero after STOP.
//!
//! **Error**, against the frames that the device really consumed (or captured), where `step` is what the device moves
//! by at a time, `drift` what it gains or loses within two times [`WINDOW`] returns, and `late` what it moves by while a DPC waits:
//!
//! | told | ahead by | behind by |
//! |---|---|---|
//! | [`Clock::leading`] | `step + drift + late` | `step + drift + late` |
//! | [`Clock::lagging`] | never | `message + step + drift + late` |
//!
//! Until [`WINDOW`] returns have shown how late the device started, the first row is `message` where that is more than
//! `step`.
//!
//! Integers only, and no division but in [`Pace::new`].

/// Returns over which the least delay is looked for.
pub(crate) const WINDOW: u32 = 16;

/// Fractional bits of a frame in the line.
const FRACTION: u32 = 16;
/// Fractional bits of the frames in a tick.
const PER_TICK: u32 = 44;
/// Fractional bits of the ticks in a frame.
const PER_FRAME: u32 = 16;

/// How fast frames go by, in ticks of the performance counter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    per_tick: u64,
    per_frame: u64,
    /// Frames in 10 ms.
    guess: u64,
}

impl Pace {
    /// `rate` frames a second on a counter of `frequency` ticks a second; none where one of them is absurd.
    pub(crate) fn new(rate: u32, frequency: u64) -> Option<Self> {
        let rate = u64::from(rate);
        if rate == 0 || rate >= 1 << 19 || frequency >= 1 << 40 {
            return None;
        }
        let per_tick = rate.wrapping_shl(PER_TICK).checked_div(frequency)?;
        let per_frame = frequency.wrapping_shl(PER_FRAME).div_ceil(rate);
        Some(Self { per_tick, per_frame, guess: rate / 100 })
    }

    /// Fractions of a frame that go by in `ticks`.
    fn frames(&self, ticks: u64) -> u64 {
        let product = u128::from(ticks).wrapping_mul(u128::from(self.per_tick));
        (product >> PER_TICK.wrapping_sub(FRACTION)) as u64
    }

    /// Ticks in which so many fractions of a frame go by.
    fn ticks(&self, frames: u64) -> u64 {
        let product = u128::from(frames).wrapping_mul(u128::from(self.per_frame));
        (product >> PER_FRAME.wrapping_add(FRACTION)) as u64
    }
}

/// A count of frames since STOP, between returns and at them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pace: Pace,
    /// Frames of a message.
    message: u64,
    running: bool,
    /// The line goes through `base` (fractions of a frame) at `at` (ticks).
    at: u64,
    base: u64,
    /// Frames of the messages that came back.
    completed: u64,
    told: u64,
    /// Nothing came back since the last start.
    first: bool,
    /// What was foretold of it holds no more.
    moved: bool,
    /// Returns in this window, and the least that the line was ahead at one of them.
    returns: u32,
    slack: u64,
    /// Most frames that came back at once, in this window and in the one before.
    batch: u64,
    batch_before: u64,
    /// What is assumed before the first window is over; then 0.
    guess: u64,
    /// What the device moves by at a time, rather too much than too little: the greatest of the last three.
    step: u64,
    /// A message and a step.
    span: u64,
    /// The furthest that the device can be without the next message coming back.
    reach: u64,
}

impl Clock {
    /// A clock at zero for messages of `message` frames.
    pub(crate) const fn new(pace: Pace, message: u32) -> Self {
        let message = message as u64;
        let span = message.wrapping_add(pace.guess);
        Self {
            pace,
            message,
            running: false,
            at: 0,
            base: 0,
            completed: 0,
            told: 0,
            first: true,
            moved: true,
            returns: 0,
            slack: u64::MAX,
            batch: 0,
            batch_before: 0,
            guess: pace.guess,
            step: pace.guess,
            span,
            reach: span,
        }
    }

    /// Back to zero, as STOP demands. What is known of the device's step stays.
    pub(crate) fn reset(&mut self) {
        let (batch_before, guess) = (self.shown(), self.guess);
        *self = Self { batch_before, guess, ..Self::new(self.pace, self.message_frames()) };
        self.measure();
    }

    /// Frames of a message.
    pub(crate) fn message_frames(&self) -> u32 {
        self.message as u32
    }

    /// Goes on from where the clock stands.
    pub(crate) fn start(&mut self, now: u64) {
        self.begin(now, self.base.max(fixed(self.completed)));
    }

    /// Goes on from frame `completed`: what came before it will not come back any more.
    pub(crate) fn start_over(&mut self, now: u64, completed: u64) {
        self.complete(completed);
        self.begin(now, fixed(completed));
    }

    /// Stands still.
    pub(crate) fn stop(&mut self, now: u64) {
        if self.running {
            self.base = self.line(now).clamp(fixed(self.completed), fixed(self.reach));
            self.running = false;
        }
    }

    /// Takes in that `completed` frames in all came back by `now`.
    #[inline(always)]
    pub(crate) fn returned(&mut self, now: u64, completed: u64) {
        if completed <= self.completed {
            return;
        }
        let batch = completed.wrapping_sub(self.completed);
        self.complete(completed);
        if batch > self.batch {
            self.batch = batch;
            self.measure();
        }
        if !self.running {
            return;
        }
        let line = self.line(now);
        let least = fixed(completed);
        let most = if self.first { self.first_reach() } else { fixed(self.reach) };
        let bounded = line.min(most).max(least);
        if line != bounded {
            (self.at, self.base) = (now, bounded);
            // Less than a frame either way is no news.
            if line.wrapping_sub(bounded).wrapping_add(fixed(1)) > fixed(2) {
                self.moved();
            }
        }
        self.slack = self.slack.min(bounded.wrapping_sub(least));
        self.returns = self.returns.wrapping_add(1);
        if self.returns >= WINDOW {
            self.end_window(now, bounded);
        }
    }

    /// What was foretold since this was last asked may hold no more: the line has moved by a frame or more, or the step is
    /// another one.
    #[inline(always)]
    pub(crate) fn has_moved(&mut self) -> bool {
        let moved = self.moved;
        if moved {
            self.moved = false;
        }
        moved
    }

    /// What the device moves by at a time, rather too much than too little.
    pub(crate) fn step(&self) -> u64 {
        self.step
    }

    /// The same as far as it has shown.
    fn shown(&self) -> u64 {
        self.batch.max(self.batch_before)
    }

    /// Ticks in which so many frames go by.
    pub(crate) fn ticks_of(&self, frames: u64) -> u64 {
        self.pace.ticks(fixed(frames))
    }

    /// Frames that the device may have consumed by `now`, rather too many than too few.
    pub(crate) fn consumed(&self, now: u64) -> u64 {
        if self.running { (self.line(now) >> FRACTION).min(self.reach) } else { self.base >> FRACTION }
    }

    /// When [`Clock::consumed`] reaches `frame`; none where it cannot before the next return, or at all.
    pub(crate) fn reaches(&self, frame: u64) -> Option<u64> {
        (self.running && self.is_within_reach(frame)).then(|| self.foretells(frame))
    }

    /// When [`Clock::consumed`] reaches `frame` if it runs, and returns come as they did.
    #[inline(always)]
    pub(crate) fn foretells(&self, frame: u64) -> u64 {
        let ahead = fixed(frame).saturating_sub(self.base);
        if ahead == 0 {
            return self.at;
        }
        self.at.wrapping_add(self.pace.ticks(ahead)).wrapping_add(2)
    }

    /// The device can be at `frame` without the next message coming back.
    #[inline]
    pub(crate) fn is_within_reach(&self, frame: u64) -> bool {
        frame <= self.reach
    }

    /// When `frame`, of the past or of the future, is consumed or captured by the line.
    pub(crate) fn time_of(&self, frame: u64) -> u64 {
        let frame = fixed(frame);
        if frame >= self.base {
            self.at.saturating_add(self.pace.ticks(frame.wrapping_sub(self.base)))
        } else {
            self.at.saturating_sub(self.pace.ticks(self.base.wrapping_sub(frame)))
        }
    }

    /// The position as it is heard, where the device holds `submitted` frames in all: for clients that hand over
    /// packets.
    pub(crate) fn leading(&mut self, now: u64, submitted: u64) -> u64 {
        if self.running {
            let most = self.completed.wrapping_add(self.message.max(self.shown())).min(submitted);
            self.told = self.told.max((self.line(now) >> FRACTION).min(most));
        }
        self.told
    }

    /// The position up to which the device surely is done: what lies before it may be overwritten, or read.
    pub(crate) fn lagging(&mut self, now: u64) -> u64 {
        if self.running {
            let line = (self.line(now) >> FRACTION).saturating_sub(self.message);
            self.told = self.told.max(line.min(self.completed));
        }
        self.told
    }

    fn begin(&mut self, now: u64, base: u64) {
        (self.at, self.base, self.running, self.first, self.moved) = (now, base, true, true, true);
        self.begin_window();
    }

    fn begin_window(&mut self) {
        (self.returns, self.slack) = (0, u64::MAX);
    }

    /// How far the device is at most at the first return after a start.
    #[cold]
    fn first_reach(&mut self) -> u64 {
        self.first = false;
        fixed(self.completed.wrapping_add(self.message))
    }

    #[cold]
    fn moved(&mut self) {
        self.moved = true;
    }

    /// The line was at `line` when the last return of a window came, at `now`.
    #[cold]
    #[inline(never)]
    fn end_window(&mut self, now: u64, line: u64) {
        (self.at, self.base) = (now, line.saturating_sub(self.slack));
        self.begin_window();
        self.batch_before = self.batch;
        (self.batch, self.guess) = (0, 0);
        self.measure();
    }

    /// What is known of the step has changed.
    #[cold]
    #[inline(never)]
    fn measure(&mut self) {
        self.step = self.shown().max(self.guess);
        self.span = self.message.wrapping_add(self.step);
        self.complete(self.completed);
        self.moved = true;
    }

    /// So many frames came back.
    fn complete(&mut self, completed: u64) {
        self.completed = completed;
        self.reach = completed.wrapping_add(self.span);
    }

    fn line(&self, now: u64) -> u64 {
        // A reading of the counter that is older than the anchor, taken on another processor, counts as the anchor's.
        let ticks = if now.wrapping_sub(self.at).cast_signed() < 0 { 0 } else { now.wrapping_sub(self.at) };
        self.base.wrapping_add(self.pace.frames(ticks))
    }
}

/// Whole frames as fractions.
const fn fixed(frames: u64) -> u64 {
    frames.wrapping_shl(FRACTION)
}
