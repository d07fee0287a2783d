//! Volume and mute: what control elements of a virtio sound device are, byte by byte, which levels their numbers stand
//! for, and whose they are; and the numbers of an AC'97 codec.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device"]
mod device {
    pub(crate) mod controls;
    pub(crate) mod formats;
    pub(crate) mod jack;
    #[path = "virtio_snd"]
    pub(crate) mod virtio_snd {
        pub(crate) mod element;
        pub(crate) mod info;
        pub(crate) mod scale;
        pub(crate) mod wire;
        pub(crate) mod wire_ctl;
    }
    #[path = "ac97"]
    pub(crate) mod ac97 {
        pub(crate) mod attenuation;
        pub(crate) mod regs;
    }

    /// As the driver has it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Direction {
        Render,
        Capture,
    }
}

use device::ac97::attenuation::{self, MASTER, RECORD};
use device::controls::{Channels, Control};
use device::virtio_snd::element::{Element, Sense, element_of};
use device::virtio_snd::scale::Scale;
use device::virtio_snd::wire::{Event, Item, PcmInfo};
use device::virtio_snd::wire_ctl::{self, CtlInfo, Decibels, access};
use proptest::prelude::*;

const DB: i32 = 1 << 16;
const STEREO: Channels = Channels { count: 2, uniform: false };

/// An element as a device sends it.
fn bytes(words: [u32; 6], name: &[u8], range: [u32; 3]) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(name);
    bytes.resize(68, 0);
    bytes.extend(range.iter().flat_map(|word| word.to_le_bytes()));
    bytes.resize(92, 0);
    bytes
}

/// A volume of the output, of two numbers from 0 to 100.
fn volume() -> CtlInfo {
    CtlInfo::parse(&bytes([0, 2, 1, 3, 2, 0], b"Master Playback Volume", [0, 100, 1])).unwrap()
}

/// The switch of the output.
fn switch() -> CtlInfo {
    CtlInfo::parse(&bytes([0, 4, 0, 3, 1, 0], b"Master Playback Switch", [0, 1, 1])).unwrap()
}

fn named(info: CtlInfo, name: &str) -> CtlInfo {
    let mut place = [0; 44];
    place[..name.len()].copy_from_slice(name.as_bytes());
    CtlInfo { name: place, ..info }
}

fn judge(info: &CtlInfo) -> Option<Element> {
    Element::judge(7, info, || panic!("there are no metadata to ask for"))
}

/// What an element is: which control, of which direction (told by the stream that it suits), and which number is mute.
fn purpose(info: &CtlInfo) -> Option<(Control, u8, Option<bool>)> {
    let element = judge(info)?;
    let own = |direction| {
        let stream = stream(direction, info.group);
        element_of([&stream].into_iter(), 0, [&element].into_iter(), element.control()).is_some()
    };
    assert_ne!(own(0), own(1), "one direction");
    let mute = match element.sense {
        Sense::Level(_) => None,
        Sense::Switch { mute } => Some(mute),
    };
    Some((element.control(), u8::from(own(1)), mute))
}

fn stream(direction: u8, group: u32) -> PcmInfo {
    PcmInfo {
        group,
        features: 0,
        formats: 1 << 5,
        rates: 1 << 7,
        direction,
        channels_min: 1,
        channels_max: 2,
    }
}

// Bytes.

#[test]
fn requests_are_laid_out_as_specified() {
    assert_eq!(wire_ctl::read(0x0102), [2, 3, 0, 0, 2, 1, 0, 0]);
    assert_eq!(wire_ctl::read_metadata(1), [4, 3, 0, 0, 1, 0, 0, 0]);
    let request = wire_ctl::write(5, &[-1, 0x0403_0201, 0, 0, 0, 0, 0, 0]);
    assert_eq!(request.len(), 520, "a value has room for that of any type");
    assert_eq!(request[..16], [3, 3, 0, 0, 5, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 4]);
    assert!(request[16..].iter().all(|byte| *byte == 0));
    assert_eq!((CtlInfo::QUERY, CtlInfo::BYTES), (0x300, 92));
}

