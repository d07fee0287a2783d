//! The streams of WavePci miniports.

use core::ffi::c_void;

use crate::com::{ComClass, Head, answer, unknown_vtbl, value};
use crate::format::DataFormat;
use crate::irql::{Irql, Passive, UpToDispatch};
use crate::mapping::Tag;
use crate::miniport::sized_bytes;
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use crate::raw::{
    IMiniportWavePciStream, IMiniportWavePciStreamVtbl, KSALLOCATOR_FRAMING, KSDATAFORMAT, KSSTATE, NTSTATUS,
};
use crate::status::{Result, Status, ntstatus};
use crate::stream::State;

/// `IMiniportWavePciStream`.
pub trait WavePciStream: ComClass {
    /// Changes the format of a stream that does not run.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER`, `STATUS_NOT_SUPPORTED`.
    fn set_format(&self, irql: &mut Irql<Passive>, format: &DataFormat<'_>) -> Result;

    /// One step along [`State`]'s order. On the way down it must succeed, also without the device.
    fn set_state(&self, irql: &mut Irql<Passive>, state: State) -> Result;

    /// Bytes from the beginning of the stream to what is being played or recorded, by the mappings it has got.
    fn position(&self, irql: &mut Irql<Passive>) -> Result<u64>;

    /// The time that `bytes` bytes take, in 100 ns. IRQL: any.
    fn normalize(&self, bytes: i64) -> Result<i64>;

    /// What buffers the stream likes best.
    fn allocator_framing(&self, irql: &mut Irql<Passive>) -> Result<KSALLOCATOR_FRAMING>;

    /// Gives up the mappings from tag `first` to tag `last`, both included, as far as it has them, also one that is being
    /// got at the moment: their memory is not touched any more, neither by the device. The answer is how many that were.
    fn revoke_mappings(&self, irql: &mut Irql<UpToDispatch>, first: Tag, last: Tag) -> Result<u32>;

    /// There are mappings again, after there was none.
    fn mapping_available(&self, irql: &mut Irql<UpToDispatch>);

    /// Deferred work, upon [`ComPtr::<IPortWavePci>::notify`](crate::ComPtr::notify).
    fn service(&self, irql: &mut Irql<UpToDispatch>);
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: WavePciStream, const N: usize> Head<T, N> for IMiniportWavePciStream {
    const VTBL: &'static IMiniportWavePciStreamVtbl = &IMiniportWavePciStreamVtbl {
        base: unknown_vtbl::<T, N>(),
        SetFormat: set_format::<T, N>,
        SetState: set_state::<T, N>,
        GetPosition: get_position::<T, N>,
        NormalizePhysicalPosition: normalize::<T, N>,
        GetAllocatorFraming: get_allocator_framing::<T, N>,
        RevokeMappings: revoke_mappings::<T, N>,
        MappingAvailable: mapping_available::<T, N>,
        Service: service_stream::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn set_format<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
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
/// As documented for `IMiniportWavePciStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn set_state<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
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
/// As documented for `IMiniportWavePciStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_position<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
    position: *mut u64,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(position, 0, || stream.position(&mut irql)) }
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, at any level.
unsafe extern "efiapi" fn normalize<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
    position: *mut i64,
) -> NTSTATUS {
    // SAFETY: null, or the caller's value, which the answer takes the place of.
    let Some(position) = (unsafe { position.as_mut() }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: the caller holds a reference during the call.
    match unsafe { value::<T, _, N>(this) }.normalize(*position) {
        Ok(time) => {
            *position = time;
            STATUS_SUCCESS
        }
        Err(status) => status.code(),
    }
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_allocator_framing<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
    framing: *mut KSALLOCATOR_FRAMING,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(framing, KSALLOCATOR_FRAMING::ZERO, || stream.allocator_framing(&mut irql)) }
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, up to DISPATCH_LEVEL.
unsafe extern "efiapi" fn revoke_mappings<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
    first: *mut c_void,
    last: *mut c_void,
    revoked: *mut u32,
) -> NTSTATUS {
    // SAFETY: documented as DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let stream = unsafe { value::<T, _, N>(this) };
    let make = || match (Tag::from_raw(first), Tag::from_raw(last)) {
        (Some(first), Some(last)) => stream.revoke_mappings(&mut irql, first, last),
        _ => Err(Status::INVALID_PARAMETER),
    };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(revoked, 0, make) }
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, up to DISPATCH_LEVEL.
unsafe extern "efiapi" fn mapping_available<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
) {
    // SAFETY: documented as up to DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.mapping_available(&mut irql);
}

/// # Safety
///
/// As documented for `IMiniportWavePciStream`, up to DISPATCH_LEVEL.
unsafe extern "efiapi" fn service_stream<T: WavePciStream, const N: usize>(
    this: *mut IMiniportWavePciStream,
) {
    // SAFETY: documented as DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.service(&mut irql);
}
