//! What the power manager does to a device, and the PnP manager where it wants its resources.

use portcls::raw::DEVICE_POWER_STATE;
use portcls::raw::PC_EXIT_LATENCY;
use portcls::raw::PowerDeviceD0;
use portcls::raw::PowerSystemWorking;
use portcls::raw::SYSTEM_POWER_STATE;

use super::Adapter;
use super::irp;
use super::power;
use crate::nt::abi::IRP_MJ_POWER;
use crate::nt::abi::IRP_MN_CANCEL_STOP_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_STOP_DEVICE;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;

impl Adapter {
    /// A stop that is asked for and called off.
    pub fn query_and_cancel_stop(&self) -> NtStatus {
        let status = self.pnp(IRP_MN_QUERY_STOP_DEVICE, [0; 4]);
        self.pnp(IRP_MN_CANCEL_STOP_DEVICE, [0; 4]);
        status
    }

    /// A stop is called off, whether it was asked for or not.
    pub fn cancel_stop(&self) -> NtStatus {
        self.pnp(IRP_MN_CANCEL_STOP_DEVICE, [0; 4])
    }

    /// Sends the device to D0 or to a sleeping state.
    pub fn set_power(&self, to: DEVICE_POWER_STATE) -> NtStatus {
        self.power(power::DEVICE_POWER, to, to == PowerDeviceD0)
    }

    /// The system falls asleep, if nobody objects, which PortCls turns into a state of the device.
    pub fn sleep(&self, to: SYSTEM_POWER_STATE) -> NtStatus {
        self.power(power::SYSTEM_POWER, to, false)
    }

    /// The system wakes up.
    pub fn wake(&self) -> NtStatus {
        self.power(power::SYSTEM_POWER, PowerSystemWorking, true)
    }

    /// `IRP_MN_SET_POWER`, and downwards `IRP_MN_QUERY_POWER` before it.
    fn power(&self, kind: u64, to: i32, up: bool) -> NtStatus {
        let Some(pdo) = self.pdo.get() else { return STATUS_INVALID_DEVICE_REQUEST };
        let send = |minor| irp::send(self.kernel, pdo, IRP_MJ_POWER, minor, [0, kind, to as u64, 0]);
        let asked = if up { 0 } else { send(power::IRP_MN_QUERY_POWER) };
        if asked < 0 { asked } else { send(power::IRP_MN_SET_POWER) }
    }

    /// Windows wants D3 to be left faster, or allows that it takes longer.
    pub fn change_exit_latency(&self, latency: PC_EXIT_LATENCY) -> NtStatus {
        self.fdo().map_or(STATUS_INVALID_DEVICE_REQUEST, |fdo| power::change_exit_latency(&fdo, latency))
    }

    /// The bus gives the function other addresses and vectors; between `stop` and `start`.
    pub fn relocate(&self) {
        self.kernel.with_hardware(|hardware| hardware.relocate());
        self.kernel.move_vectors();
    }
}
