//! What an endpoint can play or record: samples, rates, channels, and which channel is which speaker.

/// Most channels of a frame: Windows names 18 speakers.
pub(crate) const MAX_CHANNELS: u8 = 18;

/// How one sample is encoded; integers of more than eight bits are signed, all are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// Unsigned, 8 bits; silence is 0x80.
    U8,
    /// 16 bits.
    S16,
    /// 24 bits in three bytes.
    S24,
    /// 32 bits.
    S32,
    /// IEEE 754, 32 bits.
    F32,
}

impl Sample {
    /// All of them, best first: what Windows takes when nobody says otherwise, then by precision.
    pub(crate) const ALL: [Self; 5] = [Self::S16, Self::S24, Self::S32, Self::F32, Self::U8];

    /// Bytes of a sample.
    pub(crate) const fn bytes(self) -> u8 {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }

    /// The byte of which silence is made.
    pub(crate) const fn silence(self) -> u8 {
        if matches!(self, Self::U8) { 0x80 } else { 0 }
    }
}

/// A set of [`Sample`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleSet(u8);

impl SampleSet {
    /// No sample at all.
    pub(crate) const EMPTY: Self = Self(0);

    /// This set and `sample`.
    pub(crate) const fn with(self, sample: Sample) -> Self {
        Self(self.0 | Self::bit(sample))
    }

    /// The set has `sample`.
    pub(crate) const fn contains(self, sample: Sample) -> bool {
        self.0 & Self::bit(sample) != 0
    }

    const fn bit(sample: Sample) -> u8 {
        1 << sample as u8
    }
}

/// The rates this driver knows, in Hz; a rate's place is its bit in a [`RateSet`], and the number by which virtio
/// knows it.
pub(crate) const RATES: [u32; 14] = [
    5_512, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400, 192_000,
    384_000,
];

/// [`RATES`], best first: what Windows takes by itself, then what is more, then what is less.
pub(crate) const PREFERRED: [u32; 14] = [
    48_000, 44_100, 96_000, 88_200, 192_000, 176_400, 384_000, 64_000, 32_000, 22_050, 16_000, 11_025, 8_000,
    5_512,
];

/// A set of [`RATES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateSet(u16);

impl RateSet {
    /// No rate at all.
    pub(crate) const EMPTY: Self = Self(0);

    /// The set of the rates whose bits are set; other bits are ignored.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits as u16 & 0x3FFF)
    }

    /// This set and `rate`; an unknown rate changes nothing.
    pub(crate) fn with(self, rate: u32) -> Self {
        Self(self.0 | Self::bit(rate))
    }

    /// The set has `rate`.
    pub(crate) fn contains(self, rate: u32) -> bool {
        self.0 & Self::bit(rate) != 0
    }

    /// The rates of the set, best first.
    pub(crate) fn best_first(self) -> impl Iterator<Item = u32> + Clone {
        PREFERRED.iter().copied().filter(move |rate| self.contains(*rate))
    }

    fn bit(rate: u32) -> u16 {
        match RATES.into_iter().position(|known| known == rate) {
            Some(index) => 1_u16.wrapping_shl(index as u32),
            None => 0,
        }
    }
}

/// The speakers of each number of channels, as the device has them: a `SPEAKER_` bit a channel, in rising order,
/// which is the order of channels in a frame. 0 where the device does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Speakers([u32; MAX_CHANNELS as usize]);

impl Speakers {
    /// Nothing is said.
    pub(crate) const UNKNOWN: Self = Self([0; MAX_CHANNELS as usize]);

    /// These, and `mask` for frames of as many channels as it has bits. A mask of none or too many changes nothing.
    pub(crate) fn with(mut self, mask: u32) -> Self {
        let place = (mask.count_ones() as usize).checked_sub(1).and_then(|index| self.0.get_mut(index));
        if let Some(place) = place {
            *place = mask;
        }
        self
    }

