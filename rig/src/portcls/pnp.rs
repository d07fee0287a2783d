//! `PcDispatchIrp`: what PortCls does with the IRPs of the adapter's device.
//!
//! Where documents are silent: without `IAdapterPnpManagement` a stop is agreed to while no pin is open, and with
//! it always (audio/implement-pnp-rebalance-for-portcls-audio-drivers). At surprise removal streams are left as they
//! are: the driver stops them before it calls `PcDispatchIrp`, and each goes down the states when its handle is
//! closed (audio/managing-memory-buffers-rebalance).

use std::cell::Cell;
use std::rc::Rc;

use portcls::raw::PcRebalanceRemoveSubdevices;

use super::fdo::Fdo;
use super::fdo::Phase;
use super::power;
use super::resource_list;
use super::stream::KsState;
use super::subdevice;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::IRP_MJ_PNP;
use crate::nt::abi::IRP_MJ_POWER;
use crate::nt::abi::IRP_MJ_SYSTEM_CONTROL;
use crate::nt::abi::IRP_MN_CANCEL_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_CANCEL_STOP_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_CAPABILITIES;
use crate::nt::abi::IRP_MN_QUERY_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_STOP_DEVICE;
use crate::nt::abi::IRP_MN_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_START_DEVICE;
use crate::nt::abi::IRP_MN_STOP_DEVICE;
use crate::nt::abi::IRP_MN_SURPRISE_REMOVAL;
use crate::nt::abi::Irp;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::SL_INVOKE_ON_CANCEL;
use crate::nt::abi::SL_INVOKE_ON_ERROR;
use crate::nt::abi::SL_INVOKE_ON_SUCCESS;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::STATUS_UNSUCCESSFUL;

/// `STATUS_MORE_PROCESSING_REQUIRED`.
const STATUS_MORE_PROCESSING_REQUIRED: NtStatus = 0xC000_0016_u32 as i32;

/// `PcDispatchIrp`.
pub(crate) fn dispatch(kernel: &'static Kernel, device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else {
        return complete(kernel, irp, STATUS_INVALID_DEVICE_REQUEST);
    };
    let (major, minor) = At::new(irp).with(|irp| {
        At::new(irp.current_stack_location).with(|stack| (stack.major_function, stack.minor_function))
    });
    match major {
        IRP_MJ_PNP => pnp(&fdo, irp, minor),
        IRP_MJ_POWER => power::dispatch(&fdo, irp),
        IRP_MJ_SYSTEM_CONTROL => pass_down(&fdo, irp),
        _ => complete(kernel, irp, STATUS_INVALID_DEVICE_REQUEST),
    }
}

fn pnp(fdo: &Rc<Fdo>, irp: *mut Irp, minor: u8) -> NtStatus {
    match minor {
        IRP_MN_START_DEVICE => start(fdo, irp),
        IRP_MN_QUERY_STOP_DEVICE => {
            if !may_stop(fdo) {
                return complete(fdo.kernel, irp, STATUS_UNSUCCESSFUL);
            }
            fdo.phase.set(Phase::StopPending);
            tell_adapter(fdo, Telling::QueryStop);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_CANCEL_STOP_DEVICE => {
            tell_adapter(fdo, Telling::CancelStop);
            back_to_started(fdo, Phase::StopPending);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_STOP_DEVICE => {
            stop(fdo);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_QUERY_REMOVE_DEVICE => {
            if !fdo.open_streams().is_empty() {
                return complete(fdo.kernel, irp, STATUS_UNSUCCESSFUL);
            }
            fdo.phase.set(Phase::RemovePending);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_CANCEL_REMOVE_DEVICE => {
            back_to_started(fdo, Phase::RemovePending);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_SURPRISE_REMOVAL => {
            fdo.phase.set(Phase::SurpriseRemoved);
            subdevice::clear(fdo);
            succeed_and_pass_down(fdo, irp)
        }
        IRP_MN_REMOVE_DEVICE => {
            subdevice::clear(fdo);
            let status = succeed_and_pass_down(fdo, irp);
            fdo.delete();
            status
        }
        IRP_MN_QUERY_CAPABILITIES => {
            let status = forward(fdo, irp);
            if status >= 0 {
                power::tell_capabilities(fdo, irp);
            }
            complete(fdo.kernel, irp, status)
        }
        _ => pass_down(fdo, irp),
    }
}

/// The bus starts the device first, then the adapter does (audio/startup-sequence).
fn start(fdo: &Rc<Fdo>, irp: *mut Irp) -> NtStatus {
    let kernel = fdo.kernel;
    let (raw, translated) = At::new(irp).with(|irp| {
        At::new(irp.current_stack_location).with(|stack| (stack.parameters[0], stack.parameters[1]))
    });
    let status = forward(fdo, irp);
    if status < 0 {
        return complete(kernel, irp, status);
    }
    let lists = [translated, raw].map(|list| {
        (list != 0).then(|| resource_list::copy(At::new(list as *mut resource_list::RawList))).flatten()
    });
    let [Some(translated), Some(raw)] = lists else { return complete(kernel, irp, STATUS_INVALID_PARAMETER) };
    let list = resource_list::List::create(kernel, translated, raw, resource_list::ROOM as u32);
    kernel.verifier.set_device_owned(true);
    fdo.phase.set(Phase::Started);
    let status = kernel.call_driver("StartDevice", kernel.current_irql(), || {
        // SAFETY: the adapter gave this routine to PcAddAdapterDevice for this device.
        unsafe { (fdo.start)(fdo.device.pointer(), irp, list) }
    });
    drop(super::com::Reference::own(kernel, list));
    if status < 0 {
        fdo.phase.set(Phase::Added);
    } else {
        super::map_check::check(fdo);
    }
    complete(kernel, irp, status)
}

enum Telling {
    QueryStop,
    CancelStop,
    Stop,
}

fn tell_adapter(fdo: &Fdo, what: Telling) {
    let pnp = fdo.pnp.borrow().clone();
    let Some(pnp) = pnp else { return };
    // (portcls/nf-portcls-iadapterpnpmanagement-pnpstop and its kin)
    fdo.lock.hold(|| match what {
        Telling::QueryStop => pnp.call("IAdapterPnpManagement::PnpQueryStop", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.PnpQueryStop)(this) }
        }),
        Telling::CancelStop => pnp.call("IAdapterPnpManagement::PnpCancelStop", |this, vtable| {
            // SAFETY: as above.
            unsafe { (vtable.PnpCancelStop)(this) }
        }),
        Telling::Stop => pnp.call("IAdapterPnpManagement::PnpStop", |this, vtable| {
            // SAFETY: as above.
            unsafe { (vtable.PnpStop)(this) }
        }),
    });
}

fn may_stop(fdo: &Fdo) -> bool {
    let pnp = fdo.pnp.borrow().clone();
    let rebalances = pnp.is_some_and(|pnp| {
        let kind = pnp.call("IAdapterPnpManagement::GetSupportedRebalanceType", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.GetSupportedRebalanceType)(this) }
        });
        kind == PcRebalanceRemoveSubdevices
    });
    rebalances || fdo.open_streams().is_empty()
}

