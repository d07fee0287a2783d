//! What other drivers' deferred procedure calls do to ours: they come first, for as long as they like.

use std::cell::Cell;

use super::Kernel;
use super::abi::DISPATCH_LEVEL;

/// How long a queue of DPCs is held up.
#[derive(Default)]
pub(crate) struct HoldUp {
    longest_ns: Cell<u64>,
    chance: Cell<u64>,
    /// Whether the DPC at the head of the queue has waited already.
    over: Cell<bool>,
}

impl Kernel {
    /// From now on, each time that there is a DPC to run, others run before it: for up to `ns`, at random, the same in
    /// each run. Interrupts are let in meanwhile; threads are not.
    pub fn hold_up_dpcs(&self, ns: u64) {
        self.hold_up.longest_ns.set(ns);
        self.hold_up.chance.set(0x9E37_79B9_7F4A_7C15);
    }

    /// Before a DPC is taken from the queue: whether time has passed over it, in which interrupts may have come.
    pub(super) fn held_up(&self) -> bool {
        let hold_up = &self.hold_up;
        let longest = hold_up.longest_ns.get();
        if longest == 0 || hold_up.over.replace(true) {
            hold_up.over.set(false);
            return false;
        }
        let mut chance = hold_up.chance.get();
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        hold_up.chance.set(chance);
        let level = self.set_irql(DISPATCH_LEVEL);
        self.stall(chance % (longest + 1));
        self.set_irql(level);
        true
    }
}
