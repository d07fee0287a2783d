//! What miniports of every kind answer.

use core::ffi::c_void;
use core::ptr::null;

use crate::com::{ComClass, answer, unknown_vtbl, value};
use crate::descriptor::Filter;
use crate::irql::{Irql, Passive};
use crate::modes::attributes_at;
use crate::output::Output;
use crate::plain::Plain;
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    IMiniport, IMiniportVtbl, KSDATAFORMAT, KSDATAFORMAT_ATTRIBUTES, KSDATARANGE, KSMULTIPLE_ITEM, NTSTATUS,
    PCFILTER_DESCRIPTOR,
};
use crate::status::{Result, Status, ntstatus};

/// The part that all miniports share.
pub trait Miniport: ComClass {
    /// The filter. Called while the port is being initialised; PortCls keeps pointers into it for as long as it
    /// holds the miniport, so that a filter may be a `static`, or an
    /// [`OwnedFilter`](crate::descriptor::OwnedFilter) in the miniport.
    fn description(&self, irql: &mut Irql<Passive>) -> Result<&Filter>;

    /// Picks the format in which a client's data range and one of the pin's meet.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` if they do not meet; `STATUS_NOT_IMPLEMENTED` to have the port's default handler do
    /// it, which knows PCM in one and two channels without `WAVEFORMATEXTENSIBLE`; what [`Output::put`] says.
    fn data_range_intersection(
        &self,
        _irql: &mut Irql<Passive>,
        _ranges: &DataRanges<'_>,
        _format: Output<'_>,
    ) -> Result {
        Err(Status::NOT_IMPLEMENTED)
    }
}

/// Two data ranges that are to be intersected.
pub struct DataRanges<'a> {
    /// The pin.
    pub pin: u32,
    /// The client's range: a `KSDATARANGE` and what follows it, untrusted.
    pub client: &'a [u8],
    /// The pin's own range, out of the filter's tables.
    pub own: &'a [u8],
}

/// A data range, or a data format, with what follows it.
///
/// # Safety
///
/// `range` is null or points to as many bytes as its `FormatSize` says, at least a `KSDATARANGE`, unchanged
/// during `'a`.
pub(crate) unsafe fn sized_bytes<'a>(range: *const KSDATARANGE) -> Option<&'a [u8]> {
    if range.is_null() {
        return None;
    }
    // SAFETY: not null, so there is a header.
    let size = unsafe { (&raw const (*range).FormatSize).read_unaligned() } as usize;
    if size < size_of::<KSDATARANGE>() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { core::slice::from_raw_parts(range.cast(), size) })
}

/// A data format with what follows it: the rest of the format, and its attributes if it says that it has some.
///
/// # Safety
///
/// `format` is null or points to as many bytes as its `FormatSize` says, at least a `KSDATAFORMAT`; if its flags say
/// that there are attributes, a `KSMULTIPLE_ITEM` follows at the next multiple of 8, and as many bytes as its `Size`
/// says. All of it is unchanged during `'a`.
pub(crate) unsafe fn format_bytes<'a>(format: *const KSDATAFORMAT) -> Option<&'a [u8]> {
    // SAFETY: ranges and formats are one record; as the caller promises.
    let alone = unsafe { sized_bytes::<'a>(format.cast()) }?;
    if KSDATAFORMAT::read(alone)?.Flags & KSDATAFORMAT_ATTRIBUTES == 0 {
        return Some(alone);
    }
    let list = attributes_at(alone.len())?;
    // SAFETY: as the caller promises, the head of a list stands there.
    let size = unsafe { format.byte_add(list).cast::<KSMULTIPLE_ITEM>().read_unaligned() }.Size as usize;
    // SAFETY: as the caller promises.
    Some(unsafe { core::slice::from_raw_parts(format.cast(), list.checked_add(size)?) })
}

/// The methods of `IMiniport`.
pub(crate) const fn miniport_vtbl<T: Miniport, const N: usize>() -> IMiniportVtbl {
    IMiniportVtbl {
        base: unknown_vtbl::<T, N>(),
        GetDescription: get_description::<T, N>,
        DataRangeIntersection: data_range_intersection::<T, N>,
    }
}

/// # Safety
///
/// As documented for `IMiniport`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_description<T: Miniport, const N: usize>(
    this: *mut IMiniport,
    description: *mut *const PCFILTER_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let miniport = unsafe { value::<T, _, N>(this) };
    let make = || miniport.description(&mut irql).map(Filter::as_raw);
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(description, null(), make) }
}

/// # Safety
///
/// As documented for `IMiniport`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn data_range_intersection<T: Miniport, const N: usize>(
    this: *mut IMiniport,
    pin: u32,
    client: *mut KSDATARANGE,
    own: *mut KSDATARANGE,
    capacity: u32,
    format: *mut c_void,
    length: *mut u32,
) -> NTSTATUS {
    // SAFETY: the caller's place for the length, or null; and `capacity` bytes, or null.
    let Some(output) = (unsafe { Output::new(format.cast(), capacity, length) }) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: PortCls passes ranges that are as large as they say.
    let (client, own) = unsafe { (sized_bytes(client), sized_bytes(own)) };
    let (Some(client), Some(own)) = (client, own) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let miniport = unsafe { value::<T, _, N>(this) };
    ntstatus(miniport.data_range_intersection(&mut irql, &DataRanges { pin, client, own }, output))
}