    /// The mask of `channels` channels, if the device said one.
    pub(crate) fn mask(&self, channels: u8) -> Option<u32> {
        let mask = usize::from(channels).checked_sub(1).and_then(|index| self.0.get(index))?;
        Some(*mask).filter(|mask| *mask != 0)
    }
}

/// The speakers that Windows assumes for a number of channels, and what else goes by that number; the first one is the
/// usual one. Source: ksmedia.h, `KSAUDIO_SPEAKER_`.
pub(crate) const fn usual_masks(channels: u8) -> &'static [u32] {
    match channels {
        1 => &[0x4],
        2 => &[0x3],
        3 => &[0x7, 0xB],
        4 => &[0x33, 0x107],
        5 => &[0x607, 0x37],
        6 => &[0x60F, 0x3F],
        7 => &[0x637, 0x13F],
        8 => &[0x63F, 0xFF],
        _ => &[],
    }
}

/// All formats of an endpoint: each sample with each rate and each number of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Formats {
    /// Samples.
    pub(crate) samples: SampleSet,
    /// Rates.
    pub(crate) rates: RateSet,
    /// Least and most channels of a frame.
    pub(crate) channels: (u8, u8),
    /// Which channel is which speaker.
    pub(crate) speakers: Speakers,
}

impl Formats {
    /// The endpoint can do `format`.
    pub(crate) fn contains(&self, format: &StreamFormat) -> bool {
        self.samples.contains(format.sample)
            && self.rates.contains(format.rate)
            && (self.channels.0..=self.channels.1).contains(&format.channels)
    }

    /// The number of channels for a client that takes up to `most`: stereo, or what comes closest.
    pub(crate) fn channels_within(&self, most: u32) -> Option<u8> {
        let (least, device_most) = self.channels;
        let most = u8::try_from(most).unwrap_or(u8::MAX).min(device_most);
        (least <= most).then_some(2_u8.max(least).min(most))
    }

    /// The speakers of a frame of `channels` channels; 0 if nobody can say.
    pub(crate) fn mask(&self, channels: u8) -> u32 {
        let usual = usual_masks(channels).first().copied();
        self.speakers.mask(channels).or(usual).unwrap_or(0)
    }

    /// `mask` names speakers of `channels` channels: none at all, those of the device, or, where the device does not
    /// say, any that are usual.
    pub(crate) fn takes_mask(&self, channels: u8, mask: u32) -> bool {
        mask == 0
            || match self.speakers.mask(channels) {
                Some(own) => mask == own,
                None => usual_masks(channels).contains(&mask) || usual_masks(channels).is_empty(),
            }
    }
}

/// A number for what Windows remembers of an endpoint: its formats, and the longest buffer in bytes. It is the same for
/// the same, and in all likelihood another one for anything else (FNV-1a of 32 bits).
pub(crate) fn fingerprint(formats: &Formats, longest: u32) -> u32 {
    let Formats { samples: SampleSet(samples), rates: RateSet(rates), channels, speakers } = formats;
    let words = [longest, (*samples).into(), (*rates).into(), channels.0.into(), channels.1.into()];
    let bytes = words.iter().chain(&speakers.0).flat_map(|word| word.to_le_bytes());
    bytes.fold(0x811C_9DC5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The format of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamFormat {
    /// Sample.
    pub(crate) sample: Sample,
    /// Frames a second.
    pub(crate) rate: u32,
    /// Samples a frame, not zero.
    pub(crate) channels: u8,
}

impl StreamFormat {
    /// Bytes of a frame.
    pub(crate) const fn frame_bytes(&self) -> u32 {
        (self.channels as u32).wrapping_mul(self.sample.bytes() as u32)
    }

    /// Bytes a second.
    pub(crate) const fn bytes_a_second(&self) -> u64 {
        (self.rate as u64).wrapping_mul(self.frame_bytes() as u64)
    }
}
