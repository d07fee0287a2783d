//! What Windows keeps free of interference while sound plays with small buffers.
#![forbid(unsafe_code)]

use core::ffi::CStr;

use portcls::handle::{Device, Thread};
use portcls::irql::{Irql, Passive};
use portcls::raw::IPort;
use portcls::stream_resource::{StreamResource, StreamResourceManager};
use portcls::{ComPtr, Result};

use crate::platform::interrupt::{Handler, Interrupt};
use crate::platform::trace;

/// Messages of an interrupt that are registered; devices have fewer.
const MAX_MESSAGES: usize = 8;

/// The adapter's interrupt, by each of its messages, and its service thread, registered with a WaveRT port. The drop
/// takes them back, which is due while they still exist.
pub(super) struct StreamResources {
    _thread: Option<StreamResource>,
    _interrupts: [Option<StreamResource>; MAX_MESSAGES],
}

impl StreamResources {
    /// Registers them, by way of whatever manager the port has. Sound plays without, too: a port that has none is an
    /// older Windows, and a refusal is only traced.
    pub(super) fn register<H: Handler>(
        irql: &Irql<Passive>,
        pdo: Device,
        port: &ComPtr<IPort>,
        interrupt: &Interrupt<H>,
        thread: Thread,
    ) -> Self {
        let mut interrupts = [const { None }; MAX_MESSAGES];
        let Some(manager) = StreamResourceManager::of(irql, port) else {
            trace::info(c"the port has no stream resource manager");
            return Self { _thread: None, _interrupts: interrupts };
        };
        for (message, place) in (0..).zip(&mut interrupts) {
            let Some(object) = interrupt.object(message) else { break };
            *place = told(c"interrupt", manager.add_interrupt(irql, pdo, object));
        }
        let thread = told(c"thread", manager.add_thread(irql, pdo, thread));
        Self { _thread: thread, _interrupts: interrupts }
    }
}

/// Traces what the manager said.
fn told(kind: &CStr, said: Result<StreamResource>) -> Option<StreamResource> {
    let outcome = said.as_ref().map(|_| ()).map_err(|status| *status);
    if let Err(status) = outcome {
        trace::failure(c"registering a stream resource", status);
    }
    trace::resource(kind, outcome);
    said.ok()
}
