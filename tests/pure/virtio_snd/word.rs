//! What the driver makes of a device's word on channels: devices that keep it, and devices that do not.

use proptest::prelude::*;

use crate::QEMU;
use crate::device::formats::{RATES, Sample};
use crate::device::virtio_snd::info::format_of;
use crate::device::virtio_snd::probe::{Streams, Word, channels};
use crate::device::virtio_snd::state::{Command, Told};
use crate::device::virtio_snd::wire::{Params, PcmInfo};

/// A device of one stream.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) info: PcmInfo,
    /// `channels_max` is what was prepared last.
    forgetful: bool,
    /// Most channels that it takes.
    most: u8,
    told: Told,
    set: u8,
    /// Commands out of order, and parameters beyond what the device last said.
    wrong: u32,
}

impl Device {
    pub(crate) fn new(min: u8, max: u8) -> Self {
        let info = PcmInfo { channels_min: min, channels_max: max, ..QEMU };
        Self { info, forgetful: false, most: max, told: Told::Fresh, set: 0, wrong: 0 }
    }

    fn forgetful(max: u8, most: u8) -> Self {
        Self { forgetful: true, most, ..Self::new(1, max) }
    }

    /// Takes a command in, if it is in order.
    fn order(&mut self, command: Command) -> bool {
        let after = self.told.after(command);
        self.wrong += u32::from(after.is_none());
        self.told = after.unwrap_or(self.told);
        after.is_some()
    }

    /// What the driver makes of it.
    fn asked(&mut self, word: &mut Word) -> (u8, u8) {
        let info = self.info;
        channels(self, 0, &info, word)
    }
}

impl Streams for Device {
    fn set_params(&mut self, params: &Params) -> bool {
        let (format, rate) = (1_u64 << params.format, 1_u64 << params.rate);
        assert!(self.info.formats & format != 0 && self.info.rates & rate != 0, "what it has not offered");
        let sample = Sample::ALL.into_iter().find(|sample| format_of(*sample) == params.format).unwrap();
        let frame = u32::from(sample.bytes()) * u32::from(params.channels);
        assert!(params.period_bytes > 0 && params.period_bytes.is_multiple_of(frame), "whole frames");
        assert!(params.buffer_bytes > params.period_bytes, "several periods");
        assert!(params.buffer_bytes.is_multiple_of(params.period_bytes), "whole periods");
        if !(self.info.channels_min..=self.info.channels_max).contains(&params.channels) && !self.forgetful {
            self.wrong += 1;
        }
        let taken = (self.info.channels_min..=self.most).contains(&params.channels);
        if taken && self.order(Command::SetParams) {
            self.set = params.channels;
            return true;
        }
        false
    }

    fn send(&mut self, _stream: u32, command: Command) -> bool {
        let fine = self.order(command);
        if fine && command == Command::Prepare && self.forgetful {
            self.info.channels_max = self.set;
        }
        fine
    }

    fn info(&mut self, _stream: u32) -> Option<PcmInfo> {
        Some(self.info)
    }
}

#[test]
fn the_model_device_notices_what_is_wrong() {
    let mut device = Device::new(1, 2);
    let params =
        Params { stream: 0, buffer_bytes: 24, period_bytes: 6, features: 0, channels: 3, format: 5, rate: 7 };
    assert!(!device.set_params(&params));
    assert_eq!(device.wrong, 1);
    device.send(0, Command::Start);
    assert_eq!(device.wrong, 2);
}

#[test]
fn a_device_that_keeps_its_word_is_taken_at_it_and_asked_for_nothing_else() {
    for (min, max) in [(1, 2), (2, 6), (1, 8), (1, 18)] {
        let (mut device, mut word) = (Device::new(min, max), Word::default());
        assert_eq!(device.asked(&mut word), (min, max));
        assert_eq!((device.wrong, word), (0, Word::Kept));
        assert_eq!(device.told, Told::Released);
        // Its other streams are not asked any more.
        let mut mono = Device::new(1, 1);
        assert_eq!((mono.asked(&mut word), mono.told), ((1, 1), Told::Fresh));
    }
}

#[test]
fn a_device_of_one_number_of_channels_is_offered_one_more_and_says_no() {
    for fixed in [1, 2, 8] {
        let (mut device, mut word) = (Device::new(fixed, fixed), Word::default());
        assert_eq!(device.asked(&mut word), (fixed, fixed));
        assert_eq!((device.wrong, device.told, word), (1, Told::Fresh, Word::Unheard));
    }
}

#[test]
fn what_was_prepared_last_does_not_shrink_the_formats() {
    for left in [1, 2, 6, 16] {
        let (mut device, mut word) = (Device::forgetful(left, 16), Word::default());
        let expected = if left == 16 { (1, 16) } else { (1, 8) };
        assert_eq!(device.asked(&mut word), expected, "after {left} channels");
        assert_eq!((device.wrong, word), (0, Word::Empty));
        assert_eq!(device.info.channels_max, left, "and it is there for whoever comes next");
    }
}

#[test]
fn once_the_word_is_known_to_be_empty_each_stream_is_tried() {
    let mut word = Word::Empty;
    assert_eq!(Device::forgetful(1, 16).asked(&mut word), (1, 8));
    assert_eq!(Device::forgetful(2, 6).asked(&mut word), (1, 6));
    assert_eq!(Device::forgetful(2, 2).asked(&mut word), (1, 2));
}

#[test]
fn a_device_is_asked_with_what_it_offers() {
    for sample in Sample::ALL {
        for (place, rate) in RATES.into_iter().enumerate() {
            let mut device = Device::forgetful(1, 6);
            device.info = PcmInfo { formats: 1 << format_of(sample), rates: 1 << place, ..device.info };
            assert_eq!(device.asked(&mut Word::default()), (1, 6), "{sample:?} at {rate}");
            assert_eq!(device.set, 6);
        }
    }
}

proptest! {
    /// Whatever a strict device can do, it is asked for nothing beyond it, but for one channel more where it has but one
    /// number of them; and nothing out of order.
    #[test]
    fn no_strict_device_is_weakened_or_vexed(min in 1_u8..10, more in 0_u8..10) {
        let (mut device, mut word) = (Device::new(min, min + more), Word::default());
        prop_assert_eq!(device.asked(&mut word), (min, min + more));
        prop_assert_eq!(device.wrong, u32::from(more == 0));
    }
}
