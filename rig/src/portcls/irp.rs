//! IRPs as the PnP and power managers send them: to the top of a device stack, and waited for.

use super::rules;
use crate::nt::At;
use crate::nt::Deadline;
use crate::nt::Device;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::IoStackLocation;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_PENDING;
use crate::nt::notification_event;

/// The device on top of a stack.
fn top(device: Device) -> *mut DeviceObject {
    let mut top = device.pointer();
    loop {
        let above = At::new(top).with(|device| device.attached_device);
        if above.is_null() {
            return top;
        }
        top = above;
    }
}

/// Sends a request to the stack that stands on `pdo`, waits for its end, and returns its status.
pub(crate) fn send(
    kernel: &'static Kernel,
    pdo: Device,
    major: u8,
    minor: u8,
    parameters: [u64; 4],
) -> NtStatus {
    let event = notification_event();
    let target = top(pdo);
    let irp = kernel.allocate_irp(At::new(target).with(|device| device.stack_size));
    let first = At::new(irp).with(|irp| {
        irp.io_status.status = STATUS_NOT_SUPPORTED;
        irp.user_event = event.get().cast();
        irp.current_stack_location.wrapping_sub(1)
    });
    At::new(first).write(IoStackLocation {
        major_function: major,
        minor_function: minor,
        flags: 0,
        control: 0,
        parameters,
        device_object: target,
        file_object: core::ptr::null_mut(),
        completion_routine: None,
        context: core::ptr::null_mut(),
    });
    let status = kernel.send_irp(target, irp);
    let completed = || At::new(event.get()).with(|event| event.header.signal_state != 0);
    if status == STATUS_PENDING {
        kernel.wait(vec![event.get().cast()], false, Deadline::Never);
    } else if !completed() {
        let message = format!(
            "the dispatch routine returned {status:#x} for IRP {major:#x}/{minor:#x} and did not complete it"
        );
        rules::stop(kernel, "IrpNotCompleted", rules::code::IRP, irp as u64, message);
    }
    let status = At::new(irp).with(|irp| irp.io_status.status);
    kernel.free_irp(irp);
    status
}
