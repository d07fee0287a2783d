//! The adapter's power callbacks.

use crate::com::{ComClass, Head, unknown_vtbl, value};
use crate::irql::{Irql, Passive};
use crate::raw;
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use crate::raw::{
    DEVICE_CAPABILITIES, DEVICE_POWER_STATE, IAdapterPowerManagement, IAdapterPowerManagement2,
    IAdapterPowerManagement2Vtbl, IAdapterPowerManagement3, IAdapterPowerManagement3Vtbl,
    IAdapterPowerManagementVtbl, NTSTATUS, PC_EXIT_LATENCY, POWER_STATE, SYSTEM_POWER_STATE,
};
use crate::status::{Result, ntstatus};

/// `IAdapterPowerManagement3`, and the two before it.
///
/// The adapter starts in D0. Streams are in PAUSE when the device leaves D0.
pub trait AdapterPowerManagement: ComClass {
    /// Enters a device power state. It cannot fail: outside D0 the device is not to be touched.
    fn power_change_state(&self, irql: &mut Irql<Passive>, change: PowerChange);

    /// Whether the state may be entered.
    ///
    /// # Errors
    ///
    /// Any, to refuse.
    fn query_power_change_state(&self, _irql: &mut Irql<Passive>, _device: DevicePower) -> Result {
        Ok(())
    }

    /// May map system states to deeper device states.
    fn query_device_capabilities(
        &self,
        _irql: &mut Irql<Passive>,
        _capabilities: &mut DEVICE_CAPABILITIES,
    ) -> Result {
        Ok(())
    }

    /// D3 must be left this fast from now on. Called in D3.
    fn d3_exit_latency_changed(&self, _irql: &mut Irql<Passive>, _latency: ExitLatency) -> Result {
        Ok(())
    }
}

/// A change of the device power state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerChange {
    /// The state to enter.
    pub device: DevicePower,
    /// The system's state, where Windows tells it: `PowerSystem...`.
    pub system: Option<SYSTEM_POWER_STATE>,
    /// How fast D3 must be left, where Windows tells it.
    pub latency: Option<ExitLatency>,
}

/// How awake a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DevicePower {
    /// Fully on.
    D0,
    /// Light sleep.
    D1,
    /// Deeper sleep.
    D2,
    /// Off, or as good as.
    D3,
}

impl DevicePower {
    /// The state of that number; none for what is no state of a device.
    #[must_use]
    pub const fn from_raw(state: DEVICE_POWER_STATE) -> Option<Self> {
        match state {
            raw::PowerDeviceD0 => Some(Self::D0),
            raw::PowerDeviceD1 => Some(Self::D1),
            raw::PowerDeviceD2 => Some(Self::D2),
            raw::PowerDeviceD3 => Some(Self::D3),
            _ => None,
        }
    }
}

/// How fast D3 must be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitLatency {
    /// As fast as can be.
    Instant,
    /// In 10 ms.
    Fast,
    /// In 200 ms.
    Responsive,
}

impl ExitLatency {
    /// The latency of that number, if there is one.
    #[must_use]
    pub const fn from_raw(latency: PC_EXIT_LATENCY) -> Option<Self> {
        match latency {
            raw::PcExitLatencyInstant => Some(Self::Instant),
            raw::PcExitLatencyFast => Some(Self::Fast),
            raw::PcExitLatencyResponsive => Some(Self::Responsive),
            _ => None,
        }
    }
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: AdapterPowerManagement, const N: usize> Head<T, N> for IAdapterPowerManagement3 {
    const VTBL: &'static IAdapterPowerManagement3Vtbl = &IAdapterPowerManagement3Vtbl {
        base: IAdapterPowerManagement2Vtbl {
            base: IAdapterPowerManagementVtbl {
                base: unknown_vtbl::<T, N>(),
                PowerChangeState: power_change_state::<T, N>,
                QueryPowerChangeState: query_power_change_state::<T, N>,
                QueryDeviceCapabilities: query_device_capabilities::<T, N>,
            },
            PowerChangeState2: power_change_state_2::<T, N>,
        },
        PowerChangeState3: power_change_state_3::<T, N>,
        D3ExitLatencyChanged: d3_exit_latency_changed::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn power_change_state<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement,
    state: POWER_STATE,
) {
    // SAFETY: the caller holds a reference during the call.
    change(unsafe { value::<T, _, N>(this) }, state.SystemState, None, None);
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement2`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn power_change_state_2<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement2,
    device: DEVICE_POWER_STATE,
    system: SYSTEM_POWER_STATE,
) {
    // SAFETY: the caller holds a reference during the call.
    change(unsafe { value::<T, _, N>(this) }, device, Some(system), None);
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement3`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn power_change_state_3<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement3,
    device: DEVICE_POWER_STATE,
    system: SYSTEM_POWER_STATE,
    latency: PC_EXIT_LATENCY,
) {
    // SAFETY: the caller holds a reference during the call.
    change(unsafe { value::<T, _, N>(this) }, device, Some(system), ExitLatency::from_raw(latency));
}

fn change<T: AdapterPowerManagement>(
    adapter: &T,
    device: DEVICE_POWER_STATE,
    system: Option<SYSTEM_POWER_STATE>,
    latency: Option<ExitLatency>,
) {
    if let Some(device) = DevicePower::from_raw(device) {
        // SAFETY: called by the thunks of the power methods, which run at PASSIVE_LEVEL.
        let mut irql = unsafe { Irql::assume() };
        adapter.power_change_state(&mut irql, PowerChange { device, system, latency });
    }
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn query_power_change_state<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement,
    state: POWER_STATE,
) -> NTSTATUS {
    let Some(device) = DevicePower::from_raw(state.SystemState) else {
        return STATUS_SUCCESS;
    };
    // SAFETY: taken as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.query_power_change_state(&mut irql, device))
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn query_device_capabilities<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement,
    capabilities: *mut DEVICE_CAPABILITIES,
) -> NTSTATUS {
    // SAFETY: null, or the caller's record, which is nobody else's during the call.
    let Some(capabilities) = (unsafe { capabilities.as_mut() }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: taken as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.query_device_capabilities(&mut irql, capabilities))
}

/// # Safety
///
/// As documented for `IAdapterPowerManagement3`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn d3_exit_latency_changed<T: AdapterPowerManagement, const N: usize>(
    this: *mut IAdapterPowerManagement3,
    latency: PC_EXIT_LATENCY,
) -> NTSTATUS {
    let Some(latency) = ExitLatency::from_raw(latency) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: taken as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.d3_exit_latency_changed(&mut irql, latency))
}
