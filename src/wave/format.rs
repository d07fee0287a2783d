//! Formats as Windows says them, and as devices do.

use portcls::format::{Encoding, Format};
use portcls::range::AudioRange;
use portcls::raw::{GUID, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_PCM};

use crate::device::formats::{Formats, PREFERRED, RateSet, Sample, SampleSet, StreamFormat};

/// What an endpoint with the formats `offered` makes of `format`; none if it cannot do it.
///
/// Samples of 24 valid bits in 32 are taken for 32 bits, of which the lowest are zero. A client that says
/// `WAVEFORMATEX` names no speakers.
pub(crate) fn accept(format: &Format, offered: &Formats) -> Option<StreamFormat> {
    let sample = match (format.encoding(), format.bits(), format.valid_bits()) {
        (Encoding::Pcm, 8, 8) => Sample::U8,
        (Encoding::Pcm, 16, 16) => Sample::S16,
        (Encoding::Pcm, 24, 24) => Sample::S24,
        (Encoding::Pcm, 32, 24 | 32) => Sample::S32,
        (Encoding::Float, 32, 32) => Sample::F32,
        _ => return None,
    };
    let channels = u8::try_from(format.channels()).ok()?;
    let wanted = StreamFormat { sample, rate: format.rate(), channels };
    (offered.contains(&wanted) && offered.takes_mask(channels, format.channel_mask())).then_some(wanted)
}

/// The best format in which a client's range, one of the pin's, and the endpoint meet.
pub(super) fn intersection(client: &AudioRange, own: &AudioRange, offered: &Formats) -> Option<Format> {
    let sample = Sample::ALL
        .into_iter()
        .find(|sample| offered.samples.contains(*sample) && takes(client, *sample) && takes(own, *sample))?;
    let lowest = client.rates.0.max(own.rates.0);
    let highest = client.rates.1.min(own.rates.1);
    let rate = offered.rates.best_first().find(|rate| (lowest..=highest).contains(rate))?;
    let channels = offered.channels_within(client.max_channels.min(own.max_channels))?;
    let (bits, mask) = (bits(sample), offered.mask(channels));
    Format::new(rate, channels.into(), bits, bits, mask, encoding(sample))
}

/// The best format of an endpoint, in stereo or what comes closest to it.
pub(super) fn preferred(offered: &Formats) -> Option<Format> {
    let (sample, rate) = pairs(offered).next()?;
    let channels = offered.channels_within(u32::MAX)?;
    let (bits, mask) = (bits(sample), offered.mask(channels));
    Format::new(rate, channels.into(), bits, bits, mask, encoding(sample))
}

/// All formats of an endpoint as single pairs of sample and rate, best first.
pub(super) fn pairs(offered: &Formats) -> impl Iterator<Item = (Sample, u32)> + Clone {
    Pairs { samples: offered.samples, rates: offered.rates, next: 0 }
}

/// By hand: nested iterators take more of a kernel stack than there is, where they are not optimised.
#[derive(Clone, Copy)]
struct Pairs {
    samples: SampleSet,
    rates: RateSet,
    /// Number of the pair looked at next, of all that there are.
    next: usize,
}

impl Iterator for Pairs {
    type Item = (Sample, u32);

    fn next(&mut self) -> Option<(Sample, u32)> {
        loop {
            let sample = *Sample::ALL.get(self.next.checked_div(PREFERRED.len())?)?;
            let rate = *PREFERRED.get(self.next.checked_rem(PREFERRED.len())?)?;
            self.next = self.next.wrapping_add(1);
            if self.samples.contains(sample) && self.rates.contains(rate) {
                return Some((sample, rate));
            }
        }
    }
}

/// Bits of a sample.
pub(super) const fn bits(sample: Sample) -> u16 {
    (sample.bytes() as u16).wrapping_mul(8)
}

/// A plain `WAVEFORMATEX` says all there is to say of `format`.
pub(super) fn is_plain(format: &Format) -> bool {
    format.encoding() == Encoding::Pcm && format.bits() <= 16 && format.channels() <= 2
}

fn encoding(sample: Sample) -> Encoding {
    if sample == Sample::F32 { Encoding::Float } else { Encoding::Pcm }
}

fn subformat(sample: Sample) -> GUID {
    if sample == Sample::F32 { KSDATAFORMAT_SUBTYPE_IEEE_FLOAT } else { KSDATAFORMAT_SUBTYPE_PCM }
}

/// The range has this sample.
fn takes(range: &AudioRange, sample: Sample) -> bool {
    range.subformat.is_none_or(|wanted| wanted == subformat(sample))
        && (range.bits.0..=range.bits.1).contains(&bits(sample).into())
}
