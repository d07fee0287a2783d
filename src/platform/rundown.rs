//! What many use at any time, and what is taken away from all of them for good.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Release};

/// Set in the word once nobody is let in any more; the other bits count who is inside.
const CLOSED: u32 = 1 << 31;

/// A word that several processors change at once.
pub(crate) trait Word {
    /// Adds, and says what was there.
    fn add(&self, value: u32, order: Ordering) -> u32;
    /// Subtracts, and says what was there.
    fn subtract(&self, value: u32, order: Ordering) -> u32;
    /// Sets bits, and says what was there.
    fn set(&self, bits: u32, order: Ordering) -> u32;
    /// What is there.
    fn get(&self, order: Ordering) -> u32;
}

impl Word for AtomicU32 {
    #[inline(always)]
    fn add(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_add(value, order)
    }

    #[inline(always)]
    fn subtract(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_sub(value, order)
    }

    fn set(&self, bits: u32, order: Ordering) -> u32 {
        self.fetch_or(bits, order)
    }

    fn get(&self, order: Ordering) -> u32 {
        self.load(order)
    }
}

/// Lets users in until it is closed, and tells when the last of them has left.
///
/// Users come at any IRQL and on any processor, and stay for a few instructions. That takes each two changes of one
/// word, and no lock.
pub(crate) struct Rundown<W: Word = AtomicU32>(W);

impl Rundown {
    /// One that is open.
    pub(crate) const fn new() -> Self {
        Self::over(AtomicU32::new(0))
    }
}

impl<W: Word> Rundown<W> {
    /// One that is open, in a word that is zero.
    pub(crate) const fn over(word: W) -> Self {
        Self(word)
    }

    /// Lets a user in, for as long as the answer lives; none once it was closed.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<Inside<'_, W>> {
        // Who finds it closed is inside for the moment, too, and leaves at once.
        let before = self.0.add(1, Acquire);
        let inside = Inside(&self.0);
        (before & CLOSED == 0).then_some(inside)
    }

    /// Nobody is let in any more. False if that was so already.
    pub(crate) fn close(&self) -> bool {
        self.0.set(CLOSED, AcqRel) & CLOSED == 0
    }

    /// Nobody is inside. What they did there has been done.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.get(Acquire) & !CLOSED == 0
    }

    /// It was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.get(Acquire) & CLOSED != 0
    }
}

/// A user that was let in. The drop is its leaving.
pub(crate) struct Inside<'a, W: Word = AtomicU32>(&'a W);

impl<W: Word> Drop for Inside<'_, W> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.subtract(1, Release);
    }
}
