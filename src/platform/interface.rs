//! Device interfaces, as far as properties are put on them before anybody finds them.

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::port::WideName;
use portcls::raw;
use portcls::{Result, Status};
use wdk_sys::ntddk::{IoRegisterDeviceInterface, IoSetDeviceInterfacePropertyData, RtlFreeUnicodeString};
use wdk_sys::{DEVPROP_TYPE_BINARY, PLUGPLAY_PROPERTY_PERSISTENT, UNICODE_STRING};

/// No language (`LOCALE_NEUTRAL`).
const NEUTRAL: u32 = 0;

/// A device interface that is registered. Whether clients find it is for others to say.
///
/// # Invariants
///
/// `link` is what `IoRegisterDeviceInterface` filled in.
pub(crate) struct DeviceInterface {
    link: UNICODE_STRING,
}

impl DeviceInterface {
    /// Registers the interface of the device `pdo` of class `class` whose reference string is `name`; an interface that
    /// is there already is the same one.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, and what else `IoRegisterDeviceInterface` says.
    pub(crate) fn register(
        _at: &Irql<Passive>,
        pdo: Device,
        class: &raw::GUID,
        name: WideName,
    ) -> Result<Self> {
        let mut reference = name.to_counted().ok_or(Status::INVALID_PARAMETER)?;
        let mut link = UNICODE_STRING::default();
        // SAFETY: at PASSIVE_LEVEL, for a live device; the class and both strings outlive the call, and the reference
        // string is only read.
        let status = unsafe {
            IoRegisterDeviceInterface(
                pdo.as_ptr().cast(),
                (&raw const *class).cast(),
                (&raw mut reference).cast(),
                &raw mut link,
            )
        };
        Status::check(status)?;
        // INVARIANT: just filled in.
        Ok(Self { link })
    }

    /// Sets a property of bytes.
    ///
    /// # Errors
    ///
    /// What `IoSetDeviceInterfacePropertyData` says.
    pub(crate) fn set(&mut self, _at: &Irql<Passive>, key: &raw::DEVPROPKEY, bytes: &[u8]) -> Result {
        let size = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_PARAMETER)?;
        // SAFETY: at PASSIVE_LEVEL; link, key and data outlive the call, and are only read.
        let status = unsafe {
            IoSetDeviceInterfacePropertyData(
                &raw mut self.link,
                (&raw const *key).cast(),
                NEUTRAL,
                PLUGPLAY_PROPERTY_PERSISTENT,
                DEVPROP_TYPE_BINARY,
                size,
                bytes.as_ptr().cast_mut().cast(),
            )
        };
        Status::check(status)
    }
}

impl Drop for DeviceInterface {
    fn drop(&mut self) {
        // SAFETY: the string is of the kernel's making, and this owner's alone. Values of this type are made and dropped
        // at PASSIVE_LEVEL.
        unsafe { RtlFreeUnicodeString(&raw mut self.link) };
    }
}
