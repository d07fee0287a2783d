//! Registered subdevices, and the physical connections between them.

use std::rc::Rc;

use portcls::raw::GUID;
use portcls::raw::KSCATEGORY_AUDIO;
use portcls::raw::KSCATEGORY_CAPTURE;
use portcls::raw::KSCATEGORY_RENDER;
use portcls::raw::KSCATEGORY_TOPOLOGY;

use super::com;
use super::com::Reference;
use super::fdo::Fdo;
use super::filter::records;
use super::packet_sizes;
use super::port::Class;
use super::port::Port;
use super::rules;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::UnicodeString;

/// `STATUS_NOT_FOUND`.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;
/// `STATUS_OBJECT_NAME_COLLISION`.
const STATUS_OBJECT_NAME_COLLISION: NtStatus = 0xC000_0035_u32 as i32;

/// Longest name of a subdevice, UTF-16 units.
const LONGEST_NAME: usize = 256;

/// A port that clients can find by name.
pub(crate) struct Subdevice {
    pub(crate) name: String,
    pub(crate) port: Rc<Port>,
    /// The driver's own string.
    name_pointer: *const u16,
    _reference: Reference,
}

/// An end of a connection as a call names it.
pub(crate) enum Far {
    Port(Pointer),
    External(String),
}

impl Far {
    /// The symbolic link of a filter of another device.
    pub(crate) fn external(name: At<UnicodeString>) -> Self {
        let name = name.read();
        // SAFETY: a counted string of the driver's; a bad pointer traps.
        Self::External(unsafe { name.text() })
    }
}

/// An end of a connection.
pub(crate) enum End {
    Port { port: Rc<Port>, _reference: Reference },
    External(String),
}

impl End {
    fn of(kernel: &'static Kernel, far: Far, pin: u32) -> Option<Self> {
        match far {
            Far::External(name) => Some(Self::External(name)),
            Far::Port(pointer) => {
                let port = com::find::<Port>(kernel, pointer)?;
                (pin < port.binding()?.filter.pins.len() as u32).then_some(())?;
                Some(Self::Port { port, _reference: Reference::add(kernel, pointer)? })
            }
        }
    }

    fn is(&self, kernel: &'static Kernel, far: &Far) -> bool {
        match (self, far) {
            (Self::External(own), Far::External(other)) => own == other,
            (Self::Port { port: own, .. }, Far::Port(other)) => {
                com::find::<Port>(kernel, *other).is_some_and(|other| Rc::ptr_eq(own, &other))
            }
            _ => false,
        }
    }
}

/// A physical connection: a bridge pin of one filter leads to one of another.
pub(crate) struct Connection {
    pub(crate) from: End,
    pub(crate) from_pin: u32,
    pub(crate) to: End,
    pub(crate) to_pin: u32,
}

fn name_at(pointer: *const u16) -> String {
    let units = (0..LONGEST_NAME).map(|index| At::new(pointer.wrapping_add(index).cast_mut()).read());
    String::from_utf16_lossy(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>())
}

/// The string must stay as it is for the life of the device object (portcls/nf-portcls-pcregistersubdevice). In freed
/// memory this look at it is a finding by itself.
fn check_name(kernel: &Kernel, subdevice: &Subdevice) {
    let now = name_at(subdevice.name_pointer);
    if now != subdevice.name {
        let message = format!(
            "the name of subdevice '{}' was changed to '{now}' while PortCls refers to it",
            subdevice.name
        );
        let at = subdevice.name_pointer as u64;
        rules::note(kernel, "SubdeviceName", rules::code::SUBDEVICE_NAME, at, message);
    }
}

/// The classes in which clients find a filter: those of its description, or what the port has for it
/// (portcls/ns-portcls-pcfilter_descriptor).
pub(super) fn categories(port: &Port) -> Vec<GUID> {
    let Some(binding) = port.binding() else { return Vec::new() };
    let raw = &binding.filter.raw;
    if raw.CategoryCount > 0 {
        return records(raw.Categories, raw.CategoryCount, size_of::<GUID>() as u32);
    }
    if port.class != Class::Topology {
        vec![KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE]
    } else {
        vec![KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY]
    }
}

/// Has clients find a subdevice, or not any more: one interface a class, with the subdevice's name for its reference.
fn publish(kernel: &Kernel, name: &str, port: &Port, enabled: bool) {
    if !enabled {
        packet_sizes::check_time(kernel, name);
    }
    for class in categories(port) {
        // SAFETY: a GUID is sixteen bytes without any between them.
        let class: [u8; 16] = unsafe { core::mem::transmute(class) };
        kernel.set_interface(class, name, enabled);
    }
}