#[test]
fn elements_are_taken_apart() {
    let bytes = bytes([1, 3, 1, 0x13, 2, 9], b"Mic Capture Volume", [u32::MAX, 31, 2]);
    let info = CtlInfo::parse(&bytes).unwrap();
    assert_eq!((info.group, info.role, info.kind, info.access, info.count), (1, 3, 1, 0x13, 2));
    assert_eq!((info.least, info.most, info.step), (-1, 31, 2));
    assert_eq!(info.name(), Some(&b"Mic Capture Volume"[..]));
    assert_eq!(CtlInfo::parse(&bytes[..91]), None);
    assert_eq!(named(info, "").name(), None, "no name");
    assert_eq!(CtlInfo { name: [b'x'; 44], ..info }.name(), None, "no end");
    assert_eq!(named(info, "Tab\tulator").name(), None, "no text");
}

#[test]
fn values_are_as_many_numbers_as_the_element_has() {
    let bytes = [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 9, 9, 9, 9];
    assert_eq!(wire_ctl::values(&bytes, 2), Some([1, -2, 0, 0, 0, 0, 0, 0]));
    assert_eq!(wire_ctl::values(&bytes, 3), Some([1, -2, 0x0909_0909, 0, 0, 0, 0, 0]));
    assert_eq!(wire_ctl::values(&bytes, 4), None, "too few");
    assert_eq!(wire_ctl::values(&[0; 512], 9), None, "more than anybody has use for");
}

#[test]
fn notifications_name_the_element_and_what_changed() {
    assert_eq!(Event::parse(&[0, 0x12, 0, 0, 3, 1, 1, 0]), Some(Event::Control(0x0103, 1)));
    assert_eq!(wire_ctl::CHANGED_VALUE, 1);
}

