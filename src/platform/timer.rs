//! Timers that are exact to a fraction of a millisecond.

use core::ptr::{NonNull, null_mut};

use portcls::irql::{AtMostDispatch, Dispatch, Irql, Passive};
use portcls::{Result, Status};
use wdk_sys::ntddk::{ExAllocateTimer, ExCancelTimer, ExDeleteTimer, ExSetTimer};
use wdk_sys::{_EX_TIMER, EX_TIMER_HIGH_RESOLUTION, PEX_TIMER, PVOID};

use super::pool::PoolBox;

/// What happens when a timer expires.
pub(crate) trait Alarm: Send + Sync + 'static {
    /// The time has come. IRQL: DISPATCH_LEVEL. It may set the timer anew.
    fn ring(&self, irql: &mut Irql<Dispatch>);
}

/// A timer of high resolution, for one expiration at a time. The drop cancels it and waits for its alarm to end.
///
/// Such a timer keeps the clock of the system fast while it is set, and only then.
///
/// # Invariants
///
/// `timer` was allocated with `alarm` as its context, and belongs to this owner.
pub(crate) struct Timer<A: Alarm> {
    timer: NonNull<_EX_TIMER>,
    _alarm: PoolBox<A>,
}

impl<A: Alarm> Timer<A> {
    /// A timer that is not set.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(_at: &Irql<Passive>, alarm: A) -> Result<Self> {
        let alarm = PoolBox::new(alarm)?;
        // SAFETY: the context stays in place until the drop has deleted the timer.
        let timer =
            unsafe { ExAllocateTimer(Some(expired::<A>), alarm.as_ptr().cast(), EX_TIMER_HIGH_RESOLUTION) };
        let timer = NonNull::new(timer).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        // INVARIANT: allocated just now.
        Ok(Self { timer, _alarm: alarm })
    }

    /// Has the alarm ring as soon as more than `delay` has passed, in 100 ns, in place of whatever time was set before.
    pub(crate) fn set_after<L: AtMostDispatch>(&self, _at: &Irql<L>, delay: u64) {
        // Negative is relative: one more than the delay. Beyond 63 bits it would be a date, which is past.
        let due = (!delay).cast_signed();
        // SAFETY: our timer; no period, and no parameters are needed.
        unsafe { ExSetTimer(self.timer.as_ptr(), due, 0, null_mut()) };
    }

    /// Sets no time any more. An alarm that rings already is not waited for.
    pub(crate) fn cancel<L: AtMostDispatch>(&self, _at: &Irql<L>) {
        // SAFETY: our timer; the parameters are reserved.
        unsafe { ExCancelTimer(self.timer.as_ptr(), null_mut()) };
    }
}

impl<A: Alarm> Drop for Timer<A> {
    fn drop(&mut self) {
        // SAFETY: our timer, once, cancelled, and waiting for the callback to end. It is dropped at PASSIVE_LEVEL, like
        // all that hangs at an adapter, and hence not by its own alarm.
        unsafe { ExDeleteTimer(self.timer.as_ptr(), 1, 1, null_mut()) };
    }
}

// SAFETY: the timer is the kernel's and may be set from anywhere, and the alarm may be shared.
unsafe impl<A: Alarm> Send for Timer<A> {}
// SAFETY: as above.
unsafe impl<A: Alarm> Sync for Timer<A> {}

unsafe extern "C" fn expired<A: Alarm>(_timer: PEX_TIMER, context: PVOID) {
    // SAFETY: the context is the alarm, which lives until the timer is deleted; it is only shared.
    let alarm = unsafe { &*context.cast::<A>() };
    // SAFETY: the callback of a timer runs at DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::<Dispatch>::assume() };
    alarm.ring(&mut irql);
}
