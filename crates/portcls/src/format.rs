//! Audio formats, out of bytes that nobody has checked.

use crate::plain::Plain;
use crate::raw::{
    GUID, KSDATAFORMAT, KSDATAFORMAT_SPECIFIER_DSOUND, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO,
    KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE, WAVE_FORMAT_EXTENSIBLE,
    WAVE_FORMAT_IEEE_FLOAT, WAVE_FORMAT_PCM, WAVEFORMATEX, WAVEFORMATEXTENSIBLE,
};
use crate::status::{Result, Status};

/// Where the wave format begins in a DirectSound format: after flags and control.
const DSOUND_WAVE: usize = size_of::<KSDATAFORMAT>() + 8;
/// `cbSize` of a `WAVEFORMATEXTENSIBLE`.
const EXTENSIBLE_EXTRA: usize = size_of::<WAVEFORMATEXTENSIBLE>() - size_of::<WAVEFORMATEX>();

/// A `KSDATAFORMAT` and what follows it, untrusted.
#[derive(Clone, Copy)]
pub struct DataFormat<'a>(&'a [u8]);

impl<'a> DataFormat<'a> {
    /// Looks at bytes as a format.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The audio format, whether it comes as `WAVEFORMATEX` or as `WAVEFORMATEXTENSIBLE`, plain or inside a
    /// DirectSound format.
    ///
    /// The average byte rate, which follows from the rest, is not looked at, nor the `cbSize` of plain PCM.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for what is no audio format, is shorter than it says, or contradicts
    /// itself.
    pub fn parse(&self) -> Result<Format> {
        self.try_parse().ok_or(Status::INVALID_PARAMETER)
    }

    fn try_parse(&self) -> Option<Format> {
        let head = KSDATAFORMAT::read(self.0)?;
        let all = self.0.get(..usize::try_from(head.FormatSize).ok()?)?;
        if head.MajorFormat != KSDATAFORMAT_TYPE_AUDIO {
            return None;
        }
        let wave = match head.Specifier {
            KSDATAFORMAT_SPECIFIER_WAVEFORMATEX => all.get(size_of::<KSDATAFORMAT>()..)?,
            KSDATAFORMAT_SPECIFIER_DSOUND => all.get(DSOUND_WAVE..)?,
            _ => return None,
        };
        Format::from_wave(wave)
    }
}

/// How a sample is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Integers: unsigned in 8 bits, else signed.
    Pcm,
    /// IEEE 754.
    Float,
    /// Something else, by its sub-format.
    Other(GUID),
}

/// An audio format that holds together.
///
/// # Invariants
///
/// `rate` and `channels` are not zero; `bits` is a multiple of 8 from 8 to 64; `valid_bits` is from 1 to
/// `bits`; a frame has `channels * bits / 8` bytes and fits 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    rate: u32,
    channels: u16,
    bits: u16,
    valid_bits: u16,
    channel_mask: u32,
    encoding: Encoding,
}

impl Format {
    /// A format of `channels` channels at `rate` Hz, in samples of `bits` bits of which the upper
    /// `valid_bits` count.
    ///
    /// `channel_mask` has a `SPEAKER_` bit a channel, or is 0.
    #[must_use]
    pub fn new(
        rate: u32,
        channels: u16,
        bits: u16,
        valid_bits: u16,
        channel_mask: u32,
        encoding: Encoding,
    ) -> Option<Self> {
        let frame = u32::from(channels).checked_mul(u32::from(bits / 8))?;
        let holds = rate != 0
            && channels != 0
            && bits.is_multiple_of(8)
            && (8..=64).contains(&bits)
            && (1..=bits).contains(&valid_bits)
            && u16::try_from(frame).is_ok();
        // INVARIANT: as just checked.
        holds.then_some(Self { rate, channels, bits, valid_bits, channel_mask, encoding })
    }

