//! What PortCls calls in the adapter itself: when the power of the device changes, and when PnP stops it.
#![forbid(unsafe_code)]

use portcls::adapter::{AdapterPowerManagement, DevicePower, PowerChange};
use portcls::driver::PowerRegistration;
use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::pnp::{AdapterPnpManagement, PnpRegistration, Rebalance};
use portcls::raw::{IAdapterPnpManagement, IAdapterPowerManagement3, IPort};
use portcls::{Com, ComClass, ComPtr, Result};

use super::Adapter;
use crate::device::SoundDevice;
use crate::platform::pnp::{Ties, end};
use crate::platform::shared::Shared;
use crate::platform::trace;
use crate::wave::hub::Hub;

/// The callbacks of one device.
struct Callbacks<D: SoundDevice> {
    hub: Shared<Hub<D>>,
    fdo: Device,
}

impl<D: SoundDevice> ComClass for Callbacks<D> {
    type Interfaces = (IAdapterPowerManagement3, IAdapterPnpManagement);
}

/// Every state is entered as PortCls asks, and left as fast as the device can, whatever latency is allowed. Device
/// states that the bus has for the system's are deep enough.
impl<D: SoundDevice> AdapterPowerManagement for Callbacks<D> {
    fn power_change_state(&self, irql: &mut Irql<Passive>, change: PowerChange) {
        trace::power(match change.device {
            DevicePower::D0 => 0,
            DevicePower::D1 => 1,
            DevicePower::D2 => 2,
            DevicePower::D3 => 3,
        });
        match change.device {
            DevicePower::D0 => self.hub.wake(irql),
            DevicePower::D1 | DevicePower::D2 | DevicePower::D3 => self.hub.sleep(irql),
        }
    }
}

/// Streams have packets and no register that a client may have mapped, so that they may be open when the resources go.
impl<D: SoundDevice> AdapterPnpManagement for Callbacks<D> {
    fn supported_rebalance(&self, _irql: &mut Irql<Passive>) -> Rebalance {
        Rebalance::RemoveSubdevices
    }

    fn pnp_stop(&self, irql: &mut Irql<Passive>) {
        end::<Adapter>(irql, self.fdo);
    }
}

/// The callbacks as PortCls knows them. The drop takes them back.
pub(crate) struct Registered {
    pnp: Option<PnpRegistration>,
    _power: PowerRegistration,
}

impl Ties for Registered {
    fn tell_of_stop(&self) -> bool {
        self.pnp.is_some()
    }
}

impl Registered {
    /// Registers the callbacks of the device of `hub`. Without those of PnP, in a Windows that has none or refuses them,
    /// its resources stay as they are while pins are open.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; what PortCls says to those of power.
    pub(super) fn new<D: SoundDevice>(
        irql: &Irql<Passive>,
        fdo: Device,
        port: &ComPtr<IPort>,
        hub: Shared<Hub<D>>,
    ) -> Result<Self> {
        let callbacks = Com::new(irql, Callbacks { hub, fdo })?;
        let power = PowerRegistration::register(irql, callbacks.unknown(), fdo)?;
        let pnp = PnpRegistration::register(irql, port, callbacks.unknown(), fdo);
        let pnp = pnp.inspect_err(|status| trace::failure(c"registering for PnP", *status));
        Ok(Self { pnp: pnp.ok().flatten(), _power: power })
    }
}
