//! A ring's memory of one thread.

use std::cell::Cell;

use virtqueue::{RingLayout, RingMemory};

/// Half-words, which a test's device writes as it likes.
pub(crate) struct Cells {
    pub(crate) layout: RingLayout,
    words: Vec<Cell<u16>>,
}

impl Cells {
    /// Memory for a ring of `size` where `most` have room, full of rubbish.
    pub(crate) fn new(size: u16, most: u16) -> Self {
        let layout = RingLayout::of(size, most).expect("a size that a queue can have");
        Self { layout, words: vec![Cell::new(0xDEAD); layout.bytes / 2] }
    }
}

impl RingMemory for Cells {
    fn load16(&self, at: usize) -> u16 {
        assert_eq!(at % 2, 0);
        self.words[at / 2].get()
    }

    fn load32(&self, at: usize) -> u32 {
        assert_eq!(at % 4, 0);
        u32::from(self.load16(at)) | u32::from(self.load16(at + 2)) << 16
    }

    fn store16(&self, at: usize, value: u16) {
        assert_eq!(at % 2, 0);
        self.words[at / 2].set(value);
    }

    fn store32(&self, at: usize, value: u32) {
        assert_eq!(at % 4, 0);
        self.store16(at, value as u16);
        self.store16(at + 2, (value >> 16) as u16);
    }

    fn store64(&self, at: usize, value: u64) {
        assert_eq!(at % 8, 0);
        self.store32(at, value as u32);
        self.store32(at + 4, (value >> 32) as u32);
    }

    fn fence_release(&self) {}

    fn fence_acquire(&self) {}

    fn fence_full(&self) {}
}
