//! One stream of the device: its messages, and its clock.
#![forbid(unsafe_code)]

use super::feed::Feed;
use super::rings::{Rings, ring_of, token};
use super::slots::{Layout, STATUS_BYTES, Slots};
use super::wire::status;
use crate::device::clock::{Clock, Pace};
use crate::device::{Direction, Latency, NEVER, Position, Progress, Supply};
use portcls::{Result, Status};

/// What one endpoint remembers.
pub(crate) struct Engine {
    endpoint: usize,
    direction: Direction,
    slots: Slots,
    stream: Option<Stream>,
}

/// A stream that has a buffer.
struct Stream {
    layout: Layout,
    frame: u32,
    feed: Feed,
    clock: Clock,
    /// Ticks of the performance counter in a millisecond.
    millisecond: u64,
    /// When something last came back, or the stream was started.
    moved: u64,
    /// When the stream was last looked at.
    looked: u64,
    /// When the next message is due; [`NEVER`] where that depends on others than the clock.
    due: u64,
    /// When the device is to be looked at though it has told nothing.
    watch: u64,
    /// How long it may tell nothing where it moves by so many frames at a time: these, and the time.
    wait: (u64, u64),
    /// The device lost what it had.
    lost: bool,
    /// Nothing goes to the device, which is being started over: it is no use to look at it.
    cut_off: bool,
    /// Interruptions of the sound that were reported.
    reported: u32,
    /// Messages that the device could not play or record, and times that it lost some.
    failed: u32,
}

/// A device that has something to do and says nothing for so long is looked at, in milliseconds.
const PATIENCE: u64 = 500;

/// A wake-up is at least so far ahead, in fractions of a millisecond: a client that was told a moment ago gets that
/// much time.
const LEAST: u64 = 8;

impl Engine {
    /// The engine of `endpoint`, at rest.
    pub(super) fn new(endpoint: usize, direction: Direction, slots: Slots) -> Self {
        Self { endpoint, direction, slots, stream: None }
    }

    /// Its number.
    pub(super) fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// Number of the queue that its messages go through.
    pub(super) fn ring(&self) -> usize {
        ring_of(self.is_render())
    }

    fn is_render(&self) -> bool {
        self.direction == Direction::Render
    }

    /// Takes a buffer. The device has nothing of the stream.
    pub(super) fn attach(&mut self, rings: &mut Rings, layout: Layout, frequency: u64) {
        self.slots.lay_out(&layout);
        let Some(pace) = Pace::new(layout.format.rate, frequency) else { return };
        let written = if self.is_render() { 0 } else { layout.shape.message };
        rings.expect(self.endpoint, written.wrapping_add(STATUS_BYTES));
        self.stream = Some(Stream {
            frame: layout.format.frame_bytes(),
            feed: Feed::new(layout.shape, self.is_render()),
            clock: Clock::new(pace, layout.shape.frames),
            millisecond: frequency / 1000,
            moved: 0,
            looked: 0,
            due: NEVER,
            watch: NEVER,
            wait: (0, 0),
            lost: false,
            cut_off: false,
            reported: 0,
            failed: 0,
            layout,
        });
    }

    /// Gives the buffer back; false if the device has a part of it.
    pub(super) fn detach(&mut self, rings: &mut Rings) -> bool {
        rings.drain();
        self.absorb(rings);
        let at_rest = self.is_at_rest();
        self.stream = None;
        at_rest
    }

    /// The device has nothing of the stream.
    pub(super) fn is_at_rest(&self) -> bool {
        self.stream.as_ref().is_none_or(|stream| stream.feed.is_at_rest())
    }

    /// The device was reset: what it had is lost. Until `now` it may have played some of that, if it was `started`; also
    /// more than it gave back, if what it gave back is `unreadable`.
    pub(super) fn lose(&mut self, now: u64, started: bool, unreadable: bool) {
        if let Some(stream) = &mut self.stream {
            (stream.lost, stream.due) = (true, NEVER);
            stream.failed = stream.failed.wrapping_add(u32::from(!stream.feed.is_at_rest()));
            // It is in the middle of a message, however short a time ago the last one came back.
            let margin = if unreadable { stream.feed.shape().frames } else { 0 };
            let next = stream.feed.completed_frames().wrapping_add(1);
            let heard = stream.clock.consumed(now).wrapping_add(margin.into()).max(next);
            stream.feed.lose(if started { heard } else { 0 });
        }
    }

