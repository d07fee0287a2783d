//! Memory that the device reads and writes.

use core::ptr::{NonNull, null_mut, write_volatile};

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};
use wdk_sys::_INTERFACE_TYPE::PCIBus;
use wdk_sys::ntddk::IoGetDmaAdapter;
use wdk_sys::{
    DEVICE_DESCRIPTION, DEVICE_DESCRIPTION_VERSION, DMA_ADAPTER, PALLOCATE_COMMON_BUFFER,
    PFREE_COMMON_BUFFER, PHYSICAL_ADDRESS, PPUT_DMA_ADAPTER,
};

/// A buffer that the processor and a bus master with 32 address bits both see, coherently, zeroed.
///
/// The drop frees it: the device must be at rest then. If that is not sure, [`CommonBuffer::leak`] it.
///
/// # Invariants
///
/// `words` points to `count` 32-bit words, which the device finds at `address`; both adapter and buffer are
/// this owner's.
pub(crate) struct CommonBuffer {
    adapter: NonNull<DMA_ADAPTER>,
    words: NonNull<u32>,
    count: usize,
    address: i64,
}

impl CommonBuffer {
    /// Allocates `count` words for the device below `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(_at: &Irql<Passive>, pdo: Device, count: usize) -> Result<Self> {
        let bytes = u32::try_from(count.saturating_mul(size_of::<u32>()))
            .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        let mut description = DEVICE_DESCRIPTION {
            Version: DEVICE_DESCRIPTION_VERSION,
            Master: 1,
            ScatterGather: 1,
            Dma32BitAddresses: 1,
            InterfaceType: PCIBus,
            MaximumLength: bytes,
            ..Default::default()
        };
        let mut map_registers = 0;
        // SAFETY: PASSIVE_LEVEL; the description is complete.
        let adapter = unsafe { IoGetDmaAdapter(pdo.as_ptr().cast(), &mut description, &mut map_registers) };
        let adapter = NonNull::new(adapter).ok_or(Status::INSUFFICIENT_RESOURCES)?;

        let mut logical = PHYSICAL_ADDRESS { QuadPart: 0 };
        let words = Operations::of(adapter).allocate.map_or(null_mut(), |allocate| {
            // SAFETY: the adapter's own routine, at PASSIVE_LEVEL.
            unsafe { allocate(adapter.as_ptr(), bytes, &mut logical, 1) }
        });
        let Some(words) = NonNull::new(words.cast::<u32>()) else {
            put(adapter);
            return Err(Status::INSUFFICIENT_RESOURCES);
        };
        // SAFETY: the 64-bit view of the address is always there.
        let address = unsafe { logical.QuadPart };
        // INVARIANT: allocated with this size just now.
        let buffer = Self { adapter, words, count, address };
        if u32::try_from(address).is_err() {
            // The adapter was told of 32 bits, and did not keep to them.
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        for word in 0..count {
            buffer.write(word, 0);
        }
        Ok(buffer)
    }

    /// Where the device finds the buffer.
    pub(crate) fn address(&self) -> u32 {
        // By the check at construction it fits.
        self.address as u32
    }

    /// Stores a word, in program order with other stores here. Beyond the end it does nothing.
    pub(crate) fn write(&self, word: usize, value: u32) {
        if word < self.count {
            // SAFETY: by the invariant within the buffer; volatile, as the device reads it at any time.
            unsafe { write_volatile(self.words.as_ptr().wrapping_add(word), value.to_le()) };
        }
    }

    /// Gives the memory up for good, because a device that did not stop may still use it.
    pub(crate) fn leak(self) {
        core::mem::forget(self);
    }
}

impl Drop for CommonBuffer {
    fn drop(&mut self) {
        if let Some(free) = Operations::of(self.adapter).free {
            let bytes = self.count.saturating_mul(size_of::<u32>()) as u32;
            let logical = PHYSICAL_ADDRESS { QuadPart: self.address };
            // SAFETY: allocated with this adapter and length, and freed once, at PASSIVE_LEVEL.
            unsafe { free(self.adapter.as_ptr(), bytes, logical, self.words.as_ptr().cast(), 1) };
        }
        put(self.adapter);
    }
}

// SAFETY: the buffer is plain memory that is only reached by volatile accesses.
unsafe impl Send for CommonBuffer {}

/// The routines of an adapter that are used here. The table itself is longer on newer systems.
struct Operations {
    put: PPUT_DMA_ADAPTER,
    allocate: PALLOCATE_COMMON_BUFFER,
    free: PFREE_COMMON_BUFFER,
}

impl Operations {
    fn of(adapter: NonNull<DMA_ADAPTER>) -> Self {
        // SAFETY: an adapter that was not put back points to its table.
        let table = unsafe { (*adapter.as_ptr()).DmaOperations };
        // SAFETY: as above; the routine is in every version of the table.
        let put = unsafe { (*table).PutDmaAdapter };
        // SAFETY: as above.
        let allocate = unsafe { (*table).AllocateCommonBuffer };
        // SAFETY: as above.
        let free = unsafe { (*table).FreeCommonBuffer };
        Self { put, allocate, free }
    }
}

fn put(adapter: NonNull<DMA_ADAPTER>) {
    if let Some(put) = Operations::of(adapter).put {
        // SAFETY: the adapter's own routine, once.
        unsafe { put(adapter.as_ptr()) };
    }
}
