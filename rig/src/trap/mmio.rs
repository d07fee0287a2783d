//! Addresses that stand for device memory: nothing is mapped there, so every access traps.

use std::{io, ops::Range, ptr, sync::Mutex};

/// All windows of the process.
static WINDOWS: Mutex<Vec<Range<usize>>> = Mutex::new(Vec::new());

/// A range of addresses at which every access by driver code becomes [`Cause::MemoryRead`] or
/// [`Cause::MemoryWrite`]. Given back on drop.
///
/// [`Cause::MemoryRead`]: super::Cause::MemoryRead
/// [`Cause::MemoryWrite`]: super::Cause::MemoryWrite
#[derive(Debug)]
pub struct MmioWindow {
    range: Range<usize>,
}

impl MmioWindow {
    /// First address, page-aligned.
    #[must_use]
    pub fn base(&self) -> usize {
        self.range.start
    }

    /// Length in bytes: whole pages.
    #[must_use]
    pub fn length(&self) -> usize {
        self.range.len()
    }
}

/// Reserves `length` bytes, rounded up to whole pages.
///
/// # Errors
/// Linux has no room.
pub fn reserve_mmio(length: usize) -> io::Result<MmioWindow> {
    let length = length.max(1).next_multiple_of(crate::pci::PAGE_SIZE);
    // SAFETY: a fresh mapping at an address of Linux' choice disturbs nobody.
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
        return Err(io::Error::last_os_error());
    }
    let window = MmioWindow { range: base.addr()..base.addr() + length };
    windows().push(window.range.clone());
    Ok(window)
}

/// Whether `address` stands for device memory.
#[must_use]
pub fn is_mmio(address: usize) -> bool {
    windows().iter().any(|window| window.contains(&address))
}

impl Drop for MmioWindow {
    fn drop(&mut self) {
        windows().retain(|window| *window != self.range);
        // SAFETY: the reservation is ours and nothing is mapped in it.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(self.range.start), self.range.len()) };
    }
}

fn windows() -> std::sync::MutexGuard<'static, Vec<Range<usize>>> {
    WINDOWS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
