//! Event tracing: providers, and a session that listens to all of them. What they write is decoded and kept.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;

use super::At;
use super::Kernel;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_HANDLE;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;
use super::tracelogging::Piece;
use super::tracelogging::WrittenEvent;
use super::tracelogging::decode;
use super::tracelogging::provider;

/// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`.
const ENABLE: u32 = 1;
/// `EventProviderSetTraits` of `EVENT_INFO_CLASS`.
const SET_TRAITS: i32 = 2;
/// `MAX_EVENT_DATA_DESCRIPTORS`.
const MOST_PIECES: u32 = 128;
/// The most bytes that are read of a piece; an event of more than 64 KB is lost.
const MOST_BYTES: u32 = 1 << 16;
/// Events that are kept.
const MOST_EVENTS: usize = 10_000;

/// `EVENT_DESCRIPTOR`.
#[derive(Clone, Copy)]
#[repr(C)]
struct EventDescriptor {
    id: u16,
    version: u8,
    channel: u8,
    level: u8,
    opcode: u8,
    task: u16,
    keyword: u64,
}

/// `EVENT_DATA_DESCRIPTOR`.
#[derive(Clone, Copy)]
#[repr(C)]
struct DataDescriptor {
    address: u64,
    size: u32,
    kind: u8,
    reserved: [u8; 3],
}

/// `PENABLECALLBACK`.
type EnableCallback = unsafe extern "win64" fn(*const u8, u32, u8, u64, u64, *mut c_void, *mut c_void);

/// A registered provider.
struct Provider {
    handle: u64,
    traits: Option<Vec<u8>>,
}

/// The providers, and what they wrote.
#[derive(Default)]
pub(crate) struct Providers {
    registered: RefCell<Vec<Provider>>,
    made: Cell<u64>,
    written: RefCell<Vec<WrittenEvent>>,
}

impl Providers {
    /// Providers still registered.
    pub(crate) fn left(&self) -> usize {
        self.registered.borrow().len()
    }

    fn knows(&self, handle: u64) -> bool {
        self.registered.borrow().iter().any(|provider| provider.handle == handle)
    }
}

fn malformed(kernel: &Kernel, handle: u64, what: &str) {
    let message =
        format!("a TraceLogging event is malformed: {what}. Tools for tracing show it wrongly, or not");
    // The rule is the rig's: Windows writes what it gets.
    kernel.verifier.record(kernel, "TraceLogging", 0xC4, [0x7_1301, handle, 0, 0], message);
}

impl Kernel {
    /// What providers have written, in order.
    pub fn written_events(&self) -> Vec<WrittenEvent> {
        self.providers.written.borrow().clone()
    }

    fn write_event(
        &self,
        handle: u64,
        descriptor: At<EventDescriptor>,
        count: u32,
        data: *mut DataDescriptor,
    ) -> NtStatus {
        let registered = self.providers.registered.borrow();
        let Some(provider) = registered.iter().find(|provider| provider.handle == handle) else {
            return STATUS_INVALID_HANDLE;
        };
        let EventDescriptor { id, channel, level, .. } = descriptor.read();
        let pieces: Vec<Piece> = (0..count.min(MOST_PIECES) as usize)
            .map(|index| At::new(data.wrapping_add(index)).read())
            .map(|piece| {
                let bytes = (0..u64::from(piece.size.min(MOST_BYTES))).map(|at| piece.address + at);
                Piece { kind: piece.kind, bytes: bytes.map(|at| At::new(at as *mut u8).read()).collect() }
            })
            .collect();
        let event = if pieces.iter().any(|piece| piece.kind != 0) {
            match decode(&pieces, channel, provider.traits.as_deref()) {
                Ok(event) => event,
                Err(what) => {
                    malformed(self, handle, &what);
                    return STATUS_SUCCESS;
                }
            }
        } else {
            // An event of a manifest, which is somewhere else.
            WrittenEvent { name: format!("event {id}"), ..WrittenEvent::default() }
        };
        let mut written = self.providers.written.borrow_mut();
        if written.len() < MOST_EVENTS {
            written.push(WrittenEvent { time_ns: self.now(), level, ..event });
        }
        STATUS_SUCCESS
    }
}

declare_exports! { "ntoskrnl.exe";
    /// The session is there already: the provider's callback hears of it at once.
    fn EtwRegister(
        _id: *mut c_void, callback: Option<EnableCallback>, context: *mut c_void, handle: At<u64>,
    ) -> NtStatus |kernel| {
        if kernel.injection.fails("EtwRegister") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let number = kernel.providers.made.get() + 1;
        kernel.providers.made.set(number);
        kernel.providers.registered.borrow_mut().push(Provider { handle: number, traits: None });
        handle.write(number);
        if let Some(callback) = callback {
            let source = [0_u8; 16];
            kernel.call_driver("event tracing callback", kernel.current_irql(), || {
                // SAFETY: the routine that the driver registered, with arguments that outlive the call.
                unsafe { callback(source.as_ptr(), ENABLE, 0xFF, u64::MAX, 0, core::ptr::null_mut(), context) }
            });
        }
        STATUS_SUCCESS
    }

    fn EtwUnregister(handle: u64) -> NtStatus |kernel| {
        let mut registered = kernel.providers.registered.borrow_mut();
        let place = registered.iter().position(|provider| provider.handle == handle);
        let Some(place) = place else { return STATUS_INVALID_HANDLE };
        registered.remove(place);
        STATUS_SUCCESS
    }

    fn EtwSetInformation(handle: u64, class: i32, information: *const u8, length: u32) -> NtStatus |kernel| {
        if !kernel.providers.knows(handle) {
            return STATUS_INVALID_HANDLE;
        }
        if class == SET_TRAITS {
            let bytes = (0..length.min(MOST_BYTES) as usize).map(|at| information.wrapping_add(at).cast_mut());
            let traits: Vec<u8> = bytes.map(|at| At::new(at).read()).collect();
            if let Err(what) = provider(&traits) {
                malformed(kernel, handle, &what);
            }
            let mut registered = kernel.providers.registered.borrow_mut();
            if let Some(provider) = registered.iter_mut().find(|provider| provider.handle == handle) {
                provider.traits = Some(traits);
            }
        }
        STATUS_SUCCESS
    }

    fn EtwEventEnabled(handle: u64, _descriptor: *mut c_void) -> u8 |kernel| { kernel.providers.knows(handle).into() }

    fn EtwProviderEnabled(handle: u64, _level: u8, _keyword: u64) -> u8 |kernel| {
        kernel.providers.knows(handle).into()
    }

    fn EtwActivityIdControl(_code: u32, _id: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }

    fn EtwWrite(
        handle: u64, descriptor: At<EventDescriptor>, _activity: *mut c_void, count: u32, data: *mut DataDescriptor,
    ) -> NtStatus |kernel| { kernel.write_event(handle, descriptor, count, data) }

    fn EtwWriteTransfer(
        handle: u64, descriptor: At<EventDescriptor>, _activity: *mut c_void, _related: *mut c_void, count: u32,
        data: *mut DataDescriptor,
    ) -> NtStatus |kernel| { kernel.write_event(handle, descriptor, count, data) }
}
