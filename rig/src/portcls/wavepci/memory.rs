//! A packet's memory: pages of the client's, locked and mapped for as long as the request is with the port driver.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::nt::Kernel;
use crate::nt::PAGE_SIZE;

/// What lies where the client has nothing: a device that reads there makes itself heard.
pub(crate) const SPOILED: u8 = 0x5D;

/// Pages that are watched after their packet is gone.
const WATCHED: usize = 512;

/// Where a packet lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Byte of the first page at which it begins.
    pub offset: usize,
    /// Whether its pages are neighbours in physical memory; otherwise they are scattered.
    pub contiguous: bool,
}

thread_local! {
    /// Pages whose packet is gone, spoiled, which nobody may write to any more.
    static GONE: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
}

/// Locked pages with a system address. Dropped, they are unmapped, spoiled, and given back after a while.
pub(crate) struct PacketMemory {
    kernel: &'static Kernel,
    frames: Vec<u64>,
    base: u64,
    offset: usize,
    bytes: usize,
}

impl PacketMemory {
    /// Memory for so many bytes; none where there is not enough.
    pub(crate) fn new(kernel: &'static Kernel, place: Place, bytes: usize) -> Option<Self> {
        let offset = place.offset % PAGE_SIZE;
        let pages = (offset + bytes).div_ceil(PAGE_SIZE).max(1);
        let take = || match place.contiguous {
            true => kernel.take_contiguous(pages, 0, u64::from(u32::MAX)),
            false => kernel.take_frames(pages),
        };
        // Watched pages lie about everywhere.
        let frames = take().or_else(|| {
            forget(kernel);
            take()
        })?;
        kernel.fill_frames(&frames, SPOILED);
        let Some(base) = kernel.map_frames(&frames) else {
            kernel.release_frames(&frames);
            return None;
        };
        Some(Self { kernel, frames, base, offset, bytes })
    }

    /// Size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Where byte `at` lies for the device.
    pub(crate) fn physical(&self, at: usize) -> u64 {
        let place = self.offset + at;
        let frame = self.frames.get(place / PAGE_SIZE).copied().unwrap_or(0);
        frame * PAGE_SIZE as u64 + (place % PAGE_SIZE) as u64
    }

    /// Where byte `at` lies for the processor.
    pub(crate) fn address(&self, at: usize) -> u64 {
        self.base + (self.offset + at) as u64
    }

    /// Bytes from `at` on that lie in one page.
    pub(crate) fn in_page(&self, at: usize) -> usize {
        (PAGE_SIZE - (self.offset + at) % PAGE_SIZE).min(self.bytes - at)
    }

    /// Bytes from `at` on that lie in neighbouring pages.
    pub(crate) fn in_a_row(&self, at: usize) -> usize {
        let mut length = self.in_page(at);
        while at + length < self.bytes && self.physical(at + length) == self.physical(at) + length as u64 {
            length += self.in_page(at + length);
        }
        length
    }

    /// Writes as the client does.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.bytes, "the client stays in its buffer");
        // SAFETY: inside the mapping, which is not Rust's memory; the device reads it as it likes.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.address(at) as *mut u8, bytes.len());
        }
    }

    /// Reads as the client does.
    pub(crate) fn read(&self, at: usize, length: usize) -> Vec<u8> {
        assert!(at + length <= self.bytes, "the client stays in its buffer");
        let mut bytes = vec![0; length];
        // SAFETY: inside the mapping; the vector is Rust's own.
        unsafe {
            core::ptr::copy_nonoverlapping(self.address(at) as *const u8, bytes.as_mut_ptr(), length);
        }
        bytes
    }

    /// Makes bytes useless that are not the device's any more.
    pub(crate) fn spoil(&self, at: usize, length: usize) {
        self.write(at, &vec![SPOILED; length]);
    }

    /// Whether so many bytes are as [`PacketMemory::spoil`] left them.
    pub(crate) fn spoiled(&self, at: usize, length: usize) -> bool {
        self.read(at, length).iter().all(|byte| *byte == SPOILED)
    }
}

impl Drop for PacketMemory {
    fn drop(&mut self) {
        self.kernel.unmap_frames(self.base);
        self.kernel.fill_frames(&self.frames, SPOILED);
        GONE.with_borrow_mut(|gone| gone.extend(&self.frames));
        let extra = GONE.with_borrow(|gone| gone.len().saturating_sub(WATCHED));
        give_back(self.kernel, extra);
    }
}

/// Gives the oldest `count` pages back to the system.
fn give_back(kernel: &'static Kernel, count: usize) {
    let oldest: Vec<u64> = GONE.with_borrow_mut(|gone| gone.drain(..count).collect());
    kernel.release_frames(&oldest);
}

/// Looks at all pages whose packets are gone: the physical address of the first that somebody has written to since.
pub(crate) fn written_after(kernel: &Kernel) -> Option<u64> {
    let hardware = kernel.hardware.borrow();
    let mut page = [0; PAGE_SIZE];
    GONE.with_borrow(|gone| {
        gone.iter().map(|frame| frame * PAGE_SIZE as u64).find(|address| {
            hardware.ram().read(*address, &mut page);
            page.iter().any(|byte| *byte != SPOILED)
        })
    })
}

/// The stream is closed: nobody is watched any more.
pub(crate) fn forget(kernel: &'static Kernel) {
    let count = GONE.with_borrow(VecDeque::len);
    give_back(kernel, count);
}
