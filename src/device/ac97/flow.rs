//! A stream whose sound lies in mappings of its client's memory: they are the DMA's, as they are.
//!
//! ```text
//!   mappings --cutter--> pieces --> descriptors (bdl) --> DMA box         the last valid index moves with the pieces
//!                                       ^
//!                        slots ---------+                                 for what the DMA cannot take directly
//! ```
//!
//! The DMA stands still at the end of the last piece, and goes on when there is another one. To revoke mappings that it
//! has it is halted; what it was not through with is cut anew, and it starts from a reset, as after a pause.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::mapping::Mapping;
use portcls::{Result, Status, handle};

use super::Ac97;
use super::bdl::DescriptorList;
use super::boxes::{BOX_TRIES, DmaBox};
use super::cutter::{self, DIRECT_BYTES, Located, Piece, SLOT_BYTES};
use super::engine::Place;
use super::plan::{RING, Segment};
use super::regs::nabm;
use super::ring::{AHEAD, Course, Track};
use crate::device::formats::StreamFormat;
use crate::device::mapped::{self, Mappings};
use crate::device::mappings::Stretch;
use crate::device::{NEVER, Position, Progress};
use crate::platform::dma::{CommonBuffer, Reach};
use crate::platform::time;

/// The DMA asks for an interrupt at the latest after so many milliseconds of sound, and after so many descriptors.
const SERVICE_MILLISECONDS: u64 = 10;
const SERVICE_PIECES: u64 = 8;

impl Located for Mapping {
    fn address(&self) -> u64 {
        Self::address(self)
    }
}

/// The pieces of one RUN.
#[derive(Clone, Copy)]
struct Pieces {
    /// By the lowest five bits of their numbers.
    pieces: [Piece; RING],
    /// Number of the next one.
    next: u64,
    /// Where the last one ends.
    end: u64,
}

impl Pieces {
    const fn starting_at(end: u64) -> Self {
        let nothing = Piece { stretch: Stretch { start: 0, bytes: 0 }, address: None };
        Self { pieces: [nothing; RING], next: 0, end }
    }

    fn get(&self, number: u64) -> Option<&Piece> {
        if number < self.next { self.pieces.get(slot_of(number)) } else { None }
    }

    fn push(&mut self, piece: Piece) {
        if let Some(place) = self.pieces.get_mut(slot_of(self.next)) {
            *place = piece;
        }
        self.next = self.next.wrapping_add(1);
        self.end = piece.stretch.end();
    }
}

impl Course for Pieces {
    fn start_of(&self, number: u64) -> u64 {
        self.get(number).map_or(self.end, |piece| piece.stretch.start)
    }

    fn bytes_of(&self, number: u64) -> u32 {
        self.get(number).map_or(0, |piece| piece.stretch.bytes)
    }
}

const fn slot_of(number: u64) -> usize {
    (number as usize) & (RING - 1)
}

/// The stream.
pub(crate) struct Flow {
    frame: u32,
    capture: bool,
    mappings: Mappings,
    /// A slot for each descriptor.
    slots: CommonBuffer,
    pieces: Pieces,
    track: Track,
    /// Number of the first piece that is not done with.
    first: u64,
    /// The DMA was set in motion.
    started: bool,
    /// The stream runs, with or without pieces.
    running: bool,
    /// Bytes since the last descriptor with an interrupt, and after how many there is one.
    quiet: u32,
    service: u32,
    /// The longest piece: the stream gets the next mapping while there is sound for as long as it takes the DMA.
    longest: u32,
}

