//! Streams that signal events.

use crate::com::{Head, value};
use crate::handle::{Event, Mdl};
use crate::irql::{Irql, Passive};
use crate::raw;
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    IMiniportWaveRTStreamNotification, IMiniportWaveRTStreamNotificationVtbl, MEMORY_CACHING_TYPE, NTSTATUS,
};
use crate::status::{Result, ntstatus};
use crate::stream::{AudioBuffer, BufferPlaces, WaveRtStream, stream_vtbl};

/// `IMiniportWaveRTStreamNotification`: a stream that signals events.
pub trait WaveRtStreamNotification: WaveRtStream {
    /// Allocates the cyclic buffer for a client that waits for events, `count` of them (1 or 2) a buffer.
    /// `requested` in bytes.
    ///
    /// # Errors
    ///
    /// As [`WaveRtStream::allocate_audio_buffer`]; `STATUS_INVALID_PARAMETER` for another count.
    fn allocate_buffer_with_notification(
        &self,
        irql: &mut Irql<Passive>,
        count: u32,
        requested: u32,
    ) -> Result<AudioBuffer>;

    /// Frees it, in whatever state the stream is. `size` in bytes, as it was allocated.
    fn free_buffer_with_notification(&self, irql: &mut Irql<Passive>, mdl: Option<Mdl>, size: u32);

    /// Adds an event to be set at each packet border while the stream runs. The event lives until it is
    /// unregistered.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; `STATUS_UNSUCCESSFUL` for an event that is there already.
    fn register_notification_event(&self, irql: &mut Irql<Passive>, event: Event) -> Result;

    /// Takes an event off.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_FOUND` if it is not there.
    fn unregister_notification_event(&self, irql: &mut Irql<Passive>, event: Event) -> Result;
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: WaveRtStreamNotification, const N: usize> Head<T, N> for IMiniportWaveRTStreamNotification {
    const VTBL: &'static IMiniportWaveRTStreamNotificationVtbl = &IMiniportWaveRTStreamNotificationVtbl {
        base: stream_vtbl::<T, N>(),
        AllocateBufferWithNotification: allocate_buffer_with_notification::<T, N>,
        FreeBufferWithNotification: free_buffer_with_notification::<T, N>,
        RegisterNotificationEvent: register_notification_event::<T, N>,
        UnregisterNotificationEvent: unregister_notification_event::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStreamNotification`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn allocate_buffer_with_notification<T: WaveRtStreamNotification, const N: usize>(
    this: *mut IMiniportWaveRTStreamNotification,
    count: u32,
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
    unsafe { places.fill(|| stream.allocate_buffer_with_notification(&mut irql, count, requested)) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStreamNotification`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn free_buffer_with_notification<T: WaveRtStreamNotification, const N: usize>(
    this: *mut IMiniportWaveRTStreamNotification,
    mdl: *mut raw::MDL,
    size: u32,
) {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: null, or the MDL of the buffer.
    let mdl = unsafe { Mdl::from_raw(mdl) };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.free_buffer_with_notification(&mut irql, mdl, size);
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStreamNotification`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn register_notification_event<T: WaveRtStreamNotification, const N: usize>(
    this: *mut IMiniportWaveRTStreamNotification,
    event: *mut raw::KEvent,
) -> NTSTATUS {
    // SAFETY: null, or an event that PortCls holds until it is unregistered.
    let Some(event) = (unsafe { Event::from_raw(event) }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.register_notification_event(&mut irql, event))
}

/// # Safety
///
/// As documented for `IMiniportWaveRTStreamNotification`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn unregister_notification_event<T: WaveRtStreamNotification, const N: usize>(
    this: *mut IMiniportWaveRTStreamNotification,
    event: *mut raw::KEvent,
) -> NTSTATUS {
    // SAFETY: null, or an event that PortCls holds during the call.
    let Some(event) = (unsafe { Event::from_raw(event) }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.unregister_notification_event(&mut irql, event))
}