    /// The format that a `WAVEFORMATEX` and what follows it describe.
    fn from_wave(bytes: &[u8]) -> Option<Self> {
        let wave = WAVEFORMATEX::read(bytes)?;
        let extra = bytes.get(size_of::<WAVEFORMATEX>()..)?.get(..usize::from(wave.cbSize));
        let bits = wave.wBitsPerSample;
        let (valid_bits, channel_mask, encoding) = match wave.wFormatTag {
            WAVE_FORMAT_PCM => (bits, 0, Encoding::Pcm),
            WAVE_FORMAT_IEEE_FLOAT => extra.map(|_| (bits, 0, Encoding::Float))?,
            WAVE_FORMAT_EXTENSIBLE => {
                extra.filter(|extra| extra.len() >= EXTENSIBLE_EXTRA)?;
                let extensible = WAVEFORMATEXTENSIBLE::read(bytes)?;
                let encoding = match extensible.SubFormat {
                    KSDATAFORMAT_SUBTYPE_PCM => Encoding::Pcm,
                    KSDATAFORMAT_SUBTYPE_IEEE_FLOAT => Encoding::Float,
                    other => Encoding::Other(other),
                };
                (extensible.Samples, extensible.dwChannelMask, encoding)
            }
            _ => return None,
        };
        let format =
            Self::new(wave.nSamplesPerSec, wave.nChannels, bits, valid_bits, channel_mask, encoding)?;
        (format.frame_bytes() == wave.nBlockAlign).then_some(format)
    }

    /// Frames a second.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples a frame.
    #[must_use]
    pub const fn channels(&self) -> u16 {
        self.channels
    }

    /// Bits that a sample takes.
    #[must_use]
    pub const fn bits(&self) -> u16 {
        self.bits
    }

    /// Bits of a sample that count, from the top.
    #[must_use]
    pub const fn valid_bits(&self) -> u16 {
        self.valid_bits
    }

    /// A `SPEAKER_` bit a channel; 0 if the client did not say.
    #[must_use]
    pub const fn channel_mask(&self) -> u32 {
        self.channel_mask
    }

    /// How a sample is encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Bytes a frame.
    #[must_use]
    pub const fn frame_bytes(&self) -> u16 {
        self.channels.saturating_mul(self.bits / 8)
    }

    /// The format as `KSDATAFORMAT_WAVEFORMATEX`, for PCM and float of full width.
    #[must_use]
    pub fn to_waveformatex(&self) -> Option<KSDATAFORMAT_WAVEFORMATEX> {
        let tag = match self.encoding {
            Encoding::Pcm => WAVE_FORMAT_PCM,
            Encoding::Float => WAVE_FORMAT_IEEE_FLOAT,
            Encoding::Other(_) => return None,
        };
        (self.valid_bits == self.bits).then(|| KSDATAFORMAT_WAVEFORMATEX {
            DataFormat: self.head(size_of::<KSDATAFORMAT_WAVEFORMATEX>()),
            WaveFormatEx: self.wave(tag, 0),
        })
    }

    /// The format as `KSDATAFORMAT_WAVEFORMATEXTENSIBLE`.
    #[must_use]
    pub fn to_extensible(&self) -> KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
            DataFormat: self.head(size_of::<KSDATAFORMAT_WAVEFORMATEXTENSIBLE>()),
            WaveFormatExt: WAVEFORMATEXTENSIBLE {
                Format: self.wave(WAVE_FORMAT_EXTENSIBLE, EXTENSIBLE_EXTRA as u16),
                Samples: self.valid_bits,
                dwChannelMask: self.channel_mask,
                SubFormat: self.subformat(),
            },
        }
    }

    const fn subformat(&self) -> GUID {
        match self.encoding {
            Encoding::Pcm => KSDATAFORMAT_SUBTYPE_PCM,
            Encoding::Float => KSDATAFORMAT_SUBTYPE_IEEE_FLOAT,
            Encoding::Other(other) => other,
        }
    }

    const fn head(&self, size: usize) -> KSDATAFORMAT {
        KSDATAFORMAT {
            FormatSize: size as u32,
            SampleSize: self.frame_bytes() as u32,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: self.subformat(),
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
            ..KSDATAFORMAT::ZERO
        }
    }

    const fn wave(&self, tag: u16, extra: u16) -> WAVEFORMATEX {
        WAVEFORMATEX {
            wFormatTag: tag,
            nChannels: self.channels,
            nSamplesPerSec: self.rate,
            nAvgBytesPerSec: self.rate.saturating_mul(self.frame_bytes() as u32),
            nBlockAlign: self.frame_bytes(),
            wBitsPerSample: self.bits,
            cbSize: extra,
        }
    }
}

#[cfg(test)]
mod tests;
