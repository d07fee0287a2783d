//! Dispatcher objects: events, semaphores, mutexes and timers, and what it takes to satisfy a wait on them.

use std::cell::RefCell;
use std::cell::UnsafeCell;

use super::At;
use super::Deadline;
use super::Kernel;
use super::abi::DispatcherHeader;
use super::abi::KDpc;
use super::abi::KEvent;
use super::abi::KMutant;
use super::abi::KTimer;
use super::abi::ListEntry;
use super::abi::NtStatus;
use super::abi::STATUS_TIMEOUT;
use super::abi::STATUS_WAIT_0;
use super::thread::Thread;
use super::thread::Wait;
use super::trace::Event;

/// `DISPATCHER_HEADER.Type`.
pub(crate) mod kind {
    pub(crate) const NOTIFICATION_EVENT: u8 = 0;
    pub(crate) const SYNCHRONIZATION_EVENT: u8 = 1;
    pub(crate) const MUTANT: u8 = 2;
    pub(crate) const SEMAPHORE: u8 = 5;
    pub(crate) const NOTIFICATION_TIMER: u8 = 8;
    pub(crate) const SYNCHRONIZATION_TIMER: u8 = 9;
}

/// Writes a fresh header.
pub(crate) fn initialize(header: At<DispatcherHeader>, kind: u8, signal_state: i32) {
    let head = header.pointer().wrapping_byte_add(8).cast::<ListEntry>();
    header.write(DispatcherHeader {
        kind,
        signalling: 0,
        size: 0,
        reserved: 0,
        signal_state,
        wait_list_head: ListEntry { flink: head, blink: head },
    });
}

/// Time between two ticks of the clock: what `KeQueryTimeIncrement` tells.
pub(crate) const CLOCK_TICK_NS: u64 = 15_625_000;

/// The first tick of the clock at `time` or after it: waits and timers end at ticks.
pub(crate) fn next_tick(time: u64) -> u64 {
    time.div_ceil(CLOCK_TICK_NS).saturating_mul(CLOCK_TICK_NS)
}

/// An event of the rig's own, not signalled.
pub(super) fn event(kind: u8) -> Box<UnsafeCell<KEvent>> {
    let null = core::ptr::null_mut();
    let header = DispatcherHeader {
        kind,
        signalling: 0,
        size: 0,
        reserved: 0,
        signal_state: 0,
        wait_list_head: ListEntry { flink: null, blink: null },
    };
    let event = Box::new(UnsafeCell::new(KEvent { header }));
    initialize(At::new(event.get().cast()), kind, 0);
    event
}

/// A notification event of the rig's own.
pub(crate) fn notification_event() -> Box<UnsafeCell<KEvent>> {
    event(kind::NOTIFICATION_EVENT)
}

/// When a timer is to fire.
pub(crate) struct Setting {
    /// In units of 100 ns: negative for relative, positive for a system time.
    pub(crate) due: i64,
    /// Between one time and the next, nanoseconds; 0 for once.
    pub(crate) period_ns: u64,
    /// Whether it fires at its time, and not at the clock's next tick.
    pub(crate) exact: bool,
}

/// Objects of a thread's kind are the system's own.
const THREAD: u8 = 6;

struct Armed {
    timer: *mut KTimer,
    due: u64,
    period_ns: u64,
    exact: bool,
    dpc: *mut KDpc,
}

impl Armed {
    /// Timers of the kernel are looked at when the clock ticks.
    fn fires_at(&self) -> u64 {
        if self.exact { self.due } else { next_tick(self.due) }
    }
}

/// The timers that are set.
#[derive(Default)]
pub(crate) struct Timers(RefCell<Vec<Armed>>);

impl Timers {
    pub(super) fn next_due(&self) -> Option<u64> {
        self.0.borrow().iter().map(Armed::fires_at).min()
    }

    /// Whether one is due.
    pub(super) fn due(&self, now: u64) -> bool {
        self.next_due().is_some_and(|due| due <= now)
    }

    /// Addresses of the timers that are still set.
    pub(crate) fn armed(&self) -> Vec<u64> {
        self.0.borrow().iter().map(|armed| armed.timer as u64).collect()
    }
}

impl Kernel {
    /// Bug check if the object was not initialised: the list of those who wait for it would be followed.
    pub(crate) fn check_object(&self, object: *mut DispatcherHeader) {
        let header = At::new(object).read();
        let head = object.wrapping_byte_add(8).cast::<ListEntry>();
        let whole = header.wait_list_head.flink == head && header.wait_list_head.blink == head;
        let known = matches!(header.kind, kind::NOTIFICATION_EVENT..=kind::MUTANT | kind::SEMAPHORE | THREAD)
            || matches!(header.kind, kind::NOTIFICATION_TIMER | kind::SYNCHRONIZATION_TIMER);
        if !whole || !known {
            self.verifier.object_not_initialized(self, object as u64, header.kind);
        }
    }

