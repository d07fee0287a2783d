//! A ring's memory that is looked after.

use std::cell::{Cell, RefCell};

use virtqueue::RingMemory;

use crate::cells::Cells;

/// A ring's memory that counts accesses, and remembers which descriptors were written.
pub(crate) struct Watched {
    pub(crate) cells: Cells,
    accesses: Cell<u32>,
    pub(crate) descriptors: RefCell<Vec<u16>>,
}

impl Watched {
    pub(crate) fn new(size: u16, most: u16) -> Self {
        Self { cells: Cells::new(size, most), accesses: Cell::new(0), descriptors: RefCell::default() }
    }

    fn count(&self) {
        self.accesses.set(self.accesses.get() + 1);
    }

    /// Runs `call`, and says how many accesses it took.
    pub(crate) fn watch<R>(&self, call: impl FnOnce() -> R) -> (R, u32) {
        self.accesses.set(0);
        self.descriptors.borrow_mut().clear();
        let result = call();
        (result, self.accesses.get())
    }
}

impl RingMemory for Watched {
    fn load16(&self, at: usize) -> u16 {
        self.count();
        self.cells.load16(at)
    }

    fn load32(&self, at: usize) -> u32 {
        self.count();
        self.cells.load32(at)
    }

    fn store16(&self, at: usize, value: u16) {
        self.count();
        self.cells.store16(at, value);
    }

    fn store32(&self, at: usize, value: u32) {
        self.count();
        self.cells.store32(at, value);
    }

    fn store64(&self, at: usize, value: u64) {
        self.count();
        self.cells.store64(at, value);
        if at < self.cells.layout.available {
            self.descriptors.borrow_mut().push((at / 16) as u16);
        }
    }

    fn fence_release(&self) {}

    fn fence_acquire(&self) {}

    fn fence_full(&self) {}
}
