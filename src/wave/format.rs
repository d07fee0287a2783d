//! The formats of the wave filter: 16-bit stereo PCM, at the rates that the device has.

use portcls::format::{Encoding, Format};
use portcls::range::AudioRange;
use portcls::raw::{KSAUDIO_SPEAKER_STEREO, KSDATAFORMAT_SUBTYPE_PCM};

use crate::device::rates::RateSet;

/// Channels of every format.
pub(super) const CHANNELS: u16 = 2;
/// Bits of a sample of every format.
pub(super) const BITS: u16 = 16;

/// A device with these `rates` plays `format`. A client that says `WAVEFORMATEX` names no speakers.
pub(super) fn is_playable(format: &Format, rates: RateSet) -> bool {
    format.encoding() == Encoding::Pcm
        && (format.channels(), format.bits(), format.valid_bits()) == (CHANNELS, BITS, BITS)
        && [0, KSAUDIO_SPEAKER_STEREO].contains(&format.channel_mask())
        && rates.contains(format.rate())
}

/// The best format in which a client's range, one of the pin's, and the device meet.
pub(super) fn intersection(client: &AudioRange, own: &AudioRange, rates: RateSet) -> Option<Format> {
    let pcm = client.subformat.is_none_or(|subformat| subformat == KSDATAFORMAT_SUBTYPE_PCM);
    let stereo = client.max_channels >= u32::from(CHANNELS);
    let width = (client.bits.0..=client.bits.1).contains(&u32::from(BITS));
    if !(pcm && stereo && width) {
        return None;
    }
    let rate = rates.best_within(client.rates.0.max(own.rates.0), client.rates.1.min(own.rates.1))?;
    Format::new(rate, CHANNELS, BITS, BITS, KSAUDIO_SPEAKER_STEREO, Encoding::Pcm)
}