    /// Goes on at `now`, or starts at zero if the client has stopped the stream.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` without a buffer.
    pub(super) fn start(&mut self, rings: &mut Rings, now: u64, stopped: bool, supply: Supply) -> Result {
        rings.drain();
        self.absorb(rings);
        let stream = self.stream.as_mut().ok_or(Status::DEVICE_NOT_READY)?;
        if stopped {
            stream.feed.reset();
            stream.clock.reset();
        }
        if stream.lost {
            stream.clock.start_over(now, stream.feed.completed_frames());
        } else {
            stream.clock.start(now);
        }
        (stream.lost, stream.cut_off, stream.moved) = (false, false, now);
        stream.watch_from(now);
        stream.supply(supply);
        stream.plan();
        rings.now = now;
        self.submit(rings);
        Ok(())
    }

    /// The device has agreed to that. Until then it gets no more than the beginning: nobody is told yet what is free to
    /// be written anew.
    pub(super) fn began(&mut self, rings: &mut Rings) {
        rings.running |= self.bit();
    }

    /// Stands still from `now` on. The device keeps what it has.
    pub(super) fn halt(&mut self, rings: &mut Rings, now: u64) -> Position {
        rings.running &= !self.bit();
        let position = self.position(rings, now);
        if let Some(stream) = &mut self.stream {
            stream.clock.stop(now);
        }
        position
    }

    /// Where the stream is at `now`.
    pub(super) fn position(&mut self, rings: &mut Rings, now: u64) -> Position {
        rings.drain();
        rings.now = now;
        self.absorb(rings);
        let render = self.is_render();
        let Some(stream) = &mut self.stream else { return Position::default() };
        let frames = if render && stream.feed.by_packets() {
            stream.clock.leading(now, stream.feed.submitted_frames())
        } else if render {
            // What the device has is never more than a lap: else play and write offset could not be told apart.
            let lap = u64::from(stream.feed.shape().lap_frames());
            stream.clock.lagging(now).max(stream.feed.submitted_frames().saturating_sub(lap))
        } else {
            stream.clock.lagging(now)
        };
        let done = stream.feed.completed_bytes();
        let clock = frames.wrapping_mul(u64::from(stream.frame));
        Position { clock, owned: if render { stream.feed.submitted_bytes() } else { done }, done }
    }

    /// The client has handed over something.
    pub(super) fn hand_over(&mut self, rings: &mut Rings, supply: Supply) {
        if let Some(stream) = &mut self.stream {
            stream.supply(supply);
            stream.plan();
        }
        self.submit(rings);
    }

    /// Takes in what came back, as of `rings.now`.
    #[inline(always)]
    pub(super) fn absorb(&mut self, rings: &mut Rings) {
        let came = rings.came(self.endpoint);
        if came == 0 {
            return;
        }
        let Some(stream) = &mut self.stream else { return };
        let mut left = came;
        while left != 0 {
            let slot = left.trailing_zeros() as u8;
            left &= left.wrapping_sub(1);
            if self.slots.status(slot) != status::OK {
                stream.failed = stream.failed.wrapping_add(1);
            }
        }
        stream.feed.returned(came);
        stream.moved = rings.now;
        stream.clock.returned(rings.now, stream.feed.completed_frames());
        stream.plan();
        stream.watch_from(rings.now);
    }

    /// Submits what is due, as of `rings.now`; it goes out with the next kick.
    fn submit(&mut self, rings: &mut Rings) {
        let ring = self.ring();
        let Some(stream) = &mut self.stream else { return };
        if rings.now >= stream.due {
            stream.feed.begin(stream.clock.step());
        }
        for _ in 0..rings.room(ring, MOST_ENTRIES) {
            let Some(message) = stream.feed.next() else { break };
            let table = self.slots.table_of(&stream.layout, message);
            rings.add(ring, &self.slots, table, token(self.endpoint, message.slot));
        }
        stream.plan();
    }

    /// Submits what is due by the clock, as of `rings.now`; false if nothing is, if the device is to be looked at, or if
    /// the client was not told yet of all that came back.
    pub(super) fn supply(&mut self, rings: &mut Rings) -> bool {
        let now = rings.now;
        let due = |stream: &Stream| now >= stream.due && now < stream.watch && stream.feed.is_told();
        if rings.running & self.bit() == 0 || !self.stream.as_ref().is_some_and(due) {
            return false;
        }
        self.submit(rings);
        if let Some(stream) = &mut self.stream {
            stream.looked = now;
        }
        true
    }

