//! Signal processing modes: what a pin says it does, and which one a client asks for.
//!
//! A mode is a GUID. A client names one in an attribute behind its format; without one it means
//! `AUDIO_SIGNALPROCESSINGMODE_DEFAULT`:
//!
//! ```text
//!   KSDATAFORMAT ..    | up to 8 | KSMULTIPLE_ITEM | KSATTRIBUTE .. mode | ..
//!   FormatSize bytes   | bytes   | Size bytes, with all Count attributes      |
//! ```

use core::ptr::NonNull;

use crate::com::{ComClass, Head, unknown_vtbl, value};
use crate::format::DataFormat;
use crate::irql::{Irql, Passive};
use crate::plain::Plain;
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    GUID, IMiniportAudioSignalProcessing, IMiniportAudioSignalProcessingVtbl, KSATTRIBUTE,
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE, KSDATAFORMAT, KSDATAFORMAT_ATTRIBUTES, KSMULTIPLE_ITEM,
    NTSTATUS,
};
use crate::status::{Result, Status, ntstatus};

/// What attributes begin at a multiple of, in bytes.
const ALIGNMENT: usize = 8;

/// `IMiniportAudioSignalProcessing`: a miniport whose pins have signal processing modes.
pub trait AudioSignalProcessing: ComClass {
    /// The modes of `pin`.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for a pin that is not there, `STATUS_NOT_SUPPORTED` for one that has no modes: a
    /// bridge pin, say.
    fn modes(&self, irql: &mut Irql<Passive>, pin: u32) -> Result<&'static [GUID]>;
}

// SAFETY: the method below, for class `T` and place `N`.
unsafe impl<T: AudioSignalProcessing, const N: usize> Head<T, N> for IMiniportAudioSignalProcessing {
    const VTBL: &'static IMiniportAudioSignalProcessingVtbl =
        &IMiniportAudioSignalProcessingVtbl { base: unknown_vtbl::<T, N>(), GetModes: get_modes::<T, N> };
}

/// # Safety
///
/// As documented for `IMiniportAudioSignalProcessing`, at PASSIVE_LEVEL: `count` is null or a place for a number, and
/// `modes` null or room for as many GUIDs as that says.
unsafe extern "efiapi" fn get_modes<T: AudioSignalProcessing, const N: usize>(
    this: *mut IMiniportAudioSignalProcessing,
    pin: u32,
    modes: *mut GUID,
    count: *mut u32,
) -> NTSTATUS {
    let Some(count) = NonNull::new(count) else { return STATUS_INVALID_PARAMETER };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let own = match unsafe { value::<T, _, N>(this) }.modes(&mut irql, pin) {
        Ok(own) => own,
        Err(status) => return ntstatus(Err(status)),
    };
    // SAFETY: the caller's place for the number, which is read before it is written.
    let room = unsafe { count.read_unaligned() } as usize;
    // SAFETY: as above.
    unsafe { count.write_unaligned(own.len() as u32) };
    let Some(modes) = NonNull::new(modes) else { return ntstatus(Ok(())) };
    if room < own.len() {
        return ntstatus(Err(Status::BUFFER_TOO_SMALL));
    }
    let bytes = size_of_val(own);
    // SAFETY: room for as many, as just compared; a caller's array does not overlap the driver's table.
    unsafe { modes.cast::<u8>().copy_from_nonoverlapping(NonNull::from(own).cast(), bytes) };
    ntstatus(Ok(()))
}

/// Where the attributes behind a format of `size` bytes begin.
pub(crate) fn attributes_at(size: usize) -> Option<usize> {
    size.checked_next_multiple_of(ALIGNMENT)
}

impl DataFormat<'_> {
    /// The signal processing mode that the client asks for, if it says one.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for attributes that are shorter than they say, or two modes.
    /// `STATUS_NOT_SUPPORTED` for an attribute that is none of a mode.
    pub fn mode(&self) -> Result<Option<GUID>> {
        let head = KSDATAFORMAT::read(self.bytes()).ok_or(Status::INVALID_PARAMETER)?;
        if head.Flags & KSDATAFORMAT_ATTRIBUTES == 0 {
            return Ok(None);
        }
        let size = usize::try_from(head.FormatSize).ok();
        let list = size.and_then(attributes_at).and_then(|at| self.bytes().get(at..));
        mode_in(list.ok_or(Status::INVALID_PARAMETER)?)
    }
}

/// The signal processing mode in a list of attributes, untrusted: a `KSMULTIPLE_ITEM` and what it counts.
///
/// # Errors
///
/// As [`DataFormat::mode`].
pub fn mode_in(list: &[u8]) -> Result<Option<GUID>> {
    let head = KSMULTIPLE_ITEM::read(list).ok_or(Status::INVALID_PARAMETER)?;
    let size = usize::try_from(head.Size).map_err(|_| Status::INVALID_PARAMETER)?;
    let mut rest = list.get(size_of::<KSMULTIPLE_ITEM>()..size).ok_or(Status::INVALID_PARAMETER)?;
    let mut mode = None;
    for _ in 0..head.Count {
        let attribute = KSATTRIBUTE::read(rest).ok_or(Status::INVALID_PARAMETER)?;
        let size = usize::try_from(attribute.Size).map_err(|_| Status::INVALID_PARAMETER)?;
        let value = rest.get(size_of::<KSATTRIBUTE>()..size).ok_or(Status::INVALID_PARAMETER)?;
        if attribute.Attribute != KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE {
            return Err(Status::NOT_SUPPORTED);
        }
        let asked = GUID::read(value).ok_or(Status::INVALID_PARAMETER)?;
        if mode.replace(asked).is_some() {
            return Err(Status::INVALID_PARAMETER);
        }
        // The last one need not be filled up to where another one would begin.
        let next = size.checked_next_multiple_of(ALIGNMENT).unwrap_or(size);
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(mode)
}

#[cfg(test)]
mod tests;