/// `PcRegisterSubdevice` (portcls/nf-portcls-pcregistersubdevice): the port was initialised for this device.
pub(crate) fn register(
    kernel: &'static Kernel,
    device: *mut DeviceObject,
    name: *const u16,
    unknown: Pointer,
) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    let port = com::find::<Port>(kernel, unknown)
        .filter(|port| port.fdo().is_some_and(|own| Rc::ptr_eq(&own, &fdo)));
    let (Some(port), false) = (port, name.is_null()) else { return STATUS_INVALID_PARAMETER };
    if kernel.injection.fails("PcRegisterSubdevice") {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let (name_pointer, name) = (name, name_at(name));
    let mut subdevices = fdo.subdevices.borrow_mut();
    if subdevices.len() >= fdo.most_objects as usize {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if subdevices.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    let Some(reference) = Reference::add(kernel, unknown) else { return STATUS_INVALID_PARAMETER };
    if let Some(binding) = port.binding() {
        packet_sizes::check(kernel, &name, &binding.filter);
    }
    publish(kernel, &name, &port, true);
    subdevices.push(Subdevice { name, port, name_pointer, _reference: reference });
    STATUS_SUCCESS
}

/// `IUnregisterSubdevice::UnregisterSubdevice`: open pins go on, new ones can't be opened.
pub(crate) fn unregister(kernel: &'static Kernel, device: *mut DeviceObject, unknown: Pointer) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    let Some(port) = com::find::<Port>(kernel, unknown) else { return STATUS_INVALID_PARAMETER };
    let mut subdevices = fdo.subdevices.borrow_mut();
    let Some(place) = subdevices.iter().position(|each| Rc::ptr_eq(&each.port, &port)) else {
        return STATUS_NOT_FOUND;
    };
    let subdevice = subdevices.remove(place);
    drop(subdevices);
    check_name(kernel, &subdevice);
    publish(kernel, &subdevice.name, &port, false);
    port.retire();
    drop(subdevice);
    STATUS_SUCCESS
}

/// `PcRegisterPhysicalConnection` and its two kin.
pub(crate) fn connect(
    kernel: &'static Kernel,
    device: *mut DeviceObject,
    from: Far,
    from_pin: u32,
    to: Far,
    to_pin: u32,
) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    if kernel.injection.fails("PcRegisterPhysicalConnection") {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let ends = End::of(kernel, from, from_pin).zip(End::of(kernel, to, to_pin));
    let Some((from, to)) = ends else { return STATUS_INVALID_PARAMETER };
    fdo.connections.borrow_mut().push(Connection { from, from_pin, to, to_pin });
    STATUS_SUCCESS
}

/// `IUnregisterPhysicalConnection`.
pub(crate) fn disconnect(
    kernel: &'static Kernel,
    device: *mut DeviceObject,
    from: Far,
    from_pin: u32,
    to: Far,
    to_pin: u32,
) -> NtStatus {
    let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
    let mut connections = fdo.connections.borrow_mut();
    let place = connections.iter().position(|each| {
        each.from_pin == from_pin
            && each.to_pin == to_pin
            && each.from.is(kernel, &from)
            && each.to.is(kernel, &to)
    });
    let Some(place) = place else { return STATUS_NOT_FOUND };
    let connection = connections.remove(place);
    drop(connections);
    drop(connection);
    STATUS_SUCCESS
}

/// Takes everything down that is still registered, as PortCls does when the device is stopped or removed.
pub(crate) fn clear(fdo: &Fdo) {
    drop(fdo.connections.take());
    for subdevice in fdo.subdevices.take() {
        check_name(fdo.kernel, &subdevice);
        publish(fdo.kernel, &subdevice.name, &subdevice.port, false);
        subdevice.port.retire();
    }
}

/// A subdevice by name, of a device that is started.
pub(crate) fn find(fdo: &Fdo, name: &str) -> Result<Rc<Port>, NtStatus> {
    if !fdo.open_for_clients() {
        return Err(STATUS_INVALID_DEVICE_REQUEST);
    }
    let subdevices = fdo.subdevices.borrow();
    let found = subdevices.iter().find(|each| each.name.eq_ignore_ascii_case(name));
    found.map(|each| each.port.clone()).ok_or(STATUS_NOT_FOUND)
}
