//! Memory that the device reads and writes.

use core::marker::PhantomData;
use core::ptr::{NonNull, copy_nonoverlapping, null_mut, read_volatile, write_volatile};

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::mapping::Mapping;
use portcls::{Result, Status};

use super::shared::Shared;
use wdk_sys::_INTERFACE_TYPE::PCIBus;
use wdk_sys::ntddk::IoGetDmaAdapter;
use wdk_sys::{
    BOOLEAN, DEVICE_DESCRIPTION, DEVICE_DESCRIPTION_VERSION, DMA_ADAPTER, PALLOCATE_COMMON_BUFFER,
    PFREE_COMMON_BUFFER, PHYSICAL_ADDRESS, PPUT_DMA_ADAPTER,
};

/// How far a bus master's addresses reach.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// 32 bits.
    Bits32,
    /// 64 bits.
    Bits64,
}

/// A buffer that the processor and a bus master both see, coherently, zeroed.
///
/// Accesses are little-endian, volatile, and go as far as the buffer does: beyond its end, or not aligned to their own
/// size, a store does nothing and a load answers zero. The drop frees the buffer: the device must be at rest then. If
/// that is not sure, forget it.
///
/// Offsets are taken modulo its length, and rounded down to the width of the access.
///
/// # Invariants
///
/// `memory` points to `bytes` bytes, a power of two of at least 8, aligned to a page, which the device finds at
/// `address`; `inside` is one less than `bytes`; both adapter and buffer are this owner's.
pub(crate) struct CommonBuffer {
    adapter: NonNull<DMA_ADAPTER>,
    memory: NonNull<u8>,
    bytes: u32,
    inside: usize,
    address: u64,
}

macro_rules! loads {
    ($( $load:ident: $type:ty; )*) => { $(
        #[doc = concat!("Loads a `", stringify!($type), "` from byte `at` on.")]
        #[inline]
        pub(crate) fn $load(&self, at: usize) -> $type {
            // SAFETY: within the buffer and aligned; volatile, as the device writes it at any time.
            <$type>::from_le(unsafe { read_volatile(self.locate::<$type>(at)) })
        }
    )* };
}

macro_rules! stores {
    ($( $store:ident: $type:ty; )*) => { $(
        #[doc = concat!("Stores a `", stringify!($type), "` from byte `at` on, in program order with other stores here.")]
        #[inline]
        pub(crate) fn $store(&self, at: usize, value: $type) {
            // SAFETY: within the buffer and aligned; volatile, as the device reads it at any time.
            unsafe { write_volatile(self.locate::<$type>(at), value.to_le()) };
        }
    )* };
}

impl CommonBuffer {
    /// Allocates `bytes`, rounded up to a power of two of at least 8, for the device below `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(_at: &Irql<Passive>, pdo: Device, bytes: u32, reach: Reach) -> Result<Self> {
        let bytes = bytes.max(8).checked_next_power_of_two().ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let mut description = DEVICE_DESCRIPTION {
            Version: DEVICE_DESCRIPTION_VERSION,
            Master: 1,
            ScatterGather: 1,
            Dma32BitAddresses: 1,
            Dma64BitAddresses: BOOLEAN::from(reach == Reach::Bits64),
            InterfaceType: PCIBus,
            MaximumLength: bytes,
            ..Default::default()
        };
        let mut map_registers = 0;
        // SAFETY: PASSIVE_LEVEL; the description is complete.
        let adapter = unsafe { IoGetDmaAdapter(pdo.as_ptr().cast(), &mut description, &mut map_registers) };
        let adapter = NonNull::new(adapter).ok_or(Status::INSUFFICIENT_RESOURCES)?;

        let mut logical = PHYSICAL_ADDRESS { QuadPart: 0 };
        let memory = Operations::of(adapter).allocate.map_or(null_mut(), |allocate| {
            // SAFETY: the adapter's own routine, at PASSIVE_LEVEL.
            unsafe { allocate(adapter.as_ptr(), bytes, &mut logical, 1) }
        });
        let Some(memory) = NonNull::new(memory.cast::<u8>()) else {
            put(adapter);
            return Err(Status::INSUFFICIENT_RESOURCES);
        };
        // SAFETY: the 64-bit view of the address is always there.
        let address = unsafe { logical.QuadPart }.cast_unsigned();
        // INVARIANT: allocated with this size just now; common buffers are aligned to pages.
        let inside = (bytes as usize).wrapping_sub(1);
        let buffer = Self { adapter, memory, bytes, inside, address };
        let last = address.checked_add(u64::from(bytes)).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        if reach == Reach::Bits32 && last > 1 << 32 {
            // The adapter was told of 32 bits, and did not keep to them.
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        for at in (0..bytes as usize).step_by(size_of::<u64>()) {
            buffer.store64(at, 0);
        }
        Ok(buffer)
    }

    /// Where the device finds the buffer; below 2^32 if it was asked for with [`Reach::Bits32`].
    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    loads! {
        load8: u8;
        load16: u16;
        load32: u32;
        load64: u64;
    }

