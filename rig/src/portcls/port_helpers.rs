//! What a port answers beside `IPort`: events, unregistration, power, PnP, version, trace.

use portcls::raw::IPortClsEtwHelper;
use portcls::raw::IPortClsPnp;
use portcls::raw::IPortClsPower;
use portcls::raw::IPortClsRuntimePower;
use portcls::raw::IPortClsVersion;
use portcls::raw::IPortEvents;
use portcls::raw::IUnknown;
use portcls::raw::IUnregisterPhysicalConnection;
use portcls::raw::IUnregisterSubdevice;
use portcls::raw::Interface;
use portcls::raw::eMINIPORT_MaxValue;
use portcls::raw::kVersionWindowsLonghorn;

use super::com::Face;
use super::com::Method;
use super::com::always;
use super::com::methods;
use super::events;
use super::fdo::Fdo;
use super::port::Port;
use super::power;
use super::state;
use super::subdevice;
use super::subdevice::Far;
use crate::nt::At;
use crate::nt::TraceEvent;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::UnicodeString;

/// An event that a miniport has written for traces (`EPcMiniportEngineEvent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Virtual time, nanoseconds.
    pub time_ns: u64,
    /// The level at which it was written.
    pub irql: u8,
    /// `eMINIPORT_...`.
    pub kind: i32,
    /// Its four values.
    pub values: [u64; 4],
}

const UNREGISTER_SUBDEVICE_METHODS: &[Method] = methods! { "IUnregisterSubdevice", Port;
    fn UnregisterSubdevice(device: *mut DeviceObject, unknown: *mut IUnknown) -> NtStatus |kernel, _port| {
        subdevice::unregister(kernel, device, unknown.cast())
    }
};

const UNREGISTER_CONNECTION_METHODS: &[Method] = methods! { "IUnregisterPhysicalConnection", Port;
    fn UnregisterPhysicalConnection(
        device: *mut DeviceObject, from: Pointer, from_pin: u32, to: Pointer, to_pin: u32,
    ) -> NtStatus |kernel, _port| {
        subdevice::disconnect(kernel, device, Far::Port(from), from_pin, Far::Port(to), to_pin)
    }

    fn UnregisterPhysicalConnectionToExternal(
        device: *mut DeviceObject, from: Pointer, from_pin: u32, to: At<UnicodeString>, to_pin: u32,
    ) -> NtStatus |kernel, _port| {
        subdevice::disconnect(kernel, device, Far::Port(from), from_pin, Far::external(to), to_pin)
    }

    fn UnregisterPhysicalConnectionFromExternal(
        device: *mut DeviceObject, from: At<UnicodeString>, from_pin: u32, to: Pointer, to_pin: u32,
    ) -> NtStatus |kernel, _port| {
        subdevice::disconnect(kernel, device, Far::external(from), from_pin, Far::Port(to), to_pin)
    }
};

const POWER_METHODS: &[Method] = methods! { "IPortClsPower", Port;
    fn RegisterAdapterPowerManagement(unknown: *mut IUnknown, device: *mut DeviceObject) -> NtStatus |kernel, _port| {
        power::register(kernel, unknown, device)
    }

    fn UnregisterAdapterPowerManagement(device: *mut DeviceObject) -> NtStatus |kernel, _port| {
        power::unregister(kernel, device)
    }

    /// The rig's devices stay awake until a scenario says otherwise.
    fn SetIdlePowerManagement(device: *mut DeviceObject, _enabled: u8) -> NtStatus |kernel, _port| {
        if Fdo::of(kernel, device).is_some() { STATUS_SUCCESS } else { STATUS_INVALID_PARAMETER }
    }
};

const PNP_METHODS: &[Method] = methods! { "IPortClsPnp", Port;
    fn RegisterAdapterPnpManagement(unknown: *mut IUnknown, device: *mut DeviceObject) -> NtStatus |kernel, _port| {
        power::register_pnp(kernel, unknown, device)
    }

    fn UnregisterAdapterPnpManagement(device: *mut DeviceObject) -> NtStatus |kernel, _port| {
        power::unregister_pnp(kernel, device)
    }
};

