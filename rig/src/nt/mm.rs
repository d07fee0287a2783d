//! `Mm*` exports: physical addresses, device memory, routine look-up.

use core::ffi::c_void;

use super::At;
use super::Resolver;
use super::abi::UnicodeString;
use super::exports::declare_exports;

declare_exports! { "ntoskrnl.exe";
    fn MmGetPhysicalAddress(address: u64) -> u64 |kernel| {
        kernel.physical_address(address).unwrap_or(0)
    }

    fn MmGetSystemRoutineAddress(name: At<UnicodeString>) -> *const () |kernel| {
        let name = name.read();
        kernel.check_pointer(name.buffer as u64, u64::from(name.length));
        // SAFETY: the buffer was just looked at.
        let name = unsafe { name.text() };
        Resolver::of(kernel).system_routine(kernel, &name).unwrap_or(core::ptr::null())
    }

    fn MmMapIoSpace(physical: u64, bytes: u64, _cache: u32) -> *mut c_void |kernel| {
        kernel.map_device_memory(physical, bytes)
    }

    fn MmMapIoSpaceEx(physical: u64, bytes: u64, _protect: u32) -> *mut c_void |kernel| {
        kernel.map_device_memory(physical, bytes)
    }

    fn MmUnmapIoSpace(address: *mut c_void, bytes: u64) |kernel| {
        kernel.unmap_device_memory(address, bytes);
    }
}
