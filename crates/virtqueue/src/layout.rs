//! Where in the memory what is.

/// Bytes of a descriptor (2.7.5).
pub(crate) const DESCRIPTOR: usize = 16;

/// Bytes of an entry of the available ring (2.7.6).
const AVAILABLE_ENTRY: usize = 2;

/// Bytes of an entry of the used ring (2.7.8).
const USED_ENTRY: usize = 8;

/// `flags` and `index`, ahead of the entries of either ring.
const RING_HEADER: usize = 4;

/// The index in it.
const INDEX: usize = 2;

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
    /// What is left of an index in a ring: rings are as long as a power of two, so that one that wraps at 2^16 keeps its
    /// place in them.
    mask: u16,
    /// The used index at which the driver wants an interrupt (`used_event`, 2.7.7).
    pub(crate) used_event: usize,
    /// The available index at which the device wants a kick (`avail_event`, 2.7.10).
    pub(crate) available_event: usize,
}

impl RingLayout {
    /// The layout of a ring of `size` descriptors where one of `most` has room: none unless both are powers of two up to
    /// 32768 (2.7), and `size` is not the greater one. Where the parts begin depends on `most` alone.
    pub const fn of(size: u16, most: u16) -> Option<Self> {
        if !size.is_power_of_two() || !most.is_power_of_two() || size > most {
            return None;
        }
        let (entries, room) = (size as usize, most as usize);
        Some(Self {
            size,
            descriptors: 0,
            available: available(room),
            used: used(room),
            bytes: used(room).wrapping_add(ring(room, USED_ENTRY)),
            mask: size.wrapping_sub(1),
            used_event: event(available(room), entries, AVAILABLE_ENTRY),
            available_event: event(used(room), entries, USED_ENTRY),
        })
    }

    /// Where among the entries of a ring that has room for `MAX` the one is that `index` counts.
    #[inline(always)]
    fn entry<const MAX: usize>(&self, index: u16) -> usize {
        // The second mask changes nothing, but says how far the entry is at most.
        usize::from(index & self.mask) & MAX.wrapping_sub(1)
    }

    /// Where the entry for the chain that `index` counts is in the available ring.
    #[inline(always)]
    pub(crate) fn available_entry<const MAX: usize>(&self, index: u16) -> usize {
        let entry = self.entry::<MAX>(index).wrapping_mul(AVAILABLE_ENTRY);
        Places::<MAX>::AVAILABLE.wrapping_add(RING_HEADER).wrapping_add(entry)
    }

    /// Where the entry for the chain that `index` counts is in the used ring: head, then length.
    #[inline(always)]
    pub(crate) fn used_entry<const MAX: usize>(&self, index: u16) -> usize {
        let entry = self.entry::<MAX>(index).wrapping_mul(USED_ENTRY);
        Places::<MAX>::USED.wrapping_add(RING_HEADER).wrapping_add(entry)
    }
}

/// Where the parts of a ring are that has room for `MAX` descriptors.
pub(crate) struct Places<const MAX: usize>;

impl<const MAX: usize> Places<MAX> {
    /// The available ring begins with the driver's flags.
    pub(crate) const AVAILABLE: usize = available(MAX);
    /// The driver's index.
    pub(crate) const AVAILABLE_INDEX: usize = Self::AVAILABLE.wrapping_add(INDEX);
    /// The used ring begins with the device's flags.
    pub(crate) const USED: usize = used(MAX);
    /// The device's index.
    pub(crate) const USED_INDEX: usize = Self::USED.wrapping_add(INDEX);

    /// Where descriptor `index` is. `index` is below `MAX`.
    #[inline(always)]
    pub(crate) const fn descriptor(index: u16) -> usize {
        (index as usize & MAX.wrapping_sub(1)).wrapping_mul(DESCRIPTOR)
    }
}

// At most 512 KiB, 64 KiB and 256 KiB: nothing wraps.
const fn available(room: usize) -> usize {
    lines(room.wrapping_mul(DESCRIPTOR))
}

const fn used(room: usize) -> usize {
    available(room).wrapping_add(ring(room, AVAILABLE_ENTRY))
}

/// Where behind the entries of the ring at `part` the event index is.
const fn event(part: usize, entries: usize, entry: usize) -> usize {
    part.wrapping_add(RING_HEADER).wrapping_add(entries.wrapping_mul(entry))
}

const fn ring(entries: usize, entry: usize) -> usize {
    lines(RING_HEADER.wrapping_add(entries.wrapping_mul(entry)).wrapping_add(EVENT))
}

/// `bytes`, rounded up to whole cache lines.
const fn lines(bytes: usize) -> usize {
    bytes.wrapping_add(LINE.wrapping_sub(1)) & !LINE.wrapping_sub(1)
}