    /// The end of what the device holds.
    pub(super) fn owned(&self) -> u64 {
        let feed = self.stream.as_ref().map(|stream| &stream.feed);
        feed.map_or(0, |feed| if self.is_render() { feed.submitted_bytes() } else { feed.completed_bytes() })
    }

    /// Takes in what came back and submits what is due, as of `rings.now`. What is to be told of the stream, which runs.
    pub(super) fn advance(&mut self, rings: &mut Rings) -> Progress {
        let bit = self.bit();
        let cut_off = rings.running & bit == 0;
        if !cut_off {
            self.absorb(rings);
            if self.stream.as_ref().is_some_and(|stream| rings.now >= stream.due) {
                self.submit(rings);
            }
        }
        let xrun = rings.xruns & bit != 0;
        rings.xruns &= !bit;
        let Some(stream) = &mut self.stream else { return Progress::default() };
        stream.feed.told();
        (stream.looked, stream.cut_off) = (rings.now, cut_off);
        let interruptions = stream.feed.missed().wrapping_add(stream.failed);
        let glitch = xrun || interruptions != stream.reported;
        stream.reported = interruptions;
        let silent = rings.now >= stream.watch && stream.is_silent(rings.now);
        Progress { done: stream.feed.completed_bytes(), troubled: silent || rings.is_broken(), glitch }
    }

    /// When a running stream wants to be looked at in any case.
    pub(super) fn next_wake(&self) -> u64 {
        match &self.stream {
            Some(stream) if !stream.cut_off => {
                let least = stream.looked.wrapping_add(stream.millisecond / LEAST);
                stream.due.max(least).min(stream.watch)
            }
            _ => NEVER,
        }
    }

    /// The performance counter when byte `linear` was recorded.
    pub(super) fn time_of(&self, linear: u64) -> Option<u64> {
        let stream = self.stream.as_ref()?;
        Some(stream.clock.time_of(linear.checked_div(u64::from(stream.frame))?))
    }

    /// How long sound is under way: what is handed to the device before it is played.
    pub(super) fn latency(&self) -> Latency {
        let lead = self.stream.as_ref().map_or(0, |stream| {
            let shape = stream.feed.shape();
            let lead = shape.message.saturating_mul(2).saturating_add(shape.low.saturating_mul(stream.frame));
            lead.min(shape.lap_frames().saturating_mul(stream.frame))
        });
        Latency { fifo: lead, codec: 0 }
    }

    fn bit(&self) -> u32 {
        1_u32.wrapping_shl(self.endpoint as u32)
    }
}

/// Entries of the longest table.
const MOST_ENTRIES: u16 = 40;

impl Stream {
    fn supply(&mut self, supply: Supply) {
        match supply {
            Supply::JustInTime => self.feed.just_in_time(),
            Supply::Packets { upto, ended } => self.feed.hand_over(upto, ended),
        }
    }

    /// Works out when the next message is due.
    fn plan(&mut self) {
        self.due = match self.feed.due() {
            Some(frame) => self.clock.reaches(frame).unwrap_or(NEVER),
            None => NEVER,
        };
    }

    /// Something came back, or was looked for in vain, at `from`. The device is to be looked at though it tells nothing,
    /// for an interrupt may be lost, when half as much time again has passed as it takes a chunk, or a step of the
    /// device, to go by; and when [`PATIENCE`] is over.
    fn watch_from(&mut self, from: u64) {
        let step = self.clock.step();
        if self.wait.0 != step {
            let frames = u64::from(self.feed.shape().frames).max(step);
            let ticks = self.clock.ticks_of(frames.wrapping_add(frames >> 1));
            self.wait = (step, ticks.wrapping_add(self.millisecond));
        }
        let patience = self.moved.wrapping_add(self.patience()).wrapping_add(1);
        self.watch = from.wrapping_add(self.wait.1).min(patience);
    }

    /// Nothing came back for long. Whether that is too long; once is enough until it has been looked at.
    #[cold]
    fn is_silent(&mut self, now: u64) -> bool {
        let silent = now.wrapping_sub(self.moved) > self.patience();
        if silent {
            self.moved = now;
        }
        self.watch_from(now);
        silent
    }

    fn patience(&self) -> u64 {
        self.millisecond.wrapping_mul(PATIENCE)
    }
}
