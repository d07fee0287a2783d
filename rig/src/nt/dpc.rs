//! Deferred procedure calls, and the one place where interrupts, DPCs and preemption are let in.

use core::ffi::c_void;
use std::cell::RefCell;
use std::collections::VecDeque;

use super::At;
use super::Context;
use super::Kernel;
use super::abi::DISPATCH_LEVEL;
use super::abi::KDpc;
use super::trace::Event;
use super::work::Work;

/// The queue of the one processor.
#[derive(Default)]
pub(crate) struct Queue(RefCell<VecDeque<*mut KDpc>>);

impl Queue {
    /// Addresses of queued DPC objects.
    pub(crate) fn queued(&self) -> Vec<u64> {
        self.0.borrow().iter().map(|dpc| *dpc as u64).collect()
    }
}

impl Kernel {
    /// `KeInsertQueueDpc`: false if it is queued already.
    pub(crate) fn queue_dpc(&self, dpc: *mut KDpc, argument1: *mut c_void, argument2: *mut c_void) -> bool {
        if self.dpcs.0.borrow().contains(&dpc) {
            return false;
        }
        At::new(dpc).with(|dpc| {
            dpc.system_argument1 = argument1;
            dpc.system_argument2 = argument2;
        });
        self.dpcs.0.borrow_mut().push_back(dpc);
        true
    }

    /// `KeRemoveQueueDpc`: whether it was queued.
    pub(crate) fn remove_dpc(&self, dpc: *mut KDpc) -> bool {
        let mut queue = self.dpcs.0.borrow_mut();
        let before = queue.len();
        queue.retain(|queued| *queued != dpc);
        queue.len() < before
    }

    /// Whether an interrupt or a DPC waits to be let in.
    pub(crate) fn work_pending(&self) -> bool {
        !self.dpcs.0.borrow().is_empty() || self.timers.due(self.now()) || self.interrupt_pending()
    }

    /// Lets in what the current IRQL allows: interrupts first, then DPCs, until nothing is left.
    pub(crate) fn deliver(&self) {
        while !self.crashed() {
            if self.deliver_interrupt() {
                continue;
            }
            if self.current_irql() >= DISPATCH_LEVEL {
                return;
            }
            self.expire_timers();
            self.expire_waits();
            if !self.dpcs.0.borrow().is_empty() && self.held_up() {
                continue;
            }
            let Some(dpc) = self.dpcs.0.borrow_mut().pop_front() else { return };
            self.run_dpc(dpc);
        }
    }

    fn run_dpc(&self, dpc: *mut KDpc) {
        let (routine, context, first, second) = At::new(dpc).with(|dpc| {
            (dpc.deferred_routine, dpc.deferred_context, dpc.system_argument1, dpc.system_argument2)
        });
        let Some(routine) = routine else {
            self.verifier.bad_dpc(self, dpc as u64);
        };
        self.trace.add(self.now(), Event::Dpc);
        self.accounts.dpc_ran(self.now());
        let kind = if super::extimer::is_callback(routine) { Work::Timer } else { Work::Dpc };
        self.counted(kind, || {
            self.nested(Context::Dpc, DISPATCH_LEVEL, || {
                self.call_driver("DPC", DISPATCH_LEVEL, || {
                    // SAFETY: the driver initialised this DPC with this routine, and the processor is at
                    // DISPATCH_LEVEL.
                    unsafe { routine(dpc, context, first, second) }
                });
            });
        });
    }
}
