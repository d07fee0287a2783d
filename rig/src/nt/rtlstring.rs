//! Counted strings, and the version of Windows.

use core::ffi::c_char;

use super::At;
use super::abi::NtStatus;
use super::abi::OsVersion;
use super::abi::STATUS_BUFFER_TOO_SMALL;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;

/// Pool tag of strings that the system allocates.
const TAG: u32 = u32::from_le_bytes(*b"RtlS");

/// `RTL_OSVERSIONINFOW` is as long as this; the longer `RTL_OSVERSIONINFOEXW` begins with it.
const VERSION_BYTES: u32 = size_of::<OsVersion>() as u32;

/// The units of a counted string.
fn units(string: At<UnicodeString>) -> Vec<u16> {
    let string = string.read();
    let count = usize::from(string.length) / 2;
    (0..count).map(|index| At::new(string.buffer.wrapping_add(index)).read()).collect()
}

fn terminated(text: *const u16) -> Vec<u16> {
    let unit = |index: usize| At::new(text.wrapping_add(index).cast_mut()).read();
    (0..).map(unit).take_while(|unit| *unit != 0).collect()
}

/// Writes units behind `from` units of a string, and a terminating zero if there is room.
fn place(string: At<UnicodeString>, from: usize, units: &[u16]) {
    let whole = string.read();
    for (index, unit) in units.iter().enumerate() {
        At::new(whole.buffer.wrapping_add(from + index)).write(*unit);
    }
    let length = (from + units.len()) * 2;
    if length + 2 <= usize::from(whole.maximum_length) {
        At::new(whole.buffer.wrapping_add(from + units.len())).write(0);
    }
    string.with(|string| string.length = length as u16);
}

fn append(string: At<UnicodeString>, more: &[u16]) -> NtStatus {
    let whole = string.read();
    if usize::from(whole.length) + more.len() * 2 > usize::from(whole.maximum_length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    place(string, usize::from(whole.length) / 2, more);
    STATUS_SUCCESS
}

fn upper(unit: u16) -> u16 {
    let mut mapped = char::from_u32(u32::from(unit)).into_iter().flat_map(char::to_uppercase);
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => u16::try_from(one as u32).unwrap_or(unit),
        _ => unit,
    }
}

fn compare(a: At<UnicodeString>, b: At<UnicodeString>, no_case: bool) -> core::cmp::Ordering {
    let fold = |unit: u16| if no_case { upper(unit) } else { unit };
    units(a).into_iter().map(fold).cmp(units(b).into_iter().map(fold))
}

declare_exports! { "ntoskrnl.exe";
    fn RtlInitAnsiString(string: At<UnicodeString>, text: *mut c_char) |_kernel| {
        let unit = |index: usize| At::new(text.wrapping_add(index)).read();
        let length = if text.is_null() { 0 } else { (0..).take_while(|index| unit(*index) != 0).count() as u16 };
        let maximum_length = if text.is_null() { 0 } else { length + 1 };
        string.write(UnicodeString { length, maximum_length, buffer: text.cast() });
    }

    /// Copies as much as there is room for.
    fn RtlCopyUnicodeString(to: At<UnicodeString>, from: At<UnicodeString>) |_kernel| {
        let units = if from.is_null() { Vec::new() } else { units(from) };
        let room = usize::from(to.read().maximum_length) / 2;
        place(to, 0, &units[..units.len().min(room)]);
    }

    fn RtlAppendUnicodeToString(to: At<UnicodeString>, text: *const u16) -> NtStatus |_kernel| {
        if text.is_null() { STATUS_SUCCESS } else { append(to, &terminated(text)) }
    }

    fn RtlAppendUnicodeStringToString(to: At<UnicodeString>, from: At<UnicodeString>) -> NtStatus |_kernel| {
        append(to, &units(from))
    }

    fn RtlCompareUnicodeString(a: At<UnicodeString>, b: At<UnicodeString>, no_case: u8) -> i32 |_kernel| {
        compare(a, b, no_case != 0) as i32
    }

    fn RtlEqualUnicodeString(a: At<UnicodeString>, b: At<UnicodeString>, no_case: u8) -> u8 |_kernel| {
        u8::from(compare(a, b, no_case != 0).is_eq())
    }

    /// For strings that the system allocated.
    fn RtlFreeUnicodeString(string: At<UnicodeString>) |kernel| {
        let buffer = string.read().buffer as u64;
        if buffer != 0 {
            kernel.free_pool(buffer, 0);
        }
        string.write(UnicodeString { length: 0, maximum_length: 0, buffer: core::ptr::null_mut() });
    }

    fn RtlStringFromGUID(guid: At<[u8; 16]>, string: At<UnicodeString>) -> NtStatus |kernel| {
        if kernel.injection.fails("RtlStringFromGUID") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let made = kernel.give_string(&guid_text(&guid.read()), TAG);
        string.write(made);
        STATUS_SUCCESS
    }

    fn RtlGetVersion(version: At<OsVersion>) -> NtStatus |kernel| {
        let size = version.with(|version| version.size);
        if size < VERSION_BYTES {
            return STATUS_INVALID_PARAMETER;
        }
        let build = kernel.profile.build;
        version.write(OsVersion { size, major: 10, minor: 0, build, platform: 2, service_pack: [0; 128] });
        STATUS_SUCCESS
    }
}

/// `{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}`.
pub(super) fn guid_text(guid: &[u8; 16]) -> String {
    let hex =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.map(|byte| format!("{byte:02X}")).collect::<String>();
    format!(
        "{{{}-{}-{}-{}-{}}}",
        hex(&mut guid[..4].iter().rev()),
        hex(&mut guid[4..6].iter().rev()),
        hex(&mut guid[6..8].iter().rev()),
        hex(&mut guid[8..10].iter()),
        hex(&mut guid[10..].iter()),
    )
}
