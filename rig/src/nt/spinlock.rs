//! Spin locks. With one processor a held lock that is asked for again is a deadlock.

use std::cell::RefCell;

use super::At;
use super::Kernel;

struct Lock {
    address: u64,
    taken_at: u64,
}

/// The locks held now, with the address in the driver that took each.
#[derive(Default)]
pub(crate) struct Held(RefCell<Vec<Lock>>);

impl Held {
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// Address of the lock taken last, and of the call that took it.
    pub(crate) fn last(&self) -> Option<(u64, u64)> {
        self.0.borrow().last().map(|lock| (lock.address, lock.taken_at))
    }
}

impl Kernel {
    /// Takes the lock; the caller has raised the IRQL.
    pub(crate) fn acquire_spinlock(&self, lock: At<u64>) {
        if !self.try_spinlock(lock) {
            self.verifier.deadlock(self, lock.address());
        }
    }

    /// Takes the lock unless the processor has it.
    pub(crate) fn try_spinlock(&self, lock: At<u64>) -> bool {
        if self.spinlocks.0.borrow().iter().any(|held| held.address == lock.address()) {
            return false;
        }
        let value = lock.read();
        if value != 0 {
            self.verifier.lock_not_initialized(self, lock.address(), value);
        }
        lock.write(1);
        let taken_at = self.calling_address();
        self.spinlocks.0.borrow_mut().push(Lock { address: lock.address(), taken_at });
        true
    }

    /// Gives it back; the caller lowers the IRQL.
    pub(crate) fn release_spinlock(&self, lock: At<u64>) {
        let mut held = self.spinlocks.0.borrow_mut();
        let Some(place) = held.iter().rposition(|held| held.address == lock.address()) else {
            drop(held);
            self.verifier.lock_not_held(self, lock.address());
        };
        held.remove(place);
        drop(held);
        lock.write(0);
    }
}
