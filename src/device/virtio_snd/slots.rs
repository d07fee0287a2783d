//! What the device is told of each message, prepared once for a buffer: nothing is written when a message is submitted.
//!
//! ```text
//!   common buffer of an endpoint:
//!     header                    stream id, the same for all messages
//!     status     of each slot   written by the device
//!     sound      of each slot   header | runs of the client's pages | status
//!     silence    of each slot   header | the silence below, repeated | status        render only
//!     end                       header | runs | silence | status: the last of a sound      "
//!     silence                   bytes that are silence                                     "
//! ```
//!
//! The tables are indirect descriptor tables; where the device takes none, their entries go into the ring.
#![forbid(unsafe_code)]

use portcls::handle;
use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};
use virtqueue::{Parked, Segment, descriptor};

use super::feed::{Content, Message, SLOTS, Shape};
use super::rings::{Rings, token};
use super::wire::{XFER_HEADER, XFER_STATUS};
use crate::device::formats::StreamFormat;
use crate::device::run::Run;
use crate::platform::dma::{CommonBuffer, Reach};

/// Physical runs of a cyclic buffer.
const MAX_RUNS: usize = 32;
/// Bytes of an entry of a table.
const ENTRY: usize = 16;
/// Entries of a table: header, runs or silence, status.
const TABLE_ENTRIES: usize = 40;
/// The same where runs and silence follow one another.
const END_ENTRIES: usize = 72;
const TABLE: usize = TABLE_ENTRIES * ENTRY;
/// Bytes of a status.
pub(super) const STATUS_BYTES: u32 = XFER_STATUS as u32;

const STATUSES: usize = 64;
const SOUND: usize = 256;
const SILENT: usize = SOUND + SLOTS as usize * TABLE;
const END: usize = SILENT + SLOTS as usize * TABLE;
const SILENCE: usize = 24 * 1024;
const SILENCE_BYTES: usize = 16 * 1024;
const CAPTURE_BYTES: u32 = SILENT as u32;
const RENDER_BYTES: u32 = (SILENCE + SILENCE_BYTES) as u32;

const _: () = assert!(END + END_ENTRIES * ENTRY <= SILENCE);
const _: () = assert!(STATUSES + SLOTS as usize * STATUS_BYTES as usize <= SOUND);

/// The longest message that silence can stand in for, in bytes.
const MAX_MESSAGE: u32 = 32 * SILENCE_BYTES as u32;

/// A cyclic buffer, cut up for a stream.
pub(crate) struct Layout {
    pub(super) shape: Shape,
    pub(super) format: StreamFormat,
    runs: [Run; MAX_RUNS],
}

impl Layout {
    /// The buffer made of `runs`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if it is in too many pieces, or its messages are too long.
    pub(super) fn new(shape: Shape, format: StreamFormat, runs: &[Run]) -> Result<Self> {
        let mut layout = Self { shape, format, runs: [Run::default(); MAX_RUNS] };
        let places = layout.runs.get_mut(..runs.len()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        places.copy_from_slice(runs);
        if shape.message > MAX_MESSAGE {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        Ok(layout)
    }

    /// The runs of `bytes` bytes from byte `from` on.
    fn pieces(&self, from: u32, bytes: u32) -> impl Iterator<Item = Run> {
        let (mut skip, mut left) = (from, bytes);
        self.runs.iter().filter_map(move |run| {
            let skipped = skip.min(run.bytes);
            skip = skip.wrapping_sub(skipped);
            let taken = left.min(run.bytes.wrapping_sub(skipped));
            left = left.wrapping_sub(taken);
            (taken > 0).then(|| Run { address: run.address.wrapping_add(u64::from(skipped)), bytes: taken })
        })
    }
}

/// A table as the queue wants it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Table {
    /// Byte of the common buffer at which it begins.
    at: u32,
    /// Descriptors.
    pub(super) entries: u16,
}

impl Table {
    /// So many entries from byte `at` on.
    pub(super) const fn new(at: u32, entries: u16) -> Self {
        Self { at, entries }
    }

