//! Threads: coroutines on stacks of their own.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use corosensei::Coroutine;
use corosensei::Yielder;
use corosensei::stack::DefaultStack;
use corosensei::stack::Stack;

use super::At;
use super::Context;
use super::abi::DispatcherHeader;
use super::abi::ListEntry;
use super::abi::NtStatus;
use super::abi::STATUS_SUCCESS;
use super::dispatcher;
use super::gate::ImportCall;

/// `DISPATCHER_HEADER.Type` of a thread.
const THREAD: u8 = 6;

const STACK_BYTES: usize = 1 << 20;

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

/// What a thread is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
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

pub(super) type Body = Coroutine<(), (), (), DefaultStack>;

/// One thread.
pub struct Thread {
    /// For the report.
    pub name: String,
    /// Whether the driver made it.
    pub drivers: bool,
    pub(crate) context: Context,
    pub(crate) object: Box<RefCell<ThreadObject>>,
    pub(super) priority: Cell<i32>,
    pub(super) state: Cell<State>,
    pub(super) wait: RefCell<Option<Wait>>,
    pub(crate) wait_status: Cell<NtStatus>,
    pub(super) body: RefCell<Option<Body>>,
    yielder: Cell<*const Yielder<(), ()>>,
    /// Lowest and highest address of the stack.
    pub(super) stack: (u64, u64),
    pub(crate) calls: RefCell<Vec<ImportCall>>,
    /// Calls into the driver that it is in, one inside the other, and since when it is in the first.
    deep: Cell<u32>,
    entered_at: Cell<u64>,
}

/// A thread, held by whoever is interested.
pub type ThreadRef = Rc<Thread>;

impl Thread {
    /// A thread that is ready to run.
    pub(super) fn create(
        name: &str,
        context: Context,
        drivers: bool,
        body: impl FnOnce() + 'static,
    ) -> ThreadRef {
        let stack = DefaultStack::new(STACK_BYTES).expect("address space for a thread's stack");
        let extent = (stack.limit().get() as u64, stack.base().get() as u64);
        let head = ListEntry { flink: core::ptr::null_mut(), blink: core::ptr::null_mut() };
        let header = DispatcherHeader {
            kind: THREAD,
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
        dispatcher::initialize(At::new(thread.object.as_ptr().cast()), THREAD, 0);
        let own = Rc::downgrade(&thread);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            if let Some(thread) = own.upgrade() {
                thread.yielder.set(yielder);
            }
            body();
        });
        thread.body.replace(Some(coroutine));
        thread
    }

    /// Gives up the processor: its coroutine goes on when it is resumed.
    pub(super) fn suspend(&self) {
        let yielder = self.yielder.get();
        // SAFETY: set by the coroutine's own body before it ran anything; the yielder lives as long as the
        // coroutine, and only code on that coroutine's stack calls this.
        unsafe { (*yielder).suspend(()) }
    }

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
    pub(super) fn stuck(&self, now: u64, longest: u64) -> bool {
        let called = !self.drivers && self.deep.get() > 0 && self.state.get() == State::Waiting;
        called && now - self.entered_at.get() > longest
    }

    /// Has it run before those of lower priority from now on, of which the system's and the clients' are 8; what it was
    /// before.
    pub fn set_priority(&self, priority: i32) -> i32 {
        self.priority.replace(priority)
    }

    pub(crate) fn waits_for(&self) -> Option<Wait> {
        if self.state.get() == State::Waiting { self.wait.borrow().clone() } else { None }
    }
}
