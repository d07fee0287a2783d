//! PnP callbacks: of an adapter whose resources may be taken away and given back, and of its miniports.
//!
//! Sources: the WDK's pages of `IAdapterPnpManagement` and `IMiniportPnpNotify`, and "Implement PnP Rebalance for
//! PortCls Audio Drivers". All of it since Windows 10 1511.

use crate::com::{ComClass, ComPtr, Head, unknown_vtbl, value};
use crate::handle::Device;
use crate::irql::{Irql, Passive};
use crate::raw;
use crate::raw::{
    IAdapterPnpManagement, IAdapterPnpManagementVtbl, IMiniportPnpNotify, IMiniportPnpNotifyVtbl,
    IPortClsPnp, IUnknown, Interface, PC_REBALANCE_TYPE,
};
use crate::status::{Result, Status};

/// How an adapter takes part in a rebalance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Not while pins are open.
    NotSupported,
    /// Its subdevices go at the stop, and are made anew at the start that follows. Open streams end.
    RemoveSubdevices,
}

impl Rebalance {
    const fn raw(self) -> PC_REBALANCE_TYPE {
        match self {
            Self::NotSupported => raw::PcRebalanceNotSupported,
            Self::RemoveSubdevices => raw::PcRebalanceRemoveSubdevices,
        }
    }
}

/// `IAdapterPnpManagement`.
pub trait AdapterPnpManagement: ComClass {
    /// How the adapter takes part in a rebalance. Under the device's global lock: must be fast.
    fn supported_rebalance(&self, irql: &mut Irql<Passive>) -> Rebalance;

    /// The device may be stopped soon. Under the device's global lock: must be fast.
    fn pnp_query_stop(&self, _irql: &mut Irql<Passive>) {}

    /// The device is not to be stopped after all; also without a query before it. Under the lock as well.
    fn pnp_cancel_stop(&self, _irql: &mut Irql<Passive>) {}

    /// The device is stopped: all of its hardware is to be let go of on return. It may wait for its own work, but not
    /// for streams to be closed.
    fn pnp_stop(&self, irql: &mut Irql<Passive>);
}

/// `IMiniportPnpNotify`.
pub trait MiniportPnpNotify: ComClass {
    /// The device is about to be stopped; the adapter's callback follows. Under the device's global lock: must not wait.
    fn pnp_stop(&self, irql: &mut Irql<Passive>);
}

/// Registered PnP callbacks of an adapter. The drop unregisters them, at PASSIVE_LEVEL.
///
/// # Invariants
///
/// The device's callbacks were registered by this.
pub struct PnpRegistration {
    port: ComPtr<IPortClsPnp>,
    device: Device,
}

impl PnpRegistration {
    /// Registers the callbacks of an adapter that has `IAdapterPnpManagement`, by way of its WaveRT port; none where
    /// the port has no way, which is so before Windows 10 1511.
    ///
    /// # Errors
    ///
    /// What the port says.
    pub fn register<I: Interface>(
        irql: &Irql<Passive>,
        port: &ComPtr<I>,
        adapter: &ComPtr<IUnknown>,
        device: Device,
    ) -> Result<Option<Self>> {
        let Ok(port) = port.query::<IPortClsPnp>(irql) else { return Ok(None) };
        let register = port.vtbl().RegisterAdapterPnpManagement;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with a live object and an adapter's device object.
        Status::check(unsafe { register(port.as_raw(), adapter.as_raw(), device.as_ptr()) })?;
        // INVARIANT: just registered.
        Ok(Some(Self { port, device }))
    }
}

impl Drop for PnpRegistration {
    fn drop(&mut self) {
        let unregister = self.port.vtbl().UnregisterAdapterPnpManagement;
        // SAFETY: a method of a live object; registered, by the invariant. Its status can't be helped.
        let _ = unsafe { unregister(self.port.as_raw(), self.device.as_ptr()) };
    }
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: AdapterPnpManagement, const N: usize> Head<T, N> for IAdapterPnpManagement {
    const VTBL: &'static IAdapterPnpManagementVtbl = &IAdapterPnpManagementVtbl {
        base: unknown_vtbl::<T, N>(),
        GetSupportedRebalanceType: supported_rebalance::<T, N>,
        PnpQueryStop: query_stop::<T, N>,
        PnpCancelStop: cancel_stop::<T, N>,
        PnpStop: stop::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IAdapterPnpManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn supported_rebalance<T: AdapterPnpManagement, const N: usize>(
    this: *mut IAdapterPnpManagement,
) -> PC_REBALANCE_TYPE {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.supported_rebalance(&mut irql).raw()
}

/// # Safety
///
/// As documented for `IAdapterPnpManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn query_stop<T: AdapterPnpManagement, const N: usize>(
    this: *mut IAdapterPnpManagement,
) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.pnp_query_stop(&mut irql);
}

/// # Safety
///
/// As documented for `IAdapterPnpManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn cancel_stop<T: AdapterPnpManagement, const N: usize>(
    this: *mut IAdapterPnpManagement,
) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.pnp_cancel_stop(&mut irql);
}

/// # Safety
///
/// As documented for `IAdapterPnpManagement`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn stop<T: AdapterPnpManagement, const N: usize>(this: *mut IAdapterPnpManagement) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.pnp_stop(&mut irql);
}

// SAFETY: the method below, for class `T` and place `N`.
unsafe impl<T: MiniportPnpNotify, const N: usize> Head<T, N> for IMiniportPnpNotify {
    const VTBL: &'static IMiniportPnpNotifyVtbl =
        &IMiniportPnpNotifyVtbl { base: unknown_vtbl::<T, N>(), PnpStop: miniport_stop::<T, N> };
}

/// # Safety
///
/// As documented for `IMiniportPnpNotify`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn miniport_stop<T: MiniportPnpNotify, const N: usize>(this: *mut IMiniportPnpNotify) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.pnp_stop(&mut irql);
}
