//! A ring's memory in the memory of a virtual machine's guest.

use std::sync::atomic::{Ordering, fence};

use virtqueue::{RingLayout, RingMemory};
use vm_memory::{AtomicAccess, Bytes, GuestAddress, GuestMemoryMmap};

/// Where the ring begins.
pub(crate) const RING: u64 = 0x1_0000;

/// What is wrong with the memory between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The driver sees another wish for kicks than the device has.
    Kicks,
    /// The device sees another wish for interrupts than the driver has.
    Interrupts,
    /// Lengths of descriptors are wrong.
    Lengths,
    /// The driver sees another head than the device returned.
    Heads,
}

#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) guest: GuestMemoryMmap,
    pub(crate) layout: RingLayout,
    pub(crate) fault: Fault,
}

impl Memory {
    pub(crate) fn load<T: AtomicAccess>(&self, at: usize) -> T {
        self.guest.load(GuestAddress(RING + at as u64), Ordering::Relaxed).expect("within the ring")
    }

    pub(crate) fn store<T: AtomicAccess>(&self, at: usize, value: T) {
        self.guest.store(value, GuestAddress(RING + at as u64), Ordering::Relaxed).expect("within the ring");
    }

    fn available_event(&self) -> usize {
        self.layout.used + 4 + 8 * usize::from(self.layout.size)
    }

    fn used_event(&self) -> usize {
        self.layout.available + 4 + 2 * usize::from(self.layout.size)
    }
}

impl RingMemory for Memory {
    fn load16(&self, at: usize) -> u16 {
        let value = u16::from_le(self.load(at));
        match self.fault {
            Fault::Kicks if at == self.available_event() => value.wrapping_add(1),
            _ => value,
        }
    }

    fn load32(&self, at: usize) -> u32 {
        let value = u32::from_le(self.load(at));
        let is_head = at >= self.layout.used && (at - self.layout.used) % 8 == 4;
        if self.fault == Fault::Heads && is_head { value ^ 1 } else { value }
    }

    fn store16(&self, at: usize, value: u16) {
        let wrong = self.fault == Fault::Interrupts && at == self.used_event();
        self.store(at, value.wrapping_add(u16::from(wrong)).to_le());
    }

    fn store32(&self, at: usize, value: u32) {
        let wrong = self.fault == Fault::Lengths && at < self.layout.available && at % 16 == 8;
        self.store(at, value.wrapping_add(u32::from(wrong)).to_le());
    }

    fn store64(&self, at: usize, value: u64) {
        self.store(at, value.to_le());
    }

    fn fence_release(&self) {
        fence(Ordering::Release);
    }

    fn fence_acquire(&self) {
        fence(Ordering::Acquire);
    }

    fn fence_full(&self) {
        fence(Ordering::SeqCst);
    }
}