impl Flow {
    /// A stream in `format`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(
        at: &Irql<Passive>,
        pdo: handle::Device,
        format: &StreamFormat,
        capture: bool,
    ) -> Result<Self> {
        let bytes = |milliseconds| {
            let bytes = format.bytes_a_second().wrapping_mul(milliseconds) / 1000;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Ok(Self {
            frame: format.frame_bytes(),
            capture,
            mappings: mapped::mappings(format)?,
            slots: CommonBuffer::new(at, pdo, SLOT_BYTES.wrapping_mul(RING as u32), Reach::Bits32)?,
            pieces: Pieces::starting_at(0),
            track: Track::starting_at(0, 0),
            first: 0,
            started: false,
            running: false,
            quiet: 0,
            service: bytes(SERVICE_MILLISECONDS),
            longest: bytes(mapped::AHEAD / 2).max(DIRECT_BYTES),
        })
    }

    /// Its mappings.
    pub(super) fn mappings(&mut self) -> &mut Mappings {
        &mut self.mappings
    }

    /// Cuts the next piece, and describes it; false if there is none, or no room.
    fn cut(&mut self, descriptors: &DescriptorList) -> bool {
        let number = self.pieces.next;
        if number >= self.track.at().wrapping_add(AHEAD) {
            return false;
        }
        let Some(piece) = cutter::next(&mut self.mappings, self.frame, self.longest) else { return false };
        self.mappings.give(piece.stretch.end());
        let slot = slot_of(number);
        let address = piece.address.unwrap_or_else(|| {
            // By its reach it fits.
            (self.slots.address() as u32).wrapping_add(SLOT_BYTES.wrapping_mul(slot as u32))
        });
        if piece.address.is_none() && !self.capture {
            let mut at = slot.wrapping_mul(SLOT_BYTES as usize);
            for span in self.mappings.spans(piece.stretch) {
                self.slots.copy_in(at, span.mapping, span.from, span.bytes);
                at = at.wrapping_add(span.bytes as usize);
            }
        }
        self.quiet = self.quiet.saturating_add(piece.stretch.bytes);
        let service =
            self.quiet >= self.service || number.wrapping_add(1).checked_rem(SERVICE_PIECES) == Some(0);
        if service {
            self.quiet = 0;
        }
        let segment = Segment { address, bytes: piece.stretch.bytes, offset: 0, ends_period: false };
        descriptors.describe(slot, segment, service);
        self.pieces.push(piece);
        true
    }

    /// The DMA is through with all pieces before the one it is at, and with what lies before offset `upto` of that.
    fn complete(&mut self, upto: u64) {
        let at = self.track.at();
        while self.first < at {
            self.copy_back(self.first, u64::MAX);
            self.first = self.first.wrapping_add(1);
        }
        self.copy_back(at, upto);
        let done = if at >= self.pieces.next { self.mappings.given() } else { self.pieces.start_of(at) };
        self.mappings.finish(done.max(upto));
    }

    /// Takes what was recorded into the slot of a piece to where it belongs, up to offset `upto`.
    fn copy_back(&self, number: u64, upto: u64) {
        let Some(piece) = self.pieces.get(number).filter(|piece| self.capture && piece.address.is_none())
        else {
            return;
        };
        let bytes = upto.min(piece.stretch.end()).saturating_sub(piece.stretch.start) as u32;
        let mut at = slot_of(number).wrapping_mul(SLOT_BYTES as usize);
        for span in self.mappings.spans(Stretch { bytes, ..piece.stretch }) {
            self.slots.copy_out(at, span.mapping, span.from, span.bytes);
            at = at.wrapping_add(span.bytes as usize);
        }
    }

    fn told(&self, at: u64) -> Position {
        let clock = self.mappings.told(at);
        Position { clock, owned: self.mappings.told(self.mappings.given()), done: clock }
    }
}

/// All of these are called under the lock.
impl Ac97 {
    /// Starts a stream; at zero if it comes from STOP. Without a piece the DMA waits for the first one.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`, `STATUS_IO_DEVICE_ERROR`.
    #[cold]
    pub(super) fn start_flow(
        &self,
        own: &DmaBox,
        flow: &mut Flow,
        descriptors: &DescriptorList,
        from: u64,
    ) -> Result {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        if !self.reset(own) {
            return Err(Status::IO_DEVICE_ERROR);
        }
        if from == 0 {
            flow.mappings.rewind();
        } else {
            flow.mappings.take_back();
        }
        let done = flow.mappings.done();
        (flow.pieces, flow.track) = (Pieces::starting_at(done), Track::starting_at(done, 0));
        (flow.first, flow.quiet, flow.started, flow.running) = (0, 0, false, true);
        own.latch().restart();
        self.feed_flow(own, flow, descriptors);
        Ok(())
    }

