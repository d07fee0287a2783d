//! What the registry says of a device.

use core::ptr::null_mut;

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::port::WideName;
use wdk_sys::_KEY_VALUE_INFORMATION_CLASS::KeyValuePartialInformation;
use wdk_sys::ntddk::{IoOpenDeviceRegistryKey, ZwClose, ZwQueryValueKey};
use wdk_sys::{HANDLE, KEY_READ, KEY_VALUE_PARTIAL_INFORMATION, PLUGPLAY_REGKEY_DRIVER, REG_DWORD};

/// Where the data of a value begin in what is said of it.
const DATA: usize = core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, Data);

/// What is said of a value of 32 bits, aligned as the record is.
#[repr(C, align(8))]
struct Answer([u8; 16]);

/// The value `name`, of 32 bits, in the software key of the device below `pdo`. None if there is no such value, or it is
/// of another type or size: anybody who administers the machine may have put it there.
pub(crate) fn driver_value(_at: &Irql<Passive>, pdo: Device, name: WideName) -> Option<u32> {
    let mut key: HANDLE = null_mut();
    // SAFETY: PASSIVE_LEVEL, with a live physical device object and a place for the handle.
    let status =
        unsafe { IoOpenDeviceRegistryKey(pdo.as_ptr().cast(), PLUGPLAY_REGKEY_DRIVER, KEY_READ, &mut key) };
    if status < 0 {
        return None;
    }
    let value = query(key, name);
    // SAFETY: our handle, once.
    let _ = unsafe { ZwClose(key) };
    value
}

fn query(key: HANDLE, name: WideName) -> Option<u32> {
    let mut name = name.to_counted()?;
    let mut answer = Answer([0; 16]);
    let mut length = 0;
    // SAFETY: PASSIVE_LEVEL, an open key, a counted string that is only read, and as many bytes for the answer as is said.
    let status = unsafe {
        ZwQueryValueKey(
            key,
            (&raw mut name).cast(),
            KeyValuePartialInformation,
            (&raw mut answer).cast(),
            size_of::<Answer>() as u32,
            &mut length,
        )
    };
    let field = |at: usize| -> Option<u32> {
        let bytes = answer.0.get(at..at.checked_add(4)?)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let kind = field(core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, Type))?;
    let bytes = field(core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, DataLength))?;
    (status >= 0 && kind == REG_DWORD && bytes == 4).then(|| field(DATA)).flatten()
}
