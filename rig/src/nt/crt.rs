//! The C library of the kernel: strings, formatted text, and what C++ compilers call by themselves.

use core::ffi::c_char;
use core::ffi::c_void;

use super::At;
use super::exports::declare_exports;
use super::printf::Width;
use super::printf::format;
use super::printf::narrow;

/// Units before the terminating zero.
fn length<T: Copy + Default + PartialEq>(text: *const T) -> usize {
    (0..).find(|index| At::new(text.wrapping_add(*index).cast_mut()).read() == T::default()).unwrap_or(0)
}

fn compare<T: Copy + Default + Ord>(a: *const T, b: *const T, most: usize) -> i32 {
    let unit = |text: *const T, index: usize| At::new(text.wrapping_add(index).cast_mut()).read();
    for index in 0..most {
        let (left, right) = (unit(a, index), unit(b, index));
        if left != right || left == T::default() {
            return left.cmp(&right) as i32;
        }
    }
    0
}

/// Writes text and its end into `room` units. What does not fit is cut off, without an end, and -1 is returned.
fn place<T: Copy + Default>(text: &[T], to: *mut T, room: usize) -> i32 {
    for (index, unit) in text.iter().chain([&T::default()]).take(room).enumerate() {
        At::new(to.wrapping_add(index)).write(*unit);
    }
    if text.len() <= room { text.len() as i32 } else { -1 }
}

/// The arguments behind a `va_list`, 8 bytes each.
fn arguments(list: *const u64) -> impl FnMut() -> u64 {
    let mut next = list;
    move || {
        let value = At::new(next.cast_mut()).read();
        next = next.wrapping_add(1);
        value
    }
}

declare_exports! { "ntoskrnl.exe";
    fn strlen(text: *const u8) -> usize |_kernel| { length(text) }
    fn wcslen(text: *const u16) -> usize |_kernel| { length(text) }
    fn strcmp(a: *const u8, b: *const u8) -> i32 |_kernel| { compare(a, b, usize::MAX) }
    fn wcscmp(a: *const u16, b: *const u16) -> i32 |_kernel| { compare(a, b, usize::MAX) }

    fn wcsncpy(to: *mut u16, from: *const u16, count: usize) -> *mut u16 |_kernel| {
        let from_length = length(from).min(count);
        for index in 0..count {
            let unit = if index < from_length { At::new(from.wrapping_add(index).cast_mut()).read() } else { 0 };
            At::new(to.wrapping_add(index)).write(unit);
        }
        to
    }

    fn _vsnprintf(to: *mut u8, room: usize, text: *const c_char, list: *const u64) -> i32 |_kernel| {
        let written = format(&narrow(text), Width::Narrow, &mut arguments(list));
        place(written.text.as_bytes(), to, room)
    }

    fn _vsnwprintf(to: *mut u16, room: usize, text: *const u16, list: *const u64) -> i32 |_kernel| {
        let units: Vec<u16> =
            (0..length(text)).map(|index| At::new(text.wrapping_add(index).cast_mut()).read()).collect();
        let written = format(&String::from_utf16_lossy(&units), Width::Wide, &mut arguments(list));
        place(&written.text.encode_utf16().collect::<Vec<_>>(), to, room)
    }

    /// Called by an unwinder alone, and nothing here unwinds: an exception is a bug check.
    fn __C_specific_handler(
        _record: *mut c_void, _frame: *mut c_void, _context: *mut c_void, _dispatcher: *mut c_void,
    ) -> i32 |kernel| { kernel.verifier.not_played(kernel, "structured exception handling") }

    fn _purecall() -> i32 |kernel| { kernel.verifier.pure_call(kernel) }
}
