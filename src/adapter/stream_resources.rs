//! What Windows keeps free of interference while sound plays with small buffers.
#![forbid(unsafe_code)]

use portcls::ComPtr;
use portcls::handle::{Device, Interrupt, Thread};
use portcls::irql::{Irql, Passive};
use portcls::raw::IPort;
use portcls::stream_resource::{StreamResource, StreamResourceManager};

use crate::platform::trace;

/// The adapter's interrupt and service thread, registered with the WaveRT port. The drop takes them back, which is
/// due while both still exist.
pub(super) struct StreamResources {
    _thread: Option<StreamResource>,
    _interrupt: Option<StreamResource>,
}

impl StreamResources {
    /// Registers both, by way of whatever manager the port has. Sound plays without, too: a port that has none is an
    /// older Windows, and a refusal is only traced.
    pub(super) fn register(
        irql: &Irql<Passive>,
        pdo: Device,
        port: &ComPtr<IPort>,
        interrupt: Option<Interrupt>,
        thread: Thread,
    ) -> Self {
        let Some(manager) = StreamResourceManager::of(irql, port) else {
            trace::info(c"the port has no stream resource manager");
            return Self { _thread: None, _interrupt: None };
        };
        let interrupt = interrupt.and_then(|interrupt| {
            manager
                .add_interrupt(irql, pdo, interrupt)
                .inspect_err(|status| {
                    trace::failure(c"registering the interrupt as a stream resource", *status)
                })
                .ok()
        });
        let thread = manager
            .add_thread(irql, pdo, thread)
            .inspect_err(|status| trace::failure(c"registering the thread as a stream resource", *status))
            .ok();
        Self { _thread: thread, _interrupt: interrupt }
    }
}
