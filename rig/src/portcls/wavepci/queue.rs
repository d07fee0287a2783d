//! The packets of a stream, and which of their mappings the miniport has.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use super::figures::Figures;
use super::memory::PacketMemory;

/// A stretch of a packet, in bytes, and whether it was released; otherwise it was revoked, or never mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First byte.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Whether the miniport is done with it of its own accord.
    pub released: bool,
    /// Whether the miniport had it at all.
    pub mapped: bool,
}

/// A packet that is back at the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its number.
    pub packet: u64,
    /// What became of it, in order.
    pub pieces: Vec<Piece>,
}

/// How a tag was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    Released,
    Revoked,
}

/// What is wrong with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadTag {
    /// Others were acquired before it and are still out: the first of them.
    OutOfOrder(u64),
    /// It stands for no mapping any more.
    Gone(Gone),
    /// It never did.
    Unknown,
}

/// A mapping that the miniport has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    pub(crate) tag: u64,
    pub(crate) packet: u64,
    pub(crate) at: usize,
    pub(crate) bytes: usize,
}

/// What GetMapping tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub(crate) physical: u64,
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) last: bool,
}

struct Packet {
    number: u64,
    memory: PacketMemory,
    lengths: VecDeque<usize>,
    /// Next byte to be mapped.
    at: usize,
    /// Mappings of it that are out.
    out: usize,
    pieces: Vec<Piece>,
}

impl Packet {
    fn finished(&self) -> bool {
        self.out == 0 && self.lengths.is_empty()
    }

    fn note(&mut self, mapping: &Mapping, released: bool) {
        self.out -= 1;
        let piece = Piece { from: mapping.at, to: mapping.at + mapping.bytes, released, mapped: true };
        self.pieces.push(piece);
    }
}

/// All of it.
#[derive(Default)]
pub(crate) struct Queue {
    packets: VecDeque<Packet>,
    out: VecDeque<Mapping>,
    gone: BTreeMap<u64, Gone>,
    done: VecDeque<Done>,
    /// Bytes of all mappings that were given out.
    given: u64,
    /// Bytes of packets that are neither released nor revoked nor cut off.
    pending: u64,
    frame: usize,
    pub(crate) figures: Figures,
}

impl Queue {
    /// Of a stream whose frames have so many bytes.
    pub(crate) fn new(frame: usize) -> Self {
        Self { frame: frame.max(1), ..Self::default() }
    }

    /// A packet comes in, to be mapped in pieces of these lengths.
    pub(crate) fn push(&mut self, memory: PacketMemory, lengths: VecDeque<usize>) -> u64 {
        let number = self.figures.packets;
        self.pending += memory.len() as u64;
        self.figures.packets += 1;
        self.packets.push_back(Packet { number, memory, lengths, at: 0, out: 0, pieces: Vec::new() });
        number
    }

    /// Whether there is something to be mapped.
    pub(crate) fn available(&self) -> bool {
        self.packets.iter().any(|packet| !packet.lengths.is_empty())
    }

    /// Bytes of all mappings that were given out.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Bytes of packets that the miniport is not done with.
    pub(crate) fn pending(&self) -> u64 {
        self.pending
    }

    /// Bytes that are out.
    pub(crate) fn bytes_out(&self) -> usize {
        self.out.iter().map(|mapping| mapping.bytes).sum()
    }

    /// The mappings that are out, in the order in which they were acquired.
    pub(crate) fn out(&self) -> &VecDeque<Mapping> {
        &self.out
    }

    /// Whether a tag stands for a mapping that is out.
    pub(crate) fn holds(&self, tag: u64) -> bool {
        self.out.iter().any(|mapping| mapping.tag == tag)
    }

    /// The next mapping, under a tag that stands for none.
    pub(crate) fn give(&mut self, tag: u64) -> Option<Given> {
        let packet = self.packets.iter_mut().find(|packet| !packet.lengths.is_empty())?;
        let bytes = packet.lengths.pop_front()?;
        let at = packet.at;
        packet.at += bytes;
        packet.out += 1;
        let last = packet.lengths.is_empty();
        let (physical, address) = (packet.memory.physical(at), packet.memory.address(at));
        let across = bytes > packet.memory.in_page(at);
        self.out.push_back(Mapping { tag, packet: packet.number, at, bytes });
        self.gone.remove(&tag);
        self.given += bytes as u64;
        let (given, figures) = (self.given, &mut self.figures);
        figures.shortest =
            if figures.mappings == 0 { bytes as u64 } else { figures.shortest.min(bytes as u64) };
        figures.longest = figures.longest.max(bytes as u64);
        figures.mappings += 1;
        figures.across_pages += u64::from(across);
        figures.splits += u64::from(!given.is_multiple_of(self.frame as u64));
        figures.most_out = figures.most_out.max(self.out.len() as u64);
        Some(Given { physical, address, bytes: bytes as u32, last })
    }

