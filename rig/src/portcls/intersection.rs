//! Data intersection: the miniport's handler, or the port's where the miniport leaves it to that
//! (audio/default-data-intersection-handlers).

use portcls::raw::GUID;
use portcls::raw::KSDATAFORMAT;
use portcls::raw::KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
use portcls::raw::KSDATAFORMAT_SUBTYPE_PCM;
use portcls::raw::WAVE_FORMAT_PCM;
use portcls::raw::WAVEFORMATEX;

use super::binding::Binding;
use super::filter::AudioRange;
use super::filter::DataRange;
use super::filter::read_range;
use super::guarded::Guarded;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_BUFFER_TOO_SMALL;
use crate::nt::abi::STATUS_NOT_IMPLEMENTED;
use crate::nt::abi::STATUS_SUCCESS;

/// `STATUS_BUFFER_OVERFLOW`: the answer to a question for the size.
const STATUS_BUFFER_OVERFLOW: NtStatus = 0x8000_0005_u32 as i32;
/// `STATUS_NO_MATCH`.
const STATUS_NO_MATCH: NtStatus = 0xC000_0272_u32 as i32;

/// What came of an intersection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intersection {
    /// The status.
    pub status: NtStatus,
    /// The size told, in bytes.
    pub size: u32,
    /// The format, as far as there was room.
    pub format: Vec<u8>,
}

/// The client's range, as bytes of a `KSDATARANGE` and what follows it, with one of the pin's.
pub(crate) fn intersect(
    kernel: &'static Kernel,
    binding: &Binding,
    pin: u32,
    range: &[u8],
    own: &DataRange,
    length: u32,
) -> Intersection {
    let (theirs, into) = (Guarded::new(kernel, range), Guarded::new(kernel, &vec![0; length as usize]));
    let (status, size) = binding.intersect(pin, theirs.pointer(), own.address, into.pointer(), length);
    if status == STATUS_NOT_IMPLEMENTED {
        return by_default(&read_range(theirs.pointer().cast_const().cast()), own, length);
    }
    Intersection { status, size, format: into.bytes() }
}

/// The port's own handler: PCM, mono or stereo, the greatest of everything, `WAVEFORMATEX` alone.
fn by_default(client: &DataRange, own: &DataRange, length: u32) -> Intersection {
    const SIZE: usize = size_of::<KSDATAFORMAT>() + size_of::<WAVEFORMATEX>();
    let answer = |status, format| Intersection { status, size: SIZE as u32, format };
    let (Some(theirs), Some(ours)) = (client.audio, own.audio) else {
        return Intersection { status: STATUS_NO_MATCH, size: 0, format: Vec::new() };
    };
    let common = common(theirs, ours).filter(|_| {
        own.sub_format == KSDATAFORMAT_SUBTYPE_PCM && own.specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX
    });
    match common {
        None => Intersection { status: STATUS_NO_MATCH, size: 0, format: Vec::new() },
        Some(_) if length == 0 => answer(STATUS_BUFFER_OVERFLOW, Vec::new()),
        Some(_) if (length as usize) < SIZE => answer(STATUS_BUFFER_TOO_SMALL, Vec::new()),
        Some(common) => answer(STATUS_SUCCESS, wave_format(own, common)),
    }
}

fn common(one: AudioRange, other: AudioRange) -> Option<AudioRange> {
    let both = AudioRange {
        channels: one.channels.min(other.channels).min(2),
        bits: (one.bits.0.max(other.bits.0), one.bits.1.min(other.bits.1)),
        rates: (one.rates.0.max(other.rates.0), one.rates.1.min(other.rates.1)),
    };
    (both.channels > 0 && both.bits.0 <= both.bits.1 && both.rates.0 <= both.rates.1).then_some(both)
}

fn wave_format(own: &DataRange, of: AudioRange) -> Vec<u8> {
    let (bits, rate) = (of.bits.1, of.rates.1);
    let frame = of.channels * bits.div_ceil(8);
    let size = (size_of::<KSDATAFORMAT>() + size_of::<WAVEFORMATEX>()) as u32;
    let mut bytes = Vec::with_capacity(size as usize);
    [size, 0, frame, 0].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    [own.major, own.sub_format, own.specifier].iter().for_each(|guid| extend_by_guid(&mut bytes, guid));
    bytes.extend(WAVE_FORMAT_PCM.to_le_bytes());
    bytes.extend((of.channels as u16).to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * frame).to_le_bytes());
    bytes.extend((frame as u16).to_le_bytes());
    bytes.extend((bits as u16).to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

fn extend_by_guid(bytes: &mut Vec<u8>, guid: &GUID) {
    bytes.extend(guid.Data1.to_le_bytes());
    bytes.extend(guid.Data2.to_le_bytes());
    bytes.extend(guid.Data3.to_le_bytes());
    bytes.extend(guid.Data4);
}
