//! Guest physical memory: page frames that the device reaches by DMA, and the MDLs that describe them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::At;
use super::Kernel;
use super::abi::MDL_MAPPED_TO_SYSTEM_VA;
use super::abi::MDL_PAGES_LOCKED;
use super::abi::Mdl;
use crate::pci::PageMapping;

/// Bytes of a page.
pub const PAGE_SIZE: usize = 4096;

/// What frames hold that are nobody's: a device that still reads there makes itself heard.
const RELEASED: u8 = 0x5D;

/// What frames hold that a driver gets without a promise.
pub(crate) const UNSPECIFIED: u8 = 0xA5;

/// Page frames in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun {
    /// Number of the first frame.
    pub first: u64,
    /// How many.
    pub count: u64,
}

struct MdlRecord {
    frames: Vec<u64>,
    system_mapping: Option<PageMapping>,
    _memory: Box<[u64]>,
}

struct Mapping {
    frames: Vec<u64>,
    mapping: PageMapping,
}

/// Which frames are taken, and who describes or maps them.
pub struct Memory {
    taken: RefCell<Vec<bool>>,
    next: RefCell<u64>,
    mdls: RefCell<BTreeMap<u64, MdlRecord>>,
    mappings: RefCell<BTreeMap<u64, Mapping>>,
}

impl Memory {
    pub(super) fn new(frames: usize) -> Self {
        Self {
            taken: RefCell::new(vec![false; frames]),
            next: RefCell::new(1),
            mdls: RefCell::default(),
            mappings: RefCell::default(),
        }
    }

    /// MDLs that were not freed.
    pub fn live_mdls(&self) -> usize {
        self.mdls.borrow().len()
    }

    /// Frames that are taken.
    pub fn frames_taken(&self) -> usize {
        self.taken.borrow().iter().filter(|taken| **taken).count()
    }

    /// The page frames behind an MDL.
    pub fn mdl_frames(&self, mdl: *mut Mdl) -> Option<Vec<u64>> {
        Some(self.mdls.borrow().get(&(mdl as u64))?.frames.clone())
    }

    /// Whether the MDL's pages have a system mapping.
    pub fn mdl_mapped(&self, mdl: *mut Mdl) -> bool {
        self.mdls.borrow().get(&(mdl as u64)).is_some_and(|record| record.system_mapping.is_some())
    }

    fn release(&self, frames: &[u64]) {
        let mut taken = self.taken.borrow_mut();
        for frame in frames {
            taken[*frame as usize] = false;
        }
    }
}

impl Kernel {
    /// Takes `count` frames, scattered: a driver that takes neighbours for granted shall notice.
    pub(crate) fn take_frames(&self, count: usize) -> Option<Vec<u64>> {
        let usable = self.hardware.borrow().ram().usable();
        let (first, last) = (usable.start / PAGE_SIZE as u64, usable.end / PAGE_SIZE as u64);
        let span = last - first;
        let mut taken = self.memory.taken.borrow_mut();
        let mut state = self.memory.next.borrow_mut();
        let mut frames = Vec::with_capacity(count);
        for _ in 0..count {
            // A linear congruential walk; from where it lands, the next free frame.
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let start = (*state >> 33) % span;
            let free =
                (0..span).map(|step| first + (start + step) % span).find(|frame| !taken[*frame as usize]);
            let Some(frame) = free else {
                drop(taken);
                self.memory.release(&frames);
                return None;
            };
            taken[frame as usize] = true;
            frames.push(frame);
        }
        Some(frames)
    }

    /// Takes `count` frames in a row below `limit` (a physical address, inclusive).
    pub(crate) fn take_contiguous(&self, count: usize, low: u64, limit: u64) -> Option<Vec<u64>> {
        let usable = self.hardware.borrow().ram().usable();
        let page = PAGE_SIZE as u64;
        let first = usable.start.max(low).div_ceil(page);
        let last = (usable.end / page).min(limit.saturating_add(1) / page);
        let mut taken = self.memory.taken.borrow_mut();
        let mut start = first;
        while start + count as u64 <= last {
            let blocked = (start..start + count as u64).rev().find(|frame| taken[*frame as usize]);
            match blocked {
                Some(frame) => start = frame + 1,
                None => {
                    let frames: Vec<u64> = (start..start + count as u64).collect();
                    frames.iter().for_each(|frame| taken[*frame as usize] = true);
                    return Some(frames);
                }
            }
        }
        None
    }

