//! What the device says of its streams, jacks and channel maps, in the driver's words.
//!
//! What Windows has no word for is left out; what makes no sense makes no endpoint.

use super::wire::{ChmapInfo, JackInfo, PcmInfo, direction, format};
use crate::device::Direction;
use crate::device::formats::{Formats, MAX_CHANNELS, RATES, RateSet, Sample, SampleSet, Speakers};
use crate::device::jack::Pin;

/// The number by which the device knows a sample.
pub(crate) const fn format_of(sample: Sample) -> u8 {
    match sample {
        Sample::U8 => format::U8,
        Sample::S16 => format::S16,
        Sample::S24 => format::S24_3,
        Sample::S32 => format::S32,
        Sample::F32 => format::FLOAT,
    }
}

/// The number by which the device knows a rate in Hz.
pub(crate) fn rate_of(rate: u32) -> Option<u8> {
    RATES.into_iter().position(|known| known == rate).and_then(|place| u8::try_from(place).ok())
}

/// Where sound goes.
pub(crate) const fn direction_of(number: u8) -> Option<Direction> {
    match number {
        direction::OUTPUT => Some(Direction::Render),
        direction::INPUT => Some(Direction::Capture),
        _ => None,
    }
}

/// What a stream can do; `channels` is how few and how many, which [`super::probe`] finds out. None if that is nothing
/// that Windows could ask for.
pub(crate) fn formats<'a>(
    info: &PcmInfo,
    channels: (u8, u8),
    maps: impl Iterator<Item = &'a ChmapInfo>,
) -> Option<Formats> {
    let offers = |sample: &Sample| info.formats & 1_u64.wrapping_shl(u32::from(format_of(*sample))) != 0;
    let samples = Sample::ALL.into_iter().filter(offers).fold(SampleSet::EMPTY, SampleSet::with);
    let rates = RateSet::from_bits(info.rates);
    let channels = (channels.0.max(1), channels.1.min(MAX_CHANNELS));
    if samples == SampleSet::EMPTY || rates == RateSet::EMPTY || channels.0 > channels.1 {
        return None;
    }
    let own = maps.filter(|map| map.group == info.group && map.direction == info.direction);
    let speakers = own.filter_map(speakers).fold(Speakers::default(), Speakers::with);
    Some(Formats { samples, rates, channels, speakers })
}

/// The speakers of a channel map, as the mask that Windows has for it. None if a channel is at none of Windows'
/// speakers, or if the channels come in another order than that of the bits, which is how Windows has them in a frame:
/// the driver does not touch samples, and hence can't put them in order.
pub(crate) fn speakers(map: &ChmapInfo) -> Option<u32> {
    let positions =
        map.positions.get(..usize::from(map.channels)).filter(|positions| !positions.is_empty())?;
    let mut mask = 0;
    for position in positions {
        let speaker = speaker(*position)?;
        if speaker <= mask {
            return None;
        }
        mask |= speaker;
    }
    Some(mask)
}

/// The speaker, as Windows' bit for it (ksmedia.h, `SPEAKER_`), of a position (`VIRTIO_SND_CHMAP_`).
const fn speaker(position: u8) -> Option<u32> {
    Some(match position {
        3 => 0x1,
        4 => 0x2,
        // A single channel comes from the middle.
        2 | 7 => 0x4,
        8 => 0x8,
        5 => 0x10,
        6 => 0x20,
        12 => 0x40,
        13 => 0x80,
        11 => 0x100,
        9 => 0x200,
        10 => 0x400,
        21 => 0x800,
        22 => 0x1000,
        24 => 0x2000,
        23 => 0x4000,
        25 => 0x8000,
        27 => 0x1_0000,
        26 => 0x2_0000,
        _ => return None,
    })
}

/// The pin behind a jack.
pub(crate) const fn pin(info: &JackInfo) -> Pin {
    Pin { configuration: info.configuration, capabilities: info.capabilities }
}

/// Where the sound of a jack goes, by its default device (High Definition Audio Specification 1.0a, 7.3.3.31), or else
/// by what it is capable of (7.3.4.9); none if that does not tell.
pub(crate) const fn jack_direction(info: &JackInfo) -> Option<Direction> {
    const OUTPUT_CAPABLE: u32 = 1 << 4;
    const INPUT_CAPABLE: u32 = 1 << 5;
    match info.configuration >> 20 & 0xF {
        // Line out, speaker, headphones, and digital outputs.
        0 | 1 | 2 | 4 | 5 => Some(Direction::Render),
        // CD, line in, auxiliary, microphone, telephone, and digital inputs.
        3 | 8..=0xD => Some(Direction::Capture),
        _ => match info.capabilities & (OUTPUT_CAPABLE | INPUT_CAPABLE) {
            OUTPUT_CAPABLE => Some(Direction::Render),
            INPUT_CAPABLE => Some(Direction::Capture),
            _ => None,
        },
    }
}

/// The jack behind stream `index`: of the function group's jacks for its direction the one whose turn it is when the
/// streams of that group and direction are counted out. None if there are fewer jacks.
pub(crate) fn jack_of<'a>(
    streams: impl Iterator<Item = &'a PcmInfo> + Clone,
    index: usize,
    jacks: impl Iterator<Item = &'a JackInfo>,
) -> Option<usize> {
    let stream = streams.clone().nth(index)?;
    let direction = direction_of(stream.direction)?;
    let alike = |other: &&PcmInfo| other.group == stream.group && other.direction == stream.direction;
    let turn = streams.take(index).filter(alike).count();
    let own = |(_, jack): &(usize, &JackInfo)| {
        jack.group == stream.group && jack_direction(jack) == Some(direction)
    };
    jacks.enumerate().filter(own).nth(turn).map(|(number, _)| number)
}
