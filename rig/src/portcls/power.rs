//! Power: the adapter's callbacks, and the order in which PortCls calls them and the streams
//! (audio/implementing-iadapterpowermanagement, audio/implementing-ipowernotify).

use std::rc::Rc;

use portcls::raw::DEVICE_CAPABILITIES;
use portcls::raw::DEVICE_POWER_STATE;
use portcls::raw::IAdapterPnpManagement;
use portcls::raw::IAdapterPowerManagement;
use portcls::raw::IAdapterPowerManagement2;
use portcls::raw::IAdapterPowerManagement3;
use portcls::raw::IUnknown;
use portcls::raw::PC_EXIT_LATENCY;
use portcls::raw::POWER_STATE;
use portcls::raw::PcExitLatencyInstant;
use portcls::raw::PowerDeviceD0;
use portcls::raw::PowerDeviceD3;
use portcls::raw::PowerSystemWorking;
use portcls::raw::SYSTEM_POWER_STATE;

use super::fdo::Fdo;
use super::rules;
use super::theirs::Theirs;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::IRP_MJ_POWER;
use crate::nt::abi::Irp;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;

/// `IRP_MN_SET_POWER`.
pub(crate) const IRP_MN_SET_POWER: u8 = 0x02;
/// `IRP_MN_QUERY_POWER`.
pub(crate) const IRP_MN_QUERY_POWER: u8 = 0x03;
/// `SystemPowerState` and `DevicePowerState` of `POWER_STATE_TYPE`.
pub(crate) const SYSTEM_POWER: u64 = 0;
/// See [`SYSTEM_POWER`].
pub(crate) const DEVICE_POWER: u64 = 1;

/// The newest of the adapter's power interfaces that it answers.
pub(crate) enum AdapterPower {
    First(Theirs<IAdapterPowerManagement>),
    Second(Theirs<IAdapterPowerManagement2>),
    Third(Theirs<IAdapterPowerManagement3>),
}

impl AdapterPower {
    fn change(&self, to: DEVICE_POWER_STATE, system: SYSTEM_POWER_STATE, latency: PC_EXIT_LATENCY) {
        let new = POWER_STATE { SystemState: to };
        match self {
            Self::First(adapter) => {
                adapter.call("IAdapterPowerManagement::PowerChangeState", |this, vtable| {
                    // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
                    unsafe { (vtable.PowerChangeState)(this, new) }
                })
            }
            Self::Second(adapter) => {
                adapter.call("IAdapterPowerManagement2::PowerChangeState2", |this, vtable| {
                    // SAFETY: as above.
                    unsafe { (vtable.PowerChangeState2)(this, to, system) }
                })
            }
            Self::Third(adapter) => {
                adapter.call("IAdapterPowerManagement3::PowerChangeState3", |this, vtable| {
                    // SAFETY: as above.
                    unsafe { (vtable.PowerChangeState3)(this, to, system, latency) }
                })
            }
        }
    }
}

/// `PcRegisterAdapterPowerManagement`. A second registration is Driver Verifier's 0xC4/0x71006
/// (devtest/audio-pcregisteradapterpower).
pub(crate) fn register(
    kernel: &'static Kernel,
    unknown: *mut IUnknown,
    device: *mut DeviceObject,
) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    if fdo.power.borrow().is_some() {
        let message =
            "the adapter's power management is registered, and was not unregistered before".to_owned();
        rules::stop(
            kernel,
            "PcRegisterAdapterPower",
            rules::code::REGISTER_ADAPTER_POWER,
            device as u64,
            message,
        );
    }
    if kernel.injection.fails("PcRegisterAdapterPowerManagement") {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let Some(unknown) = Theirs::add(kernel, unknown) else { return STATUS_INVALID_PARAMETER };
    let power = unknown
        .query()
        .map(AdapterPower::Third)
        .or_else(|| unknown.query().map(AdapterPower::Second))
        .or_else(|| unknown.query().map(AdapterPower::First));
    let Some(power) = power else { return STATUS_INVALID_PARAMETER };
    fdo.power.replace(Some(Rc::new(power)));
    STATUS_SUCCESS
}

/// `PcUnregisterAdapterPowerManagement`; without a registration it is the same violation.
pub(crate) fn unregister(kernel: &'static Kernel, device: *mut DeviceObject) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    let Some(power) = fdo.power.take() else {
        let message = "the adapter's power management is unregistered, and was not registered".to_owned();
        rules::stop(
            kernel,
            "PcRegisterAdapterPower",
            rules::code::REGISTER_ADAPTER_POWER,
            device as u64,
            message,
        );
    };
    drop(power);
    STATUS_SUCCESS
}

