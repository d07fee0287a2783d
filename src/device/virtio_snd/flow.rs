//! A stream whose sound lies in mappings of its client's memory.
//!
//! ```text
//!   mappings --copy--> slot --message--> device --interrupt--> clock, mappings that are through       render
//!   mappings <--copy-- slot <--message-- device                                                       capture
//! ```
//!
//! The sound is copied, once. Mappings may be revoked at DISPATCH_LEVEL, from one moment to the next; a virtio device
//! gives back what it has when it answers a command, or is reset, which both take waiting, and not all devices let go of
//! it even then (see [`bringup`](super::bringup)). So the device never has a client's memory: it has copies, for which it
//! does not matter either where mappings begin and end. What was revoked is copied no more; copies that the device has it
//! plays. Messages to be recorded into have all the same length, and devices are particular about that.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status, handle};
use virtqueue::Segment;

use super::parcels::{PARCELS, Parcel, Parcels};
use super::rings::{Rings, ring_of, token};
use super::slots::{STATUS_BYTES, Table, write_entry};
use super::wire::{XFER_HEADER, status};
use crate::device::clock::{Clock, Pace};
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::mapped::{self, Mappings};
use crate::device::mappings::Stretch;
use crate::device::{Direction, Latency, NEVER, Position, Progress};
use crate::platform::dma::{CommonBuffer, Reach};

/// The longest message, in milliseconds and in bytes.
const MESSAGE_MILLISECONDS: u32 = 10;
const MESSAGE_BYTES: u32 = 64 * 1024;
/// With fewer messages than this under way, what there is is submitted, though it does not fill one.
const ENOUGH: u8 = 2;
/// A device that has something and says nothing for so long is looked at, in milliseconds.
const PATIENCE: u64 = 500;

/// Where what is in the memory: a header for all messages; of each slot the status, the table, and the sound.
const STATUSES: usize = 64;
const TABLES: usize = 256;
const TABLE: usize = 64;
const SOUND: usize = 1024;
/// Entries of a table: header, sound, status.
const ENTRIES: u16 = 3;

const _: () = assert!(STATUSES + PARCELS as usize * STATUS_BYTES as usize <= TABLES);
const _: () = assert!(TABLES + PARCELS as usize * TABLE <= SOUND);

/// The memory of the messages.
struct Store {
    memory: CommonBuffer,
    /// Bytes of the longest message.
    message: u32,
}

impl Store {
    /// Where the sound of `slot` is.
    fn sound(&self, slot: u8) -> usize {
        SOUND.wrapping_add((self.message as usize).wrapping_mul(slot.into()))
    }

    fn status(&self, slot: u8) -> u32 {
        self.memory.load32(status_of(slot))
    }

    /// Writes the table of a message of `bytes` bytes.
    fn table(&self, slot: u8, bytes: u32, render: bool) -> Table {
        let at = TABLES.wrapping_add(TABLE.wrapping_mul(slot.into()));
        let address = |at: usize| self.memory.address().wrapping_add(at as u64);
        let segment = |at, bytes, writable| Segment { address: address(at), bytes, writable };
        write_entry(&self.memory, at, 0, segment(0, XFER_HEADER as u32, false), Some(1));
        write_entry(&self.memory, at, 1, segment(self.sound(slot), bytes, !render), Some(2));
        write_entry(&self.memory, at, 2, segment(status_of(slot), STATUS_BYTES, true), None);
        Table::new(at as u32, ENTRIES)
    }
}

const fn status_of(slot: u8) -> usize {
    STATUSES.wrapping_add((slot as usize).wrapping_mul(STATUS_BYTES as usize))
}

/// The stream.
pub(crate) struct Flow {
    endpoint: usize,
    render: bool,
    frame: u32,
    store: Store,
    mappings: Mappings,
    parcels: Parcels,
    clock: Clock,
    /// Bytes that were taken out of the first filled message.
    taken: u32,
    /// Frames that were taken out of messages, ever.
    delivered: u64,
    /// Ticks of the performance counter in [`PATIENCE`].
    patience: u64,
    /// When something last came back, or the stream was started.
    moved: u64,
    /// The device lost what it had.
    lost: bool,
    /// Nothing goes to the device, which is being started over.
    cut_off: bool,
    /// Interruptions of the sound that were reported, and all there were.
    reported: u32,
    failed: u32,
}

