//! DMA adapters: common buffers out of the memory that the device reaches.

use core::ffi::c_void;
use std::cell::RefCell;

use super::Accounts;
use super::At;
use super::Kernel;
use super::abi::DeviceDescription;
use super::abi::DmaAdapter;
use super::abi::DmaOperations;
use super::exports::declare_exports;
use super::memory::PAGE_SIZE;
use super::memory::UNSPECIFIED;

/// Descriptions of other versions are shaped otherwise.
const DEVICE_DESCRIPTION_VERSIONS: core::ops::RangeInclusive<u32> = 0..=3;

struct Adapter {
    object: Box<DmaAdapter>,
    _operations: Box<DmaOperations>,
    limit: u64,
    buffers: Vec<(u64, u64)>,
}

/// The adapters that drivers hold.
#[derive(Default)]
pub(crate) struct Adapters(RefCell<Vec<Adapter>>);

impl Adapters {
    /// Adapters not put back, and common buffers not freed.
    pub(crate) fn left(&self) -> (usize, usize) {
        let adapters = self.0.borrow();
        (adapters.len(), adapters.iter().map(|adapter| adapter.buffers.len()).sum())
    }
}

declare_exports! { "dma adapter";
    /// `DMA_OPERATIONS.PutDmaAdapter`.
    fn PutDmaAdapter(adapter: *mut DmaAdapter) |kernel| {
        let mut adapters = kernel.dma.0.borrow_mut();
        let Some(place) = adapters.iter().position(|each| is(each, adapter)) else {
            drop(adapters);
            kernel.verifier.bad_dma_adapter(kernel, adapter as u64);
        };
        if !adapters[place].buffers.is_empty() {
            drop(adapters);
            kernel.verifier.dma_buffers_left(kernel, adapter as u64);
        }
        adapters.remove(place);
    }

    /// `DMA_OPERATIONS.AllocateCommonBuffer`.
    fn AllocateCommonBuffer(
        adapter: *mut DmaAdapter, length: u32, logical: At<u64>, _cached: u8,
    ) -> *mut c_void |kernel| {
        Accounts::bump(&kernel.accounts.allocations, 1);
        if length == 0 || kernel.injection.fails("AllocateCommonBuffer") {
            return core::ptr::null_mut();
        }
        let mut adapters = kernel.dma.0.borrow_mut();
        let Some(owner) = adapters.iter_mut().find(|each| is(each, adapter)) else {
            drop(adapters);
            kernel.verifier.bad_dma_adapter(kernel, adapter as u64);
        };
        let pages = (length as usize).div_ceil(PAGE_SIZE);
        let Some(frames) = kernel.take_contiguous(pages, 0, owner.limit) else { return core::ptr::null_mut() };
        let Some(base) = kernel.map_frames(&frames) else {
            kernel.release_frames(&frames);
            return core::ptr::null_mut();
        };
        owner.buffers.push((base, u64::from(length)));
        drop(adapters);
        kernel.fill_frames(&frames, UNSPECIFIED);
        logical.write(frames[0] * PAGE_SIZE as u64);
        base as *mut c_void
    }

    /// `DMA_OPERATIONS.FreeCommonBuffer`.
    fn FreeCommonBuffer(
        adapter: *mut DmaAdapter, length: u32, _logical: u64, address: *mut c_void, _cached: u8,
    ) |kernel| {
        let mut adapters = kernel.dma.0.borrow_mut();
        let known = adapters.iter_mut().find(|each| is(each, adapter)).and_then(|owner| {
            let entry = (address as u64, u64::from(length));
            let place = owner.buffers.iter().position(|buffer| *buffer == entry)?;
            Some(owner.buffers.remove(place))
        });
        drop(adapters);
        match known.and_then(|(base, _)| kernel.unmap_frames(base)) {
            Some(frames) => kernel.release_frames(&frames),
            None => kernel.verifier.bad_common_buffer(kernel, address as u64),
        }
    }

    /// `DMA_OPERATIONS.GetDmaAlignment`: no demands.
    fn GetDmaAlignment(_adapter: *mut DmaAdapter) -> u32 |_kernel| { 1 }

    /// Every operation that the rig does not play.
    fn UnplayedDmaOperation() -> usize |kernel| {
        kernel.verifier.not_played(kernel, "a DMA operation other than common buffers")
    }
}

fn is(adapter: &Adapter, pointer: *mut DmaAdapter) -> bool {
    core::ptr::from_ref(&*adapter.object) == pointer.cast_const()
}

impl Kernel {
    /// `IoGetDmaAdapter`, or the bus driver's own routine for it; null for what is no bus master.
    pub(crate) fn dma_adapter(
        &self,
        description: At<DeviceDescription>,
        map_registers: At<u32>,
    ) -> *mut DmaAdapter {
        let description = description.read();
        let known = DEVICE_DESCRIPTION_VERSIONS.contains(&description.version) && description.master != 0;
        if !known || self.injection.fails("IoGetDmaAdapter") {
            return core::ptr::null_mut();
        }
        map_registers.write(description.maximum_length.div_ceil(PAGE_SIZE as u32).max(1) + 1);
        self.make_dma_adapter(&description)
    }

    /// A bus master's adapter of the rig's own making, for addresses up to `limit`.
    pub(crate) fn bus_master_adapter(&self, limit: u64) -> *mut DmaAdapter {
        // SAFETY: integers alone.
        let mut description: DeviceDescription = unsafe { core::mem::zeroed() };
        description.dma64_bit_addresses = u8::from(limit > u64::from(u32::MAX));
        self.make_dma_adapter(&description)
    }

    /// An adapter goes with the object that it was made for.
    pub(crate) fn forget_dma_adapter(&self, adapter: *mut DmaAdapter) {
        self.dma.0.borrow_mut().retain(|each| !is(each, adapter));
    }

    fn make_dma_adapter(&self, description: &DeviceDescription) -> *mut DmaAdapter {
        let stub = |name: &'static str| {
            let export = EXPORTS.iter().find(|export| export.name == name).expect("a name of this file");
            self.stub(name, export.address) as *mut c_void
        };
        let mut operations =
            Box::new(DmaOperations { size: 0, routines: [stub("UnplayedDmaOperation"); 39] });
        operations.size = size_of::<DmaOperations>() as u32;
        operations.routines[0] = stub("PutDmaAdapter");
        operations.routines[1] = stub("AllocateCommonBuffer");
        operations.routines[2] = stub("FreeCommonBuffer");
        operations.routines[8] = stub("GetDmaAlignment");
        let mut object = Box::new(DmaAdapter {
            version: 1,
            size: size_of::<DmaAdapter>() as u16,
            dma_operations: &*operations,
        });
        let pointer: *mut DmaAdapter = &mut *object;
        let limit = if description.dma64_bit_addresses != 0 { u64::MAX } else { u64::from(u32::MAX) };
        self.dma.0.borrow_mut().push(Adapter { object, _operations: operations, limit, buffers: Vec::new() });
        pointer
    }
}
