//! Formats and their intersection: what the driver offers, it plays.

#[path = "../../src/device"]
mod device {
    pub(crate) mod rates;
}
#[path = "../../src/wave/format.rs"]
mod format;

use device::rates::{RATES, RateSet};
use portcls::format::{DataFormat, Encoding, Format};
use portcls::plain::Plain;
use portcls::range::AudioRange;
use portcls::raw::KSDATAFORMAT_SUBTYPE_PCM;
use proptest::prelude::*;

fn all() -> RateSet {
    RATES.into_iter().fold(RateSet::EMPTY, RateSet::with)
}

fn rates() -> impl Strategy<Value = RateSet> {
    proptest::sample::subsequence(RATES.to_vec(), 0..=RATES.len())
        .prop_map(|rates| rates.into_iter().fold(RateSet::EMPTY, RateSet::with))
}

fn client() -> impl Strategy<Value = AudioRange> {
    let bits = prop_oneof![Just((16, 16)), Just((8, 24)), (0_u32..40, 0_u32..40)];
    let rates = prop_oneof![Just((0, u32::MAX)), (0_u32..60_000, 0_u32..60_000)];
    (0_u32..10, bits, rates, any::<bool>()).prop_map(|(max_channels, bits, rates, any)| AudioRange {
        subformat: (!any).then_some(KSDATAFORMAT_SUBTYPE_PCM),
        max_channels,
        bits,
        rates,
    })
}

proptest! {
    #[test]
    fn what_ranges_meet_in_can_be_played(client in client(), rates in rates(), own in 0..RATES.len()) {
        let own = AudioRange { rates: (RATES[own], RATES[own]), ..AudioRange::ANY };
        if let Some(format) = format::intersection(&client, &own, rates) {
            prop_assert!(format::is_playable(&format, rates));
            prop_assert_eq!(format.rate(), own.rates.0);
            prop_assert!(client.max_channels >= 2);
            prop_assert!((client.bits.0..=client.bits.1).contains(&16));
            prop_assert!((client.rates.0..=client.rates.1).contains(&format.rate()));
            let parsed = DataFormat::new(format.to_extensible().as_bytes()).parse().unwrap();
            prop_assert!(format::is_playable(&parsed, rates));
        }
    }

    #[test]
    fn only_sixteen_bit_stereo_pcm_is_played(
        rate in 1_u32..200_000, channels in 1_u16..10, bytes in 1_u16..=8, float in any::<bool>(), mask in 0_u32..16
    ) {
        let encoding = if float { Encoding::Float } else { Encoding::Pcm };
        let format = Format::new(rate, channels, bytes * 8, bytes * 8, mask, encoding).unwrap();
        let expected = RATES.contains(&rate) && channels == 2 && bytes == 2 && !float && [0, 3].contains(&mask);
        prop_assert_eq!(format::is_playable(&format, all()), expected);
    }
}

#[test]
fn both_ways_of_saying_a_format_are_the_same() {
    for rate in RATES {
        let format = Format::new(rate, 2, 16, 16, 3, Encoding::Pcm).unwrap();
        let plain = DataFormat::new(format.to_waveformatex().unwrap().as_bytes()).parse().unwrap();
        let extensible = DataFormat::new(format.to_extensible().as_bytes()).parse().unwrap();
        assert!(format::is_playable(&plain, all()) && format::is_playable(&extensible, all()));
        assert!(!format::is_playable(&plain, RateSet::EMPTY));
    }
}

#[test]
fn a_client_that_takes_anything_gets_the_best() {
    let format = format::intersection(&AudioRange::ANY, &AudioRange::ANY, all()).unwrap();
    assert_eq!((format.rate(), format.channels(), format.bits()), (48_000, 2, 16));
    assert!(format::intersection(&AudioRange::ANY, &AudioRange::ANY, RateSet::EMPTY).is_none());
}
