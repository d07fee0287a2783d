//! WaveRusT: a Windows WaveRT audio driver for PCI sound devices.

#![no_std]

extern crate wdk_panic;

use wdk_alloc::WdkAllocator;
use wdk_sys::{DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING, STATUS_UNSUCCESSFUL};

mod pool2;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

/// What the kernel calls once the image is loaded.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Safety
/// For the kernel only.
// SAFETY: no other symbol of this name is linked in; the entry point is looked up by it.
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(_driver: &mut DRIVER_OBJECT, _registry_path: PCUNICODE_STRING) -> NTSTATUS {
    // SAFETY: this is DriverEntry, at PASSIVE_LEVEL, before anything is allocated.
    unsafe { pool2::init() };
    STATUS_UNSUCCESSFUL
}
