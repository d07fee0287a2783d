//! What Windows keeps free of interference while sound plays with small buffers.
#![forbid(unsafe_code)]

use portcls::ComPtr;
use portcls::handle::{Device, Thread};
use portcls::irql::{Irql, Passive};
use portcls::raw::IPort;
use portcls::stream_resource::{StreamResource, StreamResourceManager};

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
            *place = manager
                .add_interrupt(irql, pdo, object)
                .inspect_err(|status| {
                    trace::failure(c"registering an interrupt as a stream resource", *status)
                })
                .ok();
        }
        let thread = manager
            .add_thread(irql, pdo, thread)
            .inspect_err(|status| trace::failure(c"registering the thread as a stream resource", *status))
            .ok();
        Self { _thread: thread, _interrupts: interrupts }
    }
}
