//! A place that is filled once.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{AcqRel, Acquire};

use portcls::{Result, Status};

use super::pool::PoolBox;

/// A value that comes later, and then stays as long as its owner.
///
/// # Invariants
///
/// The pointer is null, or a box's that this owner has given up to no one else.
pub(crate) struct Once<T>(AtomicPtr<T>);

impl<T: Send + Sync> Once<T> {
    /// An empty place.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// The value, if it has come.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: by the invariant; it is not taken out before the drop.
        unsafe { self.0.load(Acquire).as_ref() }
    }

    /// Fills the place.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` if it is filled, `STATUS_INSUFFICIENT_RESOURCES`; the value is dropped.
    pub(crate) fn fill(&self, value: T) -> Result<&T> {
        let new = PoolBox::new(value)?.into_raw();
        match self.0.compare_exchange(null_mut(), new, AcqRel, Acquire) {
            // SAFETY: put there just now, and not taken out before the drop.
            Ok(_) => Ok(unsafe { &*new }),
            Err(_) => {
                // SAFETY: a box is never at zero; this one went nowhere.
                drop(unsafe { PoolBox::from_raw(NonNull::new_unchecked(new)) });
                Err(Status::INVALID_DEVICE_STATE)
            }
        }
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        if let Some(value) = NonNull::new(*self.0.get_mut()) {
            // SAFETY: from `into_raw` in `fill`, and taken out once.
            drop(unsafe { PoolBox::from_raw(value) });
        }
    }
}
