//! Guest memory as the device sees it: by physical address, and only where there is memory.

use std::fs::File;
use std::os::fd::AsFd;

use vm_memory::Bytes;
use vm_memory::FileOffset;
use vm_memory::GuestAddress;
use vm_memory::GuestMemoryMmap;

use crate::pci::HardwareError;
use crate::pci::Ram;
use crate::pci::Result;

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub address: u64,
    pub bytes: u32,
}

/// The device's own view of guest memory.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub guest: GuestMemoryMmap,
    size: u64,
}

impl Memory {
    pub(super) fn new(ram: &Ram) -> Result<Self> {
        let file = ram
            .as_fd()
            .try_clone_to_owned()
            .map_err(HardwareError::system("duplicating the descriptor of guest memory"))?;
        let file = FileOffset::new(File::from(file), 0);
        let guest = GuestMemoryMmap::from_ranges_with_files([(GuestAddress(0), ram.size(), Some(file))])
            .map_err(|error| HardwareError::Request {
                what: "a device's own mapping of guest memory".into(),
                why: error.to_string(),
            })?;
        Ok(Self { guest, size: ram.size() as u64 })
    }

    /// Whether all of a range is memory.
    pub(super) fn holds(&self, address: u64, bytes: u64) -> bool {
        address.checked_add(bytes).is_some_and(|end| end <= self.size)
    }

    /// Reads; what is no memory reads as all ones.
    pub(super) fn read(&self, address: u64, into: &mut [u8]) {
        if self.guest.read_slice(into, GuestAddress(address)).is_err() {
            into.fill(0xFF);
        }
    }

    /// Writes; what is no memory takes nothing.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) {
        if self.holds(address, bytes.len() as u64) {
            // Cannot fail: the range was just looked at, and the mapping is never taken apart.
            let _ = self.guest.write_slice(bytes, GuestAddress(address));
        }
    }

    pub(super) fn read16(&self, address: u64) -> u16 {
        let mut bytes = [0; 2];
        self.read(address, &mut bytes);
        u16::from_le_bytes(bytes)
    }
}

/// Bytes of all spans together.
pub(super) fn total(spans: &[Span]) -> u64 {
    spans.iter().map(|span| u64::from(span.bytes)).sum()
}

/// The part of a list of spans from byte `from`, at most `bytes` bytes long.
pub(super) fn part(spans: &[Span], from: u64, bytes: u64) -> Vec<Span> {
    let (mut skip, mut left) = (from, bytes);
    let mut part = Vec::new();
    for span in spans {
        let length = u64::from(span.bytes);
        if skip >= length {
            skip -= length;
            continue;
        }
        let taken = (length - skip).min(left);
        if taken > 0 {
            part.push(Span { address: span.address + skip, bytes: taken as u32 });
        }
        skip = 0;
        left -= taken;
    }
    part
}

/// Reads all of a list of spans.
pub(super) fn gather(memory: &Memory, spans: &[Span]) -> Vec<u8> {
    let mut bytes = vec![0; total(spans) as usize];
    let mut at = 0;
    for span in spans {
        let end = at + span.bytes as usize;
        memory.read(span.address, &mut bytes[at..end]);
        at = end;
    }
    bytes
}

/// Writes to a list of spans until they are full or there is nothing left.
pub(super) fn scatter(memory: &Memory, spans: &[Span], bytes: &[u8]) {
    let mut rest = bytes;
    for span in spans {
        let (now, later) = rest.split_at(rest.len().min(span.bytes as usize));
        memory.write(span.address, now);
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_crosses_spans() {
        let spans = [Span { address: 100, bytes: 4 }, Span { address: 300, bytes: 10 }];
        assert_eq!(part(&spans, 3, 5), [Span { address: 103, bytes: 1 }, Span { address: 300, bytes: 4 }]);
        assert_eq!(part(&spans, 14, 5), []);
        assert_eq!(part(&spans, 4, 100), [Span { address: 300, bytes: 10 }]);
    }

    #[test]
    fn there_is_no_memory_beyond_its_end() {
        let ram = Ram::new(0x20_0000).unwrap();
        let memory = Memory::new(&ram).unwrap();
        memory.write(0x1F_FFFF, &[7]);
        memory.write(0x1F_FFFF, &[8, 8]);
        let mut byte = [0];
        ram.read(0x1F_FFFF, &mut byte);
        assert_eq!(byte, [7]);
        assert_eq!(memory.read16(0x1F_FFFF), 0xFFFF);
    }
}
