//! Run-time library and C library exports.

use core::ffi::c_char;
use core::ffi::c_void;

use super::Accounts;
use super::At;
use super::Export;
use super::Kernel;
use super::abi::UnicodeString;
use super::exports::declare_exports;
use super::printf::Width;
use super::printf::format;
use super::printf::narrow;
use super::trace::Event;

fn copy(kernel: &Kernel, to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    if length > 0 {
        kernel.check_pointer(to as u64, length as u64);
        kernel.check_pointer(from as u64, length as u64);
        Accounts::bump(&kernel.accounts.bytes_copied, length as u64);
        // SAFETY: both ends were looked at; `copy` allows overlap.
        unsafe { core::ptr::copy(from, to, length) };
    }
    to
}

fn fill(kernel: &Kernel, to: *mut u8, value: u8, length: usize) -> *mut u8 {
    if length > 0 {
        kernel.check_pointer(to as u64, length as u64);
        // SAFETY: the range was looked at.
        unsafe { core::ptr::write_bytes(to, value, length) };
    }
    to
}

fn compare(kernel: &Kernel, a: *const u8, b: *const u8, length: usize) -> core::cmp::Ordering {
    if length == 0 {
        return core::cmp::Ordering::Equal;
    }
    kernel.check_pointer(a as u64, length as u64);
    kernel.check_pointer(b as u64, length as u64);
    // SAFETY: both ranges were looked at.
    unsafe { core::slice::from_raw_parts(a, length).cmp(core::slice::from_raw_parts(b, length)) }
}

fn print(kernel: &Kernel, text: *const c_char, arguments: &[u64]) {
    let mut arguments = arguments.iter();
    let written = format(&narrow(text), Width::Narrow, &mut || arguments.next().copied().unwrap_or(0));
    // Pointers are another each time, and no difference between two runs.
    kernel.trace.add(kernel.now(), Event::Text(written.stable.trim_end()));
    kernel.accounts.log.borrow_mut().push((kernel.now(), written.text.trim_end().to_owned()));
}

core::arch::global_asm!(
    // The compiler calls it before a large frame, with the size in rax and every register live. Stacks are mapped
    // whole here, so there is no page to be touched in advance.
    ".global waverust_rig_chkstk",
    "waverust_rig_chkstk:",
    "ret",
);

unsafe extern "C" {
    fn waverust_rig_chkstk();
}

/// Routines with a calling convention of their own, imported without a stub.
pub(crate) fn bare_exports() -> impl Iterator<Item = Export> {
    [Export {
        module: "ntoskrnl.exe",
        name: "__chkstk",
        address: waverust_rig_chkstk as *const (),
        data: true,
    }]
    .into_iter()
}

declare_exports! { "ntoskrnl.exe";
    fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 |kernel| { copy(kernel, to, from, length) }
    fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 |kernel| { copy(kernel, to, from, length) }
    fn RtlCopyMemory(to: *mut u8, from: *const u8, length: usize) |kernel| { copy(kernel, to, from, length); }
    fn RtlMoveMemory(to: *mut u8, from: *const u8, length: usize) |kernel| { copy(kernel, to, from, length); }
    fn memset(to: *mut u8, value: i32, length: usize) -> *mut u8 |kernel| { fill(kernel, to, value as u8, length) }
    fn RtlZeroMemory(to: *mut u8, length: usize) |kernel| { fill(kernel, to, 0, length); }
    fn RtlFillMemory(to: *mut u8, length: usize, value: u8) |kernel| { fill(kernel, to, value, length); }

    fn memcmp(a: *const u8, b: *const u8, length: usize) -> i32 |kernel| { compare(kernel, a, b, length) as i32 }

    fn RtlCompareMemory(a: *const u8, b: *const u8, length: usize) -> usize |kernel| {
        (0..length)
            .find(|index| compare(kernel, a.wrapping_add(*index), b.wrapping_add(*index), 1).is_ne())
            .unwrap_or(length)
    }

    fn RtlInitUnicodeString(string: At<UnicodeString>, text: *mut u16) |_kernel| {
        let mut units = 0_u16;
        if !text.is_null() {
            while At::new(text.wrapping_add(usize::from(units))).read() != 0 {
                units += 1;
            }
        }
        let maximum_length = if text.is_null() { 0 } else { units * 2 + 2 };
        string.write(UnicodeString { length: units * 2, maximum_length, buffer: text });
    }

    fn DbgPrint(text: *const c_char, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i32 |kernel| {
        print(kernel, text, &[a, b, c, d, e, f]);
        0
    }

    fn DbgPrintEx(_component: u32, _level: u32, text: *const c_char, a: u64, b: u64, c: u64, d: u64, e: u64) -> i32 |kernel| {
        print(kernel, text, &[a, b, c, d, e]);
        0
    }

    fn RtlAssert(text: *const c_char, file: *const c_char, line: u32, _message: *const c_void) |kernel| {
        print(kernel, text, &[]);
        print(kernel, file, &[]);
        kernel.verifier.bug_check(kernel, 0xE2, [u64::from(line), 0, 0, 0])
    }
}
