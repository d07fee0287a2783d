//! The WaveRT, WavePci and topology port drivers: `IPort` and what `QueryInterface` finds beside it.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::CLSID_PortDMus;
use portcls::raw::CLSID_PortMidi;
use portcls::raw::CLSID_PortTopology;
use portcls::raw::CLSID_PortWaveCyclic;
use portcls::raw::CLSID_PortWavePci;
use portcls::raw::CLSID_PortWaveRT;
use portcls::raw::GUID;
use portcls::raw::IMiniportTopology;
use portcls::raw::IMiniportWavePci;
use portcls::raw::IMiniportWaveRT;
use portcls::raw::IPortTopology;
use portcls::raw::IPortWavePci;
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
use super::wavepci;
use super::wavepci::Membership;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use crate::nt::abi::STATUS_SUCCESS;

/// The port drivers that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    WaveRt,
    WavePci,
    Topology,
}

impl Class {
    /// As the documentation has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WaveRt => "WaveRT",
            Self::WavePci => "WavePci",
            Self::Topology => "Topology",
        }
    }
}

/// What the port drivers have in common.
pub(crate) struct Port {
    kernel: &'static Kernel,
    pub(crate) class: Class,
    /// What a WavePci port has in its miniport's service group.
    membership: RefCell<Option<Membership>>,
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
        drop(self.membership.take());
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
        let bound = match self.class {
            Class::WaveRt => bind_wave(&unknown, self.pointer(), adapter, resources),
            Class::WavePci => self.bind_wavepci(&unknown, adapter, resources),
            Class::Topology => bind_topology(&unknown, self.pointer(), adapter, resources),
        };
        let binding = match bound.and_then(|miniport| Binding::new(kernel, miniport)) {
            Ok(binding) => binding,
            Err(status) => {
                drop(self.membership.take());
                return status;
            }
        };
        self.binding.replace(Some(Rc::new(binding)));
        self.fdo.replace(Some(fdo));
        STATUS_SUCCESS
    }

    /// The miniport hands out a service group, to which the port adds a sink (portcls/nf-portcls-iminiportwavepci-init,
    /// -service).
    fn bind_wavepci(
        &self,
        unknown: &Theirs<IUnknown>,
        adapter: *mut IUnknown,
        resources: Pointer,
    ) -> Result<Miniport, NtStatus> {
        let miniport: Theirs<IMiniportWavePci> = unknown.query().ok_or(STATUS_INVALID_PARAMETER)?;
        let mut group = core::ptr::null_mut();
        let port = self.pointer();
        let status = miniport.call("IMiniportWavePci::Init", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the arguments are live objects.
            unsafe { (vtable.Init)(this, adapter, resources.cast(), port.cast(), &raw mut group) }
        });
        if status < 0 {
            return Err(status);
        }
        let kernel = self.kernel;
        let sink: wavepci::Sink = Rc::new(move || serve(kernel, port));
        self.membership.replace(Membership::join(kernel, group, sink));
        Ok(Miniport::WavePci(miniport))
    }
}

/// The group's DPC asks the port for service, which asks the miniport.
fn serve(kernel: &'static Kernel, port: Pointer) {
    let Some(binding) = super::com::find::<Port>(kernel, port).and_then(|port| port.binding()) else {
        return;
    };
    let Miniport::WavePci(miniport) = &binding.miniport else { return };
    miniport.call("IMiniportWavePci::Service", |this, vtable| {
        // SAFETY: a method of the interface on its own pointer, at DISPATCH_LEVEL.
        unsafe { (vtable.Service)(this) }
    });
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

/// There is no resource manager to ask for: streams of mappings are older than they are.
pub(crate) const WAVE_PCI: &Kind = &Kind {
    name: "WavePci port",
    faces: &[
        Face { layout: &IPortWavePci::LAYOUT, methods: &[PORT, wavepci::PORT_METHODS], present: always },
        port_helpers::EVENTS,
        port_helpers::UNREGISTER_SUBDEVICE,
        port_helpers::UNREGISTER_CONNECTION,
        port_helpers::POWER,
        port_helpers::VERSION,
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

/// `PcNewPort`: a port with one reference. A class that this Windows does not have is an invalid parameter
/// (portcls/nf-portcls-pcnewport).
///
/// # Errors
/// STATUS_INVALID_PARAMETER for no class of this Windows, STATUS_NOT_SUPPORTED for one that the rig does not play.
#[allow(non_upper_case_globals)] // The classes have the WDK's names.
pub(crate) fn create(kernel: &'static Kernel, class: &GUID) -> Result<Pointer, NtStatus> {
    let (kind, class) = match *class {
        CLSID_PortWaveRT if kernel.profile.wavert => (WAVE, Class::WaveRt),
        CLSID_PortWavePci => (WAVE_PCI, Class::WavePci),
        CLSID_PortTopology => (TOPOLOGY, Class::Topology),
        CLSID_PortWaveCyclic | CLSID_PortDMus | CLSID_PortMidi => return Err(STATUS_NOT_SUPPORTED),
        _ => return Err(STATUS_INVALID_PARAMETER),
    };
    let port = Rc::new(Port {
        kernel,
        class,
        membership: RefCell::default(),
        head: Cell::new(core::ptr::null_mut()),
        fdo: RefCell::default(),
        binding: RefCell::default(),
        retired: Cell::new(false),
    });
    port.head.set(Object::create(kernel, kind, port.clone()));
    Ok(port.head.get())
}