    /// Takes a signalled object the way a satisfied wait does.
    fn acquire(&self, object: *mut DispatcherHeader, thread: &Thread) {
        let header = At::new(object);
        match header.read().kind {
            kind::SYNCHRONIZATION_EVENT | kind::SYNCHRONIZATION_TIMER => {
                header.with(|header| header.signal_state = 0);
            }
            kind::SEMAPHORE => header.with(|header| header.signal_state -= 1),
            kind::MUTANT => {
                At::new(object.cast::<KMutant>()).with(|mutant| mutant.owner_thread = thread.pointer());
                header.with(|header| header.signal_state -= 1);
            }
            _ => {}
        }
    }

    fn is_signalled(&self, object: *mut DispatcherHeader, thread: &Thread) -> bool {
        let header = At::new(object).read();
        let own = header.kind == kind::MUTANT
            && At::new(object.cast::<KMutant>()).with(|mutant| mutant.owner_thread) == thread.pointer();
        header.signal_state > 0 || own
    }

    /// The status with which the wait ends now, if it does; the objects are then acquired.
    pub(crate) fn try_satisfy(&self, wait: &Wait, thread: &Thread) -> Option<NtStatus> {
        if wait.objects.is_empty() {
            return None;
        }
        if wait.all {
            if wait.objects.iter().all(|object| self.is_signalled(*object, thread)) {
                for object in &wait.objects {
                    self.acquire(*object, thread);
                }
                return Some(STATUS_WAIT_0);
            }
            return None;
        }
        let hit = wait.objects.iter().position(|object| self.is_signalled(*object, thread))?;
        self.acquire(wait.objects[hit], thread);
        Some(STATUS_WAIT_0 + hit as NtStatus)
    }

    /// Waits on the current thread, for the driver or for the rig.
    pub(crate) fn wait(
        &self,
        objects: Vec<*mut DispatcherHeader>,
        all: bool,
        deadline: Deadline,
    ) -> NtStatus {
        let thread = self.current_thread().expect("waiting happens on a thread");
        objects.iter().for_each(|object| self.check_object(*object));
        let wait = Wait { objects, all, deadline };
        if let Some(status) = self.try_satisfy(&wait, &thread) {
            return status;
        }
        if matches!(deadline, Deadline::At(time) if time <= self.now()) {
            return STATUS_TIMEOUT;
        }
        self.block(wait)
    }

    /// Makes an object signalled and wakes who waits for it; returns its state before.
    pub(crate) fn signal(&self, object: *mut DispatcherHeader, state: i32) -> i32 {
        self.check_object(object);
        let before = At::new(object).with(|header| core::mem::replace(&mut header.signal_state, state));
        self.trace.add(self.now(), Event::Signal);
        self.wake_waiters(object);
        before
    }

    /// Sets a timer; returns whether it was set already.
    pub(crate) fn set_timer(&self, timer: *mut KTimer, setting: Setting, dpc: *mut KDpc) -> bool {
        self.check_object(timer.cast());
        let was_set = self.cancel_timer(timer);
        At::new(timer).with(|timer| timer.header.signal_state = 0);
        let Setting { due, period_ns, exact } = setting;
        let since_boot = due.unsigned_abs().saturating_sub(super::hal::BOOT_SYSTEM_TIME).saturating_mul(100);
        let due = if due <= 0 {
            self.now() + due.unsigned_abs().saturating_mul(100)
        } else {
            since_boot.max(self.now())
        };
        self.timers.0.borrow_mut().push(Armed { timer, due, period_ns, exact, dpc });
        was_set
    }

    /// `KeInitializeTimer`, of a timer of the rig's own.
    pub(crate) fn initialize_timer(&self, timer: *mut KTimer) {
        initialize(At::new(timer.cast()), kind::NOTIFICATION_TIMER, 0);
    }

    /// `KeSetTimer`: once, at a tick of the clock.
    pub(crate) fn set_plain_timer(&self, timer: *mut KTimer, due: i64, dpc: *mut KDpc) {
        self.set_timer(timer, Setting { due, period_ns: 0, exact: false }, dpc);
    }

    /// `KeCancelTimer`: returns whether it was set.
    pub(crate) fn cancel_timer(&self, timer: *mut KTimer) -> bool {
        let mut timers = self.timers.0.borrow_mut();
        let before = timers.len();
        timers.retain(|armed| armed.timer != timer);
        timers.len() < before
    }

    /// Fires what is due.
    pub(crate) fn expire_timers(&self) {
        loop {
            let now = self.now();
            let mut timers = self.timers.0.borrow_mut();
            let Some(place) = timers.iter().position(|armed| armed.fires_at() <= now) else { return };
            let (timer, dpc) = (timers[place].timer, timers[place].dpc);
            if timers[place].period_ns > 0 {
                timers[place].due += timers[place].period_ns;
            } else {
                timers.remove(place);
            }
            drop(timers);
            self.signal(timer.cast(), 1);
            if !dpc.is_null() {
                self.queue_dpc(dpc, core::ptr::null_mut(), core::ptr::null_mut());
            }
        }
    }
}
