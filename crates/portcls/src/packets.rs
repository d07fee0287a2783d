//! Streams that hand over packets (Windows 10).

use crate::com::{ComClass, Head, answer, unknown_vtbl, value};
use crate::irql::{Irql, Passive};
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use crate::raw::{
    BOOL, IMiniportWaveRTInputStream, IMiniportWaveRTInputStreamVtbl, IMiniportWaveRTOutputStream,
    IMiniportWaveRTOutputStreamVtbl, KSAUDIO_PRESENTATION_POSITION, NTSTATUS,
};
use crate::status::{Result, ntstatus};

/// `IMiniportWaveRTOutputStream`: a render stream that is told of each packet written.
pub trait WaveRtOutputStream: ComClass {
    /// Takes over packet `packet`, counted from the start of the stream. `flags` may be
    /// `KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM`; the packet then has `eos_length` bytes, maybe none.
    ///
    /// # Errors
    ///
    /// `STATUS_DATA_LATE_ERROR` if the packet is being transferred or was; `STATUS_DATA_OVERRUN` if it is too
    /// far ahead; `STATUS_INVALID_DEVICE_STATE` after the end of the stream; `STATUS_INVALID_PARAMETER` for
    /// anything else wrong.
    fn set_write_packet(&self, irql: &mut Irql<Passive>, packet: u32, flags: u32, eos_length: u32) -> Result;

    /// The frame that leaves the system, and the performance counter at that moment.
    fn presentation_position(&self, irql: &mut Irql<Passive>) -> Result<KSAUDIO_PRESENTATION_POSITION>;

    /// How many packets were transferred completely; 0 in STOP.
    fn packet_count(&self, irql: &mut Irql<Passive>) -> Result<u32>;
}

/// `IMiniportWaveRTInputStream`: a capture stream that tells of each packet read.
pub trait WaveRtInputStream: ComClass {
    /// The packet to be read next; the client has done with all before.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if there is none.
    fn read_packet(&self, irql: &mut Irql<Passive>) -> Result<ReadPacket>;
}

/// A packet that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPacket {
    /// Counted from the start of the stream.
    pub number: u32,
    /// The performance counter when the first sample was taken.
    pub first_sample: u64,
    /// Whether another complete packet is there already.
    pub more: bool,
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: WaveRtOutputStream, const N: usize> Head<T, N> for IMiniportWaveRTOutputStream {
    const VTBL: &'static IMiniportWaveRTOutputStreamVtbl = &IMiniportWaveRTOutputStreamVtbl {
        base: unknown_vtbl::<T, N>(),
        SetWritePacket: set_write_packet::<T, N>,
        GetOutputStreamPresentationPosition: get_presentation_position::<T, N>,
        GetPacketCount: get_packet_count::<T, N>,
    };
}

// SAFETY: the method below, for class `T` and place `N`.
unsafe impl<T: WaveRtInputStream, const N: usize> Head<T, N> for IMiniportWaveRTInputStream {
    const VTBL: &'static IMiniportWaveRTInputStreamVtbl = &IMiniportWaveRTInputStreamVtbl {
        base: unknown_vtbl::<T, N>(),
        GetReadPacket: get_read_packet::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IMiniportWaveRTOutputStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn set_write_packet<T: WaveRtOutputStream, const N: usize>(
    this: *mut IMiniportWaveRTOutputStream,
    packet: u32,
    flags: u32,
    eos_length: u32,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.set_write_packet(&mut irql, packet, flags, eos_length))
}

/// # Safety
///
/// As documented for `IMiniportWaveRTOutputStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_presentation_position<T: WaveRtOutputStream, const N: usize>(
    this: *mut IMiniportWaveRTOutputStream,
    position: *mut KSAUDIO_PRESENTATION_POSITION,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe {
        answer(position, KSAUDIO_PRESENTATION_POSITION::ZERO, || stream.presentation_position(&mut irql))
    }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTOutputStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_packet_count<T: WaveRtOutputStream, const N: usize>(
    this: *mut IMiniportWaveRTOutputStream,
    count: *mut u32,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(count, 0, || stream.packet_count(&mut irql)) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRTInputStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_read_packet<T: WaveRtInputStream, const N: usize>(
    this: *mut IMiniportWaveRTInputStream,
    number: *mut u32,
    flags: *mut u32,
    first_sample: *mut u64,
    more: *mut BOOL,
) -> NTSTATUS {
    // One of them is null if the least of them is.
    if number.addr().min(flags.addr()).min(first_sample.addr()).min(more.addr()) == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    let put = |packet: ReadPacket| {
        // SAFETY: not null, so the caller's place for the number.
        unsafe { number.write(packet.number) };
        // SAFETY: not null, so the caller's place for the flags, of which none is defined.
        unsafe { flags.write(0) };
        // SAFETY: not null, so the caller's place for the time.
        unsafe { first_sample.write(packet.first_sample) };
        // SAFETY: not null, so the caller's place for the answer.
        unsafe { more.write(packet.more.into()) };
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    match unsafe { value::<T, _, N>(this) }.read_packet(&mut irql) {
        Ok(packet) => {
            put(packet);
            STATUS_SUCCESS
        }
        Err(status) => {
            put(ReadPacket { number: 0, first_sample: 0, more: false });
            status.code()
        }
    }
}
