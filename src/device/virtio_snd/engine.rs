//! What one endpoint does with its stream, if it has one.
#![forbid(unsafe_code)]

use super::flow::Flow;
use super::rings::{Rings, ring_of};
use super::slots::{Layout, STATUS_BYTES, Slots};
use super::stream::{Share, Stream};
use crate::device::clock::Pace;
use crate::device::{Direction, Latency, NEVER, Position, Progress, Supplied, Supply};
use crate::platform::pool::PoolBox;
use portcls::{Result, Status};

/// What one endpoint remembers.
pub(crate) struct Engine {
    endpoint: usize,
    /// Its bit where there is one for each.
    bit: u32,
    direction: Direction,
    slots: Slots,
    stream: Option<Stream>,
    /// In place of the stream, one whose sound lies in mappings.
    pub(super) flow: Option<PoolBox<Flow>>,
}

impl Engine {
    /// The engine of `endpoint`, at rest.
    pub(super) fn new(endpoint: usize, direction: Direction, slots: Slots) -> Self {
        let bit = 1_u32.wrapping_shl(endpoint as u32);
        Self { endpoint, bit, direction, slots, stream: None, flow: None }
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
        self.stream = Some(Stream::new(layout, self.is_render(), pace, frequency));
    }

    /// Gives the buffer back; false if the device has a part of it.
    pub(super) fn detach(&mut self, rings: &mut Rings) -> bool {
        rings.drain();
        self.absorb(rings);
        let at_rest = self.is_at_rest();
        self.slots.unpark(rings, self.ring());
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
        if let Some(flow) = &mut self.flow {
            flow.lose(now, started, unreadable);
        }
        if let Some(stream) = &mut self.stream {
            (stream.lost, stream.due) = (true, NEVER);
            // What stood still is submitted again, whole: nobody hears of it.
            stream.failed = stream.failed.wrapping_add(u32::from(started && !stream.feed.is_at_rest()));
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
        let share = self.share();
        let stream = self.stream.as_mut().ok_or(Status::DEVICE_NOT_READY)?;
        self.slots.park(rings, (share.endpoint, share.ring), stream.feed.shape().slots);
        if stopped {
            stream.feed.reset();
            stream.clock.reset();
        }
        if stream.lost {
            stream.clock.start_over(now, stream.feed.completed_frames());
        } else {
            stream.clock.start(now);
        }
        (stream.lost, stream.moved) = (false, now);
        stream.foretell();
        stream.watch_from(now);
        stream.supply(supply);
        stream.plan(now);
        rings.now = now;
        stream.submit(&self.slots, share, rings);
        Ok(())
    }

    /// The device has agreed to that. Until then it gets no more than the beginning: nobody is told yet what is free to
    /// be written anew.
    pub(super) fn began(&mut self, rings: &mut Rings) {
        rings.running |= self.bit;
    }

    /// Stands still from `now` on. The device keeps what it has.
    pub(super) fn halt(&mut self, rings: &mut Rings, now: u64) -> Position {
        rings.running &= !self.bit;
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
    #[inline(always)]
    pub(super) fn hand_over(&mut self, rings: &mut Rings, supply: Supply) {
        let share = self.share();
        let Some(stream) = &mut self.stream else { return };
        stream.supply(supply);
        // Mostly it is one message.
        if stream.feed.has_packet() && stream.send(&self.slots, share, rings) {
            stream.due = NEVER;
            if !stream.feed.has_room() {
                return;
            }
        }
        stream.plan(rings.now);
        stream.submit(&self.slots, share, rings);
    }

    /// Takes in what came back, as of `rings.now`.
    #[inline(never)]
    pub(super) fn absorb(&mut self, rings: &mut Rings) {
        let came = rings.came(self.endpoint);
        if let Some(stream) = &mut self.stream
            && came != 0
        {
            stream.absorb(&self.slots, came, rings.now);
        }
    }

    /// Submits what is due by the clock, as of `rings.now`; nothing if the device is to be looked at, or if the client was
    /// not told yet of all that came back.
    #[inline(always)]
    pub(super) fn supply(&mut self, rings: &mut Rings) -> Supplied {
        let (now, share) = (rings.now, self.share());
        let Some(stream) = &mut self.stream else { return Supplied { any: false, wake: NEVER } };
        if rings.running & share.bit == 0 {
            return Supplied { any: false, wake: NEVER };
        }
        let due = now >= stream.due || stream.is_nearly_due(now);
        let any = due && stream.feed.has_room() && stream.feed.is_told();
        if any {
            // Mostly it is one message.
            if stream.feed.is_just_in_time()
                && stream.clock.step() <= u64::from(stream.feed.shape().frames)
                && stream.send(&self.slots, share, rings)
            {
                stream.plan(now);
            } else {
                stream.submit(&self.slots, share, rings);
            }
        }
        Supplied { any, wake: stream.next_wake(now) }
    }

    /// The end of what the device holds.
    pub(super) fn owned(&self) -> u64 {
        let feed = self.stream.as_ref().map(|stream| &stream.feed);
        feed.map_or(0, |feed| if self.is_render() { feed.submitted_bytes() } else { feed.completed_bytes() })
    }

    /// Takes in what came back and submits what is due, as of `rings.now`. What is to be told of the stream, which runs.
    #[inline(always)]
    pub(super) fn advance(&mut self, rings: &mut Rings) -> Progress {
        let (now, share) = (rings.now, self.share());
        let Some(stream) = &mut self.stream else { return Progress::NONE };
        if rings.running & share.bit == 0 {
            return stream.cut_off(share.bit, rings);
        }
        let came = rings.came(share.endpoint);
        if came != 0 {
            stream.absorb(&self.slots, came, now);
        }
        if now >= stream.due {
            stream.submit(&self.slots, share, rings);
        }
        stream.feed.told();
        let done = stream.feed.completed_bytes();
        let is_odd = *rings.xruns() != 0 || stream.interruptions() != stream.reported || now >= stream.watch;
        let (glitch, troubled) = if is_odd { stream.judge(share.bit, rings) } else { (false, false) };
        Progress { done, troubled, glitch, wake: stream.next_wake(now) }
    }

    /// When a running stream wants to be looked at in any case.
    pub(super) fn next_wake(&self, rings: &Rings) -> u64 {
        match &self.stream {
            Some(stream) if rings.running & self.share().bit != 0 => stream.next_wake(rings.now),
            Some(_) => NEVER,
            None => self.flow.as_ref().map_or(NEVER, |flow| flow.next_wake()),
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

    #[inline(always)]
    fn share(&self) -> Share {
        Share { endpoint: self.endpoint, bit: self.bit, ring: self.ring() }
    }
}
