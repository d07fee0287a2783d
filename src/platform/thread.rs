//! A system thread that serves on demand.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::{Result, Status, handle};
use wdk_sys::_KWAIT_REASON::Executive;
use wdk_sys::_MODE::KernelMode;
use wdk_sys::ntddk::{
    KeSetPriorityThread, KeWaitForSingleObject, ObReferenceObjectByHandle, ObfDereferenceObject,
    PsCreateSystemThread, PsTerminateSystemThread, ZwClose,
};
use wdk_sys::{HANDLE, LOW_REALTIME_PRIORITY, PVOID, STATUS_SUCCESS, THREAD_ALL_ACCESS};

use super::event::Event;
use super::pool::PoolBox;
use super::shared::Shared;
use super::time;

/// What the thread does each time it is woken. IRQL: PASSIVE_LEVEL.
pub(crate) trait Service: Send + Sync + 'static {
    /// Does the work that is there.
    fn serve(&self, irql: &mut Irql<Passive>);
}

/// Wakes the thread.
#[derive(Clone)]
pub(crate) struct Waker(Shared<Wake>);

struct Wake {
    event: Event,
    stop: AtomicBool,
    ended: Event,
}

impl Waker {
    /// A waker of a thread to come.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Shared::new(Wake {
            event: Event::new()?,
            stop: AtomicBool::new(false),
            ended: Event::new()?,
        })?))
    }

    /// Has the thread serve once more.
    pub(crate) fn wake<L: AtMostDispatch>(&self, at: &Irql<L>) {
        self.0.event.set(at);
    }
}

/// A real-time system thread. The drop ends it and waits for its end.
///
/// # Invariants
///
/// `object` is referenced once for this owner.
pub(crate) struct ServiceThread {
    object: handle::Thread,
    waker: Waker,
}

struct Start<S> {
    service: S,
    waker: Waker,
}

impl ServiceThread {
    /// Starts the thread, which calls `service` each time `waker` is used.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what `PsCreateSystemThread` says.
    pub(crate) fn start<S: Service>(at: &Irql<Passive>, waker: Waker, service: S) -> Result<Self> {
        let start = PoolBox::new(Start { service, waker: waker.clone() })?.into_raw();
        let mut handle: HANDLE = null_mut();
        // SAFETY: PASSIVE_LEVEL; the thread takes the box over.
        let status = unsafe {
            PsCreateSystemThread(
                &mut handle,
                THREAD_ALL_ACCESS,
                null_mut(),
                null_mut(),
                null_mut(),
                Some(run::<S>),
                start.cast(),
            )
        };
        if status < 0 {
            // SAFETY: a box is never at zero; no thread was made that would own it.
            drop(unsafe { PoolBox::from_raw(NonNull::new_unchecked(start)) });
            return Err(Status::new(status));
        }

        let mut object: PVOID = null_mut();
        // SAFETY: our handle, of a thread, in kernel mode.
        let status = unsafe {
            ObReferenceObjectByHandle(
                handle,
                THREAD_ALL_ACCESS,
                null_mut(),
                KernelMode as _,
                &mut object,
                null_mut(),
            )
        };
        // SAFETY: the object lives until the drop takes the reference back.
        let referenced = unsafe { handle::Thread::from_raw(object.cast()) }.filter(|_| status >= 0);
        let Some(object) = referenced else {
            // SAFETY: our handle, once.
            let _ = unsafe { ZwClose(handle) };
            // Without the object there is nothing to wait for but the thread's own word, a few instructions
            // before its end.
            waker.0.stop.store(true, Release);
            waker.wake(at);
            waker.0.ended.wait(at);
            time::sleep(at, 10);
            return Err(Status::new(status));
        };
        // SAFETY: our handle, once.
        let _ = unsafe { ZwClose(handle) };
        // SAFETY: a referenced thread; a real-time priority is what a driver may give its own thread.
        unsafe { KeSetPriorityThread(object.as_ptr().cast(), LOW_REALTIME_PRIORITY.cast_signed()) };
        // INVARIANT: referenced by the call above.
        Ok(Self { object, waker })
    }

    /// The thread object, valid as long as this owner.
    pub(crate) fn object(&self) -> handle::Thread {
        self.object
    }
}

impl Drop for ServiceThread {
    fn drop(&mut self) {
        self.waker.0.stop.store(true, Release);
        // SAFETY: threads are owned by adapters, which are dropped at PASSIVE_LEVEL.
        let at = unsafe { Irql::<Passive>::assume() };
        self.waker.wake(&at);
        // SAFETY: a referenced thread, which ends as soon as it sees the flag; PASSIVE_LEVEL.
        let _ = unsafe {
            KeWaitForSingleObject(self.object.as_ptr().cast(), Executive, KernelMode as _, 0, null_mut())
        };
        // SAFETY: the reference of this owner.
        unsafe { ObfDereferenceObject(self.object.as_ptr().cast()) };
    }
}

// SAFETY: thread objects are the kernel's and may be used from anywhere.
unsafe impl Send for ServiceThread {}
// SAFETY: as above.
unsafe impl Sync for ServiceThread {}

unsafe extern "C" fn run<S: Service>(context: PVOID) {
    if let Some(start) = NonNull::new(context.cast::<Start<S>>()) {
        // SAFETY: from `into_raw` in `start`, handed over to this thread alone.
        let start = unsafe { PoolBox::from_raw(start) };
        // SAFETY: a system thread starts at PASSIVE_LEVEL.
        let mut irql = unsafe { Irql::<Passive>::assume() };
        loop {
            start.waker.0.event.wait(&irql);
            if start.waker.0.stop.load(Acquire) {
                break;
            }
            start.service.serve(&mut irql);
        }
        let waker = start.waker.clone();
        drop(start);
        waker.0.ended.set(&irql);
    }
    // SAFETY: ends the calling thread, which is a system thread; nothing is left to be dropped.
    let _ = unsafe { PsTerminateSystemThread(STATUS_SUCCESS) };
}
