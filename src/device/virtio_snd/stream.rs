//! One stream of the device: its messages, and its clock.
//!
//! What is done once a period is kept apart from what is rare: a message that is sound has a place of its own in the queue,
//! and comes back in its turn; anything else is out of line.
#![forbid(unsafe_code)]

use super::feed::Feed;
use super::rings::{Rings, token};
use super::slots::{Layout, Slots};
use super::wire::status;
use crate::device::clock::{Clock, Pace};
use crate::device::{NEVER, Progress, Supply};

/// A stream that has a buffer.
pub(super) struct Stream {
    layout: Layout,
    pub(super) frame: u32,
    pub(super) feed: Feed,
    pub(super) clock: Clock,
    /// Ticks of the performance counter in a millisecond.
    millisecond: u64,
    /// How far ahead a wake-up is at least, in ticks.
    least: u64,
    /// When something last came back, or the stream was started.
    pub(super) moved: u64,
    /// When the next message is due; [`NEVER`] where that depends on others than the clock.
    pub(super) due: u64,
    /// When the device is to be looked at though it has told nothing.
    pub(super) watch: u64,
    /// How long it may tell nothing.
    wait: u64,
    /// The device lost what it had.
    pub(super) lost: bool,
    /// Interruptions of the sound that were reported.
    pub(super) reported: u32,
    /// Messages that the device could not play or record, and times that it lost some.
    pub(super) failed: u32,
}

/// What of the rings is an engine's.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) endpoint: usize,
    pub(super) bit: u32,
    pub(super) ring: usize,
}

/// A device that has something to do and says nothing for so long is looked at, in milliseconds.
const PATIENCE: u64 = 500;

/// A wake-up is at least so far ahead, in parts of a second: a client that was told a moment ago gets that much time.
const LEAST: u64 = 8000;

/// Entries of the longest table.
const MOST_ENTRIES: u16 = 40;

impl Stream {
    /// A stream at zero that goes through `layout`, of which the device has nothing.
    pub(super) fn new(layout: Layout, render: bool, pace: Pace, frequency: u64) -> Self {
        Self {
            frame: layout.format.frame_bytes(),
            feed: Feed::new(layout.shape, render),
            clock: Clock::new(pace, layout.shape.frames),
            millisecond: frequency / 1000,
            least: frequency / LEAST,
            moved: 0,
            due: NEVER,
            watch: NEVER,
            wait: 0,
            lost: false,
            reported: 0,
            failed: 0,
            layout,
        }
    }

    /// Takes in what came back by `now`, a bit a slot.
    #[inline(always)]
    pub(super) fn absorb(&mut self, slots: &Slots, came: u32, now: u64) {
        // Mostly it is the one that is expected.
        match self.feed.expected(came) {
            Some(slot) if slots.status(slot) == status::OK => self.feed.returned_as_expected(came),
            _ => self.absorb_any(slots, came),
        }
        self.moved = now;
        self.clock.returned(now, self.feed.completed_frames());
        if self.clock.has_moved() {
            self.foretell();
        }
        self.watch_from(now);
        if self.due == NEVER && !self.feed.awaits_packet() {
            self.plan(now);
        }
    }

    /// Whatever came back, and however that went.
    #[cold]
    #[inline(never)]
    fn absorb_any(&mut self, slots: &Slots, came: u32) {
        let mut left = came;
        while left != 0 {
            let slot = left.trailing_zeros() as u8;
            left &= left.wrapping_sub(1);
            if slots.status(slot) != status::OK {
                self.failed = self.failed.wrapping_add(1);
            }
        }
        self.feed.returned(came);
    }

    /// Submits what is due, as of `rings.now`; it goes out with the next kick.
    #[inline(never)]
    pub(super) fn submit(&mut self, slots: &Slots, share: Share, rings: &mut Rings) {
        if rings.now >= self.due && self.feed.by_clock() {
            self.feed.begin(self.clock.step());
        }
        while let Some(outlet) = rings.outlet(share.ring, MOST_ENTRIES) {
            let Some(message) = self.feed.next() else { break };
            let table = slots.table_of(&self.layout, message);
            outlet.add(slots.memory(), table, token(share.endpoint, message.slot));
        }
        self.plan(rings.now);
    }

    /// Submits the next message, which is sound and for which the feed has room. False if it has no place of its own in
    /// the queue, or if nothing may go to the device.
    #[inline(always)]
    pub(super) fn send(&mut self, slots: &Slots, share: Share, rings: &mut Rings) -> bool {
        let Some(parked) = slots.parked(self.feed.next_slot()) else { return false };
        let sent = rings.send(share.ring, parked);
        if sent {
            self.feed.sound();
        }
        sent
    }

