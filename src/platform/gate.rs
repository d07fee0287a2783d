//! Locks that one may wait under, by closure.

use core::cell::UnsafeCell;

use portcls::Result;
use portcls::irql::{Irql, Passive};
use wdk_sys::ntddk::{KeEnterCriticalRegion, KeLeaveCriticalRegion};

use super::event::Event;

/// Data that one thread at a time reaches, at PASSIVE_LEVEL, and may wait with.
///
/// The thread cannot be suspended meanwhile, so that nobody waits longer than the closure takes.
pub(crate) struct Gate<T> {
    /// Set while nobody is inside.
    free: Event,
    data: UnsafeCell<T>,
}

impl<T> Gate<T> {
    /// Puts `data` behind a gate.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(at: &Irql<Passive>, data: T) -> Result<Self> {
        let free = Event::new()?;
        free.set(at);
        Ok(Self { free, data: UnsafeCell::new(data) })
    }

    /// Runs `f` on the data, alone. A gate entered from inside itself would wait for ever.
    pub(crate) fn with<R>(
        &self,
        at: &mut Irql<Passive>,
        f: impl FnOnce(&mut T, &mut Irql<Passive>) -> R,
    ) -> R {
        // SAFETY: left below, on the same thread.
        unsafe { KeEnterCriticalRegion() };
        self.free.wait(at);
        // SAFETY: the wait has taken the event away: nobody else reaches the data until it is set again.
        let result = f(unsafe { &mut *self.data.get() }, at);
        self.free.set(at);
        // SAFETY: entered above.
        unsafe { KeLeaveCriticalRegion() };
        result
    }
}

// SAFETY: the gate hands the data to one thread at a time.
unsafe impl<T: Send> Sync for Gate<T> {}
// SAFETY: moving the gate moves the data.
unsafe impl<T: Send> Send for Gate<T> {}