/// `PcRegisterAdapterPnpManagement` (Windows 10 1511).
pub(crate) fn register_pnp(
    kernel: &'static Kernel,
    unknown: *mut IUnknown,
    device: *mut DeviceObject,
) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    if fdo.pnp.borrow().is_some() {
        return STATUS_INVALID_PARAMETER;
    }
    if kernel.injection.fails("PcRegisterAdapterPnpManagement") {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let Some(unknown) = Theirs::add(kernel, unknown) else { return STATUS_INVALID_PARAMETER };
    let Some(pnp) = unknown.query::<IAdapterPnpManagement>() else { return STATUS_INVALID_PARAMETER };
    fdo.pnp.replace(Some(Rc::new(pnp)));
    STATUS_SUCCESS
}

/// `PcUnregisterAdapterPnpManagement`.
pub(crate) fn unregister_pnp(kernel: &'static Kernel, device: *mut DeviceObject) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    let Some(pnp) = fdo.pnp.take() else { return STATUS_INVALID_PARAMETER };
    drop(pnp);
    STATUS_SUCCESS
}

/// A power IRP at the adapter's device.
pub(crate) fn dispatch(fdo: &Fdo, irp: *mut Irp) -> NtStatus {
    let (minor, kind, wanted) = At::new(irp).with(|irp| {
        At::new(irp.current_stack_location)
            .with(|stack| (stack.minor_function, stack.parameters[1], stack.parameters[2] as i32))
    });
    if kind == SYSTEM_POWER {
        return system(fdo, irp, minor, wanted);
    }
    match minor {
        IRP_MN_QUERY_POWER => match query(fdo, wanted) {
            status if status < 0 => super::pnp::complete(fdo.kernel, irp, status),
            _ => super::pnp::pass_down(fdo, irp),
        },
        IRP_MN_SET_POWER if wanted == PowerDeviceD0 => {
            let status = super::pnp::forward(fdo, irp);
            if status >= 0 {
                set(fdo, wanted);
            }
            super::pnp::complete(fdo.kernel, irp, status)
        }
        IRP_MN_SET_POWER => {
            set(fdo, wanted);
            super::pnp::pass_down(fdo, irp)
        }
        _ => super::pnp::pass_down(fdo, irp),
    }
}

/// A power IRP of the system's: PortCls is the device's power policy owner, and asks for the device state that goes with
/// it (kernel/handling-system-power-state-requests). Down before the request goes on, up behind it.
fn system(fdo: &Fdo, irp: *mut Irp, minor: u8, wanted: SYSTEM_POWER_STATE) -> NtStatus {
    let known = usize::try_from(wanted).ok().and_then(|state| fdo.device_states.get().get(state).copied());
    let Some(device) = known else { return super::pnp::complete(fdo.kernel, irp, STATUS_INVALID_PARAMETER) };
    match minor {
        IRP_MN_QUERY_POWER => match query(fdo, device) {
            status if status < 0 => super::pnp::complete(fdo.kernel, irp, status),
            _ => super::pnp::pass_down(fdo, irp),
        },
        IRP_MN_SET_POWER if wanted == PowerSystemWorking => {
            let status = super::pnp::forward(fdo, irp);
            fdo.system_power.set(wanted);
            request(fdo, device);
            super::pnp::complete(fdo.kernel, irp, status)
        }
        IRP_MN_SET_POWER => {
            fdo.system_power.set(wanted);
            request(fdo, device);
            super::pnp::pass_down(fdo, irp)
        }
        _ => super::pnp::pass_down(fdo, irp),
    }
}

/// `PoRequestPowerIrp`: a device power IRP to the top of the stack.
pub(crate) fn request(fdo: &Fdo, to: DEVICE_POWER_STATE) -> NtStatus {
    let parameters = [0, DEVICE_POWER, to as u64, 0];
    super::irp::send(fdo.kernel, fdo.pdo, IRP_MJ_POWER, IRP_MN_SET_POWER, parameters)
}

/// `IAdapterPowerManagement3::D3ExitLatencyChanged`, which an adapter hears of in D3 only
/// (portcls/nf-portcls-iadapterpowermanagement3-d3exitlatencychanged).
pub(crate) fn change_exit_latency(fdo: &Fdo, latency: PC_EXIT_LATENCY) -> NtStatus {
    fdo.exit_latency.set(latency);
    let power = fdo.power.borrow().clone();
    match power.as_deref() {
        Some(AdapterPower::Third(adapter)) if fdo.device_power.get() == PowerDeviceD3 => {
            adapter.call("IAdapterPowerManagement3::D3ExitLatencyChanged", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
                unsafe { (vtable.D3ExitLatencyChanged)(this, latency) }
            })
        }
        _ => STATUS_SUCCESS,
    }
}

/// A `DEVICE_CAPABILITIES` as the PnP manager sends it out: its size and version, and nothing known yet.
pub(crate) fn capabilities() -> [u32; 16] {
    let mut words = [0; 16];
    words[0] = 1 << 16 | 64;
    // Address and UINumber: unknown.
    (words[2], words[3]) = (u32::MAX, u32::MAX);
    words
}

