//! Threads as coroutines on stacks of their own, and the loop that picks the next one.
//!
//! A thread gives up the processor only inside a kernel routine: when it waits, ends, or has readied a thread of
//! higher priority. Interrupts and DPCs run on the stack of whoever is running, as on Windows; when nobody is,
//! on the idle thread's.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use corosensei::Coroutine;
use corosensei::CoroutineResult;
use corosensei::Yielder;
use corosensei::stack::DefaultStack;
use corosensei::stack::Stack;

use super::Context;
use super::Kernel;
use super::abi::DispatcherHeader;
use super::abi::ListEntry;
use super::abi::NtStatus;
use super::abi::STATUS_SUCCESS;
use super::gate::ImportCall;

const STACK_BYTES: usize = 1 << 20;

/// Virtual time without any progress after which the machine is said to hang.
const HANG_NS: u64 = 20_000_000_000;

/// What a change of threads costs.
const GIVE_WAY_NS: u64 = 1_000;

/// Priority of rig threads that play system and client.
pub(super) const NORMAL_PRIORITY: i32 = 8;

/// When a wait ends without its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Never.
    Never,
    /// At this virtual time, nanoseconds.
    At(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Running,
    Waiting,
    Ended,
}

/// What a thread waits for.
#[derive(Clone)]
pub(crate) struct Wait {
    pub objects: Vec<*mut DispatcherHeader>,
    pub all: bool,
    pub deadline: Deadline,
}

/// What the driver sees of a thread: `PETHREAD`. Its dispatcher header is what one waits on.
#[repr(C)]
pub(crate) struct ThreadObject {
    pub header: DispatcherHeader,
    opaque: [u64; 64],
}

type Body = Coroutine<(), (), (), DefaultStack>;

/// One thread.
pub struct Thread {
    /// For the report.
    pub name: String,
    /// Whether the driver made it.
    pub drivers: bool,
    pub(crate) context: Context,
    pub(crate) object: Box<RefCell<ThreadObject>>,
    priority: Cell<i32>,
    state: Cell<State>,
    wait: RefCell<Option<Wait>>,
    pub(crate) wait_status: Cell<NtStatus>,
    body: RefCell<Option<Body>>,
    yielder: Cell<*const Yielder<(), ()>>,
    /// Lowest and highest address of the stack.
    stack: (u64, u64),
    pub(crate) calls: RefCell<Vec<ImportCall>>,
    /// Calls into the driver that it is in, one inside the other, and since when it is in the first.
    deep: Cell<u32>,
    entered_at: Cell<u64>,
}

/// A thread, held by whoever is interested.
pub type ThreadRef = Rc<Thread>;

impl Thread {
    /// The driver's pointer to it.
    pub fn pointer(&self) -> *mut c_void {
        self.object.as_ptr().cast()
    }

    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.state.get() == State::Ended
    }

    /// A call into the driver begins; whether it is the first that this thread is in.
    pub(crate) fn enter_driver(&self, now: u64) -> bool {
        let deep = self.deep.replace(self.deep.get() + 1);
        if deep == 0 {
            self.entered_at.set(now);
        }
        deep == 0
    }

    /// It has returned.
    pub(crate) fn leave_driver(&self) {
        self.deep.set(self.deep.get() - 1);
    }

    /// Whether it waits in a call of the system's that the driver does not return from.
    fn stuck(&self, now: u64) -> bool {
        let called = !self.drivers && self.deep.get() > 0 && self.state.get() == State::Waiting;
        called && now - self.entered_at.get() > HANG_NS
    }

    pub(crate) fn set_priority(&self, priority: i32) -> i32 {
        self.priority.replace(priority)
    }

    pub(crate) fn waits_for(&self) -> Option<Wait> {
        if self.state.get() == State::Waiting { self.wait.borrow().clone() } else { None }
    }
}

/// All threads, and who runs.
#[derive(Default)]
pub(crate) struct Scheduler {
    threads: RefCell<Vec<ThreadRef>>,
    idle: RefCell<Option<ThreadRef>>,
    current: RefCell<Option<ThreadRef>>,
    /// Threads that have ended, and nobody has been told yet.
    ended: RefCell<Vec<ThreadRef>>,
    last_progress: Cell<u64>,
    /// The longest step of virtual time taken while everybody waits.
    pub quantum: Cell<u64>,
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

impl Thread {
    fn suspend(&self) {
        let yielder = self.yielder.get();
        // SAFETY: set by the coroutine's own body before it ran anything; the yielder lives as long as the
        // coroutine, and only code on that coroutine's stack calls this.
        unsafe { (*yielder).suspend(()) }
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
        let stack = DefaultStack::new(STACK_BYTES).expect("address space for a thread's stack");
        let extent = (stack.limit().get() as u64, stack.base().get() as u64);
        let head = ListEntry { flink: core::ptr::null_mut(), blink: core::ptr::null_mut() };
        let header = DispatcherHeader {
            kind: 6,
            signalling: 0,
            size: 0,
            reserved: 0,
            signal_state: 0,
            wait_list_head: head,
        };
        let thread = Rc::new(Thread {
            name: name.to_owned(),
            drivers,
            context,
            object: Box::new(RefCell::new(ThreadObject { header, opaque: [0; 64] })),
            priority: Cell::new(NORMAL_PRIORITY),
            state: Cell::new(State::Ready),
            wait: RefCell::new(None),
            wait_status: Cell::new(STATUS_SUCCESS),
            body: RefCell::new(None),
            yielder: Cell::new(core::ptr::null()),
            stack: extent,
            calls: RefCell::default(),
            deep: Cell::new(0),
            entered_at: Cell::new(0),
        });
        let own = Rc::downgrade(&thread);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            if let Some(thread) = own.upgrade() {
                thread.yielder.set(yielder);
            }
            body();
        });
        thread.body.replace(Some(coroutine));
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

    /// Nobody wants the processor: lets time pass to the next thing that is due, or by a quantum.
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
        let longest = now + self.scheduler.quantum.get().max(1_000);
        self.advance_to(due.map_or(longest, |due| due.clamp(now + 10, longest)));
        self.expire_waits();
        let now = self.now();
        let stuck = self.scheduler.threads.borrow().iter().any(|thread| thread.stuck(now));
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
        thread.suspend();
        self.feed_watchdog();
        thread.wait_status.get()
    }

    /// Lets other threads of the same priority run, and takes a moment to do so.
    pub(crate) fn give_way(&self) {
        self.spend(GIVE_WAY_NS);
        if let Some(thread) = self.current_thread() {
            self.make_ready(&thread);
            thread.suspend();
        }
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
            current.suspend();
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

    /// The longest step of virtual time while everybody waits.
    pub fn set_quantum(&self, ns: u64) {
        self.scheduler.quantum.set(ns);
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
        let thread = threads.iter().find(|thread| thread.stuck(now))?;
        let call = *thread.calls.borrow().last()?;
        Some((thread.name.clone(), call))
    }

    /// The thread behind a driver's `PETHREAD`, if it is alive.
    pub fn thread_at(&self, pointer: *mut c_void) -> Option<ThreadRef> {
        self.scheduler.threads.borrow().iter().find(|thread| thread.pointer() == pointer).cloned()
    }
}
