//! One I/O message (5.14.6.8) that the device holds.

use super::memory::Memory;
use super::memory::Span;
use super::memory::gather;
use super::memory::part;
use super::memory::scatter;
use super::memory::total;
use super::ring::Chain;

/// Bytes of `virtio_snd_pcm_xfer` and of `virtio_snd_pcm_status`.
pub(super) const HEADER: u64 = 4;
/// See [`HEADER`].
pub(super) const STATUS: u64 = 8;

/// More than this no device takes in one message, in bytes.
const MOST_SOUND: u64 = 16 << 20;

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub head: u16,
    /// The sound: readable for outputs, writable for inputs.
    pub sound: Vec<Span>,
    /// All that is writable.
    writable: Vec<Span>,
    /// Bytes of sound.
    pub bytes: u64,
    /// Bytes that were moved.
    pub done: u64,
    /// The sound as it was when the device was told of the message.
    pub copy: Vec<u8>,
    /// Whether it was queued by somebody before the last reset.
    pub is_old: bool,
}

impl Message {
    /// Reads what the driver queued: the stream's id, and the message.
    pub(super) fn parse(memory: &Memory, chain: Chain, is_output: bool) -> Result<(u32, Self), String> {
        let header = part(&chain.readable, 0, HEADER);
        let (readable, writable) = (total(&chain.readable), total(&chain.writable));
        if total(&header) < HEADER {
            return Err(format!("a message with {readable} readable bytes, too few for its header"));
        }
        if writable < STATUS {
            return Err(format!("a message with {writable} writable bytes, too few for its status"));
        }
        if is_output && writable != STATUS {
            return Err(format!("a message with {writable} writable bytes in the tx queue"));
        }
        if !is_output && readable != HEADER {
            return Err(format!("a message with {readable} readable bytes in the rx queue"));
        }
        let id = u32::from_le_bytes(gather(memory, &header).try_into().unwrap_or_default());
        let sound = if is_output {
            part(&chain.readable, HEADER, u64::MAX)
        } else {
            part(&chain.writable, 0, writable - STATUS)
        };
        if total(&sound) > MOST_SOUND {
            return Err(format!("a message of {} bytes", total(&sound)));
        }
        let copy = if is_output { gather(memory, &sound) } else { Vec::new() };
        let bytes = total(&sound);
        let message =
            Self { head: chain.head, sound, writable: chain.writable, bytes, done: 0, copy, is_old: false };
        Ok((id, message))
    }

    /// One that somebody else queued before this driver came.
    pub(super) fn left_behind(memory: &Memory, head: u16, at: u64, is_output: bool) -> Self {
        let span = |address, bytes| Span { address, bytes };
        let (sound, status) = (span(at, 64), span(at + 64, 8));
        let writable = if is_output { vec![status] } else { vec![sound, status] };
        let copy = if is_output { gather(memory, &[sound]) } else { Vec::new() };
        Self { head, sound: vec![sound], writable, bytes: 64, done: 0, copy, is_old: true }
    }

    /// Bytes still to be moved.
    pub(super) fn left(&self) -> u64 {
        self.bytes - self.done
    }

    /// Takes up to `bytes` bytes of sound; how many of them had been changed since the device was told.
    pub(super) fn take(&mut self, memory: &Memory, bytes: u64, as_it_plays: bool, into: &mut Vec<u8>) -> u64 {
        let spans = part(&self.sound, self.done, bytes);
        let now = gather(memory, &spans);
        let then = &self.copy[self.done as usize..self.done as usize + now.len()];
        let changed = now.iter().zip(then).filter(|(now, then)| now != then).count() as u64;
        into.extend(if as_it_plays { &now } else { then });
        self.done += now.len() as u64;
        changed
    }

    /// Records.
    pub(super) fn fill(&mut self, memory: &Memory, sound: &[u8]) {
        scatter(memory, &part(&self.sound, self.done, sound.len() as u64), sound);
        self.done += sound.len() as u64;
    }

    /// Writes the status behind what was written (5.14.6.8.2); bytes written in all.
    pub(super) fn finish(&self, memory: &Memory, is_output: bool, status: u32, latency: u32) -> u32 {
        let at = if is_output { 0 } else { self.done };
        let mut bytes = status.to_le_bytes().to_vec();
        bytes.extend(latency.to_le_bytes());
        scatter(memory, &part(&self.writable, at, STATUS), &bytes);
        (at + STATUS) as u32
    }
}
