//! The memory that driver and device share.

/// Access to the memory of a ring, at byte offsets from its start.
///
/// Loads and stores are volatile, do not tear, and are little-endian: a load gives the host's value of a little-endian
/// field. The ring asks for multiples of the width only, and for nothing at or behind [`RingLayout::bytes`]. They
/// need not be ordered among each other: that is what the fences are for, which order them against accesses of the
/// device as they do among processors.
///
/// [`RingLayout::bytes`]: crate::RingLayout::bytes
pub trait RingMemory {
    /// Loads two bytes.
    fn load16(&self, at: usize) -> u16;

    /// Loads four bytes.
    fn load32(&self, at: usize) -> u32;

    /// Stores two bytes.
    fn store16(&self, at: usize, value: u16);

    /// Stores four bytes.
    fn store32(&self, at: usize, value: u32);

    /// Stores eight bytes. The device may see the two halves one by one.
    fn store64(&self, at: usize, value: u64);

    /// No earlier load or store moves behind a later store.
    fn fence_release(&self);

    /// No later load or store moves ahead of an earlier load.
    fn fence_acquire(&self);

    /// Nothing moves past this, in either direction: a store before it is seen before a load behind it is done.
    fn fence_full(&self);
}

impl<M: RingMemory + ?Sized> RingMemory for &M {
    fn load16(&self, at: usize) -> u16 {
        M::load16(self, at)
    }

    fn load32(&self, at: usize) -> u32 {
        M::load32(self, at)
    }

    fn store16(&self, at: usize, value: u16) {
        M::store16(self, at, value);
    }

    fn store32(&self, at: usize, value: u32) {
        M::store32(self, at, value);
    }

    fn store64(&self, at: usize, value: u64) {
        M::store64(self, at, value);
    }

    fn fence_release(&self) {
        M::fence_release(self);
    }

    fn fence_acquire(&self) {
        M::fence_acquire(self);
    }

    fn fence_full(&self) {
        M::fence_full(self);
    }
}
