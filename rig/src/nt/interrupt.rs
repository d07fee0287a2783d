//! Interrupt objects: on the device's line, level-triggered and shared, or behind its messages, latched.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use super::Context;
use super::Kernel;
use super::abi::MessageServiceRoutine;
use super::abi::ServiceRoutine;
use super::trace::Event;
use super::work::Work;

/// The device IRQL of the line and of every message.
pub const DEVICE_IRQL: u8 = 9;
/// The vector of the line, and of the first message; what the translated resources say.
pub const DEVICE_VECTOR: u32 = 0x91;

/// Times in a row that the line may stay asserted after all its routines ran, or that messages may come while one is
/// served.
const STORM: u32 = 1_000;

/// What an interrupt object listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The device's line.
    Line,
    /// One of its messages.
    Message(u16),
}

/// The driver's routine.
#[derive(Clone, Copy)]
pub(crate) enum Routine {
    /// `KSERVICE_ROUTINE`.
    Plain(ServiceRoutine),
    /// `KMESSAGE_SERVICE_ROUTINE`, with the message's number.
    Message(MessageServiceRoutine, u32),
}

impl Routine {
    fn address(self) -> u64 {
        match self {
            Self::Plain(routine) => routine as usize as u64,
            Self::Message(routine, _) => routine as usize as u64,
        }
    }
}

/// A connected interrupt, as far as the rig looks at it; its address is the driver's `PKINTERRUPT`.
pub struct InterruptState {
    pub(crate) routine: Routine,
    pub(crate) context: *mut c_void,
    /// The level at which the routine runs.
    pub irql: u8,
    /// What it listens to.
    pub source: Source,
    opaque: Cell<[u64; 32]>,
}

impl InterruptState {
    pub(crate) fn new(routine: Routine, context: *mut c_void, irql: u8, source: Source) -> Rc<Self> {
        Rc::new(Self { routine, context, irql, source, opaque: Cell::new([0; 32]) })
    }

    /// The driver's pointer to it.
    pub fn pointer(&self) -> *mut c_void {
        self.opaque.as_ptr().cast()
    }
}

/// The connected interrupts, in the order in which they were connected.
#[derive(Default)]
pub struct Interrupts(RefCell<Vec<Rc<InterruptState>>>);

impl Interrupts {
    /// The live interrupt object behind a driver's pointer.
    pub fn at(&self, pointer: *mut c_void) -> Option<Rc<InterruptState>> {
        self.0.borrow().iter().find(|interrupt| interrupt.pointer() == pointer).cloned()
    }

    /// How many are connected.
    pub fn connected(&self) -> usize {
        self.0.borrow().len()
    }

    fn on(&self, source: Source) -> Vec<Rc<InterruptState>> {
        self.0.borrow().iter().filter(|interrupt| interrupt.source == source).cloned().collect()
    }

    /// Whether one listens to `source`.
    pub(crate) fn has(&self, source: Source) -> bool {
        self.0.borrow().iter().any(|interrupt| interrupt.source == source)
    }

    fn any_on_line(&self) -> bool {
        self.has(Source::Line)
    }
}

impl Kernel {
    /// Connects an interrupt object: its routine may run before this returns. A routine that is there already, and a
    /// message that has one, are a driver's mistake.
    pub(crate) fn connect_interrupt(&self, interrupt: Rc<InterruptState>) {
        let others = self.interrupts.on(interrupt.source);
        let same = |other: &Rc<InterruptState>| {
            other.routine.address() == interrupt.routine.address() && other.context == interrupt.context
        };
        if matches!(interrupt.source, Source::Message(_)) && !others.is_empty() || others.iter().any(same) {
            self.verifier.interrupt_connected_twice(self, interrupt.source, interrupt.routine.address());
        }
        let source = interrupt.source;
        self.interrupts.0.borrow_mut().push(interrupt);
        match source {
            Source::Line => self.foreign_interrupt(),
            Source::Message(message) => self.mask_message(message, false),
        }
    }

