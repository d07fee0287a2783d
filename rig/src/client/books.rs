//! What a client leaves in the books.

use super::errors::Errors;
use super::packets::PacketFigures;
use super::witness::PositionFigures;
use crate::nt::Snapshot;
use crate::nt::accounting::CONTEXTS;
use crate::portcls::MappingFigures;
use crate::report::Timeline;
use crate::report::model::ByContext;
use crate::sound::Pcm;

/// The record of one client from STOP to STOP.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The port driver through which the pin was open.
    pub port: &'static str,
    /// Frames of the cyclic buffer.
    pub buffer_frames: u64,
    /// Samples for the plots.
    pub timeline: Timeline,
    /// Periods that the client saw end in RUN.
    pub periods: u64,
    /// How good the positions in RUN were.
    pub position: PositionFigures,
    /// Most register reads that one `GetPosition` took, and most accesses of any kind.
    pub max_reads: u64,
    /// See `max_reads`.
    pub max_accesses: u64,
    /// Packets handed over or taken; `None` of a client that has none.
    pub packets: Option<PacketFigures>,
    /// Counters at the beginning and the end of each stretch of RUN.
    pub run: Vec<(Snapshot, Snapshot)>,
    /// Whether the driver had a mapping of the buffer when RUN ended.
    pub buffer_mapped: bool,
    /// Steady RUN; `None` where the sound was too short for it.
    pub steady: Option<Steady>,
    /// The format, without frames, with which the stream was opened.
    pub opened: Option<Pcm>,
    /// What the client played, where that was not in the plan.
    pub input: Option<Pcm>,
    /// If the device was torn out: frames that it had surely played or recorded by then.
    pub cut_off: Option<u64>,
    /// What the client recorded.
    pub recorded: Vec<u8>,
    /// Of a client with packets of its own: what became of them, and of their mappings.
    pub requests: Option<Requests>,
    /// What the driver told or did that cannot be right.
    pub errors: Errors,
}

/// What became of a client's packets.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// What was counted.
    pub figures: MappingFigures,
    /// Stretches of the sound that was played, in bytes, in order.
    pub fates: Vec<Fate>,
    /// Whether the device was let starve, or its mappings were taken away: then silence may lie between stretches.
    pub gaps: bool,
}

impl Requests {
    /// How often sound may be missing in a recording: once for each time that mappings were revoked, as the device pauses
    /// for it, and once where it was let starve.
    pub fn gaps_allowed(&self) -> usize {
        self.figures.revocations as usize + 1
    }
}

/// A stretch of sound in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// First byte of the sound.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Whether it was the miniport's until that was done with it; the rest may be heard from its beginning on, or not.
    pub kept: bool,
}

/// A stretch of RUN without its beginning and its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steady {
    /// Counters at its beginning.
    pub from: Snapshot,
    /// Counters at its end.
    pub to: Snapshot,
    /// The stretch, in nanoseconds of virtual time.
    pub time: (u64, u64),
    /// Periods that the client saw end in it.
    pub periods: u64,
}

/// Reads and writes by what the driver was doing.
pub fn by_context(snapshot: &Snapshot) -> ByContext {
    let count = |index: usize| snapshot.accesses[index].all();
    debug_assert_eq!(CONTEXTS.len(), 5);
    ByContext { start: count(0), client: count(1), isr: count(2), dpc: count(3), thread: count(4) }
}