    /// Where the device finds it in `memory`.
    pub(super) fn address(self, memory: &CommonBuffer) -> u64 {
        memory.address().wrapping_add(u64::from(self.at))
    }
}

/// The headers, statuses and tables of one endpoint.
pub(super) struct Slots {
    memory: CommonBuffer,
    render: bool,
    /// Entries of the sound of each slot, and of the silence of any.
    sound: [u16; SLOTS as usize],
    /// The sound of each slot, as far as it has a place of its own in the queue, and of which [`Rings::age`] that is.
    parked: [Option<Parked>; SLOTS as usize],
    age: u32,
    silence: u16,
    /// The byte that silence is made of at present.
    filled: u8,
}

impl Slots {
    /// Memory for the stream that the device knows as `stream`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(at: &Irql<Passive>, pdo: handle::Device, stream: u32, render: bool) -> Result<Self> {
        let bytes = if render { RENDER_BYTES } else { CAPTURE_BYTES };
        let memory = CommonBuffer::new(at, pdo, bytes, Reach::Bits64)?;
        memory.store32(0, stream);
        Ok(Self {
            memory,
            render,
            sound: [0; SLOTS as usize],
            parked: [None; SLOTS as usize],
            age: 0,
            silence: 0,
            filled: 0,
        })
    }

    /// Prepares everything for a buffer. The device has none of the messages.
    pub(super) fn lay_out(&mut self, layout: &Layout) {
        let Shape { slots, message, .. } = layout.shape;
        self.fill(layout.format.sample.silence());
        for slot in 0..slots {
            let from = u32::from(slot).wrapping_mul(message);
            let entries = self.table(sound(slot), TABLE_ENTRIES, slot, layout.pieces(from, message), 0);
            if let Some(place) = self.sound.get_mut(usize::from(slot)) {
                *place = entries;
            }
            if self.render {
                self.silence = self.table(silent(slot), TABLE_ENTRIES, slot, core::iter::empty(), message);
            }
        }
    }

    /// The table for the sound of `slot`.
    #[inline]
    pub(super) fn sound(&self, slot: u8) -> Table {
        let entries = self.sound.get(usize::from(slot)).copied().unwrap_or(0);
        Table { at: sound(slot) as u32, entries }
    }

    /// The sound of `slot`, if it has a place of its own in the queue.
    #[inline(always)]
    pub(super) fn parked(&self, slot: u8) -> Option<Parked> {
        self.parked.get(usize::from(slot)).copied().flatten()
    }

    /// Gives the sound of each of `slots` slots a place of its own in the queue, as far as there is room; nothing if they
    /// have them.
    pub(super) fn park(&mut self, rings: &mut Rings, (endpoint, ring): (usize, usize), slots: u8) {
        if self.age == rings.age() {
            return;
        }
        self.age = rings.age();
        self.parked = [None; SLOTS as usize];
        for slot in 0..slots {
            let table = self.sound(slot);
            let parked = rings.park(ring, table.address(&self.memory), table.entries, token(endpoint, slot));
            if let Some(place) = self.parked.get_mut(usize::from(slot)) {
                *place = parked;
            }
        }
    }

    /// Gives the places back. The device has none of the messages.
    pub(super) fn unpark(&mut self, rings: &mut Rings, ring: usize) {
        for parked in self.parked.iter_mut().filter_map(Option::take) {
            rings.unpark(ring, self.age, parked);
        }
        self.age = 0;
    }

    /// The table for `message`.
    pub(super) fn table_of(&self, layout: &Layout, message: Message) -> Table {
        match message.content {
            Content::Sound => self.sound(message.slot),
            Content::Silence => Table { at: silent(message.slot) as u32, entries: self.silence },
            Content::End(bytes) => self.end(layout, message.slot, bytes),
        }
    }

