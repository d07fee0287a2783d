//! Device interfaces, their properties, and the registry keys of devices and drivers.

use core::ffi::c_void;
use std::cell::RefCell;

use super::At;
use super::Kernel;
use super::abi::DeviceObject;
use super::abi::DriverObject;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_DEVICE_REQUEST;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;
use super::message::DEVICE_KEY;
use super::registry::Value;
use super::rtlstring::guid_text;
use super::zw::text;

/// Informational: the interface had been registered before.
const STATUS_OBJECT_NAME_EXISTS: NtStatus = 0x4000_0000;

/// Pool tag of symbolic link names.
const TAG: u32 = u32::from_le_bytes(*b"IoLn");

/// Where the keys of drivers and interfaces are.
const SERVICES: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Services";
const DRIVER_KEY: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\{4d36e96c-e325-11ce-bfc1-08002be10318}\\0000";
const INTERFACES_KEY: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\DeviceClasses";

const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;

/// `PLUGPLAY_REGKEY_DEVICE`, `_DRIVER`.
const KEY_OF_DEVICE: u32 = 1;
const KEY_OF_DRIVER: u32 = 2;

/// An interface that was registered.
#[derive(Clone, Debug)]
struct Interface {
    link: String,
    class: [u8; 16],
    reference: String,
    enabled: bool,
    properties: Vec<Property>,
}

/// A property of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    /// `DEVPROPKEY`.
    key: [u8; 20],
    /// `DEVPROPTYPE`.
    pub(crate) kind: u32,
    pub(crate) data: Vec<u8>,
    /// It was set while clients found the interface.
    pub(crate) late: bool,
}

/// All interfaces.
#[derive(Default)]
pub(crate) struct Interfaces(RefCell<Vec<Interface>>);

impl Interfaces {
    fn with<R>(&self, link: &str, f: impl FnOnce(&mut Interface) -> R) -> Option<R> {
        let mut all = self.0.borrow_mut();
        all.iter_mut().find(|each| each.link.eq_ignore_ascii_case(link)).map(f)
    }
}

/// The symbolic link of the device's interface of a class, with a reference string or none.
fn link_of(class: &[u8; 16], reference: &str) -> String {
    let name = format!("\\??\\PCI#0#{}", guid_text(class).to_lowercase());
    if reference.is_empty() { name } else { format!("{name}\\{reference}") }
}

impl Kernel {
    /// Registers an interface of the device unless it is registered; whether it was.
    fn register_interface(&self, class: [u8; 16], reference: &str) -> bool {
        let link = link_of(&class, reference);
        if self.interfaces.with(&link, |_| ()).is_some() {
            return true;
        }
        let reference = reference.to_owned();
        let interface = Interface { link, class, reference, enabled: false, properties: Vec::new() };
        self.interfaces.0.borrow_mut().push(interface);
        false
    }

    /// Registers an interface of the device if need be, and has clients find it, or not any more.
    pub(crate) fn set_interface(&self, class: [u8; 16], reference: &str, enabled: bool) {
        self.register_interface(class, reference);
        self.interfaces.with(&link_of(&class, reference), |interface| interface.enabled = enabled);
    }

    /// A property of an interface.
    pub(crate) fn interface_property(
        &self,
        class: [u8; 16],
        reference: &str,
        key: &[u8; 20],
    ) -> Option<Property> {
        self.interfaces.with(&link_of(&class, reference), |interface| {
            interface.properties.iter().find(|property| property.key == *key).cloned()
        })?
    }

    /// The interfaces that clients find: classes and reference strings, in the order of their registration.
    pub(crate) fn enabled_interfaces(&self) -> Vec<([u8; 16], String)> {
        let all = self.interfaces.0.borrow();
        all.iter().filter(|each| each.enabled).map(|each| (each.class, each.reference.clone())).collect()
    }
}

fn open(kernel: &Kernel, path: &str, handle: At<u64>) -> NtStatus {
    let (key, _) = kernel.registry.create(path);
    handle.write(kernel.objects.open_key(key));
    STATUS_SUCCESS
}

/// The key and the name of a value of the device's software key, which may lie in a key below it.
fn driver_value_at(name: &str) -> (String, String) {
    match name.rsplit_once('\\') {
        Some((below, name)) => (format!("{DRIVER_KEY}\\{below}"), name.to_owned()),
        None => (DRIVER_KEY.to_owned(), name.to_owned()),
    }
}

impl Kernel {
    /// Puts a number into the device's software key, as the section of an INF file that installs the driver does. What
    /// stands before the last `\\` of the name is a key below that one.
    pub fn set_driver_value(&self, name: &str, number: u32) {
        self.put_driver_value(name, REG_DWORD, number.to_le_bytes().to_vec());
    }

    /// The same with bytes.
    pub fn set_driver_bytes(&self, name: &str, bytes: &[u8]) {
        self.put_driver_value(name, REG_BINARY, bytes.to_vec());
    }

    fn put_driver_value(&self, name: &str, kind: u32, data: Vec<u8>) {
        let (path, name) = driver_value_at(name);
        let (key, _) = self.registry.create(&path);
        self.registry.set(&key, Value { name, kind, data });
    }

