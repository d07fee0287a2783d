//! PnP callbacks, and their registration with a port.

use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::pnp::{AdapterPnpManagement, MiniportPnpNotify, PnpRegistration, Rebalance};
use portcls::raw::status::*;
use portcls::raw::*;

use crate::fakes::{passive, pointer};

#[derive(Default)]
struct Adapter(Mutex<Vec<&'static str>>);

impl Adapter {
    fn heard(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

impl ComClass for Adapter {
    type Interfaces = (IAdapterPnpManagement, IMiniportPnpNotify);
}

impl AdapterPnpManagement for Adapter {
    fn supported_rebalance(&self, _: &mut Irql<Passive>) -> Rebalance {
        self.heard("asked");
        Rebalance::RemoveSubdevices
    }

    fn pnp_query_stop(&self, _: &mut Irql<Passive>) {
        self.heard("query");
    }

    fn pnp_cancel_stop(&self, _: &mut Irql<Passive>) {
        self.heard("cancel");
    }

    fn pnp_stop(&self, _: &mut Irql<Passive>) {
        self.heard("stop");
    }
}

impl MiniportPnpNotify for Adapter {
    fn pnp_stop(&self, _: &mut Irql<Passive>) {
        self.heard("miniport stop");
    }
}

#[test]
fn each_callback_arrives() {
    let (object, adapter): (Com<Adapter>, ComPtr<IAdapterPnpManagement>) = pointer(Adapter::default());
    let miniport: ComPtr<IMiniportPnpNotify> = object.query(&passive()).unwrap();
    let raw = adapter.as_raw();
    // SAFETY: methods of a live object.
    unsafe {
        let vtbl = &*(*raw).vtbl;
        assert_eq!((vtbl.GetSupportedRebalanceType)(raw), PcRebalanceRemoveSubdevices);
        (vtbl.PnpQueryStop)(raw);
        (vtbl.PnpCancelStop)(raw);
        ((*(*miniport.as_raw()).vtbl).PnpStop)(miniport.as_raw());
        (vtbl.PnpStop)(raw);
    }
    assert_eq!(*object.0.lock().unwrap(), ["asked", "query", "cancel", "miniport stop", "stop"]);
}

/// A port that registers one adapter; not with `refuses`.
#[derive(Default)]
struct Port {
    registered: AtomicPtr<IUnknown>,
    refuses: bool,
}

impl ComClass for Port {
    type Interfaces = (IPortClsPnp,);
}

// SAFETY: the methods below expect place `N` of this class.
unsafe impl<const N: usize> Head<Port, N> for IPortClsPnp {
    const VTBL: &'static IPortClsPnpVtbl = &IPortClsPnpVtbl {
        base: unknown_vtbl::<Port, N>(),
        RegisterAdapterPnpManagement: register::<N>,
        UnregisterAdapterPnpManagement: unregister::<N>,
    };
}

unsafe extern "efiapi" fn register<const N: usize>(
    this: *mut IPortClsPnp,
    adapter: *mut IUnknown,
    _device: *mut DeviceObject,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    let port = unsafe { value::<Port, _, N>(this) };
    if port.refuses {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    assert!(port.registered.swap(adapter, SeqCst).is_null(), "registered twice");
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn unregister<const N: usize>(
    this: *mut IPortClsPnp,
    _device: *mut DeviceObject,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    let port = unsafe { value::<Port, _, N>(this) };
    assert!(!port.registered.swap(null_mut(), SeqCst).is_null(), "unregistered, and was not registered");
    STATUS_SUCCESS
}

/// A device object that nobody looks into.
fn device() -> Device {
    // SAFETY: the fakes do not follow the pointer.
    unsafe { Device::from_raw(std::ptr::dangling_mut()) }.unwrap()
}

/// Row 53: pairs of registrations.
#[test]
fn a_registration_is_taken_back_with_its_owner() {
    let (port, interface): (Com<Port>, ComPtr<IPortClsPnp>) = pointer(Port::default());
    let adapter = Com::new(&passive(), Adapter::default()).unwrap();
    let registration = PnpRegistration::register(&passive(), &interface, adapter.unknown(), device());
    assert!(matches!(registration, Ok(Some(_))));
    assert_eq!(port.registered.load(SeqCst), adapter.unknown().as_raw());
    drop(registration);
    assert!(port.registered.load(SeqCst).is_null());
}

#[test]
fn a_port_without_the_interface_is_no_failure_and_a_refusal_is() {
    let (_object, other): (Com<Adapter>, ComPtr<IAdapterPnpManagement>) = pointer(Adapter::default());
    let adapter = Com::new(&passive(), Adapter::default()).unwrap();
    let without = PnpRegistration::register(&passive(), &other, adapter.unknown(), device());
    assert!(matches!(without, Ok(None)));
    let port = Port { refuses: true, ..Port::default() };
    let (_object, interface): (Com<Port>, ComPtr<IPortClsPnp>) = pointer(port);
    let refused = PnpRegistration::register(&passive(), &interface, adapter.unknown(), device());
    assert_eq!(refused.err().map(|status| status.code()), Some(STATUS_INSUFFICIENT_RESOURCES));
}
