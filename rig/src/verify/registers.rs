//! Registers of the device, touched when or where a driver must not.

use super::Verifier;
use crate::nt::Kernel;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: u32 = 0xC4;

impl Verifier {
    /// A device register touched while the driver does not own the device.
    pub(crate) fn device_not_owned(&self, kernel: &Kernel, rip: u64, stack: u64, address: u64) -> ! {
        let message = format!(
            "device register {address:#x} touched while the device is not started: before start, after stop, \
             or after its removal was reported"
        );
        let frames = self.stack_above(kernel, stack);
        let parameters = [address, 0, 0, rip];
        self.record_at(kernel, "DeviceNotOwned", VERIFIER, parameters, message, Some(self.site(rip)), frames);
        kernel.crash()
    }

    /// A device register touched outside D0 (portcls/nf-portcls-iadapterpowermanagement-powerchangestate).
    pub(crate) fn device_asleep(&self, kernel: &Kernel, rip: u64, stack: u64, address: u64) -> ! {
        let message = format!("device register {address:#x} touched while the device is not in D0");
        let frames = self.stack_above(kernel, stack);
        let parameters = [address, 0, 0, rip];
        let site = Some(self.site(rip));
        self.record_at(kernel, "DeviceOutsideD0", VERIFIER, parameters, message, site, frames);
        kernel.crash()
    }

    /// A register touched that none of the device's ranges holds: it may be another device's.
    pub(crate) fn not_assigned(&self, kernel: &Kernel, rip: u64, stack: u64, address: u64) -> ! {
        let message =
            format!("register {address:#x} touched, which is in no range that the device was assigned");
        let frames = self.stack_above(kernel, stack);
        let parameters = [address, 0, 0, rip];
        let site = Some(self.site(rip));
        self.record_at(kernel, "RegisterNotAssigned", VERIFIER, parameters, message, site, frames);
        kernel.crash()
    }
}
