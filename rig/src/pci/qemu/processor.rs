//! One processor for the rig and the emulator.
//!
//! Only one of them runs at a time, and they take turns at every access. Handing over within a processor costs
//! a fraction of waking another one, most of all in a virtual machine.

use std::{
    mem,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Keeps the calling thread, and what it starts, on one processor; gives it back its choice on drop.
#[derive(Debug)]
pub(super) struct OneProcessor {
    before: libc::cpu_set_t,
}

impl OneProcessor {
    /// Settles on one of the processors that the thread may use, another for each machine. `None` if Linux has
    /// objections; everything works all the same.
    pub(super) fn settle() -> Option<Self> {
        static MACHINES: AtomicUsize = AtomicUsize::new(0);
        // SAFETY: a set of bits, for which all zeroes is valid.
        let (mut before, mut one) = unsafe { mem::zeroed::<(libc::cpu_set_t, libc::cpu_set_t)>() };
        // SAFETY: the record is valid and of the size given.
        if unsafe { libc::sched_getaffinity(0, size_of_val(&before), &mut before) } != 0 {
            return None;
        }
        let usable = (0..libc::CPU_SETSIZE as usize)
            // SAFETY: the number is below the size of the set.
            .filter(|&number| unsafe { libc::CPU_ISSET(number, &before) })
            .collect::<Vec<_>>();
        let turn = std::process::id() as usize + MACHINES.fetch_add(1, Ordering::Relaxed);
        let chosen = *usable.get(turn % usable.len().max(1))?;
        // SAFETY: as above.
        unsafe { libc::CPU_SET(chosen, &mut one) };
        // SAFETY: the record is valid and of the size given.
        let failed = unsafe { libc::sched_setaffinity(0, size_of_val(&one), &one) };
        (failed == 0).then_some(Self { before })
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        // SAFETY: the record is valid and of the size given. Should it fail, the thread stays where it is.
        unsafe { libc::sched_setaffinity(0, size_of_val(&self.before), &self.before) };
    }
}