    stores! {
        store8: u8;
        store32: u32;
        store64: u64;
    }

    /// Stores bytes from byte `at` on.
    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        for (index, byte) in bytes.iter().enumerate() {
            self.store8(at.saturating_add(index), *byte);
        }
    }

    /// Loads bytes from byte `at` on, each of them once.
    pub(crate) fn load(&self, at: usize, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.load8(at.saturating_add(index));
        }
    }

    /// Copies `bytes` bytes of `mapping`, from `from` on, to byte `at`. Nothing is copied unless all of it is there.
    pub(crate) fn copy_in(&self, at: usize, mapping: &Mapping, from: u32, bytes: u32) {
        if let (Some(source), Some(to)) = (mapping.part(from, bytes), self.stretch(at, bytes)) {
            // SAFETY: both are there for so many bytes, and apart; whoever writes to either meanwhile spoils the sound.
            unsafe { copy_nonoverlapping(source.as_ptr(), to, bytes as usize) };
        }
    }

    /// Copies `bytes` bytes from byte `at` on to `mapping`, from `from` on. Nothing is copied unless all of it is there.
    pub(crate) fn copy_out(&self, at: usize, mapping: &Mapping, from: u32, bytes: u32) {
        if let (Some(to), Some(source)) = (mapping.part(from, bytes), self.stretch(at, bytes)) {
            // SAFETY: both are there for so many bytes, and apart; whoever writes to either meanwhile spoils the sound.
            unsafe { copy_nonoverlapping(source, to.as_ptr(), bytes as usize) };
        }
    }

    /// Where byte `at` is, if there are `bytes` bytes from there on.
    fn stretch(&self, at: usize, bytes: u32) -> Option<*mut u8> {
        let end = at.checked_add(bytes as usize)?;
        (end <= self.bytes as usize).then(|| self.memory.as_ptr().wrapping_add(at))
    }

    /// Where a value of type `T` is: aligned down to its size, and modulo the length, so that no access leaves the buffer.
    #[inline]
    fn locate<T>(&self, at: usize) -> *mut T {
        let offset = at & self.inside & !size_of::<T>().wrapping_sub(1);
        self.memory.as_ptr().wrapping_add(offset).cast()
    }
}

/// How far a [`Head`] goes.
pub(crate) trait Extent {
    /// A power of two of at least 8, known when the driver is made.
    const BYTES: usize;
}

/// The first [`Extent::BYTES`] of a common buffer that has several owners: the accesses of [`CommonBuffer`], without a look
/// at how long that is.
///
/// # Invariants
///
/// `memory` points to `E::BYTES` bytes of `owner`, its first ones.
pub(crate) struct Head<E: Extent> {
    memory: NonNull<u8>,
    owner: Shared<CommonBuffer>,
    extent: PhantomData<E>,
}

impl<E: Extent> Head<E> {
    const INSIDE: usize = {
        assert!(E::BYTES.is_power_of_two() && E::BYTES >= 8);
        E::BYTES.wrapping_sub(1)
    };

    /// The beginning of `owner`; none if that is shorter.
    pub(crate) fn of(owner: Shared<CommonBuffer>) -> Option<Self> {
        // INVARIANT: `inside` is one less than the bytes that are there.
        (owner.inside >= Self::INSIDE).then(|| Self { memory: owner.memory, owner, extent: PhantomData })
    }

    /// The whole buffer.
    pub(crate) fn buffer(&self) -> &CommonBuffer {
        &self.owner
    }

    loads! {
        load16: u16;
        load32: u32;
    }

    stores! {
        store16: u16;
        store32: u32;
        store64: u64;
    }

    /// As [`CommonBuffer::locate`], modulo the extent.
    #[inline]
    fn locate<T>(&self, at: usize) -> *mut T {
        let offset = at & Self::INSIDE & !size_of::<T>().wrapping_sub(1);
        self.memory.as_ptr().wrapping_add(offset).cast()
    }
}

// SAFETY: an owner of the buffer, which may go to another thread.
unsafe impl<E: Extent> Send for Head<E> {}
// SAFETY: as above; the buffer may be shared.
unsafe impl<E: Extent> Sync for Head<E> {}

impl Drop for CommonBuffer {
    fn drop(&mut self) {
        if let Some(free) = Operations::of(self.adapter).free {
            let logical = PHYSICAL_ADDRESS { QuadPart: self.address.cast_signed() };
            // SAFETY: allocated with this adapter and length, and freed once, at PASSIVE_LEVEL.
            unsafe { free(self.adapter.as_ptr(), self.bytes, logical, self.memory.as_ptr().cast(), 1) };
        }
        put(self.adapter);
    }
}

// SAFETY: the buffer is plain memory that is only reached by volatile accesses.
unsafe impl Send for CommonBuffer {}
// SAFETY: as above; what shares it agrees with the device on who writes what.
unsafe impl Sync for CommonBuffer {}

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
