//! Event tracing: providers may register, and nobody listens.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;

use super::At;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_HANDLE;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;

/// The handles that providers hold.
#[derive(Default)]
pub(crate) struct Providers {
    handles: RefCell<Vec<u64>>,
    made: Cell<u64>,
}

impl Providers {
    /// Providers still registered.
    pub(crate) fn left(&self) -> usize {
        self.handles.borrow().len()
    }
}

declare_exports! { "ntoskrnl.exe";
    fn EtwRegister(_provider: *mut c_void, _callback: *mut c_void, _context: *mut c_void, handle: At<u64>) -> NtStatus |kernel| {
        if kernel.injection.fails("EtwRegister") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let number = kernel.providers.made.get() + 1;
        kernel.providers.made.set(number);
        kernel.providers.handles.borrow_mut().push(number);
        handle.write(number);
        STATUS_SUCCESS
    }

    fn EtwUnregister(handle: u64) -> NtStatus |kernel| {
        let mut handles = kernel.providers.handles.borrow_mut();
        let Some(place) = handles.iter().position(|each| *each == handle) else { return STATUS_INVALID_HANDLE };
        handles.remove(place);
        STATUS_SUCCESS
    }

    fn EtwSetInformation(_handle: u64, _class: i32, _information: *mut c_void, _length: u32) -> NtStatus |_kernel| {
        STATUS_SUCCESS
    }

    fn EtwEventEnabled(_handle: u64, _descriptor: *mut c_void) -> u8 |_kernel| { 0 }
    fn EtwProviderEnabled(_handle: u64, _level: u8, _keyword: u64) -> u8 |_kernel| { 0 }

    fn EtwActivityIdControl(_code: u32, _id: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }

    fn EtwWrite(
        _handle: u64, _descriptor: *mut c_void, _activity: *mut c_void, _count: u32, _data: *mut c_void,
    ) -> NtStatus |_kernel| { STATUS_SUCCESS }

    fn EtwWriteTransfer(
        _handle: u64, _descriptor: *mut c_void, _activity: *mut c_void, _related: *mut c_void, _count: u32,
        _data: *mut c_void,
    ) -> NtStatus |_kernel| { STATUS_SUCCESS }
}