    /// Gives frames back.
    pub(crate) fn release_frames(&self, frames: &[u64]) {
        self.fill_frames(frames, RELEASED);
        self.memory.release(frames);
    }

    /// What the frames hold before anybody gets them.
    pub(crate) fn fill_frames(&self, frames: &[u64], byte: u8) {
        let hardware = self.hardware.borrow();
        for frame in frames {
            hardware.ram().write(frame * PAGE_SIZE as u64, &[byte; PAGE_SIZE]);
        }
    }

    /// Maps frames one behind the other and remembers it, so that physical addresses can be told.
    pub(crate) fn map_frames(&self, frames: &[u64]) -> Option<u64> {
        let mapping = self.hardware.borrow().ram().map_pages(frames).ok()?;
        let base = mapping.base() as u64;
        self.memory.mappings.borrow_mut().insert(base, Mapping { frames: frames.to_vec(), mapping });
        Some(base)
    }

    /// Undoes `map_frames`; returns the frames.
    pub(crate) fn unmap_frames(&self, base: u64) -> Option<Vec<u64>> {
        Some(self.memory.mappings.borrow_mut().remove(&base)?.frames)
    }

    /// The physical address behind a mapped one.
    pub(crate) fn physical_address(&self, address: u64) -> Option<u64> {
        let page = PAGE_SIZE as u64;
        let within = |base: u64, frames: &[u64]| {
            let offset = address.checked_sub(base)?;
            Some(frames.get((offset / page) as usize)? * page + offset % page)
        };
        let mappings = self.memory.mappings.borrow();
        let found = mappings
            .range(..=address)
            .next_back()
            .and_then(|(base, entry)| within(*base, &entry.frames).filter(|_| entry.mapping.length() > 0));
        found.or_else(|| {
            self.memory
                .mdls
                .borrow()
                .values()
                .find_map(|record| within(record.system_mapping.as_ref()?.base() as u64, &record.frames))
        })
    }

    /// An MDL over frames that now belong to it.
    pub(crate) fn make_mdl(&self, frames: Vec<u64>) -> *mut Mdl {
        let header = size_of::<Mdl>() / 8;
        let mut memory = vec![0_u64; header + frames.len()].into_boxed_slice();
        memory[header..].copy_from_slice(&frames);
        let mdl: *mut Mdl = memory.as_mut_ptr().cast();
        At::new(mdl).with(|mdl| {
            mdl.size = i16::try_from((header + frames.len()) * 8).unwrap_or(i16::MAX);
            mdl.mdl_flags = MDL_PAGES_LOCKED;
            mdl.byte_count = (frames.len() * PAGE_SIZE) as u32;
        });
        let record = MdlRecord { frames, system_mapping: None, _memory: memory };
        self.memory.mdls.borrow_mut().insert(mdl as u64, record);
        mdl
    }

    /// Frees the MDL and its frames; false if there is no such MDL.
    pub(crate) fn free_mdl(&self, mdl: *mut Mdl) -> bool {
        let Some(record) = self.memory.mdls.borrow_mut().remove(&(mdl as u64)) else { return false };
        self.release_frames(&record.frames);
        true
    }

    /// Gives the MDL's pages a system address; none if there is no such MDL or no address space.
    pub(crate) fn map_mdl(&self, mdl: *mut Mdl) -> Option<u64> {
        let frames = self.memory.mdl_frames(mdl)?;
        let mapping = self.hardware.borrow().ram().map_pages(&frames).ok()?;
        let base = mapping.base();
        At::new(mdl).with(|mdl| {
            mdl.mdl_flags |= MDL_MAPPED_TO_SYSTEM_VA;
            mdl.mapped_system_va = base.cast();
        });
        if let Some(record) = self.memory.mdls.borrow_mut().get_mut(&(mdl as u64)) {
            record.system_mapping = Some(mapping);
        }
        Some(base as u64)
    }

    /// Takes the system address away; false if there was none.
    pub(crate) fn unmap_mdl(&self, mdl: *mut Mdl) -> bool {
        let mut mdls = self.memory.mdls.borrow_mut();
        let Some(record) = mdls.get_mut(&(mdl as u64)) else { return false };
        let was_mapped = record.system_mapping.take().is_some();
        drop(mdls);
        At::new(mdl).with(|mdl| mdl.mdl_flags &= !MDL_MAPPED_TO_SYSTEM_VA);
        was_mapped
    }
}
