//! Mappings: pieces of a client's memory that a WavePci stream plays from, or records into.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

use crate::com::ComPtr;
use crate::irql::{AtMostDispatch, Irql};
use crate::raw::IPortWavePciStream;
use crate::status::{Result, Status};

/// A mapping that the port has handed out: locked memory that neither moves nor goes until it is released or revoked.
///
/// Nobody but its owner reaches the memory by way of it, so that whoever is told to give it up drops it, and does not
/// come back to it. Others may write to the memory at any time: it is copied, never borrowed.
///
/// # Invariants
///
/// `memory` leads to `bytes` bytes, mapped in the system's half of the address space.
pub struct Mapping {
    address: u64,
    memory: NonNull<u8>,
    bytes: u32,
    last: bool,
}

// SAFETY: locked memory in the system's half is there for any thread.
unsafe impl Send for Mapping {}
// SAFETY: as above; it is copied by raw accesses alone.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Where a bus master finds it.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// How long it is, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// It is the last one of an I/O packet.
    #[must_use]
    pub const fn ends_packet(&self) -> bool {
        self.last
    }

    /// Where its bytes from `from` on are, for `bytes` bytes; none beyond its end.
    #[must_use]
    pub fn part(&self, from: u32, bytes: u32) -> Option<NonNull<u8>> {
        if from.checked_add(bytes)? > self.bytes {
            return None;
        }
        // SAFETY: within the memory, by the invariant.
        Some(unsafe { self.memory.add(from as usize) })
    }
}

/// What a mapping is known by: any number, chosen by the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub u32);

impl Tag {
    fn to_raw(self) -> *mut c_void {
        core::ptr::without_provenance_mut(self.0 as usize)
    }

    /// The tag, if it is one that a stream may have chosen.
    #[must_use]
    pub fn from_raw(tag: *mut c_void) -> Option<Self> {
        u32::try_from(tag.addr()).ok().map(Self)
    }
}

/// The source of mappings. No spin lock may be held around any of these calls.
impl ComPtr<IPortWavePciStream> {
    /// The next mapping, which is known by `tag` from now on: it may be revoked before this has returned.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_FOUND` if there is none at present: `MappingAvailable` is called when there is.
    pub fn get_mapping<L: AtMostDispatch>(&self, _irql: &Irql<L>, tag: Tag) -> Result<Mapping> {
        let (mut address, mut memory, mut bytes, mut flags) = (0_i64, null_mut(), 0, 0);
        let get = self.vtbl().GetMapping;
        // SAFETY: a method of a live object, up to DISPATCH_LEVEL, with places for the answers.
        let status =
            unsafe { get(self.as_raw(), tag.to_raw(), &mut address, &mut memory, &mut bytes, &mut flags) };
        Status::check(status)?;
        let memory = NonNull::new(memory.cast()).ok_or(Status::INVALID_DEVICE_STATE)?;
        // INVARIANT: handed out just now.
        Ok(Mapping { address: address.cast_unsigned(), memory, bytes, last: flags != 0 })
    }

    /// Gives the mapping with this tag back; they are given back in the order in which they were got.
    ///
    /// # Errors
    ///
    /// What the port says.
    pub fn release_mapping<L: AtMostDispatch>(&self, _irql: &Irql<L>, tag: Tag) -> Result {
        // SAFETY: a method of a live object, up to DISPATCH_LEVEL.
        Status::check(unsafe { (self.vtbl().ReleaseMapping)(self.as_raw(), tag.to_raw()) })
    }

    /// Ends the I/O packet from which the last mapping was got.
    ///
    /// # Errors
    ///
    /// What the port says.
    pub fn terminate_packet<L: AtMostDispatch>(&self, _irql: &Irql<L>) -> Result {
        // SAFETY: a method of a live object, up to DISPATCH_LEVEL.
        Status::check(unsafe { (self.vtbl().TerminatePacket)(self.as_raw()) })
    }
}
