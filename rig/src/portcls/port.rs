//! The WaveRT and topology port drivers: `IPort` and what `QueryInterface` finds beside it.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::CLSID_PortTopology;
use portcls::raw::CLSID_PortWaveRT;
use portcls::raw::GUID;
use portcls::raw::IMiniportTopology;
use portcls::raw::IMiniportWaveRT;
use portcls::raw::IPortTopology;
use portcls::raw::IPortWaveRT;
use portcls::raw::IUnknown;
use portcls::raw::Interface;

use super::binding::Binding;
use super::binding::Miniport;
use super::bus;
use super::com::Body;
use super::com::Face;
use super::com::Kind;
use super::com::Method;
use super::com::Object;
use super::com::always;
use super::com::methods;
use super::fdo::Fdo;
use super::managers;
use super::notifications;
use super::port_helpers;
use super::theirs::Theirs;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use crate::nt::abi::STATUS_SUCCESS;

/// What both port drivers have in common.
pub(crate) struct Port {
    kernel: &'static Kernel,
    pub(crate) wave: bool,
    head: Cell<Pointer>,
    fdo: RefCell<Option<Rc<Fdo>>>,
    binding: RefCell<Option<Rc<Binding>>>,
    /// Its subdevice was taken down: the miniport goes with the last open pin.
    retired: Cell<bool>,
}

impl Body for Port {
    fn last_released(&self, _kernel: &'static Kernel) {
        self.release_miniport();
        self.fdo.take();
    }
}

impl Port {
    /// The device it was initialised for.
    pub(crate) fn fdo(&self) -> Option<Rc<Fdo>> {
        self.fdo.borrow().clone()
    }

    /// Its own pointer, as the driver holds it.
    pub(crate) fn pointer(&self) -> Pointer {
        self.head.get()
    }

    /// The miniport, between `Init` and the end.
    pub(crate) fn binding(&self) -> Option<Rc<Binding>> {
        self.binding.borrow().clone()
    }

    /// The subdevice is taken down: no new pins; the miniport is released when none is open any more.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
        self.pin_closed();
    }

    /// A pin was closed.
    pub(crate) fn pin_closed(&self) {
        let idle = self.binding().is_none_or(|binding| binding.open() == 0);
        if self.retired.get() && idle {
            self.release_miniport();
        }
    }

    fn release_miniport(&self) {
        // Taken out first: the release calls into the driver.
        let binding = self.binding.borrow_mut().take();
        if let Some(binding) = binding {
            binding.touch_description();
        }
    }

    /// `IPort::Init` (portcls/nf-portcls-iport-init).
    fn init(
        &self,
        device: *mut DeviceObject,
        miniport: *mut IUnknown,
        adapter: *mut IUnknown,
        resources: Pointer,
    ) -> NtStatus {
        let kernel = self.kernel;
        let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
        let Some(unknown) = Theirs::add(kernel, miniport) else { return STATUS_INVALID_PARAMETER };
        if self.binding().is_some() {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        let bind = if self.wave { bind_wave } else { bind_topology };
        let bound = bind(&unknown, self.pointer(), adapter, resources);
        let binding = match bound.and_then(|miniport| Binding::new(kernel, miniport)) {
            Ok(binding) => binding,
            Err(status) => return status,
        };
        self.binding.replace(Some(Rc::new(binding)));
        self.fdo.replace(Some(fdo));
        STATUS_SUCCESS
    }
}

fn bind_wave(
    unknown: &Theirs<IUnknown>,
    port: Pointer,
    adapter: *mut IUnknown,
    resources: Pointer,
) -> Result<Miniport, NtStatus> {
    let miniport: Theirs<IMiniportWaveRT> = unknown.query().ok_or(STATUS_INVALID_PARAMETER)?;
    let status = miniport.call("IMiniportWaveRT::Init", |this, vtable| {
        // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the arguments are live objects.
        unsafe { (vtable.Init)(this, adapter, resources.cast(), port.cast()) }
    });
    if status < 0 { Err(status) } else { Ok(Miniport::WaveRt(miniport)) }
}

fn bind_topology(
    unknown: &Theirs<IUnknown>,
    port: Pointer,
    adapter: *mut IUnknown,
    resources: Pointer,
) -> Result<Miniport, NtStatus> {
    let miniport: Theirs<IMiniportTopology> = unknown.query().ok_or(STATUS_INVALID_PARAMETER)?;
    let status = miniport.call("IMiniportTopology::Init", |this, vtable| {
        // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the arguments are live objects.
        unsafe { (vtable.Init)(this, adapter, resources.cast(), port.cast()) }
    });
    if status < 0 { Err(status) } else { Ok(Miniport::Topology(miniport)) }
}

const PORT: &[Method] = methods! { "IPort", Port;
    fn Init(
        device: *mut DeviceObject, _irp: Pointer, miniport: *mut IUnknown, adapter: *mut IUnknown, resources: Pointer,
    ) -> NtStatus |kernel, port| {
        if kernel.injection.fails("IPort::Init") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        port.init(device, miniport, adapter, resources)
    }

    fn GetDeviceProperty(property: i32, length: u32, buffer: Pointer, result: At<u32>) -> NtStatus |kernel, port| {
        let fdo = port.fdo();
        fdo.map_or(STATUS_INVALID_DEVICE_REQUEST, |_| {
            bus::device_property(kernel, property, length, buffer, result)
        })
    }

    fn NewRegistryKey(
        key: At<Pointer>, _outer: Pointer, _kind: u32, _access: u32, _attributes: Pointer, _options: u32,
        _disposition: Pointer,
    ) -> NtStatus |_kernel, _port| {
        key.write(core::ptr::null_mut());
        STATUS_OBJECT_NAME_NOT_FOUND
    }
};

/// `IPortClsVersion` is answered by other ports than WaveRT (portcls/nn-portcls-iportclsversion).
pub(crate) const WAVE: &Kind = &Kind {
    name: "WaveRT port",
    faces: &[
        Face { layout: &IPortWaveRT::LAYOUT, methods: &[PORT], present: always },
        managers::SECOND,
        managers::FIRST,
        port_helpers::EVENTS,
        port_helpers::UNREGISTER_SUBDEVICE,
        port_helpers::UNREGISTER_CONNECTION,
        port_helpers::POWER,
        port_helpers::PNP,
        port_helpers::ETW,
        notifications::NOTIFICATIONS,
        port_helpers::RUNTIME_POWER,
    ],
};

pub(crate) const TOPOLOGY: &Kind = &Kind {
    name: "topology port",
    faces: &[
        Face { layout: &IPortTopology::LAYOUT, methods: &[PORT], present: always },
        port_helpers::EVENTS,
        port_helpers::UNREGISTER_SUBDEVICE,
        port_helpers::UNREGISTER_CONNECTION,
        port_helpers::POWER,
        port_helpers::VERSION,
    ],
};

/// `PcNewPort`: a port with one reference; none for a class that the rig does not play.
#[allow(non_upper_case_globals)] // The classes have the WDK's names.
pub(crate) fn create(kernel: &'static Kernel, class: &GUID) -> Option<Pointer> {
    let (kind, wave) = match *class {
        CLSID_PortWaveRT => (WAVE, true),
        CLSID_PortTopology => (TOPOLOGY, false),
        _ => return None,
    };
    let port = Rc::new(Port {
        kernel,
        wave,
        head: Cell::new(core::ptr::null_mut()),
        fdo: RefCell::default(),
        binding: RefCell::default(),
        retired: Cell::new(false),
    });
    port.head.set(Object::create(kernel, kind, port.clone()));
    Some(port.head.get())
}
