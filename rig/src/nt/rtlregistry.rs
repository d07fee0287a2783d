//! `RtlQueryRegistryValues` and its kin (wdm/nf-wdm-rtlqueryregistryvalues).

use core::ffi::c_void;

use super::At;
use super::Kernel;
use super::abi::NtStatus;
use super::abi::STATUS_BUFFER_TOO_SMALL;
use super::abi::STATUS_INVALID_HANDLE;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use super::abi::STATUS_OBJECT_TYPE_MISMATCH;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;
use super::registry::Value;

/// `RTL_REGISTRY_HANDLE`, `RTL_REGISTRY_OPTIONAL`.
const HANDLE: u32 = 0x4000_0000;
const OPTIONAL: u32 = 0x8000_0000;

/// Flags of a table's entry.
mod flag {
    pub(super) const SUBKEY: u32 = 0x01;
    pub(super) const TOPKEY: u32 = 0x02;
    pub(super) const REQUIRED: u32 = 0x04;
    pub(super) const NOVALUE: u32 = 0x08;
    pub(super) const DIRECT: u32 = 0x20;
    pub(super) const DELETE: u32 = 0x40;
    pub(super) const TYPECHECK: u32 = 0x100;
}

const REG_NONE: u32 = 0;
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_MULTI_SZ: u32 = 7;

/// Pool tag of strings that the routine allocates.
const TAG: u32 = u32::from_le_bytes(*b"RegS");

type Routine =
    unsafe extern "win64" fn(*mut u16, u32, *mut c_void, u32, *mut c_void, *mut c_void) -> NtStatus;

/// `RTL_QUERY_REGISTRY_TABLE`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QueryTable {
    pub routine: Option<Routine>,
    pub flags: u32,
    pub name: *mut u16,
    pub entry_context: *mut c_void,
    pub default_type: u32,
    pub default_data: *mut c_void,
    pub default_length: u32,
}

/// What a terminated string says.
fn terminated(text: *const u16) -> String {
    let unit = |index: usize| At::new(text.wrapping_add(index).cast_mut()).read();
    String::from_utf16_lossy(&(0..).map(unit).take_while(|unit| *unit != 0).collect::<Vec<_>>())
}

fn path(kernel: &Kernel, relative_to: u32, path: *mut u16) -> Option<String> {
    if relative_to & HANDLE != 0 {
        return kernel.objects.key(path as u64);
    }
    let root = match relative_to & 0xFFFF {
        0 => "",
        1 => "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
        2 => "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
        3 => "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\",
        4 => "\\Registry\\Machine\\Hardware\\DeviceMap\\",
        5 => "\\Registry\\User\\.Default\\",
        _ => return None,
    };
    Some(format!("{root}{}", terminated(path)))
}

fn is_string(kind: u32) -> bool {
    [REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ].contains(&kind)
}

/// The default of an entry, if it has one.
fn default(entry: &QueryTable, name: &str) -> Option<Value> {
    let kind = entry.default_type & 0xFF;
    if kind == REG_NONE || entry.default_data.is_null() {
        return None;
    }
    let bytes: *mut u8 = entry.default_data.cast();
    let length = match entry.default_length as usize {
        0 if is_string(kind) => (terminated(entry.default_data.cast()).encode_utf16().count() + 1) * 2,
        length => length,
    };
    let data = (0..length).map(|at| At::new(bytes.wrapping_add(at)).read()).collect();
    Some(Value { name: name.to_owned(), kind, data })
}

