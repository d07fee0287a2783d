//! WaveRT streams: what a miniport makes for each open pin.
//!
//! A stream lists the interfaces it has; the port asks for them. One with events:
//!
//! ```text
//! impl ComClass for Stream {
//!     type Interfaces = (IMiniportWaveRTStreamNotification,);
//! }
//! ```
//!
//! which answers `IMiniportWaveRTStream` too; with packets besides, for render (see
//! [`notification`](crate::notification) and [`packets`](crate::packets)):
//!
//! ```text
//!     type Interfaces = (IMiniportWaveRTStreamNotification, IMiniportWaveRTOutputStream);
//! ```

use crate::com::{ComClass, Head, answer, unknown_vtbl, value};
use crate::format::DataFormat;
use crate::handle::Mdl;
use crate::irql::{Irql, Passive, UpToDispatch};
use crate::miniport::sized_bytes;
use crate::pages::{CacheType, Pages};
use crate::raw;
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use crate::raw::{
    IMiniportWaveRTStream, IMiniportWaveRTStreamVtbl, KSAUDIO_POSITION, KSDATAFORMAT, KSRTAUDIO_HWLATENCY,
    KSRTAUDIO_HWREGISTER, KSSTATE, MEMORY_CACHING_TYPE, NTSTATUS,
};
use crate::status::{Result, Status, ntstatus};

/// `IMiniportWaveRTStream`. Source: the WDK's page of each method.
///
/// The port calls the methods one at a time, except `position`, and except where the INF says otherwise.
pub trait WaveRtStream: ComClass {
    /// Changes the format of a stream that does not run.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` (the default: the client closes the pin and opens another one);
    /// `STATUS_INVALID_PARAMETER` if the format is none of the pin's, or the stream runs.
    fn set_format(&self, _irql: &mut Irql<Passive>, _format: &DataFormat<'_>) -> Result {
        Err(Status::NOT_SUPPORTED)
    }

    /// One step along [`State`]'s order. On the way down it must succeed, also without the device.
    fn set_state(&self, irql: &mut Irql<Passive>, state: State) -> Result;

    /// Offsets in bytes from the start of the cyclic buffer. Must not wait.
    fn position(&self, irql: &mut Irql<UpToDispatch>) -> Result<KSAUDIO_POSITION>;

    /// Allocates the cyclic buffer for a client that polls. `requested` in bytes.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; `STATUS_DEVICE_NOT_READY`; `STATUS_UNSUCCESSFUL` for a size that
    /// cannot be.
    fn allocate_audio_buffer(&self, irql: &mut Irql<Passive>, requested: u32) -> Result<AudioBuffer>;

    /// Frees it, in whatever state the stream is. `size` in bytes, as it was allocated.
    fn free_audio_buffer(&self, irql: &mut Irql<Passive>, mdl: Option<Mdl>, size: u32);

    /// How long sound is under way; asked once there is a buffer.
    fn hardware_latency(&self, irql: &mut Irql<Passive>) -> KSRTAUDIO_HWLATENCY;

    /// The position register that the client may map.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` (the default) without one.
    fn position_register(&self, _irql: &mut Irql<Passive>) -> Result<KSRTAUDIO_HWREGISTER> {
        Err(Status::NOT_SUPPORTED)
    }

    /// The clock register that the client may map.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` (the default) without one.
    fn clock_register(&self, _irql: &mut Irql<Passive>) -> Result<KSRTAUDIO_HWREGISTER> {
        Err(Status::NOT_SUPPORTED)
    }
}

/// The state of a stream; it changes by one step at a time, in this order or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// `KSSTATE_STOP`: position 0.
    Stop,
    /// `KSSTATE_ACQUIRE`: resources taken.
    Acquire,
    /// `KSSTATE_PAUSE`: the position is frozen.
    Pause,
    /// `KSSTATE_RUN`: sound.
    Run,
}

impl State {
    /// The state of that number, if there is one.
    #[must_use]
    pub const fn from_raw(state: KSSTATE) -> Option<Self> {
        match state {
            raw::KSSTATE_STOP => Some(Self::Stop),
            raw::KSSTATE_ACQUIRE => Some(Self::Acquire),
            raw::KSSTATE_PAUSE => Some(Self::Pause),
            raw::KSSTATE_RUN => Some(Self::Run),
            _ => None,
        }
    }
}

/// A cyclic buffer as the port gets it.
pub struct AudioBuffer {
    mdl: Mdl,
    size: u32,
    offset: u32,
    cache: CacheType,
}

