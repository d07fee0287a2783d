//! Mutexes of the system's own: as `KMUTEX`, held by a thread, waited for below DISPATCH_LEVEL, and IRQL stays as it is.
//!
//! Taking one that is free, and giving it back when nobody waits, costs no time and leaves no trace.

use std::cell::Cell;
use std::cell::UnsafeCell;

use super::At;
use super::Deadline;
use super::Kernel;
use super::abi::DISPATCH_LEVEL;
use super::abi::DispatcherHeader;
use super::abi::KMutant;
use super::abi::ListEntry;
use super::dispatcher;
use super::dispatcher::kind;

/// A mutex.
pub(crate) struct Mutex {
    kernel: &'static Kernel,
    mutant: Box<UnsafeCell<KMutant>>,
    waiting: Cell<u32>,
    waits: Cell<u64>,
}

impl Mutex {
    /// One that nobody holds.
    pub(crate) fn new(kernel: &'static Kernel) -> Self {
        let links = ListEntry { flink: core::ptr::null_mut(), blink: core::ptr::null_mut() };
        let header = DispatcherHeader {
            kind: kind::MUTANT,
            signalling: 0,
            size: 0,
            reserved: 0,
            signal_state: 1,
            wait_list_head: links,
        };
        let mutant = KMutant {
            header,
            mutant_list_entry: links,
            owner_thread: core::ptr::null_mut(),
            mutant_flags: 0,
            apc_disable: 0,
        };
        let mutant = Box::new(UnsafeCell::new(mutant));
        dispatcher::initialize(At::new(mutant.get().cast()), kind::MUTANT, 1);
        Self { kernel, mutant, waiting: Cell::new(0), waits: Cell::new(0) }
    }

    /// Calls `body` while the current thread holds it, which it may do already.
    ///
    /// # Panics
    /// At DISPATCH_LEVEL, where nobody can wait.
    pub(crate) fn hold<R>(&self, body: impl FnOnce() -> R) -> R {
        assert!(self.kernel.current_irql() < DISPATCH_LEVEL, "a mutex is waited for below DISPATCH_LEVEL");
        self.acquire();
        let result = body();
        self.release();
        result
    }

    /// How often a thread had to wait for it.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.get()
    }

    fn acquire(&self) {
        let own = self.kernel.current_thread().map(|thread| thread.pointer());
        let free = At::new(self.mutant.get())
            .with(|mutant| mutant.header.signal_state > 0 || Some(mutant.owner_thread) == own);
        self.waits.set(self.waits.get() + u64::from(!free));
        self.waiting.set(self.waiting.get() + 1);
        self.kernel.wait(vec![self.mutant.get().cast()], false, Deadline::Never);
        self.waiting.set(self.waiting.get() - 1);
    }

    fn release(&self) {
        let free = At::new(self.mutant.get()).with(|mutant| {
            mutant.header.signal_state += 1;
            let free = mutant.header.signal_state == 1;
            if free {
                mutant.owner_thread = core::ptr::null_mut();
            }
            free
        });
        if free && self.waiting.get() > 0 {
            self.kernel.wake_waiters(self.mutant.get().cast());
            self.kernel.preempt();
        }
    }
}
