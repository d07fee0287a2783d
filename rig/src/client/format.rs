//! Formats as clients of kernel streaming write them.

use crate::sound::Encoding;
use crate::sound::Pcm;

const KSDATAFORMAT_BYTES: usize = 64;
const WAVE_FORMAT_PCM: u16 = 1;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;

/// `KSDATAFORMAT_TYPE_AUDIO`, `KSDATAFORMAT_SPECIFIER_WAVEFORMATEX`, `KSDATAFORMAT_SUBTYPE_PCM` and `_IEEE_FLOAT`
/// as they lie in memory.
const TYPE_AUDIO: [u8; 16] = *b"auds\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";
const SPECIFIER_WAVEFORMATEX: [u8; 16] =
    [0x81, 0x9f, 0x58, 0x05, 0x56, 0xc3, 0xce, 0x11, 0xbf, 0x01, 0x00, 0xaa, 0x00, 0x55, 0x59, 0x5a];
const SUBTYPE_PCM: [u8; 16] = *b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";
const SUBTYPE_FLOAT: [u8; 16] = *b"\x03\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";

/// Which of the two encodings of one and the same format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `WAVEFORMATEX`: integer samples that fill their container, mono or stereo.
    Plain,
    /// `WAVEFORMATEXTENSIBLE`: anything.
    Extensible,
}

/// Speaker positions of the usual layouts.
fn channel_mask(channels: u16) -> u32 {
    match channels {
        1 => 0x4,
        2 => 0x3,
        4 => 0x33,
        6 => 0x3F,
        8 => 0x63F,
        _ => 0,
    }
}

/// A `KSDATAFORMAT` with its wave format behind it, as `NewStream` gets it.
pub fn data_format(pcm: &Pcm, shape: Shape) -> Vec<u8> {
    let subtype = if pcm.encoding == Encoding::Float { SUBTYPE_FLOAT } else { SUBTYPE_PCM };
    let block_align = pcm.frame_bytes() as u16;
    let mut wave = Vec::new();
    let tag = if shape == Shape::Plain { WAVE_FORMAT_PCM } else { WAVE_FORMAT_EXTENSIBLE };
    wave.extend(tag.to_le_bytes());
    wave.extend(pcm.channels.to_le_bytes());
    wave.extend(pcm.rate.to_le_bytes());
    wave.extend((pcm.rate * u32::from(block_align)).to_le_bytes());
    wave.extend(block_align.to_le_bytes());
    wave.extend(pcm.container.to_le_bytes());
    if shape == Shape::Plain {
        wave.extend(0_u16.to_le_bytes());
    } else {
        wave.extend(22_u16.to_le_bytes());
        wave.extend(pcm.bits.to_le_bytes());
        wave.extend(channel_mask(pcm.channels).to_le_bytes());
        wave.extend(subtype);
    }
    let mut format = Vec::with_capacity(KSDATAFORMAT_BYTES + wave.len());
    format.extend(((KSDATAFORMAT_BYTES + wave.len()) as u32).to_le_bytes());
    format.extend(0_u32.to_le_bytes());
    format.extend(u32::from(block_align).to_le_bytes());
    format.extend(0_u32.to_le_bytes());
    format.extend(TYPE_AUDIO);
    format.extend(subtype);
    format.extend(SPECIFIER_WAVEFORMATEX);
    format.extend(wave);
    format
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use super::data_format;
    use crate::sound::Pcm;

    #[test]
    fn sizes_are_those_of_the_structures() {
        let pcm = Pcm::from_s16(48_000, 2, &[]);
        assert_eq!(data_format(&pcm, Shape::Plain).len(), 82);
        assert_eq!(data_format(&pcm, Shape::Extensible).len(), 104);
        assert_eq!(data_format(&pcm, Shape::Plain)[..4], 82_u32.to_le_bytes());
    }
}
