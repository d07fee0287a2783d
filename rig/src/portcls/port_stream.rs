//! `IPortWaveRTStream`: the pages of a stream's cyclic buffer.
//!
//! Driver Verifier's rules PcAllocatedPages, PcAllocateAndMapPages and PcUnmapAllocatedPages (devtest/audio-...)
//! are enforced here, and so is that nothing is left when the stream's port object goes.

use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IPortWaveRTStream;
use portcls::raw::Interface;
use portcls::raw::MmMaximumCacheType;

use super::com::Body;
use super::com::Face;
use super::com::Kind;
use super::com::Method;
use super::com::Object;
use super::com::always;
use super::com::methods;
use super::rules;
use super::rules::code;
use crate::nt::Accounts;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::PAGE_SIZE;
use crate::nt::abi::Mdl;
use crate::nt::abi::Pointer;

struct Allocation {
    mdl: *mut Mdl,
    mapped: Option<u64>,
}

/// The allocator that `NewStream` gets.
pub(crate) struct PortStream {
    kernel: &'static Kernel,
    allocations: RefCell<Vec<Allocation>>,
}

impl PortStream {
    /// An allocator with one reference; the object, and the driver's pointer to it.
    pub(crate) fn create(kernel: &'static Kernel) -> (Rc<Self>, Pointer) {
        let stream = Rc::new(Self { kernel, allocations: RefCell::default() });
        let pointer = Object::create(kernel, KIND, stream.clone());
        (stream, pointer)
    }

    /// Whether the pages were allocated here and are not freed.
    pub(crate) fn owns(&self, mdl: *mut Mdl) -> bool {
        self.allocations.borrow().iter().any(|each| each.mdl == mdl)
    }

    fn require(&self, mdl: *mut Mdl, method: &str) {
        if !self.owns(mdl) {
            let message = format!(
                "{method}: {:#x} is no MDL that was allocated through this stream, or it was freed",
                mdl as u64
            );
            let rule = if method == "MapAllocatedPages" {
                ("PcAllocateAndMapPages", code::ALLOCATE_AND_MAP_PAGES)
            } else {
                ("PcAllocatedPages", code::ALLOCATED_PAGES)
            };
            rules::stop(self.kernel, rule.0, rule.1, mdl as u64, message);
        }
    }

    fn keep(&self, frames: Option<Vec<u64>>) -> *mut Mdl {
        let Some(frames) = frames else { return core::ptr::null_mut() };
        Accounts::bump(&self.kernel.accounts.allocations, 1);
        // They will be mapped to a client, which must not see what others left.
        self.kernel.fill_frames(&frames, 0);
        let mdl = self.kernel.make_mdl(frames);
        self.allocations.borrow_mut().push(Allocation { mdl, mapped: None });
        mdl
    }

    /// Pages anywhere below `high`, both ends of a page included; a planted failure may make them fewer.
    fn allocate(&self, high: u64, bytes: u64) -> *mut Mdl {
        let kernel = self.kernel;
        let mut count = bytes.div_ceil(PAGE_SIZE as u64) as usize;
        if count == 0 || kernel.injection.fails("IPortWaveRTStream::AllocatePagesForMdl") {
            return core::ptr::null_mut();
        }
        // "may return fewer bytes than asked" (portcls/nf-portcls-iportwavertstream-allocatepagesformdl).
        if count > 1 && kernel.injection.fails("IPortWaveRTStream::AllocatePagesForMdl (fewer pages)") {
            count /= 2;
        }
        let end = kernel.hardware.borrow().ram().usable().end;
        let everywhere = high >= end - 1;
        self.keep(if everywhere { kernel.take_frames(count) } else { kernel.take_contiguous(count, 0, high) })
    }

    fn set_mapped(&self, mdl: *mut Mdl, mapped: Option<u64>) {
        if let Some(each) = self.allocations.borrow_mut().iter_mut().find(|each| each.mdl == mdl) {
            each.mapped = mapped;
        }
    }

    fn mapped(&self, mdl: *mut Mdl) -> Option<u64> {
        self.allocations.borrow().iter().find(|each| each.mdl == mdl)?.mapped
    }

    fn map(&self, mdl: *mut Mdl, cache: i32) -> Pointer {
        self.require(mdl, "MapAllocatedPages");
        if self.mapped(mdl).is_some() {
            let message = format!("MapAllocatedPages: the pages of {:#x} are mapped already", mdl as u64);
            rules::stop(
                self.kernel,
                "PcAllocateAndMapPages",
                code::ALLOCATE_AND_MAP_PAGES,
                mdl as u64,
                message,
            );
        }
        let refused = self.kernel.injection.fails("IPortWaveRTStream::MapAllocatedPages");
        if refused || !(0..MmMaximumCacheType).contains(&cache) {
            return core::ptr::null_mut();
        }
        let Some(base) = self.kernel.map_mdl(mdl) else { return core::ptr::null_mut() };
        self.set_mapped(mdl, Some(base));
        base as Pointer
    }

