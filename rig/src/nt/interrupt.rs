//! Interrupt objects on the device's line, level-triggered and shared.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use super::Context;
use super::Kernel;
use super::abi::ServiceRoutine;
use super::trace::Event;

/// The device IRQL of the line, and its vector: what the translated resources say.
pub const DEVICE_IRQL: u8 = 9;
/// See `DEVICE_IRQL`.
pub const DEVICE_VECTOR: u32 = 0x91;

/// Times in a row that the line may stay asserted after all its routines ran.
const STORM: u32 = 1_000;

/// A connected interrupt, as far as the rig looks at it; its address is the driver's `PKINTERRUPT`.
pub struct InterruptState {
    /// The driver's routine.
    pub(crate) routine: ServiceRoutine,
    pub(crate) context: *mut c_void,
    /// The level at which the routine runs.
    pub irql: u8,
    opaque: Cell<[u64; 32]>,
}

impl InterruptState {
    pub(crate) fn new(routine: ServiceRoutine, context: *mut c_void, irql: u8) -> Rc<Self> {
        Rc::new(Self { routine, context, irql, opaque: Cell::new([0; 32]) })
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

    pub(crate) fn connect(&self, interrupt: Rc<InterruptState>) {
        self.0.borrow_mut().push(interrupt);
    }

    pub(crate) fn disconnect(&self, pointer: *mut c_void) -> bool {
        let mut all = self.0.borrow_mut();
        let before = all.len();
        all.retain(|interrupt| interrupt.pointer() != pointer);
        all.len() < before
    }
}

impl Kernel {
    /// Whether the line is asserted and somebody is connected to it.
    pub(crate) fn interrupt_pending(&self) -> bool {
        self.interrupts.connected() > 0 && self.hardware.borrow().interrupt_line()
    }

    /// Runs the service routines if the line is asserted and the IRQL lets it through.
    pub(crate) fn deliver_interrupt(&self) -> bool {
        let chain = self.interrupts.0.borrow().clone();
        let ready = chain.first().is_some_and(|first| self.current_irql() < first.irql);
        if !ready || !self.interrupt_pending() {
            return false;
        }
        let mut rounds = 0;
        while self.interrupt_pending() && !self.crashed() {
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

    /// The line is shared: another device asks for service, and every routine on the line is asked. None of them may
    /// say that the interrupt was its own, in whatever state its device is (or gone: a register that nobody answers
    /// reads as all ones).
    pub(crate) fn foreign_interrupt(&self) {
        let chain = self.interrupts.0.borrow().clone();
        for interrupt in &chain {
            if self.current_irql() >= interrupt.irql || self.interrupt_pending() {
                return;
            }
            let claimed = self.serve(interrupt);
            self.trace.add(self.now(), Event::Interrupt(claimed));
            if claimed && !self.crashed() {
                self.verifier.foreign_interrupt_claimed(self, interrupt.routine as usize as u64);
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
        self.nested(Context::Isr, interrupt.irql, || {
            self.call_driver("InterruptServiceRoutine", interrupt.irql, || {
                // SAFETY: the driver connected this routine with this context; the processor is at the
                // interrupt's level.
                unsafe { (interrupt.routine)(interrupt.pointer(), interrupt.context) != 0 }
            })
        })
    }
}