    /// The number in the device's software key by this name: a REG_DWORD, or the first four of a REG_BINARY's bytes.
    pub(crate) fn driver_value(&self, name: &str) -> Option<u32> {
        let (path, name) = driver_value_at(name);
        let value = self.registry.value(&self.registry.open(&path)?, &name)?;
        let bytes = value.data.get(..4)?.try_into().ok()?;
        [REG_DWORD, REG_BINARY].contains(&value.kind).then(|| u32::from_le_bytes(bytes))
    }
}

declare_exports! { "ntoskrnl.exe";
    fn IoRegisterDeviceInterface(
        device: *mut DeviceObject, class: At<[u8; 16]>, reference: At<UnicodeString>, link: At<UnicodeString>,
    ) -> NtStatus |kernel| {
        let reference = if reference.is_null() { String::new() } else { text(reference) };
        if !kernel.io.owns(device.cast()) || reference.contains(['\\', '/']) {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        if kernel.injection.fails("IoRegisterDeviceInterface") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let class = class.read();
        link.write(kernel.give_string(&link_of(&class, &reference), TAG));
        if kernel.register_interface(class, &reference) { STATUS_OBJECT_NAME_EXISTS } else { STATUS_SUCCESS }
    }

    fn IoSetDeviceInterfaceState(link: At<UnicodeString>, enable: u8) -> NtStatus |kernel| {
        let changed = kernel.interfaces.with(&text(link), |interface| {
            core::mem::replace(&mut interface.enabled, enable != 0) != (enable != 0)
        });
        match changed {
            Some(true) => STATUS_SUCCESS,
            Some(false) if enable != 0 => STATUS_OBJECT_NAME_EXISTS,
            _ => STATUS_OBJECT_NAME_NOT_FOUND,
        }
    }

    /// Without data the property is deleted.
    fn IoSetDeviceInterfacePropertyData(
        link: At<UnicodeString>, key: At<[u8; 20]>, _lcid: u32, _flags: u32, kind: u32, size: u32, data: *const u8,
    ) -> NtStatus |kernel| {
        if kernel.injection.fails("IoSetDeviceInterfacePropertyData") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let key = key.read();
        let bytes = (0..size as usize).filter(|_| !data.is_null());
        let bytes: Vec<u8> = bytes.map(|at| At::new(data.wrapping_add(at).cast_mut()).read()).collect();
        let known = kernel.interfaces.with(&text(link), |interface| {
            interface.properties.retain(|property| property.key != key);
            if !data.is_null() {
                interface.properties.push(Property { key, kind, data: bytes, late: interface.enabled });
            }
        });
        if known.is_some() { STATUS_SUCCESS } else { STATUS_OBJECT_NAME_NOT_FOUND }
    }

    fn IoOpenDeviceInterfaceRegistryKey(link: At<UnicodeString>, _access: u32, handle: At<u64>) -> NtStatus |kernel| {
        let link = text(link);
        if kernel.interfaces.with(&link, |_| ()).is_none() {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        open(kernel, &format!("{INTERFACES_KEY}\\{}\\Device Parameters", link.replace('\\', "#")), handle)
    }

    fn IoOpenDeviceRegistryKey(device: *mut DeviceObject, kind: u32, _access: u32, handle: At<u64>) -> NtStatus |kernel| {
        let path = match kind & (KEY_OF_DEVICE | KEY_OF_DRIVER) {
            KEY_OF_DEVICE => DEVICE_KEY,
            KEY_OF_DRIVER => DRIVER_KEY,
            _ => return STATUS_INVALID_PARAMETER,
        };
        if !kernel.io.owns(device.cast()) {
            return STATUS_INVALID_PARAMETER;
        }
        open(kernel, path, handle)
    }

    /// Of the kinds of key, the driver's parameters.
    fn IoOpenDriverRegistryKey(
        driver: *mut DriverObject, kind: u32, _access: u32, flags: u32, handle: At<u64>,
    ) -> NtStatus |kernel| {
        if kind > 1 || flags != 0 || !kernel.io.owns(driver.cast()) {
            return STATUS_INVALID_PARAMETER;
        }
        let extension = At::new(driver).with(|driver| driver.driver_extension);
        let service = At::new(extension).with(|extension| extension.service_key_name);
        // SAFETY: the I/O manager's own string.
        let service = unsafe { service.text() };
        open(kernel, &format!("{SERVICES}\\{service}\\Parameters"), handle)
    }

    /// Providers of WMI may come and go; nobody asks them.
    fn IoWMIRegistrationControl(_device: *mut DeviceObject, _action: u32) -> NtStatus |_kernel| { STATUS_SUCCESS }

    /// The device has no children that could have changed.
    fn IoInvalidateDeviceRelations(_device: *mut DeviceObject, _kind: i32) |_kernel| {}

    fn IoInvalidateDeviceState(_device: *mut DeviceObject) |_kernel| {}

    fn IoIs32bitProcess(_irp: *mut c_void) -> u8 |_kernel| { 0 }
}
