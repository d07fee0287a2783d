//! The buffer descriptor list in memory.

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};

use super::plan::{RING, Segment};
use super::regs::nabm::BD_IOC;
use crate::platform::dma::{CommonBuffer, Reach};
use portcls::Result;

/// Bytes of one descriptor: address; length in samples and control bits.
const DESCRIPTOR_BYTES: usize = 8;

/// Descriptors that ask for an interrupt in any case: twice a ring, so that the last valid index is moved in time
/// for clients that wait for no event.
const SERVICE_AT: [usize; 2] = [15, 31];

/// 32 descriptors of 8 bytes that the device reads.
pub(super) struct DescriptorList(CommonBuffer);

impl DescriptorList {
    /// Allocates the list.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(at: &Irql<Passive>, pdo: Device) -> Result<Self> {
        let bytes = RING.wrapping_mul(DESCRIPTOR_BYTES) as u32;
        Ok(Self(CommonBuffer::new(at, pdo, bytes, Reach::Bits32)?))
    }

    /// Where the device finds the list: 8-byte aligned, as common buffers are page-aligned.
    pub(super) fn address(&self) -> u32 {
        // By its reach it fits.
        self.0.address() as u32
    }

    /// Describes `segment` in descriptor `number`, counted round and round; with an interrupt if `notify` is set and a
    /// period ends there.
    pub(super) fn set(&self, number: u64, segment: Segment, notify: bool) {
        let index = (number as usize) & (RING - 1);
        self.describe(index, segment, (notify && segment.ends_period) || SERVICE_AT.contains(&index));
    }

    /// Describes `segment` in descriptor `index`, with an interrupt at its end or without.
    pub(super) fn describe(&self, index: usize, segment: Segment, interrupt: bool) {
        let at = index.wrapping_mul(DESCRIPTOR_BYTES);
        // Sixteen-bit samples; by the plan their number fits 16 bits.
        let control = (segment.bytes >> 1) | if interrupt { BD_IOC } else { 0 };
        self.0.store32(at, segment.address);
        self.0.store32(at.wrapping_add(4), control);
    }
}
