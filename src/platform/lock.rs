//! Spin locks by closure.

use core::cell::UnsafeCell;

use portcls::irql::{AtMostDispatch, Dispatch, Irql};
use wdk_sys::KSPIN_LOCK;
use wdk_sys::ntddk::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock,
    KeReleaseSpinLockFromDpcLevel,
};

/// Data behind a spin lock.
///
/// There is no guard object: the data is reached in a closure, which gets a token of DISPATCH_LEVEL, so that
/// nothing which may wait can be called under the lock.
pub(crate) struct SpinLock<T> {
    lock: UnsafeCell<KSPIN_LOCK>,
    data: UnsafeCell<T>,
}

impl<T> SpinLock<T> {
    /// Puts `data` behind a lock.
    pub(crate) const fn new(data: T) -> Self {
        // Zero is what KeInitializeSpinLock stores.
        Self { lock: UnsafeCell::new(0), data: UnsafeCell::new(data) }
    }

    /// Runs `f` on the data, alone.
    #[inline(always)]
    pub(crate) fn with<L: AtMostDispatch, R>(
        &self,
        _at: &mut Irql<L>,
        f: impl FnOnce(&mut T, &mut Irql<Dispatch>) -> R,
    ) -> R {
        // SAFETY: the token says that IRQL is at most DISPATCH_LEVEL. The token of the caller is borrowed for
        // as long as the lock is held, and `f` only gets that of the dispatch level, so this thread of
        // execution does not hold the lock already unless `f` of the same lock came back here.
        let old = unsafe { KeAcquireSpinLockRaiseToDpc(self.lock.get()) };
        // SAFETY: the lock is held, which raised IRQL.
        let mut raised = unsafe { Irql::<Dispatch>::assume() };
        // SAFETY: the lock is held: nobody else reaches the data.
        let result = f(unsafe { &mut *self.data.get() }, &mut raised);
        // SAFETY: acquired above, with this old level.
        unsafe { KeReleaseSpinLock(self.lock.get(), old) };
        result
    }

    /// The same where IRQL is DISPATCH_LEVEL already: there is no level to raise, and none to keep in mind.
    #[inline(always)]
    pub(crate) fn with_at_dispatch<R>(
        &self,
        at: &mut Irql<Dispatch>,
        f: impl FnOnce(&mut T, &mut Irql<Dispatch>) -> R,
    ) -> R {
        // SAFETY: the token says that IRQL is DISPATCH_LEVEL, and is borrowed as above.
        unsafe { KeAcquireSpinLockAtDpcLevel(self.lock.get()) };
        // SAFETY: the lock is held: nobody else reaches the data.
        let result = f(unsafe { &mut *self.data.get() }, at);
        // SAFETY: acquired above, at this level.
        unsafe { KeReleaseSpinLockFromDpcLevel(self.lock.get()) };
        result
    }
}

// SAFETY: the lock hands the data to one at a time.
unsafe impl<T: Send> Sync for SpinLock<T> {}
// SAFETY: moving the lock moves the data.
unsafe impl<T: Send> Send for SpinLock<T> {}
