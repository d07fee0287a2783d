//! `Zw*` exports: registry keys. There is no disk: files are never found.

use core::ffi::c_void;

use super::At;
use super::Kernel;
use super::abi::NtStatus;
use super::abi::ObjectAttributes;
use super::abi::STATUS_BUFFER_OVERFLOW;
use super::abi::STATUS_BUFFER_TOO_SMALL;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_HANDLE;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_NO_MORE_ENTRIES;
use super::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use super::abi::STATUS_OBJECT_PATH_NOT_FOUND;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;
use super::registry::Value;

/// Classes of `KEY_VALUE_INFORMATION_CLASS` and `KEY_INFORMATION_CLASS` that are played.
const BASIC: i32 = 0;
const FULL: i32 = 1;
const PARTIAL: i32 = 2;

/// `REG_CREATED_NEW_KEY`, `REG_OPENED_EXISTING_KEY`.
const CREATED: u32 = 1;
const OPENED: u32 = 2;

/// What a counted string says.
pub(super) fn text(string: At<UnicodeString>) -> String {
    let string = string.read();
    super::kernel().check_pointer(string.buffer as u64, u64::from(string.length));
    // SAFETY: the buffer was just looked at.
    unsafe { string.text() }
}

/// The path that object attributes name.
fn path(kernel: &Kernel, attributes: At<ObjectAttributes>) -> Option<String> {
    let (root, name) = attributes.with(|attributes| (attributes.root_directory, attributes.object_name));
    let name = text(At::new(name));
    if root == 0 {
        return Some(name);
    }
    let root = kernel.objects.key(root)?;
    Some(if name.is_empty() { root } else { format!("{root}\\{name}") })
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A value as its class lays it out, and the bytes before the part that may be cut off.
fn shaped(value: &Value, class: i32) -> Option<(Vec<u8>, usize)> {
    let name = utf16(&value.name);
    let (name_length, data_length) = (name.len() as u32, value.data.len() as u32);
    let words: Vec<u32> = match class {
        BASIC => vec![0, value.kind, name_length],
        FULL => vec![0, value.kind, 20 + name_length, data_length, name_length],
        PARTIAL => vec![0, value.kind, data_length],
        _ => return None,
    };
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let head = bytes.len();
    if class != PARTIAL {
        bytes.extend(name);
    }
    if class != BASIC {
        bytes.extend(&value.data);
    }
    Some((bytes, head))
}

/// Gives out as much as there is room for.
fn answer(bytes: &[u8], head: usize, into: *mut u8, length: u32, result: At<u32>) -> NtStatus {
    result.write(bytes.len() as u32);
    if (length as usize) < head {
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (index, byte) in bytes.iter().take(length as usize).enumerate() {
        At::new(into.wrapping_add(index)).write(*byte);
    }
    if (length as usize) < bytes.len() { STATUS_BUFFER_OVERFLOW } else { STATUS_SUCCESS }
}

fn answer_value(value: &Value, class: i32, into: *mut u8, length: u32, result: At<u32>) -> NtStatus {
    match shaped(value, class) {
        Some((bytes, head)) => answer(&bytes, head, into, length, result),
        None => STATUS_INVALID_PARAMETER,
    }
}

declare_exports! { "ntoskrnl.exe";
    fn ZwOpenKey(handle: At<u64>, _access: u32, attributes: At<ObjectAttributes>) -> NtStatus |kernel| {
        let Some(path) = path(kernel, attributes) else { return STATUS_INVALID_HANDLE };
        match kernel.registry.open(&path) {
            Some(key) => {
                handle.write(kernel.objects.open_key(key));
                STATUS_SUCCESS
            }
            None => STATUS_OBJECT_NAME_NOT_FOUND,
        }
    }

    fn ZwCreateKey(
        handle: At<u64>, _access: u32, attributes: At<ObjectAttributes>, _index: u32, _class: *mut c_void,
        _options: u32, disposition: At<u32>,
    ) -> NtStatus |kernel| {
        let Some(path) = path(kernel, attributes) else { return STATUS_INVALID_HANDLE };
        if kernel.injection.fails("ZwCreateKey") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let (key, new) = kernel.registry.create(&path);
        handle.write(kernel.objects.open_key(key));
        disposition.write_if(if new { CREATED } else { OPENED });
        STATUS_SUCCESS
    }

    fn ZwQueryValueKey(
        handle: u64, name: At<UnicodeString>, class: i32, into: *mut u8, length: u32, result: At<u32>,
    ) -> NtStatus |kernel| {
        let Some(key) = kernel.objects.key(handle) else { return STATUS_INVALID_HANDLE };
        match kernel.registry.value(&key, &text(name)) {
            Some(value) => answer_value(&value, class, into, length, result),
            None => STATUS_OBJECT_NAME_NOT_FOUND,
        }
    }

    fn ZwEnumerateValueKey(
        handle: u64, index: u32, class: i32, into: *mut u8, length: u32, result: At<u32>,
    ) -> NtStatus |kernel| {
        let Some(key) = kernel.objects.key(handle) else { return STATUS_INVALID_HANDLE };
        match kernel.registry.value_at(&key, index as usize) {
            Some(value) => answer_value(&value, class, into, length, result),
            None => STATUS_NO_MORE_ENTRIES,
        }
    }

    /// Of the classes, the basic one: the time of the last change (never), an index, the name.
    fn ZwEnumerateKey(
        handle: u64, index: u32, class: i32, into: *mut u8, length: u32, result: At<u32>,
    ) -> NtStatus |kernel| {
        let Some(key) = kernel.objects.key(handle) else { return STATUS_INVALID_HANDLE };
        let Some(name) = kernel.registry.subkey_at(&key, index as usize) else { return STATUS_NO_MORE_ENTRIES };
        if class != BASIC {
            return STATUS_INVALID_PARAMETER;
        }
        let name = utf16(&name);
        let mut bytes = vec![0; 12];
        bytes.extend((name.len() as u32).to_le_bytes());
        let head = bytes.len();
        bytes.extend(name);
        answer(&bytes, head, into, length, result)
    }

    fn ZwSetValueKey(
        handle: u64, name: At<UnicodeString>, _index: u32, kind: u32, data: *const u8, size: u32,
    ) -> NtStatus |kernel| {
        let Some(key) = kernel.objects.key(handle) else { return STATUS_INVALID_HANDLE };
        if kernel.injection.fails("ZwSetValueKey") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let data = (0..size as usize).map(|at| At::new(data.wrapping_add(at).cast_mut()).read()).collect();
        kernel.registry.set(&key, Value { name: text(name), kind, data });
        STATUS_SUCCESS
    }

    fn ZwDeleteValueKey(handle: u64, name: At<UnicodeString>) -> NtStatus |kernel| {
        let Some(key) = kernel.objects.key(handle) else { return STATUS_INVALID_HANDLE };
        if kernel.registry.delete_value(&key, &text(name)) { STATUS_SUCCESS } else { STATUS_OBJECT_NAME_NOT_FOUND }
    }

    fn ZwFlushKey(handle: u64) -> NtStatus |kernel| {
        if kernel.objects.key(handle).is_some() { STATUS_SUCCESS } else { STATUS_INVALID_HANDLE }
    }

    fn ZwCreateFile(
        handle: At<u64>, _access: u32, _attributes: *mut c_void, _status: *mut c_void, _size: *mut c_void,
        _kind: u32, _share: u32, _disposition: u32, _options: u32, _extended: *mut c_void, _length: u32,
    ) -> NtStatus |_kernel| {
        handle.write(0);
        STATUS_OBJECT_PATH_NOT_FOUND
    }

    fn ZwOpenFile(
        handle: At<u64>, _access: u32, _attributes: *mut c_void, _status: *mut c_void, _share: u32, _options: u32,
    ) -> NtStatus |_kernel| {
        handle.write(0);
        STATUS_OBJECT_PATH_NOT_FOUND
    }

    fn ZwWriteFile(
        _handle: u64, _event: u64, _routine: *mut c_void, _context: *mut c_void, _status: *mut c_void,
        _data: *mut c_void, _length: u32, _offset: *mut c_void, _key: *mut c_void,
    ) -> NtStatus |_kernel| { STATUS_INVALID_HANDLE }

    fn ZwReadFile(
        _handle: u64, _event: u64, _routine: *mut c_void, _context: *mut c_void, _status: *mut c_void,
        _data: *mut c_void, _length: u32, _offset: *mut c_void, _key: *mut c_void,
    ) -> NtStatus |_kernel| { STATUS_INVALID_HANDLE }
}
