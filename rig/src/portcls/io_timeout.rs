//! `PcRegisterIoTimeout`: a routine of the driver's, once a second at DISPATCH_LEVEL.

use std::cell::Cell;
use std::rc::Rc;

use super::fdo::Fdo;
use crate::nt::Context;
use crate::nt::Kernel;
use crate::nt::abi::DISPATCH_LEVEL;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;

/// `PIO_TIMER_ROUTINE`.
pub(crate) type Routine = unsafe extern "win64" fn(*mut DeviceObject, Pointer);

const SECOND_NS: u64 = 1_000_000_000;

/// A registration: routine and context are its name.
pub(crate) struct IoTimeout {
    routine: Routine,
    context: Pointer,
    on: Rc<Cell<bool>>,
}

/// `PcRegisterIoTimeout`.
pub(crate) fn register(
    kernel: &'static Kernel,
    device: *mut DeviceObject,
    routine: Option<Routine>,
    context: Pointer,
) -> NtStatus {
    let (Some(fdo), Some(routine)) = (Fdo::of(kernel, device), routine) else {
        return STATUS_INVALID_PARAMETER;
    };
    if kernel.injection.fails("PcRegisterIoTimeout") {
        return crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
    }
    let on = Rc::new(Cell::new(true));
    fdo.timeouts.borrow_mut().push(IoTimeout { routine, context, on: on.clone() });
    kernel.spawn("I/O timer", Context::Dpc, false, move || {
        loop {
            kernel.sleep_until(kernel.now() + SECOND_NS);
            if !on.get() {
                return;
            }
            kernel.call_driver_at("I/O timer routine", DISPATCH_LEVEL, || {
                // SAFETY: registered by the driver for this device and not taken back.
                unsafe { routine(device, context) }
            });
        }
    });
    STATUS_SUCCESS
}

/// `PcUnregisterIoTimeout`.
pub(crate) fn unregister(
    kernel: &'static Kernel,
    device: *mut DeviceObject,
    routine: Option<Routine>,
    context: Pointer,
) -> NtStatus {
    let (Some(fdo), Some(routine)) = (Fdo::of(kernel, device), routine) else {
        return STATUS_INVALID_PARAMETER;
    };
    let mut timeouts = fdo.timeouts.borrow_mut();
    let same = |each: &IoTimeout| each.routine as usize == routine as usize && each.context == context;
    let Some(place) = timeouts.iter().position(same) else { return STATUS_INVALID_PARAMETER };
    timeouts.remove(place).on.set(false);
    STATUS_SUCCESS
}

/// The device goes: nothing is called any more.
pub(crate) fn clear(fdo: &Fdo) {
    fdo.timeouts.take().iter().for_each(|each| each.on.set(false));
}