#[test]
fn metadata_tell_decibels() {
    let words = |words: &[i32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let told = |told: &[i32]| Decibels::parse(&words(told));
    assert_eq!(told(&[1, 8, -4650, 150]), Decibels::Even { lowest: -4650, step: 150 });
    assert_eq!(
        told(&[1, 8, -4650, 0x1_0096]),
        Decibels::Even { lowest: -4650, step: 150 },
        "silence at the end"
    );
    assert_eq!(told(&[4, 8, -6000, 1200]), Decibels::Between(-6000, 1200));
    assert_eq!(told(&[5, 8, -6000, 0]), Decibels::Between(-6000, 0));
    assert_eq!(told(&[0, 16, 4, 8, -6000, 0]), Decibels::Between(-6000, 0), "in a container");
    assert_eq!((told(&[2, 8, -6000, 0]), told(&[3, 24, 0, 1])), (Decibels::Uneven, Decibels::Uneven));
    for nothing in [&[][..], &[1], &[1, 8], &[1, 8, -4650], &[0, 0], &[0, 8, 4, 8], &[9, 8, 1, 2]] {
        assert_eq!(told(nothing), Decibels::Unknown, "{nothing:?}");
    }
}

// Which elements are of use.

#[test]
fn an_element_is_what_role_and_type_say() {
    for (role, expected) in [(2, (Control::Volume, 0)), (3, (Control::Volume, 1))] {
        let info = named(CtlInfo { role, ..volume() }, "Anything");
        assert_eq!(purpose(&info), Some((expected.0, expected.1, None)));
    }
    for (role, name, expected) in
        [(4, "Speaker Mute", (0, true)), (5, "Mic Switch", (1, false)), (4, "On", (0, false))]
    {
        let info = named(CtlInfo { role, ..switch() }, name);
        assert_eq!(purpose(&info), Some((Control::Mute, expected.0, Some(expected.1))), "{name}");
    }
}

#[test]
fn where_the_role_does_not_fit_the_name_says_it() {
    // As devices have it that forget the direction: 1 is a volume, 2 a mute.
    assert_eq!(purpose(&CtlInfo { role: 1, ..volume() }), Some((Control::Volume, 0, None)));
    assert_eq!(purpose(&CtlInfo { role: 2, ..switch() }), Some((Control::Mute, 0, Some(false))));
    for (name, expected) in [
        ("Master Capture Volume (C0D0)", Some((Control::Volume, 1, None))),
        ("Master Volume", None),
        ("Playback Capture Volume", None),
        ("Master Playback Switch", None),
        ("Playback Volumes", None),
    ] {
        assert_eq!(purpose(&named(CtlInfo { role: 0, ..volume() }, name)), expected, "{name}");
    }
    for (name, expected) in [
        ("Master Playback Mute", Some((Control::Mute, 0, Some(true)))),
        ("Capture Switch", Some((Control::Mute, 1, Some(false)))),
        ("Master Playback Volume", None),
        ("Boost", None),
    ] {
        assert_eq!(purpose(&named(CtlInfo { role: 0, ..switch() }, name)), expected, "{name}");
    }
}

#[test]
fn what_makes_no_sense_is_left_alone() {
    assert!(judge(&volume()).is_some());
    let wrong = [
        CtlInfo { access: access::READ, ..volume() },
        CtlInfo { access: access::WRITE, ..volume() },
        CtlInfo { access: 3 | access::INACTIVE, ..volume() },
        CtlInfo { count: 0, ..volume() },
        CtlInfo { count: 9, ..volume() },
        CtlInfo { count: u32::MAX, ..volume() },
        CtlInfo { least: 100, most: 0, ..volume() },
        CtlInfo { least: 5, most: 5, ..volume() },
        CtlInfo { step: 101, ..volume() },
        CtlInfo { least: i32::MIN, most: i32::MAX, ..volume() },
        CtlInfo { name: [b'M'; 44], ..volume() },
        CtlInfo { kind: 2, ..volume() },
        CtlInfo { kind: 3, ..switch() },
    ];
    for info in wrong {
        assert_eq!(judge(&info), None, "{info:?}");
    }
    let metadata = CtlInfo { access: 3 | access::TLV_READ, ..volume() };
    assert_eq!(Element::judge(0, &metadata, || Decibels::Uneven), None);
    assert!(Element::judge(0, &metadata, || Decibels::Even { lowest: -10_000, step: 100 }).is_some());
}

#[test]
fn a_value_that_cannot_be_is_noticed() {
    let (volume, switch) = (judge(&volume()).unwrap(), judge(&switch()).unwrap());
    assert!(volume.takes(&[0, 100, 999, 0, 0, 0, 0, 0]), "what is behind the last number does not count");
    assert!(!volume.takes(&[0, 101, 0, 0, 0, 0, 0, 0]));
    assert!(!volume.takes(&[-1, 0, 0, 0, 0, 0, 0, 0]));
    assert!(switch.takes(&[1, 9, 0, 0, 0, 0, 0, 0]));
    assert!(!switch.takes(&[2, 0, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn each_stream_has_its_own_element() {
    let streams = [stream(0, 0), stream(1, 0), stream(0, 0), stream(0, 5)];
    let element = |number, role, group| {
        Element::judge(number, &CtlInfo { role, group, ..volume() }, || Decibels::Unknown).unwrap()
    };
    let mute = Element::judge(9, &switch(), || Decibels::Unknown).unwrap();
    let all =
        [element(0, 2, 0), element(1, 2, 5), mute, element(3, 3, 0), element(4, 2, 0), element(5, 2, 0)];
    let own = |elements: &[Element], control| {
        (0..5)
            .map(|index| {
                element_of(streams.iter(), index, elements.iter(), control).map(|element| element.number)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(own(&all, Control::Volume), [Some(0), Some(3), Some(4), Some(1), None]);
    assert_eq!(own(&all, Control::Mute), [None; 5], "one mute of two streams is neither's");
    assert_eq!(
        own(&all[..4], Control::Volume),
        [None, Some(3), None, Some(1), None],
        "a volume of two streams"
    );
}

// Levels.

#[test]
fn without_metadata_full_is_0_db() {
    let scale = Scale::new(0, 100, 1, Decibels::Unknown).unwrap();
    let volume = scale.volume(STEREO);
    assert_eq!((volume.highest, volume.step), (0, 62_914), "96 dB by hundredths");
    assert_eq!(volume.lowest, -6_291_400);
    assert_eq!((scale.level(100), scale.level(0), scale.level(50)), (0, -6_291_400, -3_145_700));
    let coarse = Scale::new(0, 15, 0, Decibels::Unknown).unwrap().volume(STEREO);
    assert_eq!((coarse.lowest, coarse.step), (-15 * 98_304, 98_304), "no step of more than 1.5 dB");
    assert_eq!(
        Scale::new(0, 96 * DB + 1, 1, Decibels::Unknown),
        None,
        "nothing that Windows could tell apart"
    );
}

#[test]
fn metadata_are_believed() {
    let even = Scale::new(0, 31, 1, Decibels::Even { lowest: -4_650, step: 150 }).unwrap();
    let volume = even.volume(STEREO);
    assert_eq!((volume.lowest, volume.highest, volume.step), (-93 * DB / 2, 0, 98_304));
    assert_eq!((even.level(30), even.value(-3 * DB / 2)), (-3 * DB / 2, 30));
    let loud = Scale::new(-10, 10, 5, Decibels::Between(-2_000, 2_000)).unwrap();
    assert_eq!([-10, -5, 0, 5, 10].map(|value| loud.level(value)), [-20 * DB, -10 * DB, 0, 10 * DB, 20 * DB]);
    assert_eq!([-21, -16, 3, 19, 99].map(|level| loud.value(level * DB)), [-10, -10, 0, 10, 10]);
    // The last step ends below the greatest value, and that is as loud as it gets.
    let short = Scale::new(0, 11, 5, Decibels::Between(0, 1_100)).unwrap();
    assert_eq!((short.volume(STEREO).highest, short.level(11), short.value(11 * DB)), (10 * DB, 10 * DB, 10));
    for (lowest, highest) in [(0, 0), (100, -100), (i32::MIN, 0), (0, i32::MAX)] {
        assert_eq!(Scale::new(0, 10, 1, Decibels::Between(lowest, highest)), None);
    }
    assert_eq!(Scale::new(0, 10, 1, Decibels::Even { lowest: 0, step: 0 }), None);
}

fn any_scale() -> impl Strategy<Value = (Scale, i32, i32, u32)> {
    let decibels = prop_oneof![
        Just(Decibels::Unknown),
        (-20_000..0, 1..200_u16).prop_map(|(lowest, step)| Decibels::Even { lowest, step }),
        (-20_000..0, 1..20_000).prop_map(|(lowest, span)| Decibels::Between(lowest, lowest + span)),
    ];
    (any::<i32>(), 1..5_000_i32, 0..20_u32, decibels).prop_filter_map(
        "a scale",
        |(least, range, step, decibels)| {
            let most = least.checked_add(range)?;
            Some((Scale::new(least, most, step, decibels)?, least, most, step.max(1)))
        },
    )
}

proptest! {
    /// Rows 64 and 66: volume; volume is linear.
    #[test]
    fn every_value_of_the_device_can_be_reached((scale, least, most, step) in any_scale(), place: u32, level: i32) {
        let volume = scale.volume(STEREO);
        let steps = (most - least) as u32 / step;
        let value = least + (place % (steps + 1) * step) as i32;
        let its = scale.level(value);
        prop_assert!((volume.lowest..=volume.highest).contains(&its));
        // Where Windows can tell two values apart at all.
        if i64::from(volume.highest) - i64::from(volume.lowest) >= i64::from(steps) {
            prop_assert_eq!(scale.value(its), value);
        }
        prop_assert_eq!((scale.value(volume.lowest), scale.value(volume.highest)), (least, least + (steps * step) as i32));
        // What a level becomes is a value of the device, and no other one is nearer.
        let nearest = scale.value(level);
        prop_assert!(scale.contains(nearest) && ((nearest - least) as u32).is_multiple_of(step));
        let off = |value: i32| (i64::from(scale.level(value)) - i64::from(level)).abs();
        for other in [nearest.wrapping_sub(step as i32), nearest.wrapping_add(step as i32)] {
            let there = scale.contains(other) && (other - least) as u32 / step <= steps;
            // Levels are rounded to 1/65536 dB.
            prop_assert!(!there || off(other) + 1 >= off(nearest), "{other} is nearer than {nearest}");
        }
    }

    #[test]
    fn any_element_at_all_is_judged_and_none_goes_beyond_its_range(bytes: [u8; 92], metadata: [u8; 64], level: i32) {
        let mut bytes = bytes;
        // Most of what is random has neither a role nor a type.
        for (at, word) in [(4, 2), (8, 1), (12, u32::from(bytes[12]) & 0x10 | 3), (16, 2)] {
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        bytes[24..68].copy_from_slice(&named(volume(), "Volume").name);
        let info = CtlInfo::parse(&bytes).unwrap();
        if let Some(element) = Element::judge(0, &info, || Decibels::parse(&metadata)) {
            let Sense::Level(scale) = element.sense else { panic!("a volume") };
            let volume = scale.volume(STEREO);
            prop_assert!(volume.lowest < volume.highest && volume.step > 0);
            prop_assert!((info.least..=info.most).contains(&scale.value(level)));
            prop_assert!((volume.lowest..=volume.highest).contains(&scale.level(level)));
        }
    }
}

// AC'97.

#[test]
fn a_codec_attenuates_each_channel_by_steps_of_a_decibel_and_a_half() {
    let (level, with_level) = (|value, channel| MASTER.level(value, channel), with(MASTER));
    let lowest = MASTER.lowest();
    assert_eq!((lowest, MASTER.highest()), (-93 * DB / 2, 0));
    assert_eq!((level(0x1F1F, 0), level(0x0A1F, 0), level(0x0A1F, 1)), (lowest, -15 * DB, lowest));
    assert_eq!(with_level(0x8000, 0, -3 * DB), 0x8200, "the mute stays as it is");
    assert_eq!(with_level(0x8200, 1, lowest), 0x821F);
    assert_eq!(with_level(0x1F1F, 1, 0), 0x1F00);
    assert_eq!((with_level(0, 1, i32::MIN), with_level(0x1F1F, 0, i32::MAX)), (0x001F, 0x001F));
    assert_eq!((with_level(0, 1, -49_151), with_level(0, 1, -49_153)), (0, 1), "to the nearest");
    for steps in 0..32_u16 {
        assert_eq!(with_level(0, 0, level(steps << 8, 0)), steps << 8);
    }
}

#[test]
fn a_codec_amplifies_what_it_records() {
    let with_level = with(RECORD);
    assert_eq!((RECORD.lowest(), RECORD.highest()), (0, 45 * DB / 2));
    assert_eq!((RECORD.level(0x8F02, 0), RECORD.level(0x8F02, 1)), (45 * DB / 2, 3 * DB));
    assert_eq!(with_level(0x8F02, 0, 3 * DB), 0x8202, "the mute stays as it is");
    assert_eq!((with_level(0x0202, 1, -DB), with_level(0x0202, 1, i32::MAX)), (0x0200, 0x020F));
    assert_eq!((with_level(0, 1, 49_151), with_level(0, 1, 49_153)), (0, 1), "to the nearest");
    for steps in 0..16_u16 {
        assert_eq!(with_level(0, 1, RECORD.level(steps, 1)), steps);
    }
}

fn with(scale: attenuation::Scale) -> impl Fn(u16, u32, i32) -> u16 {
    move |register, channel, level| scale.with_level(register, channel, level)
}
