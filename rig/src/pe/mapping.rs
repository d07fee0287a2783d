//! The memory of an image.

use std::{io, ops::Range, ptr, slice};

/// Pages of our own, readable and writable until protected; given back on drop.
#[derive(Debug)]
pub(super) struct Mapping {
    base: *mut u8,
    size: usize,
}

impl Mapping {
    /// Zeroed pages.
    pub(super) fn new(size: usize) -> io::Result<Self> {
        // SAFETY: a fresh mapping at an address of Linux' choice disturbs nobody.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self { base: base.cast(), size })
        }
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The bytes, before they are protected and shared with running code.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the pages are ours, initialised and writable, and the borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.base, self.size) }
    }

    /// Sets the protection of the pages of `range`.
    pub(super) fn protect(&mut self, range: Range<usize>, protection: i32) -> io::Result<()> {
        assert!(range.start <= range.end && range.end <= self.size);
        // SAFETY: the start lies in the mapping.
        let start = unsafe { self.base.add(range.start) };
        // SAFETY: the range lies in pages of our own, of which no reference is held.
        let failed = unsafe { libc::mprotect(start.cast(), range.len(), protection) };
        if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the pages are ours.
        unsafe { libc::munmap(self.base.cast(), self.size) };
    }
}