    /// Writes the table for `bytes` bytes of sound in `slot`, and silence after them.
    #[cold]
    #[inline(never)]
    fn end(&self, layout: &Layout, slot: u8, bytes: u32) -> Table {
        let whole = layout.shape.message;
        let from = u32::from(slot).wrapping_mul(whole);
        let pieces = layout.pieces(from, bytes);
        let entries = self.table(END, END_ENTRIES, slot, pieces, whole.saturating_sub(bytes));
        Table { at: END as u32, entries }
    }

    /// Where the tables are.
    pub(super) fn memory(&self) -> &CommonBuffer {
        &self.memory
    }

    /// What the device said to a message that came back.
    pub(super) fn status(&self, slot: u8) -> u32 {
        self.memory.load32(status(slot))
    }

    /// Writes a table: header, `pieces`, `silence` bytes of silence, status. Says how many entries it has; none if there
    /// is no room for them, which the limits of a layout exclude.
    fn table(
        &self,
        at: usize,
        limit: usize,
        slot: u8,
        pieces: impl Iterator<Item = Run>,
        silence: u32,
    ) -> u16 {
        let base = self.memory.address();
        let header = Segment { address: base, bytes: XFER_HEADER as u32, writable: false };
        let data =
            pieces.map(|run| Segment { address: run.address, bytes: run.bytes, writable: !self.render });
        let mut left = silence;
        let quiet = core::iter::from_fn(move || {
            let bytes = left.min(SILENCE_BYTES as u32);
            left = left.wrapping_sub(bytes);
            let address = base.wrapping_add(SILENCE as u64);
            (bytes > 0).then_some(Segment { address, bytes, writable: false })
        });
        let address = base.wrapping_add(status(slot) as u64);
        let last = Segment { address, bytes: STATUS_BYTES, writable: true };

        let mut entries = 0_u16;
        for segment in core::iter::once(header).chain(data).chain(quiet).take(limit) {
            let next = entries.wrapping_add(1);
            write_entry(&self.memory, at, entries, segment, Some(next));
            entries = next;
        }
        if usize::from(entries) >= limit {
            return 0;
        }
        write_entry(&self.memory, at, entries, last, None);
        entries.wrapping_add(1)
    }

    fn fill(&mut self, byte: u8) {
        if self.render && self.filled != byte {
            for at in (SILENCE..SILENCE.wrapping_add(SILENCE_BYTES)).step_by(8) {
                self.memory.store64(at, u64::from_le_bytes([byte; 8]));
            }
            self.filled = byte;
        }
    }
}

/// Writes entry `index` of the table at byte `table`.
pub(super) fn write_entry(
    memory: &CommonBuffer,
    table: usize,
    index: u16,
    segment: Segment,
    next: Option<u16>,
) {
    let mut at = table.wrapping_add(usize::from(index).wrapping_mul(ENTRY));
    for word in descriptor(segment, next) {
        memory.store32(at, word);
        at = at.wrapping_add(4);
    }
}

/// What is in a table.
pub(super) fn segments_of(memory: &CommonBuffer, table: Table) -> impl Iterator<Item = Segment> {
    (0..usize::from(table.entries)).map(move |entry| {
        let at = (table.at as usize).wrapping_add(entry.wrapping_mul(ENTRY));
        Segment {
            address: memory.load64(at),
            bytes: memory.load32(at.wrapping_add(8)),
            writable: memory.load16(at.wrapping_add(12)) & WRITABLE != 0,
        }
    })
}

/// The descriptor's flag for what the device writes (virtio 1.2, 2.7.5).
const WRITABLE: u16 = 2;

const fn sound(slot: u8) -> usize {
    SOUND.wrapping_add((slot as usize).wrapping_mul(TABLE))
}

const fn silent(slot: u8) -> usize {
    SILENT.wrapping_add((slot as usize).wrapping_mul(TABLE))
}

const fn status(slot: u8) -> usize {
    STATUSES.wrapping_add((slot as usize).wrapping_mul(STATUS_BYTES as usize))
}
