//! `IPortClsNotifications`: payloads that a miniport sends to user mode (Windows 10 1703).

use portcls::raw::GUID;
use portcls::raw::IPortClsNotifications;
use portcls::raw::Interface;

use super::com::Face;
use super::com::Method;
use super::com::methods;
use super::port::Port;
use super::rules;
use super::state;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;

/// Payloads that were neither sent nor freed, by address.
pub(crate) type Payloads = std::cell::RefCell<std::collections::BTreeMap<u64, Box<[u64]>>>;

fn take(kernel: &'static Kernel, buffer: Pointer, method: &str) {
    let known = state(kernel).payloads.borrow_mut().remove(&(buffer as u64));
    if known.is_none() {
        let message =
            format!("{method}: {:#x} is no notification buffer, or was sent or freed before", buffer as u64);
        rules::stop(kernel, "NotificationBuffer", rules::code::NOTIFICATION, buffer as u64, message);
    }
}

const METHODS: &[Method] = methods! { "IPortClsNotifications", Port;
    fn AllocNotificationBuffer(_pool: i32, bytes: u16, out: At<Pointer>) -> NtStatus |kernel, _port| {
        out.write(core::ptr::null_mut());
        if bytes == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        if kernel.injection.fails("IPortClsNotifications::AllocNotificationBuffer") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let mut payload = vec![0_u64; usize::from(bytes).div_ceil(8)].into_boxed_slice();
        let buffer: Pointer = payload.as_mut_ptr().cast();
        state(kernel).payloads.borrow_mut().insert(buffer as u64, payload);
        out.write(buffer);
        STATUS_SUCCESS
    }

    fn FreeNotificationBuffer(buffer: Pointer) |kernel, _port| {
        take(kernel, buffer, "FreeNotificationBuffer");
    }

    /// Nobody listens; the buffer is PortCls' from here on.
    fn SendNotification(_id: At<GUID>, buffer: Pointer) |kernel, _port| {
        take(kernel, buffer, "SendNotification");
    }
};

pub(crate) const NOTIFICATIONS: Face = Face {
    layout: &IPortClsNotifications::LAYOUT,
    methods: &[METHODS],
    present: |kernel| kernel.profile.build >= 15063,
};
