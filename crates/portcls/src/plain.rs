//! Records as bytes, and bytes as records.

use crate::raw;

/// A record in which every byte belongs to a field, and for which every pattern of bytes is a value.
///
/// # Safety
///
/// It is one: no padding, no pointer, no reference, nothing uninitialised.
pub unsafe trait Plain: Copy + 'static {
    /// The record's bytes.
    fn as_bytes(&self) -> &[u8] {
        // SAFETY: without padding, every byte is initialised; a plain record has no interior mutability.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<Self>()) }
    }

    /// The record at the start of `bytes`, of any alignment, if they are enough.
    #[must_use]
    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < size_of::<Self>() {
            return None;
        }
        // SAFETY: there are enough bytes, and any bytes are a value.
        Some(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

/// Whether the fields of a record fill it.
const fn is_filled(layout: &raw::RecordLayout) -> bool {
    let mut rest = layout.fields;
    let mut sum = 0usize;
    while let [field, tail @ ..] = rest {
        sum = sum.wrapping_add(field.size);
        rest = tail;
    }
    sum == layout.size
}

macro_rules! plain {
    (numbers: $($number:ty),*; records: $($record:ident),* $(,)?) => {
        $(
            // SAFETY: a number.
            unsafe impl Plain for $number {}
        )*
        $(
            const _: () = assert!(is_filled(&raw::$record::LAYOUT));
            // SAFETY: integers, GUIDs and other plain records only; no padding, as asserted.
            unsafe impl Plain for raw::$record {}
        )*
    };
}

plain! {
    numbers: u8, u16, u32, i32, u64, i64;
    records: GUID, KSATTRIBUTE, KSAUDIO_CHANNEL_CONFIG, KSAUDIO_PACKETSIZE_CONSTRAINTS,
    KSAUDIO_PACKETSIZE_CONSTRAINTS2, KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT, KSAUDIO_POSITION, KSAUDIO_PRESENTATION_POSITION,
    KSDATAFORMAT, KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE, KSDATARANGE, KSIDENTIFIER,
    KSJACK_DESCRIPTION, KSJACK_DESCRIPTION2, KSJACK_DESCRIPTION3, KSMULTIPLE_ITEM, KSPROPERTY_BOUNDS_LONG,
    KSPROPERTY_DESCRIPTION, KSPROPERTY_MEMBERSHEADER, KSPROPERTY_STEPPING_LONG, WAVEFORMATEX, WAVEFORMATEXTENSIBLE,
}