impl Flow {
    /// For the stream that the device knows as `stream`, and how it is cut.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(
        at: &Irql<Passive>,
        pdo: handle::Device,
        (endpoint, stream, direction): (usize, u32, Direction),
        format: &StreamFormat,
        frequency: u64,
    ) -> Result<(Self, Cut)> {
        let frame = format.frame_bytes();
        let most = MESSAGE_BYTES.checked_div(frame).unwrap_or(0);
        let frames = (format.rate / (1000 / MESSAGE_MILLISECONDS)).min(most).max(1);
        let message = frames.checked_mul(frame).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let bytes = message.checked_mul(PARCELS.into()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let pace = Pace::new(format.rate, frequency).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let memory = CommonBuffer::new(at, pdo, bytes.saturating_add(SOUND as u32), Reach::Bits64)?;
        memory.store32(0, stream);
        let render = direction == Direction::Render;
        let flow = Self {
            endpoint,
            render,
            frame,
            store: Store { memory, message },
            mappings: mapped::mappings(format)?,
            parcels: Parcels::new(render),
            clock: Clock::new(pace, frames),
            taken: 0,
            delivered: 0,
            patience: (frequency / 1000).wrapping_mul(PATIENCE),
            moved: 0,
            lost: false,
            cut_off: false,
            reported: 0,
            failed: 0,
        };
        Ok((flow, Cut { bytes, chunk: message, period: 0 }))
    }

    /// Number of the queue that its messages go through.
    pub(super) fn ring(&self) -> usize {
        ring_of(self.render)
    }

    /// Its mappings.
    pub(super) fn mappings(&mut self) -> &mut Mappings {
        &mut self.mappings
    }

    /// The device has nothing of it.
    pub(super) fn is_at_rest(&self) -> bool {
        self.parcels.under_way() == 0
    }

    /// It is in place.
    #[cold]
    pub(super) fn attach(&self, rings: &mut Rings) {
        let written = if self.render { 0 } else { self.store.message };
        rings.expect(self.endpoint, written.wrapping_add(STATUS_BYTES));
    }

    /// It is to go: whether the device has nothing of it.
    #[cold]
    pub(super) fn detach(&mut self, rings: &mut Rings) -> bool {
        rings.drain();
        self.parcels.returned(rings.came(self.endpoint));
        self.is_at_rest()
    }

    /// Goes on at `now`, or starts at zero if the client has stopped the stream.
    #[cold]
    pub(super) fn start(&mut self, rings: &mut Rings, now: u64, stopped: bool) {
        rings.drain();
        if stopped {
            // What came back since was flushed, and not played.
            rings.came(self.endpoint);
            self.parcels.reset();
            self.mappings.rewind();
            self.clock.reset();
            (self.taken, self.delivered) = (0, 0);
        } else {
            self.absorb(rings);
        }
        if self.lost {
            self.clock.start_over(now, self.parcels.completed_frames());
        } else {
            self.clock.start(now);
        }
        (self.lost, self.cut_off, self.moved) = (false, false, now);
        rings.now = now;
        self.submit(rings);
    }

    /// Stands still from `now` on. The device keeps what it has.
    #[cold]
    pub(super) fn halt(&mut self, rings: &mut Rings, now: u64) -> Position {
        rings.running &= !self.bit();
        let position = self.position(rings, now);
        self.clock.stop(now);
        position
    }

    /// Where the stream is at `now`, in bytes of all mappings that were got.
    #[cold]
    pub(super) fn position(&mut self, rings: &mut Rings, now: u64) -> Position {
        rings.drain();
        rings.now = now;
        self.absorb(rings);
        let at = if self.render {
            let frame = self.clock.leading(now, self.parcels.submitted_frames());
            self.parcels.offset_of(frame, self.frame).unwrap_or(self.mappings.given())
        } else {
            let behind = self.clock.lagging(now).saturating_sub(self.delivered);
            self.mappings.done().wrapping_add(behind.wrapping_mul(self.frame.into()))
        };
        Position {
            clock: self.mappings.told(at),
            owned: self.mappings.told(self.mappings.given()),
            done: self.mappings.told(self.mappings.done()),
        }
    }

    /// Takes in what came back, as of `rings.now`.
    #[cold]
    pub(super) fn absorb(&mut self, rings: &mut Rings) {
        let came = rings.came(self.endpoint);
        if came != 0 {
            for slot in (0..PARCELS).filter(|slot| came & 1_u32.wrapping_shl(u32::from(*slot)) != 0) {
                self.failed = self.failed.wrapping_add(u32::from(self.store.status(slot) != status::OK));
            }
            self.parcels.returned(came);
            self.moved = rings.now;
            self.clock.returned(rings.now, self.parcels.completed_frames());
        }
        if self.render {
            self.settle();
        } else {
            self.deliver();
        }
    }

    /// The device was reset: what it had is lost. See [`Engine::lose`](super::engine::Engine::lose).
    #[cold]
    pub(super) fn lose(&mut self, now: u64, started: bool, unreadable: bool) {
        self.lost = true;
        self.failed = self.failed.wrapping_add(u32::from(started && !self.is_at_rest()));
        let margin = if unreadable { self.clock.message_frames() } else { 0 };
        let next = self.parcels.completed_frames().wrapping_add(1);
        let heard = self.clock.consumed(now).wrapping_add(margin.into()).max(next);
        let goes_on = self.parcels.lose(if started { heard } else { 0 });
        self.mappings.finish(goes_on.unwrap_or(self.mappings.given()));
        self.mappings.take_back();
    }

    /// There are more mappings.
    #[cold]
    pub(super) fn feed(&mut self, rings: &mut Rings) {
        if rings.running & self.bit() != 0 {
            if !self.render {
                self.deliver();
            }
            self.submit(rings);
        }
    }

    /// Takes in what came back and submits what there is, as of `rings.now`. What is to be told of the stream, which runs.
    #[cold]
    pub(super) fn advance(&mut self, rings: &mut Rings) -> Progress {
        self.cut_off = rings.running & self.bit() == 0;
        if !self.cut_off {
            self.absorb(rings);
            self.submit(rings);
        }
        let xrun = *rings.xruns() & self.bit() != 0;
        *rings.xruns() &= !self.bit();
        let glitch = xrun || self.failed != self.reported;
        self.reported = self.failed;
        let silent = !self.is_at_rest() && rings.now.wrapping_sub(self.moved) > self.patience;
        if silent {
            // Once is enough until it has been looked at.
            self.moved = rings.now;
        }
        let done = self.mappings.told(self.mappings.done());
        Progress { done, troubled: silent || glitch || rings.is_broken(), glitch, wake: self.next_wake() }
    }

    /// When the stream, which runs, wants to be looked at in any case.
    #[cold]
    pub(super) fn next_wake(&self) -> u64 {
        if self.cut_off || self.is_at_rest() {
            return NEVER;
        }
        self.moved.wrapping_add(self.patience).wrapping_add(1)
    }

    /// How long sound is under way.
    pub(super) fn latency(&self) -> Latency {
        Latency { fifo: self.store.message.saturating_mul(PARCELS.into()), codec: 0 }
    }

    /// Submits what there is, as of `rings.now`; it goes out with the next kick.
    fn submit(&mut self, rings: &mut Rings) {
        let ring = self.ring();
        while self.parcels.has_room() {
            let idle = self.is_at_rest();
            let Some(stretch) = self.next() else { break };
            if idle && self.render {
                // It stood still, and the clock did not.
                self.clock.start_over(rings.now, self.parcels.completed_frames());
                self.moved = rings.now;
            }
            let Some(outlet) = rings.outlet(ring, ENTRIES) else { break };
            let frames = stretch.bytes.checked_div(self.frame).unwrap_or(0);
            let slot = self.parcels.add(Parcel { frames, start: stretch.start, end: stretch.end() });
            if self.render {
                let mut at = self.store.sound(slot);
                for span in self.mappings.spans(stretch) {
                    self.store.memory.copy_in(at, span.mapping, span.from, span.bytes);
                    at = at.wrapping_add(span.bytes as usize);
                }
                self.mappings.give(stretch.end());
            }
            let table = self.store.table(slot, stretch.bytes, self.render);
            outlet.add(&self.store.memory, table, token(self.endpoint, slot));
        }
        if self.render {
            self.settle();
        }
    }

    /// What the next message carries; capture: how long it is.
    fn next(&mut self) -> Option<Stretch> {
        let whole = self.store.message;
        if !self.render {
            return Some(Stretch { start: 0, bytes: whole });
        }
        let ready = self.mappings.ready();
        let bytes = ready.bytes.min(whole);
        let due = bytes == whole || bytes > 0 && self.parcels.under_way() < ENOUGH;
        due.then_some(Stretch { start: ready.start, bytes })
    }

    /// The device is through with what comes before what it has.
    fn settle(&mut self) {
        let upto = self.parcels.first().map_or(self.mappings.given(), |parcel| parcel.start);
        self.mappings.finish(upto);
    }

    /// Takes what was recorded to where it belongs, as far as there are mappings.
    fn deliver(&mut self) {
        while let Some(slot) = self.parcels.filled() {
            let ready = self.mappings.ready();
            let bytes = ready.bytes.min(self.store.message.saturating_sub(self.taken));
            if bytes == 0 {
                break;
            }
            let stretch = Stretch { start: ready.start, bytes };
            let mut at = self.store.sound(slot).wrapping_add(self.taken as usize);
            for span in self.mappings.spans(stretch) {
                self.store.memory.copy_out(at, span.mapping, span.from, span.bytes);
                at = at.wrapping_add(span.bytes as usize);
            }
            self.mappings.give(stretch.end());
            self.taken = self.taken.wrapping_add(bytes);
            self.delivered = self.delivered.wrapping_add(bytes.checked_div(self.frame).unwrap_or(0).into());
            if self.taken >= self.store.message {
                self.taken = 0;
                self.parcels.emptied();
            }
        }
        self.mappings.finish(self.mappings.given());
    }

    fn bit(&self) -> u32 {
        1_u32.wrapping_shl(self.endpoint as u32)
    }
}
