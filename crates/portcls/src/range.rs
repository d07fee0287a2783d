//! Data ranges out of bytes that nobody has checked.

use crate::plain::Plain;
use crate::raw::{
    GUID, KSDATAFORMAT_SPECIFIER_DSOUND, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SPECIFIER_WILDCARD, KSDATAFORMAT_SUBTYPE_WILDCARD, KSDATAFORMAT_TYPE_AUDIO,
    KSDATAFORMAT_TYPE_WILDCARD, KSDATARANGE,
};

/// A client's range of audio formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioRange {
    /// The sub-format; `None` is any.
    pub subformat: Option<GUID>,
    /// Most channels; `u32::MAX` is any number.
    pub max_channels: u32,
    /// Bits a sample, from and to.
    pub bits: (u32, u32),
    /// Frames a second, from and to.
    pub rates: (u32, u32),
}

impl AudioRange {
    /// Any audio.
    pub const ANY: Self =
        Self { subformat: None, max_channels: u32::MAX, bits: (0, u32::MAX), rates: (0, u32::MAX) };

    /// Reads a `KSDATARANGE_AUDIO`, or a `KSDATARANGE` alone, which stands for any audio. `None` for what is
    /// no range of wave formats.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head = KSDATARANGE::read(bytes)?;
        let all = bytes.get(..usize::try_from(head.FormatSize).ok()?)?;
        let is_audio = [KSDATAFORMAT_TYPE_AUDIO, KSDATAFORMAT_TYPE_WILDCARD].contains(&head.MajorFormat);
        let is_wave = [
            KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
            KSDATAFORMAT_SPECIFIER_DSOUND,
            KSDATAFORMAT_SPECIFIER_WILDCARD,
        ]
        .contains(&head.Specifier);
        if !is_audio || !is_wave {
            return None;
        }
        let subformat = (head.SubFormat != KSDATAFORMAT_SUBTYPE_WILDCARD).then_some(head.SubFormat);
        let mut rest = all.get(size_of::<KSDATARANGE>()..)?;
        if rest.is_empty() {
            return Some(Self { subformat, ..Self::ANY });
        }
        let mut number = || {
            let value = u32::read(rest)?;
            rest = rest.get(size_of::<u32>()..)?;
            Some(value)
        };
        Some(Self {
            subformat,
            max_channels: number()?,
            bits: (number()?, number()?),
            rates: (number()?, number()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::{KSDATAFORMAT_SUBTYPE_PCM, KSDATARANGE_AUDIO};
    use std::vec::Vec;

    fn head(size: u32) -> KSDATARANGE {
        KSDATARANGE {
            FormatSize: size,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
            ..KSDATARANGE::ZERO
        }
    }

    fn bytes(size: u32, numbers: &[u32]) -> Vec<u8> {
        let mut bytes = head(size).as_bytes().to_vec();
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.resize(size as usize, 0);
        bytes
    }

    #[test]
    fn a_full_range_is_read() {
        let range = AudioRange::parse(&bytes(88, &[2, 8, 16, 8000, 48_000])).unwrap();
        assert_eq!(range.subformat, Some(KSDATAFORMAT_SUBTYPE_PCM));
        assert_eq!((range.max_channels, range.bits, range.rates), (2, (8, 16), (8000, 48_000)));
        assert_eq!(size_of::<KSDATARANGE_AUDIO>(), 88);
    }

    #[test]
    fn a_bare_head_is_any_audio() {
        let any = AudioRange { subformat: Some(KSDATAFORMAT_SUBTYPE_PCM), ..AudioRange::ANY };
        assert_eq!(AudioRange::parse(&bytes(64, &[])), Some(any));
    }

    #[test]
    fn truncations_are_refused() {
        let full = bytes(88, &[2, 8, 16, 8000, 48_000]);
        for length in 0..88 {
            assert_eq!(AudioRange::parse(&full[..length]), None, "{length} bytes");
        }
        assert_eq!(AudioRange::parse(&bytes(72, &[2, 8])), None);
    }
}
