//! One PCM stream: the state machine of 5.14.6.6.1, the messages that wait, and the sound that moves.

use std::collections::VecDeque;

use super::memory::Memory;
use super::message::Message;
use super::options;
use super::options::Pace;
use super::source;
use super::wire;

/// Where the stream is in the life of 5.14.6.6.1: the last command that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// None yet.
    Fresh,
    /// `SET_PARAMS`.
    Set,
    /// `PREPARE`.
    Prepared,
    /// `START`.
    Running,
    /// `STOP`.
    Stopped,
    /// `RELEASE`.
    Released,
}

impl State {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Set => "set",
            Self::Prepared => "prepared",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Released => "released",
        }
    }

    /// The state after a command; `None` where the specification has no such transition.
    #[must_use]
    pub fn after(self, code: u32) -> Option<Self> {
        use State::Fresh;
        use State::Prepared;
        use State::Released;
        use State::Running;
        use State::Set;
        use State::Stopped;
        match (self, code) {
            (Fresh | Set | Prepared | Released, wire::R_PCM_SET_PARAMS) => Some(Set),
            (Set | Prepared | Released, wire::R_PCM_PREPARE) => Some(Prepared),
            (Prepared | Stopped, wire::R_PCM_START) => Some(Running),
            (Running, wire::R_PCM_STOP) => Some(Stopped),
            (Prepared | Stopped, wire::R_PCM_RELEASE) => Some(Released),
            _ => None,
        }
    }
}

/// What `SET_PARAMS` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Bytes of the buffer, and of a message.
    pub buffer_bytes: u32,
    /// See `buffer_bytes`.
    pub period_bytes: u32,
    /// `VIRTIO_SND_PCM_F_*`, as a mask.
    pub features: u32,
    /// Channels.
    pub channels: u8,
    /// `VIRTIO_SND_PCM_FMT_*`.
    pub format: u8,
    /// Frames a second.
    pub rate: u32,
}

impl Params {
    /// Bytes of a frame.
    #[must_use]
    pub fn frame(&self) -> u32 {
        wire::sample_bytes(self.format).unwrap_or(1) * u32::from(self.channels)
    }
}

/// What the device itself knows of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Frames of the device's sample clock since PREPARE, in RUN: what a perfect position would say.
    pub clock: u64,
    /// Frames moved at steps since PREPARE, missing ones included.
    pub moved: u64,
    /// Bytes of messages that were returned since PREPARE.
    pub returned: u64,
    /// Bytes of messages that the device holds.
    pub held: u64,
    /// Bytes of the largest message, since power-on.
    pub largest: u64,
    /// Frames of silence in place of sound, or of sound that was lost, since power-on.
    pub missing: u64,
    /// Times that began.
    pub xruns: u64,
    /// Bytes that somebody changed while the device held them, since power-on.
    pub changed: u64,
    /// Whether the stream runs.
    pub running: bool,
}

/// The stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub options: options::Stream,
    number: usize,
    pub state: State,
    pub params: Option<Params>,
    pub queue: VecDeque<Message>,
    /// When START was, and the frames of the clock before it.
    started: (u64, u64),
    /// Where the sample clock stood when it was stopped, frames.
    stopped_at: f64,
    pub truth: Truth,
    /// Taken ahead.
    ahead: VecDeque<u8>,
    /// Whether an underrun or overrun is going on.
    starving: bool,
    /// What was played since it was fetched.
    pub heard: Vec<u8>,
    /// What was recorded: bytes since power-on.
    recorded: u64,
}

/// What a step has led to.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub finished: Vec<Message>,
    pub xrun: bool,
}

impl Stream {
    pub(super) fn new(number: usize, options: options::Stream) -> Self {
        Self {
            options,
            number,
            state: State::Fresh,
            params: None,
            queue: VecDeque::new(),
            started: (0, 0),
            stopped_at: 0.0,
            truth: Truth::default(),
            ahead: VecDeque::new(),
            starving: false,
            heard: Vec::new(),
            recorded: 0,
        }
    }

    /// As after power-on, but for what the books say, and the messages, if they are to stay.
    pub(super) fn reset(&mut self, keep: bool) {
        self.state = State::Fresh;
        self.params = None;
        self.truth.running = false;
        self.ahead.clear();
        if keep {
            self.queue.iter_mut().for_each(|message| message.is_old = true);
        } else {
            self.queue.clear();
        }
    }

    /// Changes the state, with what that means for the clock.
    pub(super) fn enter(&mut self, state: State, now: u64, pace: &Pace) {
        // What the last step has cut off was still heard.
        self.stopped_at = if state == State::Prepared { 0.0 } else { self.exact_clock(now, pace) };
        match state {
            State::Prepared => {
                (self.truth.clock, self.truth.moved, self.truth.returned) = (0, 0, 0);
                self.starving = false;
                self.ahead.clear();
            }
            State::Running => self.started = (now, self.truth.moved),
            State::Released => self.ahead.clear(),
            _ => {}
        }
        self.truth.running = state == State::Running;
        self.state = state;
    }

    /// The books, with the clock as it is at `now`.
    pub(super) fn books(&self, now: u64, pace: &Pace) -> Truth {
        let held = self.queue.iter().map(Message::left).sum();
        Truth { clock: self.clock(now, pace), held, ..self.truth }
    }

