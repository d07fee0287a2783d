//! How many channels a stream can have.
//!
//! `channels_min` and `channels_max` of a stream are its limits (5.14.6.6.2), and a driver must keep to them. QEMU's
//! `channels_max` is none: it tells how many channels were prepared last, 2 at first, and that survives a reset. After
//! somebody played a mono sound, a driver that takes it at its word offers mono for ever.
//!
//! Whether a device is of that kind is found out with what every device must allow:
//!
//! 1. Prepare a stream with as few channels as it says that it can have, and ask about it again. If the greatest number
//!    is now the least one, it is no limit. A device that keeps its word is taken at it from then on.
//! 2. If least and greatest number are the same there is nothing to be seen that way. Then parameters with one channel
//!    more are offered; a device that takes them has no such limit. This alone is beyond what a driver may ask for; the
//!    answer of a device that minds is an error and changes nothing.
//! 3. Where the number is no limit, parameters with ever fewer channels are offered, from as many as Windows has usual
//!    speakers for, and the first number that is taken is the limit.
//!
//! In the end the number that was there before is prepared again, for whoever comes next.

use super::state::Command;
use super::wire::{Params, PcmInfo};
use crate::device::formats::{PREFERRED, RATES, Sample};

/// Numbers of channels beyond stereo for which Windows has usual speakers, most first.
const CANDIDATES: [u8; 6] = [8, 7, 6, 5, 4, 3];

/// Frames of a period, and periods of a buffer, while asking.
const PERIOD_FRAMES: u32 = 480;
const PERIODS: u32 = 4;

/// A device that can be asked. False and none stand for any kind of no.
pub(crate) trait Streams {
    /// Sets parameters.
    fn set_params(&mut self, params: &Params) -> bool;

    /// Sends a command that is nothing but its code.
    fn send(&mut self, stream: u32, command: Command) -> bool;

    /// Asks about a stream anew.
    fn info(&mut self, stream: u32) -> Option<PcmInfo>;
}

/// What is known of the device so far: whether the greatest number of channels is a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Word {
    /// Not known yet.
    #[default]
    Unheard,
    /// It is.
    Kept,
    /// It is not.
    Empty,
}

/// Finds out the least and the greatest number of channels of `stream`, which was prepared by nobody. What is found out
/// about the device as a whole goes to `word`, so that the next stream need not be asked for it.
pub(crate) fn channels(device: &mut impl Streams, stream: u32, info: &PcmInfo, word: &mut Word) -> (u8, u8) {
    let (least, most) = (info.channels_min.max(1), info.channels_max);
    let Some(params) = parameters(stream, info) else { return (least, most) };
    let with = |channels: u8| with_channels(params, channels);
    if least < most && *word == Word::Unheard {
        *word = Word::Kept;
        if device.set_params(&with(least)) && device.send(stream, Command::Prepare) {
            if device.info(stream).is_some_and(|now| now.channels_max == least) {
                *word = Word::Empty;
            }
            let again = device.set_params(&with(most)) && device.send(stream, Command::Prepare);
            let _ = again && device.send(stream, Command::Release);
        }
    }
    let unlimited = match *word {
        Word::Empty => true,
        Word::Kept => false,
        Word::Unheard => device.set_params(&with(least.saturating_add(1))),
    };
    if !unlimited {
        return (least, most);
    }
    *word = Word::Empty;
    let more = CANDIDATES.into_iter().filter(|channels| *channels > most.max(2));
    let found = more.into_iter().find(|channels| device.set_params(&with(*channels)));
    (least, found.unwrap_or(most.max(least.saturating_add(1))))
}

/// Parameters that a stream takes if it takes any, but for the channels.
fn parameters(stream: u32, info: &PcmInfo) -> Option<Params> {
    let offers =
        |sample: &Sample| info.formats & 1_u64.wrapping_shl(u32::from(super::info::format_of(*sample))) != 0;
    let sample = Sample::ALL.into_iter().find(offers)?;
    let place = |rate: u32| RATES.into_iter().position(|known| known == rate);
    let offered = |place: &usize| info.rates & 1_u64.wrapping_shl(*place as u32) != 0;
    let rate = PREFERRED.into_iter().filter_map(place).find(offered)?;
    Some(Params {
        stream,
        buffer_bytes: 0,
        period_bytes: u32::from(sample.bytes()),
        features: 0,
        channels: 0,
        format: super::info::format_of(sample),
        rate: rate as u8,
    })
}

/// The same with so many channels; the period's bytes are still those of one sample.
fn with_channels(params: Params, channels: u8) -> Params {
    let frame = params.period_bytes.wrapping_mul(u32::from(channels));
    let period_bytes = frame.wrapping_mul(PERIOD_FRAMES);
    Params { channels, period_bytes, buffer_bytes: period_bytes.wrapping_mul(PERIODS), ..params }
}
