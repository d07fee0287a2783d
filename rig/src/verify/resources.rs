//! Stream resources: what the driver registered with the WaveRT port's resource manager, and whether it was alive.

use core::ffi::c_void;
use std::cell::RefCell;

use crate::nt::Kernel;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`; the rule is the rig's, Windows' own is not public.
const VERIFIER: u32 = 0xC4;

/// One registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamResource {
    /// `interrupt` or `thread`.
    pub kind: &'static str,
    /// The interface and method through which it was added.
    pub via: &'static str,
    /// The handle that the driver holds.
    pub handle: u64,
    /// The `PKINTERRUPT` or `PETHREAD`.
    pub object: u64,
    /// Virtual time of registration, ns.
    pub added_ns: u64,
    /// Virtual time of removal, ns.
    pub removed_ns: Option<u64>,
}

/// All registrations since power-on.
#[derive(Default)]
pub(crate) struct StreamResources(RefCell<Vec<StreamResource>>);

impl StreamResources {
    /// Everything that was registered, in order.
    pub(crate) fn all(&self) -> Vec<StreamResource> {
        self.0.borrow().clone()
    }

    fn registered(&self, object: u64) -> Option<StreamResource> {
        self.0.borrow().iter().find(|entry| entry.object == object && entry.removed_ns.is_none()).cloned()
    }

    pub(crate) fn check_gone(&self, kernel: &Kernel, kind: &str, object: *mut c_void) {
        if let Some(entry) = self.registered(object as u64) {
            let message = format!(
                "the {kind} {:#x} goes away while it is registered as a stream resource (through {}): \
                 the registration must be removed first",
                object as u64, entry.via
            );
            let parameters = [0x7_1101, object as u64, entry.handle, 0];
            kernel.verifier.stop(kernel, "StreamResourceOutlivesObject", VERIFIER, parameters, message);
        }
    }
}

impl super::Verifier {
    /// Everything registered as a stream resource since power-on.
    pub fn stream_resources(&self) -> Vec<StreamResource> {
        self.resources.all()
    }

    /// The driver registers an object; returns the handle. It must be alive and not be registered yet.
    pub(crate) fn add_stream_resource(
        &self,
        kernel: &Kernel,
        kind: &'static str,
        object: *mut c_void,
        via: &'static str,
    ) -> u64 {
        let alive = match kind {
            "interrupt" => kernel.interrupts.at(object).is_some(),
            _ => kernel.thread_at(object).is_some_and(|thread| thread.drivers),
        };
        if !alive {
            let message = format!("{via}: {:#x} is no live {kind} of the driver", object as u64);
            let parameters = [0x7_1102, object as u64, 0, 0];
            self.stop(kernel, "StreamResourceNotAlive", VERIFIER, parameters, message);
        }
        if self.resources.registered(object as u64).is_some() {
            let message = format!("{via}: the {kind} {:#x} is registered already", object as u64);
            self.stop(kernel, "StreamResourceTwice", VERIFIER, [0x7_1103, object as u64, 0, 0], message);
        }
        let mut all = self.resources.0.borrow_mut();
        let handle = 0x5352_0000 + all.len() as u64 + 1;
        let added_ns = kernel.now();
        all.push(StreamResource { kind, via, handle, object: object as u64, added_ns, removed_ns: None });
        handle
    }

    /// The driver removes a registration by its handle: it must exist, and its object still be alive.
    pub(crate) fn remove_stream_resource(&self, kernel: &Kernel, handle: u64) {
        let found = self
            .resources
            .0
            .borrow()
            .iter()
            .position(|entry| entry.handle == handle && entry.removed_ns.is_none());
        let Some(place) = found else {
            let message = format!("{handle:#x} is no handle of a registered stream resource");
            self.stop(kernel, "StreamResourceHandle", VERIFIER, [0x7_1104, handle, 0, 0], message);
        };
        let entry = self.resources.all()[place].clone();
        let object = entry.object as *mut c_void;
        let alive = match entry.kind {
            "interrupt" => kernel.interrupts.at(object).is_some(),
            _ => kernel.thread_at(object).is_some(),
        };
        if !alive {
            let message = format!("the {} {:#x} went away before its registration", entry.kind, entry.object);
            let parameters = [0x7_1101, entry.object, handle, 0];
            self.stop(kernel, "StreamResourceOutlivesObject", VERIFIER, parameters, message);
        }
        self.resources.0.borrow_mut()[place].removed_ns = Some(kernel.now());
    }
}