impl AudioBuffer {
    /// The first `size` bytes of `pages`; the client's mapping will be cached as `cache` says.
    ///
    /// The pages must live until the port calls for the buffer to be freed: the stream keeps them.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if there are fewer bytes.
    pub fn new(pages: &Pages, size: u32, cache: CacheType) -> Result<Self> {
        if size > pages.byte_count() {
            return Err(Status::INVALID_PARAMETER);
        }
        Ok(Self { mdl: pages.mdl(), size, offset: 0, cache })
    }
}

/// Where the port wants the parts of an [`AudioBuffer`].
pub(crate) struct BufferPlaces {
    pub(crate) mdl: *mut *mut raw::MDL,
    pub(crate) size: *mut u32,
    pub(crate) offset: *mut u32,
    pub(crate) cache: *mut MEMORY_CACHING_TYPE,
}

impl BufferPlaces {
    /// Clears the places, has the buffer made, and fills them.
    ///
    /// # Safety
    ///
    /// Each place is null or may be written.
    pub(crate) unsafe fn fill(self, make: impl FnOnce() -> Result<AudioBuffer>) -> NTSTATUS {
        if self.mdl.is_null() || self.size.is_null() || self.offset.is_null() || self.cache.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let put = |mdl, size, offset, cache| {
            // SAFETY: not null, so the caller's place for the MDL.
            unsafe { self.mdl.write(mdl) };
            // SAFETY: not null, so the caller's place for the size.
            unsafe { self.size.write(size) };
            // SAFETY: not null, so the caller's place for the offset.
            unsafe { self.offset.write(offset) };
            // SAFETY: not null, so the caller's place for the cache type.
            unsafe { self.cache.write(cache) };
        };
        put(core::ptr::null_mut(), 0, 0, raw::MmNonCached);
        match make() {
            Ok(made) => {
                put(made.mdl.as_ptr(), made.size, made.offset, made.cache.to_raw());
                STATUS_SUCCESS
            }
            Err(status) => status.code(),
        }
    }
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: WaveRtStream, const N: usize> Head<T, N> for IMiniportWaveRTStream {
    const VTBL: &'static IMiniportWaveRTStreamVtbl = &stream_vtbl::<T, N>();
}

pub(crate) const fn stream_vtbl<T: WaveRtStream, const N: usize>() -> IMiniportWaveRTStreamVtbl {
    IMiniportWaveRTStreamVtbl {
        base: unknown_vtbl::<T, N>(),
        SetFormat: set_format::<T, N>,
        SetState: set_state::<T, N>,
        GetPosition: get_position::<T, N>,
        AllocateAudioBuffer: allocate_audio_buffer::<T, N>,
        FreeAudioBuffer: free_audio_buffer::<T, N>,
        GetHWLatency: get_hw_latency::<T, N>,
        GetPositionRegister: get_position_register::<T, N>,
        GetClockRegister: get_clock_register::<T, N>,
    }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn set_format<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    format: *mut KSDATAFORMAT,
) -> NTSTATUS {
    // SAFETY: PortCls passes a format that is as large as it says; ranges and formats are one record.
    let Some(format) = (unsafe { sized_bytes(format.cast()) }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.set_format(&mut irql, &DataFormat::new(format)))
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn set_state<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    state: KSSTATE,
) -> NTSTATUS {
    let Some(state) = State::from_raw(state) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.set_state(&mut irql, state))
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL or DISPATCH_LEVEL.
unsafe extern "efiapi" fn get_position<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    position: *mut KSAUDIO_POSITION,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL or DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(position, KSAUDIO_POSITION::ZERO, || stream.position(&mut irql)) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn allocate_audio_buffer<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    requested: u32,
    mdl: *mut *mut raw::MDL,
    size: *mut u32,
    offset: *mut u32,
    cache: *mut MEMORY_CACHING_TYPE,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    let places = BufferPlaces { mdl, size, offset, cache };
    // SAFETY: null, or the caller's places for the answer.
    unsafe { places.fill(|| stream.allocate_audio_buffer(&mut irql, requested)) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn free_audio_buffer<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    mdl: *mut raw::MDL,
    size: u32,
) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: null, or the MDL of the buffer.
    let mdl = unsafe { Mdl::from_raw(mdl) };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.free_audio_buffer(&mut irql, mdl, size);
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_hw_latency<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    latency: *mut KSRTAUDIO_HWLATENCY,
) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(latency, KSRTAUDIO_HWLATENCY::ZERO, || Ok(stream.hardware_latency(&mut irql))) };
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_position_register<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    register: *mut KSRTAUDIO_HWREGISTER,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(register, KSRTAUDIO_HWREGISTER::ZERO, || stream.position_register(&mut irql)) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_clock_register<T: WaveRtStream, const N: usize>(
    this: *mut IMiniportWaveRTStream,
    register: *mut KSRTAUDIO_HWREGISTER,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(register, KSRTAUDIO_HWREGISTER::ZERO, || stream.clock_register(&mut irql)) }
}
