//! The pages of a cyclic buffer.
//!
//! A WaveRT stream may allocate them through its port only, and PortCls maps them into the client.

use core::ptr::NonNull;

use crate::com::ComPtr;
use crate::handle::Mdl;
use crate::irql::{Irql, Passive};
use crate::raw::{
    IPortWaveRTStream, MEMORY_CACHING_TYPE, MmCached, MmNonCached, MmWriteCombined, PHYSICAL_ADDRESS,
};
use crate::status::{Result, Status};

/// How a mapping of pages is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheType {
    /// Not at all: slow, and needs aligned accesses on some platforms.
    NonCached,
    /// As all memory: for devices that snoop.
    Cached,
    /// Writes are gathered: for devices that do not snoop.
    WriteCombined,
}

impl CacheType {
    /// The number that the kernel knows it by.
    #[must_use]
    pub const fn to_raw(self) -> MEMORY_CACHING_TYPE {
        match self {
            Self::NonCached => MmNonCached,
            Self::Cached => MmCached,
            Self::WriteCombined => MmWriteCombined,
        }
    }
}

/// Locked pages, not mapped by themselves. The drop frees them, at PASSIVE_LEVEL.
///
/// # Invariants
///
/// The MDL came from this port and was not freed.
pub struct Pages {
    port: ComPtr<IPortWaveRTStream>,
    mdl: NonNull<crate::raw::MDL>,
}

// SAFETY: the MDL is not changed, and may be read from any thread.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    /// Pages at or below physical address `highest`, wherever they lie.
    ///
    /// There may be fewer than `bytes`: look at [`byte_count`](Self::byte_count).
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn allocate(
        _irql: &Irql<Passive>,
        port: &ComPtr<IPortWaveRTStream>,
        highest: u64,
        bytes: u32,
    ) -> Result<Self> {
        // SAFETY: a method of a live object, at PASSIVE_LEVEL.
        let mdl =
            unsafe { (port.vtbl().AllocatePagesForMdl)(port.as_raw(), address(highest), bytes as usize) };
        Self::own(port, mdl)
    }

    /// Pages from `lowest` to `highest` that lie in one piece; all of them or none.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn allocate_contiguous(
        _irql: &Irql<Passive>,
        port: &ComPtr<IPortWaveRTStream>,
        lowest: u64,
        highest: u64,
        bytes: u32,
    ) -> Result<Self> {
        let allocate = port.vtbl().AllocateContiguousPagesForMdl;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL.
        let mdl = unsafe { allocate(port.as_raw(), address(lowest), address(highest), bytes as usize) };
        Self::own(port, mdl)
    }

    fn own(port: &ComPtr<IPortWaveRTStream>, mdl: *mut crate::raw::MDL) -> Result<Self> {
        let mdl = NonNull::new(mdl).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        // INVARIANT: just allocated.
        Ok(Self { port: port.clone(), mdl })
    }

    /// The list of pages.
    #[must_use]
    pub fn mdl(&self) -> Mdl {
        // SAFETY: alive as long as the pages are, which the stream keeps while the port knows the buffer.
        unsafe { Mdl::new(self.mdl) }
    }

    /// Bytes in the pages.
    #[must_use]
    pub fn byte_count(&self) -> u32 {
        // SAFETY: by the invariant; the count of a list of locked pages does not change.
        unsafe { (&raw const (*self.mdl.as_ptr()).ByteCount).read() }
    }

    /// Number of pages.
    #[must_use]
    pub fn page_count(&self, _irql: &Irql<Passive>) -> u32 {
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with an MDL of its own.
        unsafe { (self.port.vtbl().GetPhysicalPagesCount)(self.port.as_raw(), self.mdl.as_ptr()) }
    }

    /// Physical address of page `index`, if there is one.
    #[must_use]
    pub fn page_address(&self, irql: &Irql<Passive>, index: u32) -> Option<u64> {
        if index >= self.page_count(irql) {
            return None;
        }
        let mut result: PHYSICAL_ADDRESS = 0;
        let get = self.port.vtbl().GetPhysicalPageAddress;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with an MDL of its own and an index within it;
        // the result comes back through the hidden pointer.
        unsafe { get(self.port.as_raw(), &mut result, self.mdl.as_ptr(), index) };
        u64::try_from(result).ok()
    }

    /// Maps the pages into kernel space.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn map(&self, _irql: &Irql<Passive>, cache: CacheType) -> Result<Mapping<'_>> {
        let map = self.port.vtbl().MapAllocatedPages;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with an MDL of its own.
        let base = unsafe { map(self.port.as_raw(), self.mdl.as_ptr(), cache.to_raw()) };
        let base = NonNull::new(base.cast()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        // INVARIANT: just mapped.
        Ok(Mapping { pages: self, base })
    }

    /// Frees the pages; the drop does the same.
    pub fn free(self, _irql: &Irql<Passive>) {}
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: a method of a live object, with an MDL of its own, once; mappings borrow the pages, so that
        // none is left.
        unsafe { (self.port.vtbl().FreePagesFromMdl)(self.port.as_raw(), self.mdl.as_ptr()) };
    }
}

/// Pages as the kernel sees them. The drop undoes the mapping, at PASSIVE_LEVEL.
///
/// The client writes here at any time: this is memory for raw, volatile accesses, never a slice.
///
/// # Invariants
///
/// The pages are mapped at `base`.
pub struct Mapping<'a> {
    pages: &'a Pages,
    base: NonNull<u8>,
}

impl Mapping<'_> {
    /// Where the pages are; good for [`Pages::byte_count`] bytes.
    #[must_use]
    pub const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Sets all bytes to `value`.
    pub fn fill(&self, value: u8) {
        for offset in 0..self.pages.byte_count() as usize {
            // SAFETY: within the mapping.
            let byte = unsafe { self.base.add(offset) };
            // SAFETY: as above; volatile, as others see the memory.
            unsafe { byte.write_volatile(value) };
        }
    }
}

impl Drop for Mapping<'_> {
    fn drop(&mut self) {
        let port = &self.pages.port;
        // SAFETY: a method of a live object, with the mapping and the MDL it is of, once.
        unsafe {
            (port.vtbl().UnmapAllocatedPages)(
                port.as_raw(),
                self.base.as_ptr().cast(),
                self.pages.mdl.as_ptr(),
            );
        }
    }
}

/// An address as the kernel takes it; the very top is as good as none.
fn address(address: u64) -> PHYSICAL_ADDRESS {
    i64::try_from(address).unwrap_or(i64::MAX)
}
