//! Where in the memory what is.

/// Bytes of a descriptor (2.7.5).
pub(crate) const DESCRIPTOR: usize = 16;

/// Bytes of an entry of the available ring (2.7.6).
const AVAILABLE_ENTRY: usize = 2;

/// Bytes of an entry of the used ring (2.7.8).
const USED_ENTRY: usize = 8;

/// `flags` and `index`, ahead of the entries of either ring.
const RING_HEADER: usize = 4;

/// The event index behind the entries of either ring.
const EVENT: usize = 2;

/// What the two sides write is kept in separate cache lines.
const LINE: usize = 64;

/// The parts of a ring, as byte offsets in one piece of memory.
///
/// The specification asks that the three parts lie at multiples of 16, 2 and 4 bytes (2.7). Here all of them do at
/// multiples of 64 where the memory does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLayout {
    /// Descriptors, and entries of each ring.
    pub size: u16,
    /// The descriptor table.
    pub descriptors: usize,
    /// The available ring.
    pub available: usize,
    /// The used ring.
    pub used: usize,
    /// All of it, in bytes; a multiple of 64.
    pub bytes: usize,
}

impl RingLayout {
    /// The layout of a ring of `size` descriptors: none unless that is a power of two up to 32768 (2.7).
    pub const fn of(size: u16) -> Option<Self> {
        if !size.is_power_of_two() {
            return None;
        }
        let entries = size as usize;
        // At most 512 KiB, 64 KiB and 256 KiB: nothing wraps.
        let available = lines(entries.wrapping_mul(DESCRIPTOR));
        let used = available.wrapping_add(ring(entries, AVAILABLE_ENTRY));
        let bytes = used.wrapping_add(ring(entries, USED_ENTRY));
        Some(Self { size, descriptors: 0, available, used, bytes })
    }

    /// Where descriptor `index` is. `index` is below the size.
    pub(crate) fn descriptor(&self, index: u16) -> usize {
        self.descriptors.wrapping_add(usize::from(index).wrapping_mul(DESCRIPTOR))
    }

    /// The driver's flags.
    pub(crate) fn available_flags(&self) -> usize {
        self.available
    }

    /// The driver's index.
    pub(crate) fn available_index(&self) -> usize {
        self.available.wrapping_add(2)
    }

    /// The entry for the chain that `index` counts.
    pub(crate) fn available_entry(&self, index: u16) -> usize {
        self.available.wrapping_add(RING_HEADER).wrapping_add(self.entry(index, AVAILABLE_ENTRY))
    }

    /// The used index at which the driver wants an interrupt (`used_event`, 2.7.7).
    pub(crate) fn used_event(&self) -> usize {
        let entries = usize::from(self.size).wrapping_mul(AVAILABLE_ENTRY);
        self.available.wrapping_add(RING_HEADER).wrapping_add(entries)
    }

    /// The device's flags.
    pub(crate) fn used_flags(&self) -> usize {
        self.used
    }

    /// The device's index.
    pub(crate) fn used_index(&self) -> usize {
        self.used.wrapping_add(2)
    }

    /// The entry for the chain that `index` counts: head, then length.
    pub(crate) fn used_entry(&self, index: u16) -> usize {
        self.used.wrapping_add(RING_HEADER).wrapping_add(self.entry(index, USED_ENTRY))
    }

    /// The available index at which the device wants a kick (`avail_event`, 2.7.10).
    pub(crate) fn available_event(&self) -> usize {
        let entries = usize::from(self.size).wrapping_mul(USED_ENTRY);
        self.used.wrapping_add(RING_HEADER).wrapping_add(entries)
    }

    /// Rings are as long as a power of two: an index that wraps at 2^16 keeps its place in them.
    fn entry(&self, index: u16, bytes: usize) -> usize {
        usize::from(index & self.size.wrapping_sub(1)).wrapping_mul(bytes)
    }
}

const fn ring(entries: usize, entry: usize) -> usize {
    lines(RING_HEADER.wrapping_add(entries.wrapping_mul(entry)).wrapping_add(EVENT))
}

/// `bytes`, rounded up to whole cache lines.
const fn lines(bytes: usize) -> usize {
    bytes.wrapping_add(LINE.wrapping_sub(1)) & !LINE.wrapping_sub(1)
}
