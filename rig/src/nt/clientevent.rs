//! An event of the rig's own, as a client process makes one and hands it to the driver.

use core::ffi::c_void;
use std::cell::UnsafeCell;

use super::At;
use super::Deadline;
use super::Kernel;
use super::abi::KEvent;
use super::abi::STATUS_WAIT_0;
use super::dispatcher;

/// A synchronization event that the rig owns; the driver signals it.
pub struct ClientEvent {
    kernel: &'static Kernel,
    event: Box<UnsafeCell<KEvent>>,
}

impl ClientEvent {
    /// A new event, not signalled. Its signals are counted as the client's.
    pub fn new(kernel: &'static Kernel) -> Self {
        let event = Self { kernel, event: dispatcher::event(dispatcher::kind::SYNCHRONIZATION_EVENT) };
        kernel.accounts.watch_event(event.pointer() as u64);
        event
    }

    /// The driver's `PKEVENT`.
    pub fn pointer(&self) -> *mut c_void {
        self.event.get().cast()
    }

    /// Waits for at most so many nanoseconds of virtual time; false if the event did not come.
    pub fn wait(&self, ns: u64) -> bool {
        let deadline = Deadline::At(self.kernel.now() + ns);
        self.kernel.wait(vec![self.pointer().cast()], false, deadline) == STATUS_WAIT_0
    }

    /// How often the driver has signalled it.
    pub fn count(&self) -> u64 {
        self.kernel.accounts.signals_of(self.pointer() as u64)
    }

    /// Whether it is signalled now; it stays so.
    pub fn signalled(&self) -> bool {
        At::new(self.event.get()).with(|event| event.header.signal_state > 0)
    }
}

impl Drop for ClientEvent {
    fn drop(&mut self) {
        self.kernel.accounts.unwatch_event(self.pointer() as u64);
    }
}
