//! Guest physical memory: one memfd, shared with whatever performs the device's DMA.

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    ptr,
};

use super::{HardwareError, Result};

/// Size of a page in bytes.
pub const PAGE_SIZE: usize = 4096;

/// First physical address that the rig may hand out: below lie the boot sector's world, the mailboxes and the
/// hole for video memory and firmware, which is no memory.
const FIRST_USABLE: u64 = 0x10_0000;

/// Guest physical memory. A physical address is an offset into it.
///
/// Accesses go through raw pointers: the device writes here whenever time runs.
#[derive(Debug)]
pub struct Ram {
    file: OwnedFd,
    whole: Reservation,
}

// SAFETY: the mapping is plain shared memory which belongs to no thread; the type itself only ever touches it
// through raw pointers, byte by byte.
unsafe impl Send for Ram {}
// SAFETY: as above.
unsafe impl Sync for Ram {}

impl Ram {
    /// Makes `size` bytes of zeroed memory.
    ///
    /// # Errors
    /// Linux had no memory, or `size` is not a number of whole pages.
    pub fn new(size: usize) -> Result<Self> {
        if size == 0 || !size.is_multiple_of(PAGE_SIZE) {
            return Err(HardwareError::Request {
                what: format!("a guest memory of {size} bytes"),
                why: format!("it must be a number of whole pages of {PAGE_SIZE} bytes"),
            });
        }
        let file = memory_file(c"guest-ram", size).map_err(HardwareError::system("making guest memory"))?;
        let whole =
            Reservation::new(size).map_err(HardwareError::system("reserving room for guest memory"))?;
        whole.map(0, &file, 0, size).map_err(HardwareError::system("mapping guest memory"))?;
        Ok(Self { file, whole })
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.whole.length
    }

    /// Physical addresses that are free for any use.
    #[must_use]
    pub fn usable(&self) -> std::ops::Range<u64> {
        FIRST_USABLE..self.size() as u64
    }

    /// Host address of physical address 0; [`Self::size`] bytes follow.
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.whole.base
    }

    /// Copies out of memory.
    ///
    /// # Panics
    /// If the range does not lie in memory: physical addresses come from the rig's own allocator.
    pub fn read(&self, physical: u64, into: &mut [u8]) {
        let from = self.at(physical, into.len());
        // SAFETY: `at` has checked that the range lies in the mapping; `into` is the caller's own memory.
        unsafe { ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) }
    }

    /// Copies into memory.
    ///
    /// # Panics
    /// If the range does not lie in memory.
    pub fn write(&self, physical: u64, bytes: &[u8]) {
        let to = self.at(physical, bytes.len());
        // SAFETY: as in `read`.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
    }

    /// Maps page frames (physical address / [`PAGE_SIZE`]) one after the other to one contiguous host range.
    ///
    /// # Errors
    /// A frame beyond the end of memory, no frame at all, or Linux had no room.
    pub fn map_pages(&self, frames: &[u64]) -> Result<PageMapping> {
        let request =
            |why: String| HardwareError::Request { what: format!("mapping {} pages", frames.len()), why };
        if frames.is_empty() {
            return Err(request("there must be at least one".into()));
        }
        let end = (self.size() / PAGE_SIZE) as u64;
        if let Some(frame) = frames.iter().find(|&&frame| frame >= end) {
            return Err(request(format!("page frame {frame:#x} lies beyond the end of memory at {end:#x}")));
        }
        let range = Reservation::new(frames.len() * PAGE_SIZE)
            .map_err(HardwareError::system("reserving addresses for guest pages"))?;
        let mut at = 0;
        // One mapping for each run of neighbours: Linux limits their number, not their length.
        for run in frames.chunk_by(|a, b| a + 1 == *b) {
            let length = run.len() * PAGE_SIZE;
            range
                .map(at, &self.file, run[0] * PAGE_SIZE as u64, length)
                .map_err(HardwareError::system("mapping guest pages"))?;
            at += length;
        }
        Ok(PageMapping { range })
    }

    fn at(&self, physical: u64, length: usize) -> *mut u8 {
        let end = physical.checked_add(length as u64).expect("physical range wraps round");
        assert!(end <= self.size() as u64, "{physical:#x}..{end:#x} is not in guest memory");
        // SAFETY: the offset was just checked against the length of the mapping.
        unsafe { self.whole.base.add(physical as usize) }
    }
}

impl AsFd for Ram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Pages of [`Ram`] at contiguous host addresses; unmapped on drop. It may outlive the `Ram`.
#[derive(Debug)]
pub struct PageMapping {
    range: Reservation,
}

impl PageMapping {
    /// First host address.
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.range.base
    }

    /// Length in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.range.length
    }
}

/// A range of host addresses that is ours; given back on drop.
#[derive(Debug)]
struct Reservation {
    base: *mut u8,
    length: usize,
}

impl Reservation {
    fn new(length: usize) -> io::Result<Self> {
        // SAFETY: a fresh anonymous mapping at an address of Linux' choice disturbs nobody.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self { base: base.cast(), length })
        }
    }

    /// Puts `length` bytes of `file` from `offset` at `at` in the range.
    fn map(&self, at: usize, file: &OwnedFd, offset: u64, length: usize) -> io::Result<()> {
        assert!(at + length <= self.length);
        // SAFETY: the target lies in a range that is ours and that nobody has been shown yet.
        let mapped = unsafe {
            libc::mmap(
                self.base.add(at).cast(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_FIXED,
                file.as_raw_fd(),
                offset as libc::off_t,
            )
        };
        if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is ours; whoever borrowed pointers into it did so for our lifetime.
        unsafe { libc::munmap(self.base.cast(), self.length) };
    }
}

/// A file of `size` zeroed bytes that lives in memory and has no name in any file system.
pub(crate) fn memory_file(name: &CStr, size: usize) -> io::Result<OwnedFd> {
    // SAFETY: the name ends in NUL, and Linux copies it.
    let descriptor = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: Linux has just made this descriptor for us alone.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    // SAFETY: takes integers only.
    if unsafe { libc::ftruncate(descriptor, size as libc::off_t) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_pages_are_seen_in_order_and_share_memory() {
        let ram = Ram::new(64 * PAGE_SIZE).unwrap();
        let mapping = ram.map_pages(&[7, 3, 4, 60]).unwrap();
        ram.write(4 * PAGE_SIZE as u64 + 5, b"here");
        // SAFETY: both offsets lie in the four pages of the mapping.
        unsafe {
            assert_eq!(std::slice::from_raw_parts(mapping.base().add(2 * PAGE_SIZE + 5), 4), b"here");
            mapping.base().add(3 * PAGE_SIZE).write(9);
        }
        let mut byte = [0];
        ram.read(60 * PAGE_SIZE as u64, &mut byte);
        assert_eq!(byte, [9]);
    }

    #[test]
    fn a_frame_beyond_the_end_is_refused() {
        let ram = Ram::new(64 * PAGE_SIZE).unwrap();
        assert!(ram.map_pages(&[64]).unwrap_err().to_string().contains("0x40"));
        assert!(ram.map_pages(&[]).is_err());
    }
}
