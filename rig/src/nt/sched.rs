//! The loop that picks the next thread.
//!
//! A thread gives up the processor only inside a kernel routine: when it waits, ends, or has readied a thread of
//! higher priority. Interrupts and DPCs run on the stack of whoever is running, as on Windows; when nobody is,
//! on the idle thread's.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use corosensei::CoroutineResult;

use super::Context;
use super::Deadline;
use super::Kernel;
use super::ThreadRef;
use super::abi::DispatcherHeader;
use super::abi::NtStatus;
use super::beat::Beat;
use super::gate::ImportCall;
use super::thread::State;
use super::thread::Thread;
use super::thread::Wait;

/// Virtual time without any progress after which the machine is said to hang.
const HANG_NS: u64 = 20_000_000_000;

/// What a change of threads costs.
const GIVE_WAY_NS: u64 = 1_000;

/// All threads, and who runs.
#[derive(Default)]
pub(crate) struct Scheduler {
    threads: RefCell<Vec<ThreadRef>>,
    idle: RefCell<Option<ThreadRef>>,
    current: RefCell<Option<ThreadRef>>,
    /// Threads that have ended, and nobody has been told yet.
    ended: RefCell<Vec<ThreadRef>>,
    last_progress: Cell<u64>,
    /// When the device's model does something, which is seen where a step of time ends.
    beat: Cell<Beat>,
}

impl Scheduler {
    /// Leaves the current coroutine for ever: the machine has crashed.
    pub(super) fn abandon(&self) -> ! {
        let current = self.current.borrow().clone();
        if let Some(thread) = current {
            thread.suspend();
        }
        // Only reachable when the rig itself, outside every thread, ran into the crash.
        panic!("the machine crashed outside of every thread");
    }
}

impl Kernel {
    /// The running thread.
    pub fn current_thread(&self) -> Option<ThreadRef> {
        self.scheduler.current.borrow().clone()
    }

    /// Makes a thread; it runs when the scheduler gets to it.
    pub fn spawn(
        &self,
        name: &str,
        context: Context,
        drivers: bool,
        body: impl FnOnce() + 'static,
    ) -> ThreadRef {
        let thread = Thread::create(name, context, drivers, body);
        self.scheduler.threads.borrow_mut().push(thread.clone());
        thread
    }

    /// Runs the machine until `root` has ended or the machine crashed.
    pub fn run(&self, root: impl FnOnce() + 'static) {
        let idle = self.spawn("idle", Context::Start, false, || {
            let kernel = super::kernel();
            loop {
                kernel.tell_of_the_ended();
                kernel.deliver();
                if let Some(thread) = kernel.current_thread() {
                    thread.suspend();
                }
            }
        });
        self.scheduler.threads.borrow_mut().retain(|thread| !Rc::ptr_eq(thread, &idle));
        self.scheduler.idle.replace(Some(idle.clone()));
        let root = self.spawn("system", Context::Start, false, root);
        self.scheduler.last_progress.set(self.now());
        while !self.crashed() && !root.ended() {
            if self.work_pending() || !self.scheduler.ended.borrow().is_empty() {
                self.resume(&idle);
                self.scheduler.last_progress.set(self.now());
            } else if let Some(next) = self.best_ready() {
                self.resume(&next);
                self.scheduler.last_progress.set(self.now());
            } else {
                self.pass_time();
            }
        }
        self.retire(&idle);
        if self.crashed() {
            for thread in self.scheduler.threads.take() {
                self.retire(&thread);
            }
        }
    }

    /// A coroutine stopped in the middle of driver code can't be unwound: its stack is given up.
    fn retire(&self, thread: &ThreadRef) {
        if let Some(body) = thread.body.take() {
            core::mem::forget(body);
        }
    }