/// Puts a value where the entry's context says.
fn store(kernel: &Kernel, value: &Value, context: *mut c_void) -> NtStatus {
    let put = |to: *mut u8, bytes: &[u8]| {
        for (index, byte) in bytes.iter().enumerate() {
            At::new(to.wrapping_add(index)).write(*byte);
        }
    };
    let size = value.data.len();
    if is_string(value.kind) {
        let string = At::new(context.cast::<UnicodeString>());
        let mut wanted = string.read();
        if wanted.buffer.is_null() {
            wanted.buffer = kernel.give_block(size as u64, TAG, true) as *mut u16;
            wanted.maximum_length = size as u16;
        }
        if wanted.buffer.is_null() || usize::from(wanted.maximum_length) < size {
            return STATUS_BUFFER_TOO_SMALL;
        }
        put(wanted.buffer.cast(), &value.data);
        wanted.length = size.saturating_sub(2) as u16;
        string.write(wanted);
        return STATUS_SUCCESS;
    }
    if size <= 4 {
        put(context.cast(), &value.data);
        return STATUS_SUCCESS;
    }
    let room = At::new(context.cast::<i32>()).read();
    let least = if room < 0 { size } else { size + 8 };
    if (room.unsigned_abs() as usize) < least {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if room < 0 {
        put(context.cast(), &value.data);
    } else {
        put(context.cast(), &(size as u32).to_le_bytes());
        put(context.cast::<u8>().wrapping_add(4), &value.kind.to_le_bytes());
        put(context.cast::<u8>().wrapping_add(8), &value.data);
    }
    STATUS_SUCCESS
}

/// Tells the driver's routine of a value, in pool of the system's.
fn tell(
    kernel: &Kernel,
    routine: Routine,
    value: Option<&Value>,
    context: *mut c_void,
    entry: &QueryTable,
) -> NtStatus {
    let (kind, mut data) = value.map_or((REG_NONE, Vec::new()), |value| (value.kind, value.data.clone()));
    let length = data.len() as u32;
    let pointer = if data.is_empty() { core::ptr::null_mut() } else { data.as_mut_ptr().cast() };
    kernel.call_driver("QueryRoutine", kernel.current_irql(), || {
        // SAFETY: the driver's routine, with arguments that outlive the call.
        unsafe { routine(entry.name, kind, pointer, length, context, entry.entry_context) }
    })
}

fn query(kernel: &Kernel, key: &str, entry: &QueryTable, context: *mut c_void) -> NtStatus {
    if entry.flags & flag::NOVALUE != 0 {
        return entry
            .routine
            .map_or(STATUS_INVALID_PARAMETER, |routine| tell(kernel, routine, None, context, entry));
    }
    if entry.name.is_null() {
        // Every value is told of; a key without any is no error unless one is required.
        let values: Vec<Value> = (0..).map_while(|index| kernel.registry.value_at(key, index)).collect();
        let Some(routine) = entry.routine else { return STATUS_INVALID_PARAMETER };
        let failed = values
            .iter()
            .map(|value| tell(kernel, routine, Some(value), context, entry))
            .find(|status| *status < 0);
        let missing = values.is_empty() && entry.flags & flag::REQUIRED != 0;
        return failed.unwrap_or(if missing { STATUS_OBJECT_NAME_NOT_FOUND } else { STATUS_SUCCESS });
    }
    let name = terminated(entry.name);
    let stored = kernel.registry.value(key, &name);
    if stored.is_none() && entry.flags & flag::REQUIRED != 0 {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    let expected = entry.default_type >> 24;
    let checked = entry.flags & (flag::DIRECT | flag::TYPECHECK) == flag::DIRECT | flag::TYPECHECK;
    if checked && stored.as_ref().is_some_and(|value| value.kind != expected) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    let found = stored.is_some();
    let Some(value) = stored.or_else(|| default(entry, &name)) else { return STATUS_SUCCESS };
    let status = match entry.routine {
        _ if entry.flags & flag::DIRECT != 0 => store(kernel, &value, entry.entry_context),
        Some(routine) => tell(kernel, routine, Some(&value), context, entry),
        None => STATUS_INVALID_PARAMETER,
    };
    if status >= 0 && found && entry.flags & flag::DELETE != 0 {
        kernel.registry.delete_value(key, &name);
    }
    status
}

declare_exports! { "ntoskrnl.exe";
    fn RtlQueryRegistryValues(
        relative_to: u32, name: *mut u16, table: *mut QueryTable, context: *mut c_void, _environment: *mut c_void,
    ) -> NtStatus |kernel| {
        let Some(path) = path(kernel, relative_to, name) else { return STATUS_INVALID_PARAMETER };
        let top = match kernel.registry.open(&path) {
            Some(key) => key,
            None if relative_to & OPTIONAL != 0 => path,
            None => return STATUS_OBJECT_NAME_NOT_FOUND,
        };
        let mut key = top.clone();
        for index in 0.. {
            let entry = At::new(table.wrapping_add(index)).read();
            if entry.routine.is_none() && entry.name.is_null() {
                break;
            }
            if entry.flags & (flag::SUBKEY | flag::TOPKEY) != 0 {
                key.clone_from(&top);
            }
            if entry.flags & flag::SUBKEY != 0 {
                let below = format!("{top}\\{}", terminated(entry.name));
                match kernel.registry.open(&below) {
                    Some(found) => key = found,
                    None if entry.flags & flag::REQUIRED != 0 => return STATUS_OBJECT_NAME_NOT_FOUND,
                    None => key = below,
                }
                continue;
            }
            let status = query(kernel, &key, &entry, context);
            if status < 0 {
                return status;
            }
        }
        STATUS_SUCCESS
    }

    fn RtlWriteRegistryValue(
        relative_to: u32, name: *mut u16, value: *mut u16, kind: u32, data: *const u8, length: u32,
    ) -> NtStatus |kernel| {
        let Some(path) = path(kernel, relative_to, name) else { return STATUS_INVALID_HANDLE };
        let (key, _) = kernel.registry.create(&path);
        let data = (0..length as usize).map(|at| At::new(data.wrapping_add(at).cast_mut()).read()).collect();
        kernel.registry.set(&key, Value { name: terminated(value), kind, data });
        STATUS_SUCCESS
    }

    fn RtlCheckRegistryKey(relative_to: u32, name: *mut u16) -> NtStatus |kernel| {
        let found = path(kernel, relative_to, name).and_then(|path| kernel.registry.open(&path));
        if found.is_some() { STATUS_SUCCESS } else { STATUS_OBJECT_NAME_NOT_FOUND }
    }

    fn RtlCreateRegistryKey(relative_to: u32, name: *mut u16) -> NtStatus |kernel| {
        let Some(path) = path(kernel, relative_to, name) else { return STATUS_INVALID_PARAMETER };
        kernel.registry.create(&path);
        STATUS_SUCCESS
    }
}
