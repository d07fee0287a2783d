//! Formats and their intersection: what the driver offers, it plays.

#[path = "../../src/device"]
mod device {
    #[expect(dead_code, reason = "of what devices need of it, this test needs a part")]
    pub(crate) mod formats;
}
#[path = "../../src/wave/format.rs"]
mod format;

use device::formats::{
    Formats, MAX_CHANNELS, RATES, RateSet, Sample, SampleSet, Speakers, StreamFormat, fingerprint,
};
use portcls::format::{DataFormat, Encoding, Format};
use portcls::plain::Plain;
use portcls::range::AudioRange;
use portcls::raw::{KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_PCM};
use proptest::prelude::*;
use proptest::sample::subsequence;

fn rates_of(rates: impl IntoIterator<Item = u32>) -> RateSet {
    rates.into_iter().fold(RateSet::EMPTY, RateSet::with)
}

fn samples_of(samples: impl IntoIterator<Item = Sample>) -> SampleSet {
    samples.into_iter().fold(SampleSet::EMPTY, SampleSet::with)
}

fn everything() -> Formats {
    Formats {
        samples: samples_of(Sample::ALL),
        rates: rates_of(RATES),
        channels: (1, MAX_CHANNELS),
        speakers: Speakers::default(),
    }
}

fn ac97() -> Formats {
    Formats {
        samples: samples_of([Sample::S16]),
        rates: rates_of([8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]),
        channels: (2, 2),
        speakers: Speakers::default().with(3),
    }
}

fn formats() -> impl Strategy<Value = Formats> {
    let samples = subsequence(Sample::ALL.to_vec(), 0..=Sample::ALL.len());
    let rates = subsequence(RATES.to_vec(), 0..=RATES.len());
    let channels = (1..=MAX_CHANNELS, 0..MAX_CHANNELS);
    (samples, rates, channels, any::<bool>()).prop_map(|(samples, rates, (least, more), says)| Formats {
        samples: samples_of(samples),
        rates: rates_of(rates),
        channels: (least, (least + more).min(MAX_CHANNELS)),
        speakers: if says { Speakers::default().with(3).with(0x3F) } else { Speakers::default() },
    })
}

fn client() -> impl Strategy<Value = AudioRange> {
    let bits = prop_oneof![Just((16, 16)), Just((8, 24)), Just((0, 99)), (0_u32..40, 0_u32..40)];
    let rates = prop_oneof![Just((0, u32::MAX)), (0_u32..400_000, 0_u32..400_000)];
    let subformat = prop_oneof![
        Just(None),
        Just(Some(KSDATAFORMAT_SUBTYPE_PCM)),
        Just(Some(KSDATAFORMAT_SUBTYPE_IEEE_FLOAT))
    ];
    let channels = prop_oneof![Just(u32::MAX), 0_u32..20];
    (channels, bits, rates, subformat).prop_map(|(max_channels, bits, rates, subformat)| AudioRange {
        subformat,
        max_channels,
        bits,
        rates,
    })
}

/// The pin's range for a pair of sample and rate, as the filter has it.
fn own(sample: Sample, rate: u32, channels: u8) -> AudioRange {
    let bits = u32::from(sample.bytes()) * 8;
    let subformat =
        if sample == Sample::F32 { KSDATAFORMAT_SUBTYPE_IEEE_FLOAT } else { KSDATAFORMAT_SUBTYPE_PCM };
    AudioRange {
        subformat: Some(subformat),
        max_channels: channels.into(),
        bits: (bits, bits),
        rates: (rate, rate),
    }
}

/// What `NewStream` makes of the bytes of `format`.
fn opened(format: &Format, offered: &Formats) -> Option<StreamFormat> {
    let parsed = DataFormat::new(format.to_extensible().as_bytes()).parse().unwrap();
    format::accept(&parsed, offered)
}