/// `IAdapterPowerManagement::QueryDeviceCapabilities`, after the bus has had its say
/// (portcls/nf-portcls-iadapterpowermanagement-querydevicecapabilities).
pub(crate) fn tell_capabilities(fdo: &Fdo, irp: *mut Irp) {
    type Method =
        unsafe extern "efiapi" fn(*mut IAdapterPowerManagement, *mut DEVICE_CAPABILITIES) -> NtStatus;
    let capabilities =
        At::new(irp).with(|irp| At::new(irp.current_stack_location).with(|stack| stack.parameters[0]));
    let power = fdo.power.borrow().clone();
    let states = || At::new(capabilities as *mut DEVICE_CAPABILITIES).with(|told| told.DeviceState);
    let before = states();
    let ask = |this: *mut IAdapterPowerManagement, method: Method| {
        // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the record outlives it.
        unsafe { method(this, capabilities as *mut DEVICE_CAPABILITIES) }
    };
    match power.as_deref() {
        None => STATUS_SUCCESS,
        Some(AdapterPower::First(adapter)) => adapter
            .call("IAdapterPowerManagement::QueryDeviceCapabilities", |this, vtable| {
                ask(this, vtable.QueryDeviceCapabilities)
            }),
        Some(AdapterPower::Second(adapter)) => adapter
            .call("IAdapterPowerManagement2::QueryDeviceCapabilities", |this, vtable| {
                ask(this.cast(), vtable.base.QueryDeviceCapabilities)
            }),
        Some(AdapterPower::Third(adapter)) => adapter
            .call("IAdapterPowerManagement3::QueryDeviceCapabilities", |this, vtable| {
                ask(this.cast(), vtable.base.base.QueryDeviceCapabilities)
            }),
    };
    let after = states();
    for (system, (before, after)) in before.into_iter().zip(after).enumerate() {
        if after < before {
            let message = format!(
                "QueryDeviceCapabilities raised the device state for system state {system} from {before} to {after}: it \
                 may only be made deeper"
            );
            rules::note(fdo.kernel, "DeviceCapabilities", rules::code::CAPABILITIES, system as u64, message);
        }
    }
    fdo.device_states.set(after);
}

fn query(fdo: &Fdo, wanted: DEVICE_POWER_STATE) -> NtStatus {
    let new = POWER_STATE { SystemState: wanted };
    let power = fdo.power.borrow().clone();
    let ask =
        |this: *mut IAdapterPowerManagement,
         method: unsafe extern "efiapi" fn(*mut IAdapterPowerManagement, POWER_STATE) -> NtStatus| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { method(this, new) }
        };
    match power.as_deref() {
        None => STATUS_SUCCESS,
        Some(AdapterPower::First(adapter)) => adapter
            .call("IAdapterPowerManagement::QueryPowerChangeState", |this, vtable| {
                ask(this, vtable.QueryPowerChangeState)
            }),
        Some(AdapterPower::Second(adapter)) => adapter
            .call("IAdapterPowerManagement2::QueryPowerChangeState", |this, vtable| {
                ask(this.cast(), vtable.base.QueryPowerChangeState)
            }),
        Some(AdapterPower::Third(adapter)) => adapter
            .call("IAdapterPowerManagement3::QueryPowerChangeState", |this, vtable| {
                ask(this.cast(), vtable.base.base.QueryPowerChangeState)
            }),
    }
}

/// Down: streams to PAUSE, miniports told, adapter told. Up: adapter, miniports, streams.
fn set(fdo: &Fdo, to: DEVICE_POWER_STATE) {
    let from = fdo.device_power.replace(to);
    if from == to {
        return;
    }
    if to != PowerDeviceD0 && from == PowerDeviceD0 {
        fdo.open_streams().iter().for_each(|stream| stream.suspend());
        notify(fdo, to);
    }
    let power = fdo.power.borrow().clone();
    if let Some(power) = power {
        // The latency counts on the way out of D3, and is instant otherwise.
        let latency = if from == PowerDeviceD3 { fdo.exit_latency.get() } else { PcExitLatencyInstant };
        power.change(to, fdo.system_power.get(), latency);
    }
    if to == PowerDeviceD0 {
        notify(fdo, to);
        fdo.open_streams().iter().for_each(|stream| stream.resume());
    }
}

fn notify(fdo: &Fdo, to: DEVICE_POWER_STATE) {
    let ports: Vec<_> = fdo.subdevices.borrow().iter().map(|each| each.port.clone()).collect();
    for binding in ports.iter().filter_map(|port| port.binding()) {
        let Some(miniport) = &binding.power else { continue };
        miniport.call("IPowerNotify::PowerChangeNotify", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.PowerChangeNotify)(this, POWER_STATE { SystemState: to }) }
        });
    }
}