    fn resume(&self, thread: &ThreadRef) {
        let Some(mut body) = thread.body.take() else { return };
        thread.state.set(State::Running);
        self.scheduler.current.replace(Some(thread.clone()));
        let result = body.resume(());
        self.scheduler.current.replace(None);
        match result {
            CoroutineResult::Yield(()) if thread.ended() => {
                // PsTerminateSystemThread: driver frames can't be unwound, so the stack is cut off.
                // SAFETY: nothing on that stack is used again, and it borrows nothing that outlives it.
                unsafe { body.force_reset() };
                self.thread_ended(thread);
            }
            CoroutineResult::Yield(()) => {
                thread.body.replace(Some(body));
            }
            CoroutineResult::Return(()) => self.thread_ended(thread),
        }
    }

    fn thread_ended(&self, thread: &ThreadRef) {
        thread.state.set(State::Ended);
        self.scheduler.threads.borrow_mut().retain(|other| !Rc::ptr_eq(other, thread));
        thread.object.borrow_mut().header.signal_state = 1;
        self.scheduler.ended.borrow_mut().push(thread.clone());
    }

    /// Wakes whoever waits for threads that have ended. Looks at objects of the driver's, and so has to be done on a
    /// thread: one of them may be where nothing is any more.
    fn tell_of_the_ended(&self) {
        loop {
            let Some(thread) = self.scheduler.ended.borrow_mut().pop() else { return };
            self.wake_waiters(thread.object.as_ptr().cast());
        }
    }

    fn best_ready(&self) -> Option<ThreadRef> {
        let threads = self.scheduler.threads.borrow();
        let mut best: Option<&ThreadRef> = None;
        for thread in threads.iter().filter(|thread| thread.state.get() == State::Ready) {
            if best.is_none_or(|other| thread.priority.get() > other.priority.get()) {
                best = Some(thread);
            }
        }
        best.cloned()
    }

    /// Nobody wants the processor: lets time pass to the next thing that is due, or to the device's next tick.
    fn pass_time(&self) {
        let now = self.now();
        let waits = self.scheduler.threads.borrow();
        let due = waits
            .iter()
            .filter_map(|thread| match thread.waits_for()?.deadline {
                Deadline::At(time) => Some(time),
                Deadline::Never => None,
            })
            .chain(self.timers.next_due())
            .min();
        drop(waits);
        let mut beat = self.scheduler.beat.get();
        let next = self.hardware.borrow().next_due();
        let longest = next.unwrap_or_else(|| beat.next(now)).max(now + 10);
        self.advance_to(due.map_or(longest, |due| due.clamp(now + 10, longest)));
        if self.interrupt_pending() {
            beat.interrupted(now, self.now());
            self.scheduler.beat.set(beat);
        }
        self.expire_waits();
        let now = self.now();
        let stuck = self.scheduler.threads.borrow().iter().any(|thread| thread.stuck(now, HANG_NS));
        if stuck || now - self.scheduler.last_progress.get() > HANG_NS {
            self.verifier.hang(self);
        }
    }

    pub(crate) fn expire_waits(&self) {
        let now = self.now();
        let threads = self.scheduler.threads.borrow().clone();
        for thread in threads {
            let expired = thread
                .waits_for()
                .is_some_and(|wait| matches!(wait.deadline, Deadline::At(time) if time <= now));
            if expired {
                thread.wait_status.set(super::abi::STATUS_TIMEOUT);
                thread.wait.take();
                self.make_ready(&thread);
            }
        }
    }

    fn make_ready(&self, thread: &ThreadRef) {
        thread.state.set(State::Ready);
        // The longest-waiting of equals goes first: behind everybody in the order of the list.
        let mut threads = self.scheduler.threads.borrow_mut();
        if let Some(place) = threads.iter().position(|other| Rc::ptr_eq(other, thread)) {
            let thread = threads.remove(place);
            threads.push(thread);
        }
    }

    /// Blocks the current thread until the wait is over; returns its status.
    pub(crate) fn block(&self, wait: Wait) -> NtStatus {
        let thread = self.current_thread().expect("waiting happens on a thread");
        thread.wait.replace(Some(wait));
        thread.state.set(State::Waiting);
        self.step_aside(&thread);
        self.feed_watchdog();
        thread.wait_status.get()
    }

    /// Lets other threads of the same priority run, and takes a moment to do so.
    pub(crate) fn give_way(&self) {
        self.spend(GIVE_WAY_NS);
        if let Some(thread) = self.current_thread() {
            self.make_ready(&thread);
            self.step_aside(&thread);
        }
    }