fn back_to_started(fdo: &Fdo, from: Phase) {
    if fdo.phase.get() == from {
        fdo.phase.set(Phase::Started);
    }
}

/// Streams to STOP, each miniport told, the adapter told, then the subdevices go.
fn stop(fdo: &Fdo) {
    for stream in fdo.open_streams() {
        stream.set_state(KsState::Stop);
    }
    let ports: Vec<_> = fdo.subdevices.borrow().iter().map(|each| each.port.clone()).collect();
    for binding in ports.iter().filter_map(|port| port.binding()) {
        let Some(miniport) = &binding.pnp else { continue };
        fdo.lock.hold(|| {
            miniport.call("IMiniportPnpNotify::PnpStop", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
                unsafe { (vtable.PnpStop)(this) }
            });
        });
    }
    drop(ports);
    tell_adapter(fdo, Telling::Stop);
    subdevice::clear(fdo);
    fdo.phase.set(Phase::Stopped);
}

/// Completes an IRP with a status.
pub(crate) fn complete(kernel: &Kernel, irp: *mut Irp, status: NtStatus) -> NtStatus {
    At::new(irp).with(|irp| irp.io_status.status = status);
    kernel.complete_irp(irp);
    status
}

fn succeed_and_pass_down(fdo: &Fdo, irp: *mut Irp) -> NtStatus {
    At::new(irp).with(|irp| irp.io_status.status = STATUS_SUCCESS);
    pass_down(fdo, irp)
}

/// `IoSkipCurrentIrpStackLocation` and `IoCallDriver`.
pub(crate) fn pass_down(fdo: &Fdo, irp: *mut Irp) -> NtStatus {
    At::new(irp).with(|irp| {
        irp.current_location += 1;
        irp.current_stack_location = irp.current_stack_location.wrapping_add(1);
    });
    fdo.kernel.send_irp(fdo.lower.pointer(), irp)
}

unsafe extern "win64" fn forwarded(_device: *mut DeviceObject, _irp: *mut Irp, context: Pointer) -> NtStatus {
    // SAFETY: `forward` waits for this routine, so its flag lives.
    unsafe { &*context.cast::<Cell<bool>>() }.set(true);
    STATUS_MORE_PROCESSING_REQUIRED
}

/// `PcForwardIrpSynchronous`: sends the IRP down and takes it back.
pub(crate) fn forward(fdo: &Fdo, irp: *mut Irp) -> NtStatus {
    let done = Cell::new(false);
    At::new(irp).with(|irp| {
        let next = irp.current_stack_location.wrapping_sub(1);
        let mut copy = At::new(irp.current_stack_location).read();
        copy.completion_routine = Some(forwarded);
        copy.context = (&raw const done).cast_mut().cast();
        copy.control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
        At::new(next).write(copy);
    });
    fdo.kernel.send_irp(fdo.lower.pointer(), irp);
    debug_assert!(done.get(), "the rig's bus driver completes at once");
    At::new(irp).with(|irp| irp.io_status.status)
}
