//! What PortCls hands to the driver for the time of a call: copies of what clients sent. Right behind the last byte lies a
//! page that nobody may touch, and the copy goes when the call returns: a driver that reads or writes one byte beyond
//! its end, or keeps a pointer to it, is found.
//!
//! Windows aligns such copies as pool is. Here they end where a page ends, so that sizes which are no multiple of eight
//! begin at an odd place; on x86-64 that makes no difference to a driver.

use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::Pointer;

/// Pool tag.
const TAG: u32 = u32::from_le_bytes(*b"PcRq");

/// A copy of some bytes; freed when dropped.
pub(crate) struct Guarded {
    kernel: &'static Kernel,
    address: u64,
    length: usize,
}

impl Guarded {
    /// Copies the bytes; none of them take no memory.
    pub(crate) fn new(kernel: &'static Kernel, bytes: &[u8]) -> Self {
        let address = if bytes.is_empty() { 0 } else { kernel.give_guarded(bytes.len() as u64, TAG) };
        let guarded = Self { kernel, address, length: if address == 0 { 0 } else { bytes.len() } };
        for (index, byte) in bytes.iter().enumerate().take(guarded.length) {
            At::new(guarded.at(index)).write(*byte);
        }
        guarded
    }

    fn at(&self, index: usize) -> *mut u8 {
        (self.address as *mut u8).wrapping_add(index)
    }

    /// Where they are; null for none.
    pub(crate) fn pointer(&self) -> Pointer {
        self.address as Pointer
    }

    /// What the driver left there.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        (0..self.length).map(|index| At::new(self.at(index)).read()).collect()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.address != 0 && !self.kernel.crashed() {
            self.kernel.free_pool(self.address, TAG);
        }
    }
}
