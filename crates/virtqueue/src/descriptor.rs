//! Descriptors as the device reads them (2.7.5).

/// The chain goes on in `next`.
const NEXT: u32 = 1;

/// The device writes; otherwise it reads.
const WRITE: u32 = 2;

/// The descriptor points at a table of descriptors (2.7.5.3).
const INDIRECT: u32 = 4;

/// One physically contiguous piece of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where the device finds it.
    pub address: u64,
    /// Its length, at least 1.
    pub bytes: u32,
    /// The device writes it; otherwise it reads it.
    pub writable: bool,
}

/// A descriptor as four little-endian words, in the host's order: address (low, high), length, flags and `next`.
///
/// For the indirect tables of [`Queue::add_indirect`]: entry 0 begins the chain, `next` is the number of an entry of
/// the table, and none ends the chain (2.7.5.3). All that the device reads stands ahead of all that it writes (2.7.4.2).
///
/// [`Queue::add_indirect`]: crate::Queue::add_indirect
pub const fn descriptor(segment: Segment, next: Option<u16>) -> [u32; 4] {
    let write = if segment.writable { WRITE } else { 0 };
    let link = match next {
        Some(next) => NEXT | (next as u32) << 16,
        None => 0,
    };
    words(segment.address, segment.bytes, write | link)
}

/// The one descriptor of a chain whose others are in a table of `bytes` bytes.
pub(crate) const fn indirect(table: u64, bytes: u32) -> [u32; 4] {
    words(table, bytes, INDIRECT)
}

const fn words(address: u64, bytes: u32, flags_and_next: u32) -> [u32; 4] {
    [address as u32, (address >> 32) as u32, bytes, flags_and_next]
}