const RUNTIME_POWER_METHODS: &[Method] = methods! { "IPortClsRuntimePower", Port;
    /// There is no platform extension that would understand a code.
    fn SendPowerControl(
        _device: *mut DeviceObject, _code: Pointer, _input: Pointer, _input_size: usize, _output: Pointer,
        _output_size: usize, _returned: Pointer,
    ) -> NtStatus |_kernel, _port| { STATUS_NOT_SUPPORTED }

    /// Registered, and never called: no code ever comes.
    fn RegisterPowerControlCallback(
        device: *mut DeviceObject, callback: Pointer, _context: Pointer,
    ) -> NtStatus |kernel, _port| {
        if callback.is_null() || Fdo::of(kernel, device).is_none() {
            return STATUS_INVALID_PARAMETER;
        }
        STATUS_SUCCESS
    }

    fn UnregisterPowerControlCallback(device: *mut DeviceObject) -> NtStatus |kernel, _port| {
        if Fdo::of(kernel, device).is_some() { STATUS_SUCCESS } else { STATUS_INVALID_PARAMETER }
    }
};

const VERSION_METHODS: &[Method] = methods! { "IPortClsVersion", Port;
    /// No later value exists (portcls/nf-portcls-iportclsversion-getversion).
    fn GetVersion() -> u32 |_kernel, _port| { kVersionWindowsLonghorn }
};

const ETW_METHODS: &[Method] = methods! { "IPortClsEtwHelper", Port;
    fn MiniportWriteEtwEvent(kind: i32, first: u64, second: u64, third: u64, fourth: u64) -> NtStatus |kernel, _port| {
        if !(0..eMINIPORT_MaxValue).contains(&kind) {
            return STATUS_INVALID_PARAMETER;
        }
        let text = format!("ETW {kind}: {first:#x} {second:#x} {third:#x} {fourth:#x}");
        kernel.trace.add(kernel.now(), TraceEvent::Text(&text));
        kernel.accounts.log.borrow_mut().push((kernel.now(), text));
        let traced = Traced {
            time_ns: kernel.now(),
            irql: kernel.current_irql(),
            kind,
            values: [first, second, third, fourth],
        };
        state(kernel).traced.borrow_mut().push(traced);
        STATUS_SUCCESS
    }
};

pub(crate) const EVENTS: Face =
    Face { layout: &IPortEvents::LAYOUT, methods: &[events::METHODS], present: always };
pub(crate) const UNREGISTER_SUBDEVICE: Face =
    Face { layout: &IUnregisterSubdevice::LAYOUT, methods: &[UNREGISTER_SUBDEVICE_METHODS], present: always };
pub(crate) const UNREGISTER_CONNECTION: Face = Face {
    layout: &IUnregisterPhysicalConnection::LAYOUT,
    methods: &[UNREGISTER_CONNECTION_METHODS],
    present: always,
};
pub(crate) const POWER: Face =
    Face { layout: &IPortClsPower::LAYOUT, methods: &[POWER_METHODS], present: always };
pub(crate) const VERSION: Face =
    Face { layout: &IPortClsVersion::LAYOUT, methods: &[VERSION_METHODS], present: always };
pub(crate) const ETW: Face =
    Face { layout: &IPortClsEtwHelper::LAYOUT, methods: &[ETW_METHODS], present: always };
pub(crate) const RUNTIME_POWER: Face =
    Face { layout: &IPortClsRuntimePower::LAYOUT, methods: &[RUNTIME_POWER_METHODS], present: always };
/// Windows 10 1511, on the WaveRT port (audio/implement-pnp-rebalance-for-portcls-audio-drivers).
pub(crate) const PNP: Face = Face {
    layout: &IPortClsPnp::LAYOUT,
    methods: &[PNP_METHODS],
    present: |kernel| kernel.profile.build >= 10586,
};
