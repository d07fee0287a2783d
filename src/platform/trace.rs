//! Messages to the kernel debugger: about start, stop and failures, never between RUN and PAUSE.

use core::ffi::CStr;

use portcls::Status;

use wdk_sys::_DPFLTR_TYPE::DPFLTR_IHVAUDIO_ID;
use wdk_sys::ntddk::DbgPrintEx;
use wdk_sys::{DPFLTR_ERROR_LEVEL, DPFLTR_INFO_LEVEL};

/// Says what happened. IRQL: up to DIRQL.
pub(crate) fn info(what: &CStr) {
    // SAFETY: both strings end with a zero; the format takes one string.
    unsafe {
        DbgPrintEx(DPFLTR_IHVAUDIO_ID as _, DPFLTR_INFO_LEVEL, c"waverust: %s\n".as_ptr(), what.as_ptr())
    };
}

/// Says a number, too. IRQL: up to DIRQL.
pub(crate) fn value(what: &CStr, value: u32) {
    // SAFETY: both strings end with a zero; the format takes one string and one 32-bit number.
    unsafe {
        DbgPrintEx(
            DPFLTR_IHVAUDIO_ID as _,
            DPFLTR_INFO_LEVEL,
            c"waverust: %s 0x%08lx\n".as_ptr(),
            what.as_ptr(),
            value,
        )
    };
}

/// Says what failed, and why. IRQL: up to DIRQL.
pub(crate) fn failure(what: &CStr, status: Status) {
    // SAFETY: both strings end with a zero; the format takes one string and one 32-bit number.
    unsafe {
        DbgPrintEx(
            DPFLTR_IHVAUDIO_ID as _,
            DPFLTR_ERROR_LEVEL,
            c"waverust: %s failed, status 0x%08lx\n".as_ptr(),
            what.as_ptr(),
            status.code(),
        )
    };
}
