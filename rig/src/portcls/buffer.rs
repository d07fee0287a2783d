//! The cyclic buffer: allocated by the driver, mapped to the client.

use portcls::raw::MDL;
use portcls::raw::MmCached;
use portcls::raw::MmNonCached;
use portcls::raw::MmWriteCombined;

use super::rules;
use super::rules::code;
use super::stream::Allocated;
use super::stream::Stream;
use crate::nt::abi::Mdl;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_UNSUCCESSFUL;
use crate::pci::PageMapping;

/// A client's view of the cyclic buffer: its pages one behind the other.
pub struct Buffer {
    mapping: PageMapping,
    offset: usize,
    bytes: usize,
    /// `MEMORY_CACHING_TYPE` that the driver asked for.
    pub cache_type: i32,
    /// The physical address of each page.
    pub pages: Vec<u64>,
}

impl Buffer {
    /// Size in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// First byte.
    pub fn base(&self) -> *mut u8 {
        self.mapping.base().wrapping_add(self.offset)
    }

    /// Byte offset of the buffer in its first page.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Writes as the client does.
    ///
    /// # Panics
    /// If the bytes do not fit from there on.
    pub fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.bytes, "the client stays in its buffer");
        // SAFETY: inside the mapping, which is not Rust's memory; the device reads it as it likes.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base().wrapping_add(at), bytes.len()) };
    }

    /// Reads as the client does.
    ///
    /// # Panics
    /// If the bytes lie not in the buffer.
    pub fn read(&self, at: usize, into: &mut [u8]) {
        assert!(at + into.len() <= self.bytes, "the client stays in its buffer");
        // SAFETY: inside the mapping; `into` is Rust's own.
        unsafe {
            core::ptr::copy_nonoverlapping(self.base().wrapping_add(at), into.as_mut_ptr(), into.len())
        };
    }
}

/// What the driver writes to its out parameters.
struct Answer {
    mdl: *mut MDL,
    size: u32,
    offset: u32,
    cache: i32,
}

impl Stream {
    /// `AllocateAudioBuffer`, or `AllocateBufferWithNotification` with a count, and the client's mapping of it.
    pub(crate) fn allocate(&self, bytes: u32, notifications: Option<u32>) -> Result<Buffer, NtStatus> {
        if self.allocated.get().is_some() {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        let answer = self.locks.device(|| self.ask_for_buffer(bytes, notifications))?;
        let mdl: *mut Mdl = answer.mdl.cast();
        let with_notification = notifications.is_some();
        self.allocated.set(Some(Allocated { mdl, size: answer.size, with_notification }));
        self.check_pages(&answer)?;
        let wrong = self.wrong_size(&answer, bytes, notifications.unwrap_or(1));
        if let Some(message) = wrong {
            rules::note(self.kernel, "AudioBufferSize", code::BUFFER, u64::from(answer.size), message);
            self.free_buffer();
            return Err(STATUS_UNSUCCESSFUL);
        }
        let frames = self.kernel.memory.mdl_frames(mdl).unwrap_or_default();
        let mapping = self.kernel.hardware.borrow().ram().map_pages(&frames);
        let Ok(mapping) = mapping else {
            self.free_buffer();
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        };
        Ok(Buffer {
            mapping,
            offset: answer.offset as usize,
            bytes: answer.size as usize,
            cache_type: answer.cache,
            pages: frames.iter().map(|frame| frame * crate::nt::PAGE_SIZE as u64).collect(),
        })
    }

    fn ask_for_buffer(&self, bytes: u32, notifications: Option<u32>) -> Result<Answer, NtStatus> {
        let interfaces = self.interfaces()?;
        let mut answer = Answer { mdl: core::ptr::null_mut(), size: 0, offset: 0, cache: MmCached };
        let out = (&raw mut answer.mdl, &raw mut answer.size, &raw mut answer.offset, &raw mut answer.cache);
        let status = match notifications {
            Some(count) => {
                let notification =
                    interfaces.notification.as_ref().ok_or(crate::nt::abi::STATUS_NOT_SUPPORTED)?;
                let name = "IMiniportWaveRTStreamNotification::AllocateBufferWithNotification";
                notification.call(name, |this, vtable| {
                    let method = vtable.AllocateBufferWithNotification;
                    // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; `answer` outlives it.
                    unsafe { method(this, count, bytes, out.0, out.1, out.2, out.3) }
                })
            }
            None => interfaces.stream.call("IMiniportWaveRTStream::AllocateAudioBuffer", |this, vtable| {
                // SAFETY: as above.
                unsafe { (vtable.AllocateAudioBuffer)(this, bytes, out.0, out.1, out.2, out.3) }
            }),
        };
        match status {
            status if status < 0 => Err(status),
            _ if answer.mdl.is_null() => Err(STATUS_UNSUCCESSFUL),
            _ => Ok(answer),
        }
    }

    /// The pages must be the port's, and the buffer must lie in them: the client's mapping shows no others.
    fn check_pages(&self, answer: &Answer) -> Result<(), NtStatus> {
        let mdl: *mut Mdl = answer.mdl.cast();
        if !self.interfaces()?.port_stream.owns(mdl) {
            let message =
                "the buffer's MDL was not allocated through IPortWaveRTStream of this stream".to_owned();
            rules::stop(self.kernel, "PcAllocatedPages", code::ALLOCATED_PAGES, mdl as u64, message);
        }
        let room = self.kernel.memory.mdl_frames(mdl).map_or(0, |frames| frames.len()) * crate::nt::PAGE_SIZE;
        if u64::from(answer.offset) + u64::from(answer.size) > room as u64 {
            let message = format!(
                "a buffer of {} bytes at offset {} in pages of {room} bytes",
                answer.size, answer.offset
            );
            rules::stop(self.kernel, "AudioBufferBeyondPages", code::BUFFER, mdl as u64, message);
        }
        let cached = [MmCached, MmWriteCombined].contains(&answer.cache) || answer.cache == MmNonCached;
        if !cached {
            let message = format!("{} is no cache type for a buffer", answer.cache);
            rules::stop(
                self.kernel,
                "AudioBufferCacheType",
                code::BUFFER,
                answer.cache as u32 as u64,
                message,
            );
        }
        Ok(())
    }

    /// Only a size that is not below the one asked for gets past WASAPI, and packets are whole frames
    /// (portcls/nf-portcls-iminiportwavertstream-allocateaudiobuffer, audio/ksproperty-rtaudio-buffer).
    fn wrong_size(&self, answer: &Answer, asked: u32, packets: u32) -> Option<String> {
        let grain = packets.max(1) * self.block_align.max(1);
        if answer.size < asked || answer.size == 0 {
            return Some(format!(
                "a buffer of {asked} bytes was asked for, and {} came: the stream is refused",
                answer.size
            ));
        }
        if !answer.size.is_multiple_of(grain) {
            return Some(format!(
                "a buffer of {} bytes is not {packets} packet(s) of whole frames of {} bytes",
                answer.size, self.block_align
            ));
        }
        None
    }
}