    /// Leaves the processor to others until it is this thread's turn again. Its level is its own: others do not
    /// inherit it.
    fn step_aside(&self, thread: &Thread) {
        let level = self.set_irql(super::abi::PASSIVE_LEVEL);
        let entry = self.accounts.entry_stack.get();
        thread.suspend();
        self.accounts.entry_stack.set(entry);
        self.set_irql(level);
    }

    /// After an object was signalled: readies every thread whose wait it completes.
    pub(crate) fn wake_waiters(&self, object: *mut DispatcherHeader) {
        let threads = self.scheduler.threads.borrow().clone();
        for thread in threads {
            let Some(wait) = thread.waits_for() else { continue };
            if !wait.objects.contains(&object) {
                continue;
            }
            if let Some(status) = self.try_satisfy(&wait, &thread) {
                thread.wait_status.set(status);
                thread.wait.take();
                self.make_ready(&thread);
            }
        }
    }

    /// Gives the processor to a ready thread of higher priority, if the running one is preemptible.
    pub(crate) fn preempt(&self) {
        let Some(current) = self.current_thread() else { return };
        let idle = self.scheduler.idle.borrow().as_ref().is_some_and(|idle| Rc::ptr_eq(idle, &current));
        if idle || self.current_irql() >= super::abi::DISPATCH_LEVEL {
            return;
        }
        let better = self.best_ready().is_some_and(|other| other.priority.get() > current.priority.get());
        if better {
            current.state.set(State::Ready);
            self.step_aside(&current);
        }
    }

    /// Ends the running thread where it stands.
    pub(crate) fn end_thread(&self, thread: &ThreadRef) -> ! {
        thread.calls.borrow_mut().clear();
        thread.state.set(State::Ended);
        thread.suspend();
        unreachable!("an ended thread is not resumed")
    }

    /// Waits for a thread to end.
    pub fn join(&self, thread: &ThreadRef) {
        if !thread.ended() {
            self.wait(vec![thread.object.as_ptr().cast()], false, Deadline::Never);
        }
    }

    /// Lets the rig's own thread sleep until the given virtual time.
    pub fn sleep_until(&self, time: u64) {
        if time > self.now() {
            self.block(Wait { objects: Vec::new(), all: false, deadline: Deadline::At(time) });
        }
    }

    /// The device's model does something every `ns` nanoseconds: steps of time end there.
    pub fn set_quantum(&self, ns: u64) {
        self.scheduler.beat.set(Beat::every(ns));
    }

    /// The threads that the driver made and that have not ended.
    pub fn driver_threads(&self) -> Vec<ThreadRef> {
        self.scheduler.threads.borrow().iter().filter(|thread| thread.drivers).cloned().collect()
    }

    /// Where the running thread's stack ends, if `pointer` lies in it.
    pub(crate) fn stack_limit(&self, pointer: u64) -> Option<u64> {
        let (low, high) = self.current_thread()?.stack;
        (low..high).contains(&pointer).then_some(high)
    }

    /// Names of the threads that wait, and since when nobody ran.
    pub(crate) fn waiting_threads(&self) -> Vec<String> {
        let threads = self.scheduler.threads.borrow();
        threads
            .iter()
            .filter(|thread| thread.state.get() == State::Waiting)
            .map(|thread| thread.name.clone())
            .collect()
    }

    /// A thread of the system's that the driver keeps waiting, and the call in which it waits.
    pub(crate) fn stuck_call(&self) -> Option<(String, ImportCall)> {
        let (threads, now) = (self.scheduler.threads.borrow(), self.now());
        let thread = threads.iter().find(|thread| thread.stuck(now, HANG_NS))?;
        let call = *thread.calls.borrow().last()?;
        Some((thread.name.clone(), call))
    }

    /// The thread behind a driver's `PETHREAD`, if it is alive.
    pub fn thread_at(&self, pointer: *mut c_void) -> Option<ThreadRef> {
        self.scheduler.threads.borrow().iter().find(|thread| thread.pointer() == pointer).cloned()
    }
}
