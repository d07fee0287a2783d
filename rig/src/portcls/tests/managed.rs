//! The toy adapter's power and PnP management: notes what PortCls calls.

use portcls::raw::{
    DEVICE_CAPABILITIES, IAdapterPnpManagement, IAdapterPnpManagementVtbl, IAdapterPowerManagement,
    IAdapterPowerManagementVtbl, IUnknown, Interface, NTSTATUS, PC_REBALANCE_TYPE, POWER_STATE,
    PcRebalanceRemoveSubdevices, PowerDeviceD2, PowerSystemSleeping3, STATUS_SUCCESS,
};

use super::driver::Device;
use super::driver::Mistake;
use super::driver::import;
use super::driver::log;
use super::driver::makes;
use super::driver::quiesce;
use super::objects::UNKNOWN;
use super::objects::new;
use super::objects::release;

static POWER: IAdapterPowerManagementVtbl = IAdapterPowerManagementVtbl {
    base: UNKNOWN,
    PowerChangeState: power_change,
    QueryPowerChangeState: power_query,
    QueryDeviceCapabilities: capabilities,
};

static PNP: IAdapterPnpManagementVtbl = IAdapterPnpManagementVtbl {
    base: UNKNOWN,
    GetSupportedRebalanceType: rebalance,
    PnpQueryStop: query_stop,
    PnpCancelStop: cancel_stop,
    PnpStop: stop,
};

/// Power management, with one reference.
pub(super) fn new_power() -> *mut IUnknown {
    new((&raw const POWER).cast(), IAdapterPowerManagement::answers_to)
}

/// Registers both; PortCls lets go of them with the device.
pub(super) fn register(device: Device) {
    let pnp = new((&raw const PNP).cast(), IAdapterPnpManagement::answers_to);
    let power = new_power();
    for (name, object) in
        [("PcRegisterAdapterPowerManagement", power), ("PcRegisterAdapterPnpManagement", pnp)]
    {
        let register: unsafe extern "win64" fn(*mut IUnknown, Device) -> i32 = import("portcls.sys", name);
        // SAFETY: an object of the driver's own; PortCls adds a reference.
        unsafe { register(object, device) };
        release(object);
    }
}

unsafe extern "efiapi" fn power_change(_this: *mut IAdapterPowerManagement, new: POWER_STATE) {
    log(format!("PowerChangeState {}", new.SystemState));
}

unsafe extern "efiapi" fn power_query(_this: *mut IAdapterPowerManagement, new: POWER_STATE) -> NTSTATUS {
    log(format!("QueryPowerChangeState {}", new.SystemState));
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn capabilities(
    _this: *mut IAdapterPowerManagement,
    capabilities: *mut DEVICE_CAPABILITIES,
) -> NTSTATUS {
    // SAFETY: PortCls' own record.
    let states = unsafe { &mut (*capabilities).DeviceState };
    if makes(Mistake::RaiseState) {
        states[PowerSystemSleeping3 as usize] = PowerDeviceD2;
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn rebalance(_this: *mut IAdapterPnpManagement) -> PC_REBALANCE_TYPE {
    PcRebalanceRemoveSubdevices
}

unsafe extern "efiapi" fn query_stop(_this: *mut IAdapterPnpManagement) {
    log("PnpQueryStop".to_owned());
}

unsafe extern "efiapi" fn cancel_stop(_this: *mut IAdapterPnpManagement) {
    log("PnpCancelStop".to_owned());
}

unsafe extern "efiapi" fn stop(_this: *mut IAdapterPnpManagement) {
    log("PnpStop".to_owned());
    quiesce();
}
