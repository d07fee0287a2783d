//! What happens, for whoever looks: messages to the kernel debugger, and events for Windows' tracing. About start, stop,
//! states and failures; nothing is said once a period.

use core::ffi::CStr;

use portcls::irql::{Irql, Passive};
use portcls::status::ntstatus;
use portcls::{Result, Status};

use wdk_sys::_DPFLTR_TYPE::DPFLTR_IHVAUDIO_ID;
use wdk_sys::ntddk::DbgPrintEx;
use wdk_sys::{DPFLTR_ERROR_LEVEL, DPFLTR_INFO_LEVEL};

use super::etw;

macro_rules! events {
    ($( $event:ident: $level:ident, $metadata:literal; )*) => { $(
        const _: () = assert!(etw::is_sized($metadata));
        static $event: etw::Event = etw::Event { level: etw::Level::$level, metadata: $metadata };
    )* };
}

// Types of fields: 2 a string, 8 and 10 unsigned numbers of 32 and 64 bits, 0x14 a number of 32 bits in hexadecimal.
events! {
    MESSAGE: Info, b"\x11\0\0Message\0What\0\x02";
    VALUE: Info, b"\x16\0\0Value\0What\0\x02Value\0\x14";
    FAILURE: Error, b"\x19\0\0Failure\0What\0\x02Status\0\x14";
    START: Info, b"\x11\0\0Start\0Status\0\x14";
    STOP: Info, b"\x08\0\0Stop\0";
    POWER: Info, b"\x16\0\0Power\0DeviceState\0\x08";
    STATE: Info, b"\x20\0\0StreamState\0Endpoint\0\x08State\0\x08";
    UNDERRUN: Warning, b"\x30\0\0Underrun\0Endpoint\0\x08Times\0\x08Position\0\x0AWritten\0\x0A";
    RECOVERY: Warning, b"\x14\0\0Recovery\0Status\0\x14";
    RESOURCE: Info, b"\x20\0\0StreamResource\0Kind\0\x02Status\0\x14";
}

/// From now on events are written. IRQL as the token says.
pub(crate) fn begin(at: &Irql<Passive>) {
    etw::register(at);
}

/// None is written any more.
pub(crate) fn end(at: &Irql<Passive>) {
    etw::unregister(at);
}

/// A device was started, or its start has failed.
pub(crate) fn started(outcome: Result) {
    etw::write(&START, [&ntstatus(outcome).to_le_bytes()]);
}

/// What was started has ended.
pub(crate) fn stopped() {
    etw::write(&STOP, []);
}

/// The device is in D`state` now.
pub(crate) fn power(state: u32) {
    etw::write(&POWER, [&state.to_le_bytes()]);
}

/// The stream of an endpoint is in a state (`KSSTATE`) now.
pub(crate) fn state(endpoint: usize, state: u32) {
    etw::write(&STATE, [&(endpoint as u32).to_le_bytes(), &state.to_le_bytes()]);
}

/// The sound of an endpoint was interrupted so often since that was last said; it is at byte `position`, and the client
/// had written up to `written`.
pub(crate) fn underrun(endpoint: usize, times: u32, position: u64, written: u64) {
    value(c"sound interrupted, times", times);
    etw::write(
        &UNDERRUN,
        [
            &(endpoint as u32).to_le_bytes(),
            &times.to_le_bytes(),
            &position.to_le_bytes(),
            &written.to_le_bytes(),
        ],
    );
}

/// A device that worked no more was started over, and its streams with it.
pub(crate) fn recovered(outcome: Result) {
    etw::write(&RECOVERY, [&ntstatus(outcome).to_le_bytes()]);
}

/// A stream resource was registered, or refused.
pub(crate) fn resource(kind: &CStr, outcome: Result) {
    etw::write(&RESOURCE, [kind.to_bytes_with_nul(), &ntstatus(outcome).to_le_bytes()]);
}

/// Says what happened. IRQL: up to DIRQL.
pub(crate) fn info(what: &CStr) {
    // SAFETY: both strings end with a zero; the format takes one string.
    unsafe {
        DbgPrintEx(DPFLTR_IHVAUDIO_ID as _, DPFLTR_INFO_LEVEL, c"waverust: %s\n".as_ptr(), what.as_ptr())
    };
    etw::write(&MESSAGE, [what.to_bytes_with_nul()]);
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
    etw::write(&VALUE, [what.to_bytes_with_nul(), &value.to_le_bytes()]);
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
    etw::write(&FAILURE, [what.to_bytes_with_nul(), &status.code().to_le_bytes()]);
}
