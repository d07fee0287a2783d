//! Physically contiguous memory for drivers that ask for it without a DMA adapter.

use core::ffi::c_void;
use std::cell::RefCell;

use super::Accounts;
use super::Kernel;
use super::PAGE_SIZE;
use super::exports::declare_exports;
use super::memory::UNSPECIFIED;

/// Blocks that drivers hold: where they are mapped.
#[derive(Default)]
pub(crate) struct Contiguous(RefCell<Vec<u64>>);

impl Contiguous {
    /// Blocks not freed.
    pub(crate) fn left(&self) -> usize {
        self.0.borrow().len()
    }
}

fn allocate(kernel: &Kernel, bytes: u64, low: u64, high: u64, boundary: u64) -> *mut c_void {
    Accounts::bump(&kernel.accounts.allocations, 1);
    let pages = (bytes as usize).div_ceil(PAGE_SIZE);
    if pages == 0 || kernel.injection.fails("MmAllocateContiguousMemory") {
        return core::ptr::null_mut();
    }
    let Some(frames) = kernel.take_contiguous(pages, low, high) else { return core::ptr::null_mut() };
    let (first, last) = (frames[0] * PAGE_SIZE as u64, frames[pages - 1] * PAGE_SIZE as u64);
    let crosses = boundary != 0 && first / boundary != last / boundary;
    let base = if crosses { None } else { kernel.map_frames(&frames) };
    let Some(base) = base else {
        kernel.release_frames(&frames);
        return core::ptr::null_mut();
    };
    kernel.fill_frames(&frames, UNSPECIFIED);
    kernel.contiguous.0.borrow_mut().push(base);
    base as *mut c_void
}

fn free(kernel: &Kernel, base: *mut c_void) {
    let mut all = kernel.contiguous.0.borrow_mut();
    let place = all.iter().position(|each| *each == base as u64);
    let known = place.map(|place| all.remove(place));
    drop(all);
    match known.and_then(|base| kernel.unmap_frames(base)) {
        Some(frames) => kernel.release_frames(&frames),
        None => kernel.verifier.bad_contiguous_memory(kernel, base as u64),
    }
}

declare_exports! { "ntoskrnl.exe";
    fn MmAllocateContiguousMemory(bytes: u64, highest: u64) -> *mut c_void |kernel| {
        allocate(kernel, bytes, 0, highest, 0)
    }

    fn MmAllocateContiguousMemorySpecifyCache(
        bytes: u64, lowest: u64, highest: u64, boundary: u64, _cache: i32,
    ) -> *mut c_void |kernel| {
        allocate(kernel, bytes, lowest, highest, boundary)
    }

    fn MmFreeContiguousMemory(base: *mut c_void) |kernel| { free(kernel, base); }
    fn MmFreeContiguousMemorySpecifyCache(base: *mut c_void, _bytes: u64, _cache: i32) |kernel| { free(kernel, base); }
}
