//! Planted failures: the n-th call that is allowed to fail does.

use std::cell::Cell;
use std::cell::RefCell;

/// Counts the calls that may fail, while armed, and makes one of them fail.
#[derive(Default)]
pub struct Injection {
    armed: Cell<bool>,
    seen: Cell<u32>,
    fail_at: Cell<Option<u32>>,
    failed: RefCell<Option<String>>,
}

impl Injection {
    /// Starts counting; the call with number `fail_at` (from 0) fails. `None` only counts.
    pub fn arm(&self, fail_at: Option<u32>) {
        self.armed.set(true);
        self.seen.set(0);
        self.fail_at.set(fail_at);
        self.failed.replace(None);
    }

    /// Stops counting; returns how many calls could have failed, and which one did.
    pub fn disarm(&self) -> (u32, Option<String>) {
        self.armed.set(false);
        (self.seen.get(), self.failed.take())
    }

    /// Goes on counting, or does not for a while.
    pub fn count(&self, on: bool) {
        self.armed.set(on);
    }

    /// Calls counted so far.
    pub fn seen(&self) -> u32 {
        self.seen.get()
    }

    /// Asked by every routine that may fail for want of resources.
    pub fn fails(&self, what: &str) -> bool {
        if !self.armed.get() {
            return false;
        }
        let number = self.seen.replace(self.seen.get() + 1);
        let hit = self.fail_at.get() == Some(number);
        if hit {
            self.failed.replace(Some(format!("{what} (call {number})")));
        }
        hit
    }
}