    /// The miniport is done with a mapping. `seen` gets the memory before the client may have it again.
    pub(crate) fn release(
        &mut self,
        tag: u64,
        seen: impl FnOnce(&PacketMemory, &Mapping),
    ) -> Result<(), BadTag> {
        let first = self.out.front().map(|mapping| mapping.tag);
        if first != Some(tag) {
            let gone = self.gone.get(&tag).copied();
            return Err(match (first.filter(|_| self.holds(tag)), gone) {
                (Some(first), _) => BadTag::OutOfOrder(first),
                (None, Some(gone)) => BadTag::Gone(gone),
                (None, None) => BadTag::Unknown,
            });
        }
        if let Some(mapping) = self.out.pop_front() {
            self.gone.insert(tag, Gone::Released);
            self.put_back(&mapping, true, seen);
        }
        Ok(())
    }

    /// The mappings from `first` to `last`, places among those that are out, are the client's again.
    pub(crate) fn revoke(&mut self, first: usize, last: usize, seen: impl Fn(&PacketMemory, &Mapping)) {
        let revoked: Vec<Mapping> = self.out.drain(first..=last).collect();
        for mapping in &revoked {
            self.gone.insert(mapping.tag, Gone::Revoked);
            self.put_back(mapping, false, &seen);
        }
        self.figures.revoked += revoked.len() as u64;
    }

    fn put_back(&mut self, mapping: &Mapping, released: bool, seen: impl FnOnce(&PacketMemory, &Mapping)) {
        if let Some(packet) = self.packets.iter_mut().find(|packet| packet.number == mapping.packet) {
            seen(&packet.memory, mapping);
            packet.memory.spoil(mapping.at, mapping.bytes);
            packet.note(mapping, released);
            self.pending -= mapping.bytes as u64;
        }
        self.complete();
    }

    /// The rest of a packet that is not mapped yet will not be.
    pub(crate) fn cut_off(&mut self, number: u64) {
        if let Some(packet) = self.packets.iter_mut().find(|packet| packet.number == number) {
            let (from, to) = (packet.at, packet.memory.len());
            packet.lengths.clear();
            packet.at = to;
            if from < to {
                packet.pieces.push(Piece { from, to, released: false, mapped: false });
                self.pending -= (to - from) as u64;
            }
        }
        self.complete();
    }

    /// The packet that is being mapped, if the miniport has had a part of it.
    pub(crate) fn being_mapped(&self) -> Option<u64> {
        let packet = self.packets.iter().find(|packet| !packet.lengths.is_empty())?;
        (packet.at > 0).then_some(packet.number)
    }

    /// The packets that are with the port driver.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.packets.iter().map(|packet| packet.number).collect()
    }

    /// Packets that came back since this was last asked.
    pub(crate) fn take_done(&mut self) -> Vec<Done> {
        self.done.drain(..).collect()
    }

    fn complete(&mut self) {
        let (finished, rest): (VecDeque<_>, VecDeque<_>) =
            core::mem::take(&mut self.packets).into_iter().partition(Packet::finished);
        self.packets = rest;
        for mut packet in finished {
            packet.pieces.sort_by_key(|piece| piece.from);
            self.done.push_back(Done { packet: packet.number, pieces: packet.pieces });
        }
    }

    /// Whether what was given back of packets that are still here is as it was left: a device that writes there does so
    /// after it may not. The physical address of the first place that is not.
    pub(crate) fn written_after(&self) -> Option<u64> {
        self.packets.iter().find_map(|packet| {
            let pieces = packet.pieces.iter().filter(|piece| piece.mapped);
            let mut written =
                pieces.filter(|piece| !packet.memory.spoiled(piece.from, piece.to - piece.from));
            written.next().map(|piece| packet.memory.physical(piece.from))
        })
    }
}
