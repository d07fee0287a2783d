//! The memory of a ring, which driver and device share.
//!
//! The one room where accesses of the processor and of the device are put in order.
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::{Acquire, Release, SeqCst};
use core::sync::atomic::fence;

use virtqueue::{RingLayout, RingMemory};

use super::queue::Place;
use crate::platform::dma::{CommonBuffer, Extent, Head};
use crate::platform::io;
use crate::platform::shared::Shared;

/// A ring at the beginning of a common buffer.
///
/// Accesses are volatile and of the width asked for; aligned ones of up to 64 bits do not tear on the processors of this
/// driver. Common buffers are coherent, so that what orders them among processors orders them for a device which is
/// another processor's program; where the device is one of its own, a barrier of the whole system is added.
pub(crate) struct RingBuffer<const MAX: usize> {
    memory: Head<RingOf<MAX>>,
}

/// A ring of `MAX` descriptors at most.
struct RingOf<const MAX: usize>;

impl<const MAX: usize> Extent for RingOf<MAX> {
    const BYTES: usize = match RingLayout::of(MAX as u16, MAX as u16) {
        Some(layout) if MAX <= u16::MAX as usize => layout.bytes.next_power_of_two(),
        // That is no extent, and refused as such.
        _ => 0,
    };
}

impl<const MAX: usize> RingBuffer<MAX> {
    /// How long a buffer must be.
    pub(crate) const BYTES: usize = RingOf::<MAX>::BYTES;

    /// The ring at the beginning of `memory`; none if that is shorter than [`RingBuffer::BYTES`].
    pub(crate) fn new(memory: Shared<CommonBuffer>) -> Option<Self> {
        Some(Self { memory: Head::of(memory)? })
    }

    /// Where the device finds the parts of a ring that is laid out like this.
    pub(crate) fn place(&self, layout: &RingLayout) -> Place {
        let address = |offset: usize| self.memory.buffer().address().wrapping_add(offset as u64);
        Place {
            descriptors: address(layout.descriptors),
            available: address(layout.available),
            used: address(layout.used),
        }
    }
}

impl<const MAX: usize> RingMemory for RingBuffer<MAX> {
    #[inline]
    fn load16(&self, at: usize) -> u16 {
        self.memory.load16(at)
    }

    #[inline]
    fn load32(&self, at: usize) -> u32 {
        self.memory.load32(at)
    }

    #[inline]
    fn store16(&self, at: usize, value: u16) {
        self.memory.store16(at, value);
    }

    #[inline]
    fn store32(&self, at: usize, value: u32) {
        self.memory.store32(at, value);
    }

    #[inline]
    fn store64(&self, at: usize, value: u64) {
        self.memory.store64(at, value);
    }

    #[inline]
    fn fence_release(&self) {
        fence(Release);
        io::barrier();
    }

    #[inline]
    fn fence_acquire(&self) {
        fence(Acquire);
        io::barrier();
    }

    #[inline]
    fn fence_full(&self) {
        fence(SeqCst);
        io::barrier();
    }
}
