//! Power callbacks, through all three versions of the interface.

use std::ptr::null_mut;
use std::sync::Mutex;

use portcls::adapter::{AdapterPowerManagement, DevicePower, ExitLatency, PowerChange};
use portcls::com::{Com, ComClass, ComPtr};
use portcls::irql::{Irql, Passive};
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::{Result, Status};

use crate::fakes::{passive, pointer};

#[derive(Default)]
struct Adapter(Mutex<Vec<PowerChange>>);

impl ComClass for Adapter {
    type Interfaces = (IAdapterPowerManagement3,);
}

impl AdapterPowerManagement for Adapter {
    fn power_change_state(&self, _: &mut Irql<Passive>, change: PowerChange) {
        self.0.lock().unwrap().push(change);
    }

    fn query_power_change_state(&self, _: &mut Irql<Passive>, device: DevicePower) -> Result {
        if device == DevicePower::D2 { Err(Status::NOT_SUPPORTED) } else { Ok(()) }
    }
}

fn adapter() -> (Com<Adapter>, ComPtr<IAdapterPowerManagement3>) {
    pointer(Adapter::default())
}

/// Row 46: IAdapterPowerManagement3.
#[test]
fn all_versions_are_answered_by_one_pointer() {
    let (object, three) = adapter();
    let one: ComPtr<IAdapterPowerManagement> = object.query(&passive()).unwrap();
    let two: ComPtr<IAdapterPowerManagement2> = object.query(&passive()).unwrap();
    assert_eq!(one.as_raw().cast(), three.as_raw());
    assert_eq!(two.as_raw().cast(), three.as_raw());
}

/// Row 46: IAdapterPowerManagement3.
#[test]
fn changes_arrive_with_what_each_version_tells() {
    let (object, three) = adapter();
    let raw = three.as_raw();
    // SAFETY: methods of a live object.
    unsafe {
        let vtbl = &*(*raw).vtbl;
        (vtbl.base.base.PowerChangeState)(raw.cast(), POWER_STATE { SystemState: PowerDeviceD3 });
        (vtbl.base.PowerChangeState2)(raw.cast(), PowerDeviceD0, PowerSystemWorking);
        (vtbl.PowerChangeState3)(raw, PowerDeviceD3, PowerSystemSleeping3, PcExitLatencyFast);
        (vtbl.base.PowerChangeState2)(raw.cast(), 99, PowerSystemWorking);
    }
    let change = |device, system, latency| PowerChange { device, system, latency };
    assert_eq!(
        *object.0.lock().unwrap(),
        [
            change(DevicePower::D3, None, None),
            change(DevicePower::D0, Some(PowerSystemWorking), None),
            change(DevicePower::D3, Some(PowerSystemSleeping3), Some(ExitLatency::Fast)),
        ]
    );
}

#[test]
fn queries_are_passed_on() {
    let (_object, three) = adapter();
    let raw = three.as_raw();
    let mut capabilities = DEVICE_CAPABILITIES::ZERO;
    // SAFETY: methods of a live object.
    unsafe {
        let vtbl = &*(*raw).vtbl;
        let query = vtbl.base.base.QueryPowerChangeState;
        assert_eq!(query(raw.cast(), POWER_STATE { SystemState: PowerDeviceD2 }), STATUS_NOT_SUPPORTED);
        assert_eq!(query(raw.cast(), POWER_STATE { SystemState: PowerDeviceD3 }), STATUS_SUCCESS);
        let capable = vtbl.base.base.QueryDeviceCapabilities;
        assert_eq!(capable(raw.cast(), &mut capabilities), STATUS_SUCCESS);
        assert_eq!(capable(raw.cast(), null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!((vtbl.D3ExitLatencyChanged)(raw, PcExitLatencyResponsive), STATUS_SUCCESS);
        assert_eq!((vtbl.D3ExitLatencyChanged)(raw, 3), STATUS_INVALID_PARAMETER);
    }
}
