//! A value with several owners.

use core::ops::Deref;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicUsize, fence};

use portcls::{Result, Status};

use super::pool::PoolBox;

/// Shared ownership by reference count, like `Arc`, except that it says when there is no memory.
///
/// # Invariants
///
/// The block holds one count for each `Shared` that points to it.
pub(crate) struct Shared<T>(core::ptr::NonNull<Counted<T>>);

struct Counted<T> {
    owners: AtomicUsize,
    value: T,
}

impl<T> Shared<T> {
    /// Moves `value` into the non-paged pool.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; the value is dropped.
    pub(crate) fn new(value: T) -> Result<Self> {
        Self::keep(value).map_err(|_| Status::INSUFFICIENT_RESOURCES)
    }

    /// Moves `value` into the non-paged pool.
    ///
    /// # Errors
    ///
    /// The value, if there is no memory.
    pub(crate) fn keep(value: T) -> core::result::Result<Self, T> {
        let block =
            PoolBox::keep(Counted { owners: AtomicUsize::new(1), value }).map_err(|block| block.value)?;
        // SAFETY: a box is never at address zero.
        Ok(Self(unsafe { core::ptr::NonNull::new_unchecked(block.into_raw()) }))
    }

    fn block(&self) -> &Counted<T> {
        // SAFETY: by the invariant this owner is counted, so the block lives.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // Owners are few and each lives in memory of its own: the count cannot overflow.
        self.block().owners.fetch_add(1, Relaxed);
        // INVARIANT: counted in the line above.
        Self(self.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.block().value
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if self.block().owners.fetch_sub(1, Release) == 1 {
            // What the other owners did comes before the drop.
            fence(Acquire);
            // SAFETY: the last owner; the block came from `into_raw`.
            drop(unsafe { PoolBox::from_raw(self.0) });
        }
    }
}

// SAFETY: owners on several threads share the value and any of them may drop it.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above; a reference to an owner can be cloned into another owner.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}