    fn clock(&self, now: u64, pace: &Pace) -> u64 {
        match self.params {
            Some(params) if self.truth.running => {
                self.started.1 + pace.frames(params.rate, now.saturating_sub(self.started.0))
            }
            _ => self.truth.moved,
        }
    }

    /// The same, with parts of frames.
    pub(super) fn exact_clock(&self, now: u64, pace: &Pace) -> f64 {
        match self.params {
            Some(params) if self.truth.running => {
                let nanoseconds = now.saturating_sub(self.started.0) as f64;
                let drift = 1.0 + f64::from(pace.drift_ppm) / 1e6;
                self.started.1 as f64 + nanoseconds * f64::from(params.rate) * drift / 1e9
            }
            _ => self.stopped_at,
        }
    }

    /// Moves what is due at `now`.
    pub(super) fn step(&mut self, now: u64, pace: &Pace, memory: &Memory, how: &How<'_>) -> Moved {
        let mut moved = Moved::default();
        let Some(params) = self.params.filter(|_| self.truth.running) else { return moved };
        let clock = self.clock(now, pace);
        let frames = clock - self.truth.moved;
        self.truth.moved = clock;
        let wanted = frames * u64::from(params.frame());
        let missing = if self.options.is_output {
            self.play(wanted, memory, how, &mut moved)
        } else {
            self.record(wanted, memory, how, &mut moved)
        };
        self.account(missing / u64::from(params.frame()), params, &mut moved);
        moved
    }

    /// All messages that wait, at this instant.
    pub(super) fn burst(&mut self, memory: &Memory, how: &How<'_>) -> Moved {
        let mut moved = Moved::default();
        let Some(params) = self.params.filter(|_| self.truth.running) else { return moved };
        let bytes = self.queue.iter().map(Message::left).sum();
        if self.options.is_output {
            self.play(bytes, memory, how, &mut moved);
        } else {
            self.record(bytes, memory, how, &mut moved);
        }
        // The sample clock has made a leap.
        let frames = bytes / u64::from(params.frame());
        self.truth.moved += frames;
        self.started.1 += frames;
        moved
    }

    fn account(&mut self, missing: u64, params: Params, moved: &mut Moved) {
        self.truth.missing += missing;
        let begins = missing > 0 && !self.starving;
        self.starving = missing > 0;
        if begins {
            self.truth.xruns += 1;
            moved.xrun = params.features & wire::PCM_F_EVT_XRUNS != 0;
        }
    }

    /// Plays; bytes that were not there.
    fn play(&mut self, wanted: u64, memory: &Memory, how: &How<'_>, moved: &mut Moved) -> u64 {
        let mut sound = Vec::new();
        let stored = wanted.min(self.ahead.len() as u64);
        sound.extend(self.ahead.drain(..stored as usize));
        self.take(wanted - stored, memory, how, &mut sound, moved);
        let missing = wanted - sound.len() as u64;
        let quiet = self.params.map_or(0, |params| wire::silence(params.format));
        sound.resize(wanted as usize, quiet);
        self.heard.extend(sound);
        self.run_ahead(memory, how, moved);
        missing
    }

    /// Takes ahead of the sample clock what there is room for.
    pub(super) fn run_ahead(&mut self, memory: &Memory, how: &How<'_>, moved: &mut Moved) {
        let Some(params) = self.params.filter(|_| self.options.is_output && self.truth.running) else {
            return;
        };
        let room = (how.ahead_frames as usize * params.frame() as usize).saturating_sub(self.ahead.len());
        let mut sound = Vec::new();
        self.take(room as u64, memory, how, &mut sound, moved);
        self.ahead.extend(sound);
    }

    fn take(&mut self, wanted: u64, memory: &Memory, how: &How<'_>, into: &mut Vec<u8>, moved: &mut Moved) {
        let mut left = wanted;
        while left > 0 {
            let Some(message) = self.queue.front_mut() else { return };
            let before = message.done;
            self.truth.changed += message.take(memory, left.min(message.left()), how.as_it_plays, into);
            left -= message.done - before;
            if message.left() == 0 {
                self.truth.returned += message.bytes;
                moved.finished.extend(self.queue.pop_front());
            } else if message.done == before {
                return;
            }
        }
    }

    /// Records; bytes for which there was no room.
    fn record(&mut self, wanted: u64, memory: &Memory, how: &How<'_>, moved: &mut Moved) -> u64 {
        let mut left = wanted;
        while left > 0 {
            let Some(message) = self.queue.front_mut() else { break };
            let now = left.min(message.left());
            let sound: Vec<u8> =
                (self.recorded..self.recorded + now).map(|at| how.hear(self.number, at)).collect();
            message.fill(memory, &sound);
            self.recorded += now;
            left -= now;
            if message.left() == 0 {
                self.truth.returned += message.bytes;
                moved.finished.extend(self.queue.pop_front());
            }
        }
        self.recorded += left;
        left
    }
}

/// How a device moves sound, beyond its pace.
#[derive(Clone, Copy, Debug)]
pub(super) struct How<'a> {
    pub as_it_plays: bool,
    pub ahead_frames: u32,
    pub capture: &'a [u8],
}

impl How<'_> {
    /// What the input hears: byte number `at`.
    fn hear(&self, stream: usize, at: u64) -> u8 {
        if self.capture.is_empty() {
            source::sample(stream, at)
        } else {
            self.capture.get(at as usize).copied().unwrap_or(0)
        }
    }
}
