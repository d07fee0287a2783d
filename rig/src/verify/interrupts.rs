//! The rules of interrupts.

use core::ffi::c_void;

use super::Verifier;
use crate::nt::Kernel;
use crate::nt::Source;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: u32 = 0xC4;

fn source_name(source: Source) -> String {
    match source {
        Source::Line => "the interrupt line".to_owned(),
        Source::Message(message) => format!("message {message}"),
    }
}

impl Verifier {
    pub(crate) fn interrupt_storm(&self, kernel: &Kernel, claimed: bool) -> ! {
        let message = if claimed {
            "the interrupt line stays asserted although the service routine claims the interrupt each time: \
             it must make the device take its request back"
        } else {
            "the interrupt line is asserted and no service routine claims it"
        };
        self.stop(kernel, "InterruptStorm", 0xF2, [0; 4], message.to_owned())
    }

    pub(crate) fn foreign_interrupt_claimed(&self, kernel: &Kernel, routine: u64) -> ! {
        let site = self.site(routine);
        let message = format!(
            "the service routine {} claimed an interrupt of another device on the shared line: its own does not ask for \
             service",
            site.name
        );
        let parameters = [0x7_1106, routine, 0, 0];
        self.record_at(
            kernel,
            "ForeignInterruptClaimed",
            VERIFIER,
            parameters,
            message,
            Some(site),
            Vec::new(),
        );
        kernel.crash()
    }

    pub(crate) fn message_storm(&self, kernel: &Kernel, message: u16) -> ! {
        let text = format!(
            "message {message} comes again and again while its routine runs: nothing else gets the processor"
        );
        self.stop(kernel, "InterruptStorm", 0xF2, [0, u64::from(message), 0, 0], text)
    }

    pub(crate) fn interrupt_connected_twice(&self, kernel: &Kernel, source: Source, routine: u64) -> ! {
        let site = self.site(routine);
        let text =
            format!("the routine {} is connected to {}, which has one", site.name, source_name(source));
        self.stop(kernel, "InterruptConnectedTwice", VERIFIER, [0x7_1107, routine, 0, 0], text)
    }

    pub(crate) fn wrong_disconnect(&self, kernel: &Kernel, context: u64, given: u32, right: u32) -> ! {
        let text = format!(
            "IoDisconnectInterruptEx: the interrupt {context:#x} was connected with version {right} (as \
             IoConnectInterruptEx returned it) and is disconnected with version {given}"
        );
        let parameters = [0x7_1108, context, u64::from(given), u64::from(right)];
        self.stop(kernel, "InterruptDisconnect", VERIFIER, parameters, text)
    }

    /// The table of messages is the bus driver's.
    pub(crate) fn message_table_touched(&self, kernel: &Kernel, address: u64) -> ! {
        let text = format!(
            "{address:#x} lies in the device's table of messages (MSI-X), which belongs to the bus driver"
        );
        self.stop(kernel, "MessageTable", VERIFIER, [0x7_1109, address, 0, 0], text)
    }

    pub(crate) fn bad_interrupt(&self, kernel: &Kernel, object: u64) -> ! {
        let message = format!("{object:#x} is no connected interrupt object");
        self.stop(kernel, "InterruptObject", VERIFIER, [0x97, object, 0, 0], message)
    }

    pub(crate) fn check_interrupt_unregistered(&self, kernel: &Kernel, pointer: *mut c_void) {
        self.resources.check_gone(kernel, "interrupt", pointer);
    }
}
