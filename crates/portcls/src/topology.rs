//! The topology miniport.

use crate::com::{ComPtr, Head, value};
use crate::irql::{Irql, Passive};
use crate::miniport::{Miniport, miniport_vtbl};
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    IMiniportTopology, IMiniportTopologyVtbl, IPortTopology, IResourceList, IUnknown, NTSTATUS,
};
use crate::status::{Result, ntstatus};

/// `IMiniportTopology`. Source: the WDK's page of each method.
pub trait MiniportTopology: Miniport {
    /// Binds the miniport to its port. References to keep are clones.
    fn init(
        &self,
        irql: &mut Irql<Passive>,
        adapter: Option<&ComPtr<IUnknown>>,
        resources: Option<&ComPtr<IResourceList>>,
        port: &ComPtr<IPortTopology>,
    ) -> Result;
}

// SAFETY: the method below, for class `T` and place `N`.
unsafe impl<T: MiniportTopology, const N: usize> Head<T, N> for IMiniportTopology {
    const VTBL: &'static IMiniportTopologyVtbl =
        &IMiniportTopologyVtbl { base: miniport_vtbl::<T, N>(), Init: init::<T, N> };
}

/// # Safety
///
/// As documented for `IMiniportTopology`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn init<T: MiniportTopology, const N: usize>(
    this: *mut IMiniportTopology,
    adapter: *mut IUnknown,
    resources: *mut IResourceList,
    port: *mut IPortTopology,
) -> NTSTATUS {
    // SAFETY: null, or alive during the call.
    let adapter = unsafe { ComPtr::borrow(&adapter) };
    // SAFETY: null, or alive during the call.
    let resources = unsafe { ComPtr::borrow(&resources) };
    // SAFETY: null, or alive during the call.
    let Some(port) = (unsafe { ComPtr::borrow(&port) }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.init(&mut irql, adapter, resources, port))
}