proptest! {
    /// Row 71: intersection.
    #[test]
    fn what_ranges_meet_in_can_be_played(client in client(), offered in formats()) {
        for (sample, rate) in format::pairs(&offered) {
            let own = own(sample, rate, offered.channels.1);
            let Some(format) = format::intersection(&client, &own, &offered) else { continue };
            prop_assert_eq!(format.rate(), rate);
            prop_assert!(client.max_channels >= u32::from(format.channels()));
            prop_assert!((client.bits.0..=client.bits.1).contains(&u32::from(format.bits())));
            prop_assert!((client.rates.0..=client.rates.1).contains(&format.rate()));
            let stream = opened(&format, &offered);
            prop_assert_eq!(stream.map(|stream| stream.sample), Some(sample));
            prop_assert_eq!(stream.map(|stream| stream.frame_bytes()), Some(u32::from(format.frame_bytes())));
            if format::is_plain(&format) {
                let plain = format.to_waveformatex().unwrap();
                let parsed = DataFormat::new(plain.as_bytes()).parse().unwrap();
                prop_assert_eq!(format::accept(&parsed, &offered), stream);
            }
        }
    }

    #[test]
    fn a_client_that_takes_anything_gets_something(offered in formats()) {
        let offers = format::pairs(&offered).count();
        let met = format::intersection(&AudioRange::ANY, &AudioRange::ANY, &offered);
        prop_assert_eq!(met.is_some(), offers > 0);
        if let (Some(met), Some((sample, rate))) = (met, format::pairs(&offered).next()) {
            prop_assert_eq!((format::accept(&met, &offered).map(|met| met.sample), met.rate()), (Some(sample), rate));
        }
    }

    /// Row 4: hostile formats.
    #[test]
    fn only_what_is_offered_is_played(
        offered in formats(), rate in prop_oneof![proptest::sample::select(RATES.to_vec()), 1_u32..400_000],
        channels in 1_u16..24, bytes in 1_u16..=8, less in prop_oneof![Just(0_u16), 0_u16..8], float in any::<bool>()
    ) {
        let (bits, valid) = (bytes * 8, (bytes * 8).saturating_sub(less).max(1));
        let encoding = if float { Encoding::Float } else { Encoding::Pcm };
        let Some(format) = Format::new(rate, channels, bits, valid, 0, encoding) else { return Ok(()) };
        let sample = match (float, bits, valid) {
            (false, 8, 8) => Some(Sample::U8),
            (false, 16, 16) => Some(Sample::S16),
            (false, 24, 24) => Some(Sample::S24),
            (false, 32, 24 | 32) => Some(Sample::S32),
            (true, 32, 32) => Some(Sample::F32),
            _ => None,
        };
        let expected = sample.is_some_and(|sample| offered.samples.contains(sample))
            && offered.rates.contains(rate)
            && (u16::from(offered.channels.0)..=u16::from(offered.channels.1)).contains(&channels);
        prop_assert_eq!(format::accept(&format, &offered).is_some(), expected);
    }
}

/// Row 3: two encodings of a format.
#[test]
fn both_ways_of_saying_a_format_are_the_same() {
    for rate in [44_100, 48_000] {
        let format = Format::new(rate, 2, 16, 16, 3, Encoding::Pcm).unwrap();
        let plain = DataFormat::new(format.to_waveformatex().unwrap().as_bytes()).parse().unwrap();
        let wanted = Some(StreamFormat { sample: Sample::S16, rate, channels: 2 });
        assert_eq!(format::accept(&plain, &ac97()), wanted);
        assert_eq!(opened(&format, &ac97()), wanted);
        assert_eq!(opened(&format, &Formats { rates: RateSet::EMPTY, ..ac97() }), None);
    }
}

#[test]
fn what_waveformatex_says_in_full_is_plain() {
    for (channels, bits, encoding, plain) in [
        (1, 8, Encoding::Pcm, true),
        (2, 16, Encoding::Pcm, true),
        (3, 16, Encoding::Pcm, false),
        (2, 24, Encoding::Pcm, false),
        (2, 32, Encoding::Float, false),
        (2, 16, Encoding::Float, false),
    ] {
        let format = Format::new(48_000, channels, bits, bits, 0, encoding).unwrap();
        assert_eq!(format::is_plain(&format), plain, "{channels} {bits} {encoding:?}");
    }
}

#[test]
fn a_client_that_takes_anything_gets_the_best() {
    for offered in [everything(), ac97()] {
        let format = format::intersection(&AudioRange::ANY, &AudioRange::ANY, &offered).unwrap();
        assert_eq!((format.rate(), format.channels(), format.bits()), (48_000, 2, 16));
    }
    let none = Formats { samples: SampleSet::EMPTY, ..everything() };
    assert!(format::intersection(&AudioRange::ANY, &AudioRange::ANY, &none).is_none());
}

#[test]
fn where_nobody_has_chosen_it_is_the_best_format() {
    for offered in [everything(), ac97()] {
        let format = format::preferred(&offered).unwrap();
        assert_eq!((format.rate(), format.bits()), (48_000, 16));
        assert_eq!(format.channels(), 2);
        assert!(opened(&format, &offered).is_some());
    }
    assert!(format::preferred(&Formats { samples: SampleSet::EMPTY, ..everything() }).is_none());
}

#[test]
fn ranges_come_best_first_and_once_each() {
    let pairs: Vec<(Sample, u32)> = format::pairs(&everything()).collect();
    assert_eq!(pairs.len(), Sample::ALL.len() * RATES.len());
    assert_eq!(pairs[..2], [(Sample::S16, 48_000), (Sample::S16, 44_100)]);
    for rate in RATES {
        for sample in Sample::ALL {
            assert_eq!(pairs.iter().filter(|pair| **pair == (sample, rate)).count(), 1);
        }
    }
}

