//! Requests that a driver makes of its own: IRPs that the I/O manager ends.

use core::ffi::c_void;

use super::At;
use super::Device;
use super::Kernel;
use super::abi::DeviceObject;
use super::abi::IRP_MJ_PNP;
use super::abi::IoStatusBlock;
use super::abi::Irp;
use super::abi::KEvent;
use super::abi::STATUS_NOT_SUPPORTED;
use super::exports::declare_exports;

/// `IRP_MJ_FLUSH_BUFFERS` and `_SHUTDOWN`: like PnP requests, they carry no data.
const WITHOUT_DATA: [u32; 3] = [IRP_MJ_PNP as u32, 0x09, 0x10];

impl Kernel {
    /// The device on top of the stack in which a device is.
    fn attached(&self, device: Device) -> Device {
        let mut top = device.0;
        loop {
            let above = At::new(top).with(|device| device.attached_device);
            if above.is_null() {
                return Device(top);
            }
            top = above;
        }
    }

    /// A PnP request starts out as not supported (kernel/rules-for-handling-pnp-irps).
    pub(super) fn check_new_request(&self, irp: *mut Irp) {
        let (first, status) =
            At::new(irp).with(|irp| (irp.current_location == irp.stack_count + 1, irp.io_status.status));
        let next = At::new(irp).with(|irp| irp.current_stack_location.wrapping_sub(1));
        let major = At::new(next).with(|stack| stack.major_function);
        if first && major == IRP_MJ_PNP && status != STATUS_NOT_SUPPORTED {
            self.verifier.pnp_status(self, irp as u64, status);
        }
    }
}

declare_exports! { "ntoskrnl.exe";
    fn IoGetAttachedDevice(device: *mut DeviceObject) -> *mut DeviceObject |kernel| {
        kernel.attached(Device(device)).pointer()
    }

    /// Devices are counted by nobody here.
    fn IoGetAttachedDeviceReference(device: *mut DeviceObject) -> *mut DeviceObject |kernel| {
        kernel.attached(Device(device)).pointer()
    }

    /// The I/O manager frees the request at its end, and tells status and event unless it failed at once.
    fn IoBuildSynchronousFsdRequest(
        major: u32, device: *mut DeviceObject, _buffer: *mut c_void, _length: u32, _offset: *mut i64,
        event: At<KEvent>, outcome: At<IoStatusBlock>,
    ) -> *mut Irp |kernel| {
        if !WITHOUT_DATA.contains(&major) {
            kernel.verifier.not_played(kernel, "requests with data");
        }
        if kernel.injection.fails("IoBuildSynchronousFsdRequest") {
            return core::ptr::null_mut();
        }
        let depth = At::new(device).with(|device| device.stack_size);
        let irp = kernel.allocate_irp(depth);
        kernel.io.ends_by_itself(irp);
        At::new(irp).with(|irp| {
            irp.user_event = event.untyped();
            irp.user_iosb = outcome.untyped();
            At::new(irp.current_stack_location.wrapping_sub(1)).with(|next| next.major_function = major as u8);
        });
        irp
    }
}