    /// Gives the DMA the pieces that there are.
    #[cold]
    pub(super) fn feed_flow(&self, own: &DmaBox, flow: &mut Flow, descriptors: &DescriptorList) {
        if !flow.running || !self.is_present() {
            return;
        }
        let before = flow.pieces.next;
        while flow.cut(descriptors) {}
        if flow.pieces.next == before {
            if flow.track.at() >= flow.pieces.next {
                // Nothing is under way: what was passed over is done with.
                flow.mappings.finish(flow.mappings.given());
            }
            return;
        }
        flow.track.extend(flow.pieces.next.wrapping_sub(1));
        if !flow.started {
            flow.started = true;
            own.set_running(true);
            self.bus.write32(own.register(nabm::BDBAR), descriptors.address());
        }
        // This also restarts a DMA that had come to the end.
        self.bus.write8(own.register(nabm::LVI), flow.track.last_valid_index());
        if before == 0 {
            let interrupts = nabm::CR_IOCE | nabm::CR_LVBIE | nabm::CR_FEIE;
            self.bus.write8(own.register(nabm::CR), nabm::CR_RPBM | interrupts);
        }
    }

    /// Has the DMA stand still, and takes from it what it is not through with.
    #[cold]
    pub(super) fn halt_flow(&self, own: &DmaBox, flow: &mut Flow) -> Position {
        let mut halted = true;
        if self.is_present() && flow.started {
            self.bus.write8(own.register(nabm::CR), 0);
            let stands = || self.index_and_status(own).is_none_or(|now| now.status & nabm::SR_DCH != 0);
            halted = time::spin_until(BOX_TRIES, stands);
        }
        let at = self.place_of_flow(own, flow);
        if !halted {
            self.reset(own);
        } else if self.is_present() && flow.started {
            self.bus.write16(own.register(nabm::SR), nabm::SR_CAUSES);
        }
        own.set_running(false);
        flow.complete(at);
        flow.mappings.take_back();
        (flow.started, flow.running) = (false, false);
        flow.pieces = Pieces::starting_at(flow.mappings.done());
        flow.told(at)
    }

    /// Where a stream is, in bytes of all mappings that were got.
    #[cold]
    pub(super) fn position_of_flow(&self, own: &DmaBox, flow: &mut Flow) -> Position {
        let at = self.place_of_flow(own, flow);
        flow.told(at)
    }

    fn place_of_flow(&self, own: &DmaBox, flow: &mut Flow) -> u64 {
        if flow.started { flow.track.position(&flow.pieces, &mut Place(self, own)) } else { flow.pieces.end }
    }

    /// Takes in how far the DMA came, and gives it more.
    #[cold]
    pub(super) fn advance_flow(
        &self,
        own: &DmaBox,
        flow: &mut Flow,
        descriptors: &DescriptorList,
    ) -> Progress {
        let done = flow.track.reached(&flow.pieces, own.latch().seen());
        flow.complete(done);
        self.feed_flow(own, flow, descriptors);
        let done = flow.mappings.told(flow.mappings.done());
        let glitch = own.has_slipped();
        Progress { done, troubled: glitch, glitch, wake: NEVER }
    }

    /// Takes mappings out; the DMA is halted for it if it has some of them.
    #[cold]
    pub(super) fn revoke_from_flow(
        &self,
        own: &DmaBox,
        flow: &mut Flow,
        descriptors: &DescriptorList,
        (first, last): (u32, u32),
    ) -> u32 {
        if !flow.running || !flow.mappings.is_given(first, last) {
            return flow.mappings.revoke(first, last);
        }
        self.halt_flow(own, flow);
        let revoked = flow.mappings.revoke(first, last);
        // A box that does not reset stands still: the client's next SetState tells.
        let _ = self.start_flow(own, flow, descriptors, u64::MAX);
        revoked
    }
}