#[test]
fn twenty_four_bits_in_thirty_two_are_thirty_two() {
    let format = Format::new(48_000, 2, 32, 24, 3, Encoding::Pcm).unwrap();
    let stream = opened(&format, &everything()).unwrap();
    assert_eq!((stream.sample, stream.frame_bytes(), stream.bytes_a_second()), (Sample::S32, 8, 384_000));
    let packed = Formats { samples: samples_of([Sample::S24, Sample::F32]), ..everything() };
    assert_eq!(opened(&format, &packed), None);
}

#[test]
fn speakers_are_those_of_the_device_or_the_usual_ones() {
    let accepts = |offered: &Formats, channels: u16, mask: u32| {
        let format = Format::new(48_000, channels, 16, 16, mask, Encoding::Pcm).unwrap();
        opened(&format, offered).is_some()
    };
    let silent = everything();
    for (channels, usual, other) in [
        (1, 0x4, 0x4),
        (2, 0x3, 0x3),
        (3, 0x7, 0xB),
        (4, 0x33, 0x107),
        (5, 0x607, 0x37),
        (6, 0x60F, 0x3F),
        (7, 0x637, 0x13F),
        (8, 0x63F, 0xFF),
    ] {
        assert_eq!(silent.mask(channels), usual);
        assert!(accepts(&silent, channels.into(), usual) && accepts(&silent, channels.into(), 0));
        assert!(accepts(&silent, channels.into(), other));
        assert!(!accepts(&silent, channels.into(), 1 << 17));
    }
    // Of nine and more nothing is usual, and anything goes.
    assert_eq!(silent.mask(9), 0);
    assert!(accepts(&silent, 9, 0x1FF) && accepts(&silent, 9, 0));
    let back = Formats { speakers: Speakers::default().with(0x3F), ..everything() };
    assert_eq!((back.mask(6), back.mask(2)), (0x3F, 3));
    assert!(accepts(&back, 6, 0x3F) && accepts(&back, 6, 0) && !accepts(&back, 6, 0x60F));
    assert_eq!(Speakers::default().with(0).with(u32::MAX), Speakers::default());
}

#[test]
fn rate_sets_hold_what_was_put_in() {
    let mut set = RateSet::EMPTY;
    for (bit, rate) in RATES.into_iter().enumerate() {
        assert!(!set.contains(rate));
        set = set.with(rate);
        assert!(set.contains(rate));
        assert_eq!(RateSet::from_bits(1 << bit), RateSet::EMPTY.with(rate));
    }
    assert_eq!(set.with(12_345), set);
    assert_eq!(RateSet::from_bits(u64::MAX), set);
    assert_eq!(set.best_first().next(), Some(48_000));
    assert_eq!(set.best_first().count(), RATES.len());
    assert_eq!(RateSet::EMPTY.best_first().next(), None);
}

#[test]
fn what_is_put_in_twice_is_in() {
    for sample in Sample::ALL {
        let once = SampleSet::EMPTY.with(Sample::S16).with(sample);
        assert_eq!(once.with(sample), once);
        assert!(once.contains(sample) && once.contains(Sample::S16));
    }
    assert_eq!(rates_of([48_000, 48_000]), rates_of([48_000]));
    assert_eq!(samples_of(Sample::ALL).with(Sample::U8), samples_of(Sample::ALL));
}

#[test]
fn silence_is_the_middle_of_the_samples() {
    assert_eq!(Sample::ALL.map(Sample::silence), [0, 0, 0, 0, 0x80]);
    assert_eq!(Sample::ALL.map(Sample::bytes), [2, 3, 4, 4, 1]);
}

/// Row 70: ConfigId of a jack.
#[test]
fn the_fingerprint_is_another_one_for_anything_else() {
    let all = everything();
    let less = Formats { rates: rates_of([48_000]), ..all };
    let fewer = Formats { samples: samples_of([Sample::S16]), ..all };
    let stereo = Formats { channels: (2, 2), ..all };
    let mono = Formats { channels: (1, 1), ..all };
    let placed = Formats { speakers: Speakers::default().with(3), ..all };
    let mut numbers: Vec<u32> = [all, less, fewer, stereo, mono, placed]
        .iter()
        .map(|formats| fingerprint(formats, 1 << 20))
        .collect();
    numbers.push(fingerprint(&all, 1 << 21));
    let seen = numbers.clone();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 7);
    assert!(!numbers.contains(&0));
    // Windows keeps the number over restarts and updates: what it is made of must not change.
    assert_eq!(fingerprint(&all, 1 << 20), seen[0]);
    assert_eq!(fingerprint(&ac97(), 4 << 20), 0x446A_65BA);
}
