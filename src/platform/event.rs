//! Events.

use core::cell::UnsafeCell;
use core::ptr::null_mut;

use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::{Result, handle};
use wdk_sys::_EVENT_TYPE::SynchronizationEvent;
use wdk_sys::_KWAIT_REASON::Executive;
use wdk_sys::_MODE::KernelMode;
use wdk_sys::ntddk::{KeInitializeEvent, KeSetEvent, KeWaitForSingleObject};
use wdk_sys::{KEVENT, LARGE_INTEGER, STATUS_SUCCESS};

use super::pool::PoolBox;

/// An event that lets one waiter go each time it is set.
pub(crate) struct Event(PoolBox<UnsafeCell<KEVENT>>);

impl Event {
    /// A new event, not set.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new() -> Result<Self> {
        let event = PoolBox::new(UnsafeCell::new(KEVENT::default()))?;
        // SAFETY: memory of an event in the non-paged pool, which does not move as long as the event lives.
        unsafe { KeInitializeEvent(event.get(), SynchronizationEvent, 0) };
        Ok(Self(event))
    }

    /// Lets one waiter go, now or as soon as one comes.
    pub(crate) fn set<L: AtMostDispatch>(&self, _at: &Irql<L>) {
        // SAFETY: an initialized event; without Wait the call is good up to DISPATCH_LEVEL.
        unsafe { KeSetEvent(self.0.get(), 0, 0) };
    }

    /// Waits until the event is set.
    pub(crate) fn wait(&self, _at: &Irql<Passive>) {
        // SAFETY: an initialized event; PASSIVE_LEVEL allows to wait without a limit. A wait that is neither
        // alertable nor in user mode ends with success only.
        let _ =
            unsafe { KeWaitForSingleObject(self.0.get().cast(), Executive, KernelMode as _, 0, null_mut()) };
    }

    /// Waits until the event is set, but no longer than about `milliseconds`. Says whether it was set.
    #[must_use]
    pub(crate) fn wait_for(&self, _at: &Irql<Passive>, milliseconds: u32) -> bool {
        // Negative is relative; the unit is 100 ns.
        let mut timeout = LARGE_INTEGER { QuadPart: i64::from(milliseconds).wrapping_mul(-10_000) };
        // SAFETY: an initialized event; PASSIVE_LEVEL allows to wait.
        let status = unsafe {
            KeWaitForSingleObject(self.0.get().cast(), Executive, KernelMode as _, 0, &mut timeout)
        };
        status == STATUS_SUCCESS
    }

    /// The event itself, for kernel services that set it while this owner lives.
    pub(super) fn as_ptr(&self) -> *mut KEVENT {
        self.0.get()
    }
}

// SAFETY: the kernel synchronizes the access to its dispatcher objects.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

/// Signals an event of an audio client.
///
/// PortCls holds a reference to the event from before its registration until after its end.
pub(crate) fn signal<L: AtMostDispatch>(event: handle::Event, _at: &Irql<L>) {
    // SAFETY: by the contract of the handle the event is alive; without Wait the call is good up to
    // DISPATCH_LEVEL.
    unsafe { KeSetEvent(event.as_ptr().cast(), 0, 0) };
}