    fn unmap(&self, base: Pointer, mdl: *mut Mdl) {
        self.require(mdl, "UnmapAllocatedPages");
        if self.mapped(mdl) != Some(base as u64) {
            let message = format!(
                "UnmapAllocatedPages: {:#x} is not where the pages of {:#x} are mapped",
                base as u64, mdl as u64
            );
            rules::stop(
                self.kernel,
                "PcUnmapAllocatedPages",
                code::UNMAP_ALLOCATED_PAGES,
                base as u64,
                message,
            );
        }
        self.set_mapped(mdl, None);
        self.kernel.unmap_mdl(mdl);
    }

    fn free(&self, mdl: *mut Mdl) {
        self.require(mdl, "FreePagesFromMdl");
        if let Some(base) = self.mapped(mdl) {
            let message = format!(
                "FreePagesFromMdl: the pages of {:#x} are still mapped at {base:#x}: UnmapAllocatedPages comes first",
                mdl as u64
            );
            rules::stop(
                self.kernel,
                "PcUnmapAllocatedPages",
                code::UNMAP_ALLOCATED_PAGES,
                mdl as u64,
                message,
            );
        }
        self.allocations.borrow_mut().retain(|each| each.mdl != mdl);
        self.kernel.free_mdl(mdl);
    }

    fn page_address(&self, mdl: *mut Mdl, index: u32) -> i64 {
        self.require(mdl, "GetPhysicalPageAddress");
        let frames = self.kernel.memory.mdl_frames(mdl).unwrap_or_default();
        let Some(frame) = frames.get(index as usize) else {
            let message = format!("GetPhysicalPageAddress: there is no page {index} of {}", frames.len());
            rules::stop(self.kernel, "PcAllocatedPages", code::ALLOCATED_PAGES, mdl as u64, message);
        };
        (frame * PAGE_SIZE as u64) as i64
    }
}

impl Body for PortStream {
    fn last_released(&self, kernel: &'static Kernel) {
        let left = self.allocations.borrow().len();
        if left > 0 {
            let message = format!(
                "the stream's port object goes with {left} MDL(s) not given back by FreePagesFromMdl"
            );
            rules::stop(kernel, "PcAllocatedPages", code::ALLOCATED_PAGES, left as u64, message);
        }
    }
}

const METHODS: &[Method] = methods! { "IPortWaveRTStream", PortStream;
    fn AllocatePagesForMdl(high: u64, bytes: u64) -> *mut Mdl |_kernel, stream| {
        stream.allocate(high, bytes)
    }

    fn AllocateContiguousPagesForMdl(low: u64, high: u64, bytes: u64) -> *mut Mdl |kernel, stream| {
        let count = bytes.div_ceil(PAGE_SIZE as u64) as usize;
        if count == 0 || kernel.injection.fails("IPortWaveRTStream::AllocateContiguousPagesForMdl") {
            return core::ptr::null_mut();
        }
        stream.keep(kernel.take_contiguous(count, low, high))
    }

    fn MapAllocatedPages(mdl: *mut Mdl, cache: i32) -> Pointer |_kernel, stream| {
        stream.map(mdl, cache)
    }

    fn UnmapAllocatedPages(base: Pointer, mdl: *mut Mdl) |_kernel, stream| {
        stream.unmap(base, mdl);
    }

    fn FreePagesFromMdl(mdl: *mut Mdl) |_kernel, stream| {
        stream.free(mdl);
    }

    fn GetPhysicalPagesCount(mdl: *mut Mdl) -> u32 |kernel, stream| {
        stream.require(mdl, "GetPhysicalPagesCount");
        kernel.memory.mdl_frames(mdl).map_or(0, |frames| frames.len() as u32)
    }

    /// The result goes through a pointer that C++ passes behind `this`.
    fn GetPhysicalPageAddress(result: At<i64>, mdl: *mut Mdl, index: u32) -> *mut i64 |_kernel, stream| {
        result.write(stream.page_address(mdl, index));
        result.pointer()
    }
};

pub(crate) const KIND: &Kind = &Kind {
    name: "WaveRT port stream",
    faces: &[Face { layout: &IPortWaveRTStream::LAYOUT, methods: &[METHODS], present: always }],
};