    /// Interruptions of the sound, ever.
    #[inline]
    pub(super) fn interruptions(&self) -> u32 {
        self.feed.missed().wrapping_add(self.failed)
    }

    /// Whether the sound was interrupted, and whether it was or the device is silent for too long.
    #[cold]
    #[inline(never)]
    pub(super) fn judge(&mut self, bit: u32, rings: &mut Rings) -> (bool, bool) {
        let xrun = *rings.xruns() & bit != 0;
        *rings.xruns() &= !bit;
        let glitch = xrun || self.interruptions() != self.reported;
        self.reported = self.interruptions();
        let silent = rings.now >= self.watch && self.is_silent(rings.now);
        (glitch, glitch || silent)
    }

    /// Nothing goes to the device, which is being started over: it is no use to look at it.
    #[cold]
    #[inline(never)]
    pub(super) fn cut_off(&mut self, bit: u32, rings: &mut Rings) -> Progress {
        self.feed.told();
        let (glitch, troubled) = self.judge(bit, rings);
        Progress { done: self.feed.completed_bytes(), troubled, glitch, wake: NEVER }
    }

    /// When it wants to be looked at in any case, after it was at `now`.
    #[inline(always)]
    pub(super) fn next_wake(&self, now: u64) -> u64 {
        if self.due == NEVER { self.watch } else { self.due.max(now.wrapping_add(self.least)) }
    }

    /// The next message is due before a wake-up could come, and what its client was told is old enough. Streams that go at
    /// the same pace are so supplied at once, with one kick.
    #[cold]
    #[inline(never)]
    pub(super) fn is_nearly_due(&self, now: u64) -> bool {
        now.wrapping_add(self.least) >= self.due && now.wrapping_sub(self.moved) >= self.least
    }

    /// Takes over who says how far the device may go.
    pub(super) fn supply(&mut self, supply: Supply) {
        match supply {
            Supply::JustInTime => self.feed.just_in_time(),
            Supply::Packets { upto, ended } => self.feed.hand_over(upto, ended),
        }
    }

    /// Works out when the next message is due, as of `now`. Where it has to wait for another one to come back, that is
    /// foretold: the timer is set once a message, and finds there what it needs.
    #[inline(always)]
    pub(super) fn plan(&mut self, now: u64) {
        if !self.feed.is_just_in_time() {
            return self.plan_packets();
        }
        let frame = self.feed.due_by_clock();
        self.due = self.clock.foretells(frame);
        let sure = if self.feed.has_room() { self.clock.is_within_reach(frame) } else { self.due > now };
        if !sure {
            self.put_off();
        }
    }

    /// It is not known when the next message is due.
    #[cold]
    fn put_off(&mut self) {
        self.due = NEVER;
    }

    /// The same for packets.
    #[inline(never)]
    fn plan_packets(&mut self) {
        self.due = match self.feed.due() {
            Some(frame) => self.clock.reaches(frame).unwrap_or(NEVER),
            None => NEVER,
        };
    }

    /// What was foretold holds no more. The device is to be looked at though it tells nothing, for an interrupt may be lost,
    /// when half as much time again has passed as it takes a chunk, or a step of the device, to go by; and when
    /// [`PATIENCE`] is over.
    #[cold]
    #[inline(never)]
    pub(super) fn foretell(&mut self) {
        self.due = NEVER;
        let frames = u64::from(self.feed.shape().frames).max(self.clock.step());
        let ticks = self.clock.ticks_of(frames.wrapping_add(frames >> 1)).wrapping_add(self.millisecond);
        self.wait = ticks.min(self.patience().wrapping_add(1));
    }

    /// Something came back, or was looked for in vain, at `from`.
    #[inline]
    pub(super) fn watch_from(&mut self, from: u64) {
        self.watch = from.wrapping_add(self.wait);
    }

    /// Nothing came back for long. Whether that is too long; once is enough until it has been looked at.
    #[cold]
    fn is_silent(&mut self, now: u64) -> bool {
        let silent = now.wrapping_sub(self.moved) > self.patience();
        if silent {
            self.moved = now;
        }
        self.watch_from(now);
        self.watch = self.watch.min(self.moved.wrapping_add(self.patience()).wrapping_add(1));
        silent
    }

    fn patience(&self) -> u64 {
        self.millisecond.wrapping_mul(PATIENCE)
    }
}