    /// Disconnects an interrupt object; false if it is none.
    pub(crate) fn disconnect_interrupt(&self, pointer: *mut c_void) -> bool {
        let Some(interrupt) = self.interrupts.at(pointer) else { return false };
        match interrupt.source {
            Source::Line => self.foreign_interrupt(),
            Source::Message(message) => self.mask_message(message, true),
        }
        self.interrupts.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, &interrupt));
        true
    }

    fn line_pending(&self) -> bool {
        self.interrupts.any_on_line() && self.hardware.borrow().interrupt_line()
    }

    /// The next message to serve: of those that have a routine, the one with the highest vector.
    fn message_pending(&self) -> Option<Rc<InterruptState>> {
        let waiting = self.messages_waiting();
        let all = self.interrupts.0.borrow();
        let waits = |interrupt: &&Rc<InterruptState>| match interrupt.source {
            Source::Message(message) => waiting >> message & 1 != 0,
            Source::Line => false,
        };
        let number = |interrupt: &&Rc<InterruptState>| match interrupt.source {
            Source::Message(message) => message,
            Source::Line => 0,
        };
        all.iter().filter(waits).max_by_key(number).cloned()
    }

    /// Whether somebody is to be interrupted: the line is asserted or a message has come.
    pub(crate) fn interrupt_pending(&self) -> bool {
        self.line_pending() || self.message_pending().is_some()
    }

    /// Runs the service routines of what is pending, if the IRQL lets them through.
    pub(crate) fn deliver_interrupt(&self) -> bool {
        let line = self.deliver_line();
        self.deliver_messages() || line
    }

    fn deliver_line(&self) -> bool {
        let chain = self.interrupts.on(Source::Line);
        let ready = chain.first().is_some_and(|first| self.current_irql() < first.irql);
        if !ready || !self.line_pending() {
            return false;
        }
        let mut rounds = 0;
        while self.line_pending() && !self.crashed() {
            // Every routine on a level-triggered line runs, whoever claims.
            let mut claimed = false;
            for interrupt in &chain {
                claimed |= self.service(interrupt);
            }
            self.trace.add(self.now(), Event::Interrupt(claimed));
            rounds += 1;
            if rounds == STORM {
                self.verifier.interrupt_storm(self, claimed);
            }
        }
        true
    }

    /// Messages are taken one by one; nothing but the device's own memory tells whether one was asked for in vain.
    fn deliver_messages(&self) -> bool {
        let mut rounds = 0;
        while let Some(interrupt) = self.message_pending().filter(|next| self.current_irql() < next.irql) {
            let Source::Message(message) = interrupt.source else { break };
            if self.crashed() {
                break;
            }
            self.take_message(message);
            let claimed = self.serve(&interrupt);
            self.accounts.message_served(self.now(), claimed);
            self.trace.add(self.now(), Event::Message(message, claimed));
            rounds += 1;
            if rounds == STORM {
                self.verifier.message_storm(self, message);
            }
        }
        rounds > 0
    }

    /// The line is shared: another device asks for service, and every routine on the line is asked. None of them may
    /// say that the interrupt was its own, in whatever state its device is (or gone: a register that nobody answers
    /// reads as all ones).
    pub(crate) fn foreign_interrupt(&self) {
        let chain = self.interrupts.on(Source::Line);
        for interrupt in &chain {
            if self.current_irql() >= interrupt.irql || self.line_pending() {
                return;
            }
            let claimed = self.serve(interrupt);
            self.trace.add(self.now(), Event::Interrupt(claimed));
            if claimed && !self.crashed() {
                self.verifier.foreign_interrupt_claimed(self, interrupt.routine.address());
            }
        }
        self.deliver();
    }

    fn service(&self, interrupt: &InterruptState) -> bool {
        let claimed = self.serve(interrupt);
        if claimed {
            self.accounts.interrupt_claimed(self.now());
        }
        claimed
    }

    fn serve(&self, interrupt: &InterruptState) -> bool {
        let (object, context) = (interrupt.pointer(), interrupt.context);
        let run = || match interrupt.routine {
            Routine::Plain(routine) => self.call_driver("InterruptServiceRoutine", interrupt.irql, || {
                // SAFETY: the driver connected this routine with this context; the processor is at the
                // interrupt's level.
                unsafe { routine(object, context) != 0 }
            }),
            Routine::Message(routine, number) => {
                self.call_driver("InterruptMessageService", interrupt.irql, || {
                    // SAFETY: as above, with the number of the message that came.
                    unsafe { routine(object, context, number) != 0 }
                })
            }
        };
        self.counted(Work::Isr, || self.nested(Context::Isr, interrupt.irql, run))
    }
}
