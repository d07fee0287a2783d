//! What the interrupt service routine tells the DPC, in one word and without a lock.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use crate::device::ac97::ring::steps;

const COUNT_BITS: u32 = 48;
const COUNT_MASK: u64 = (1_u64 << COUNT_BITS).wrapping_sub(1);

/// Descriptors that the device was seen to be done with, counted from the start of this RUN.
///
/// The upper 16 bits number the RUN, so that an interrupt taken before a restart and published after it
/// changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Latch(AtomicU64);

impl Latch {
    /// A latch at zero.
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Starts a new RUN at descriptor 0. Whatever was read from the device before does not count any more.
    pub(crate) fn restart(&self) {
        let run = self.0.load(Acquire) >> COUNT_BITS;
        self.0.store(run.wrapping_add(1) << COUNT_BITS, Release);
    }

    /// Opens the window in which the registers are read; to be closed by [`Latch::publish`].
    pub(crate) fn open(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Publishes that the device was at index `civ`, and `halted` at its end or not, after `opened`.
    pub(crate) fn publish(&self, opened: u64, civ: u8, halted: bool) {
        let seen = opened & COUNT_MASK;
        let mut now = seen.wrapping_add(steps(seen, civ));
        if halted && (now & 31) == u64::from(civ) {
            now = now.wrapping_add(1);
        }
        let value = (opened & !COUNT_MASK) | (now & COUNT_MASK);
        // A restart in between wins; so does a later interrupt.
        let _ = self.0.compare_exchange(opened, value, AcqRel, Acquire);
    }

    /// Number of the descriptor which the device had reached at the last interrupt.
    pub(crate) fn seen(&self) -> u64 {
        self.0.load(Acquire) & COUNT_MASK
    }
}
