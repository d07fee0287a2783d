//! What virtio sound devices say and are told: bytes, the order of commands, and what the driver makes of a device's
//! word.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device"]
mod device {
    pub(crate) mod formats;
    pub(crate) mod jack;
    #[path = "virtio_snd"]
    pub(crate) mod virtio_snd {
        pub(crate) mod info;
        pub(crate) mod probe;
        pub(crate) mod state;
        pub(crate) mod wire;
    }

    /// As the driver has it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Direction {
        Render,
        Capture,
    }
}

#[path = "virtio_snd/word.rs"]
mod word;

use device::Direction;
use device::formats::{RATES, Sample};
use device::virtio_snd::info::{
    direction_of, format_of, formats, jack_direction, jack_of, rate_of, speakers,
};
use device::virtio_snd::probe::{Word, channels};
use device::virtio_snd::state::{Command, Told};
use device::virtio_snd::wire::{
    ChmapInfo, Event, Item, JackInfo, Params, PcmInfo, command, query, request, stream_feature,
};
use proptest::prelude::*;

/// What QEMU says of its streams.
const QEMU: PcmInfo = PcmInfo {
    group: 0,
    features: 0,
    formats: 0xE_0078,
    rates: 0x3FFF,
    direction: 0,
    channels_min: 1,
    channels_max: 2,
};

// Bytes.

#[test]
fn requests_are_laid_out_as_specified() {
    assert_eq!(query(request::PCM_INFO, 1, 2, 32), [0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 32, 0, 0, 0]);
    assert_eq!(command(request::PCM_STOP, 0x0102_0304), [5, 1, 0, 0, 4, 3, 2, 1]);
    let params = Params {
        stream: 3,
        buffer_bytes: 0x1234_5678,
        period_bytes: 0x0ABC,
        features: 1 << 4,
        channels: 6,
        format: 17,
        rate: 7,
    };
    let expected =
        [1, 1, 0, 0, 3, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0xBC, 0x0A, 0, 0, 0x10, 0, 0, 0, 6, 17, 7, 0];
    assert_eq!(params.request(), expected);
}

#[test]
fn items_are_read_from_where_they_are() {
    // Every byte tells its place.
    let bytes: Vec<u8> = (0..64).collect();
    let stream = PcmInfo {
        group: 0x0302_0100,
        features: 0x0706_0504,
        formats: 0x0F0E_0D0C_0B0A_0908,
        rates: 0x1716_1514_1312_1110,
        direction: 24,
        channels_min: 25,
        channels_max: 26,
    };
    assert_eq!(PcmInfo::parse(&bytes), Some(stream));
    let jack = JackInfo {
        group: 0x0302_0100,
        configuration: 0x0B0A_0908,
        capabilities: 0x0F0E_0D0C,
        connected: true,
    };
    assert_eq!(JackInfo::parse(&bytes), Some(jack));
    let positions = core::array::from_fn(|index| index as u8 + 6);
    let map = ChmapInfo { group: 0x0302_0100, direction: 4, channels: 5, positions };
    assert_eq!(ChmapInfo::parse(&bytes), Some(map));
    assert_eq!((PcmInfo::BYTES, JackInfo::BYTES, ChmapInfo::BYTES), (32, 24, 24));
}

#[test]
fn what_is_cut_short_is_nothing() {
    let bytes = [1; 64];
    assert_eq!(PcmInfo::parse(&bytes[..26]), None);
    assert_eq!(JackInfo::parse(&bytes[..16]), None);
    assert_eq!(ChmapInfo::parse(&bytes[..23]), None);
}

#[test]
fn events_are_told_apart_and_unknown_ones_are_none() {
    let event = |code: u32, data: u32| {
        let mut bytes = [0; Event::BYTES];
        bytes[..4].copy_from_slice(&code.to_le_bytes());
        bytes[4..].copy_from_slice(&data.to_le_bytes());
        Event::parse(&bytes)
    };
    assert_eq!(event(0x1000, 7), Some(Event::Jack(7, true)));
    assert_eq!(event(0x1001, 7), Some(Event::Jack(7, false)));
    // VIRTIO_SND_PCM_F_EVT_XRUNS is bit 4 (5.14.6.6.1).
    assert_eq!(stream_feature::EVT_XRUNS, 0x10);
    assert_eq!(event(0x1101, u32::MAX), Some(Event::Xrun(u32::MAX)));
    for unknown in [0, 0x0FFF, 0x1002, 0x1100, 0x1102, 0x1201, u32::MAX] {
        assert_eq!(event(unknown, 0), None);
    }
}

// The order of commands.

const STATES: [Told; 6] =
    [Told::Fresh, Told::Set, Told::Prepared, Told::Running, Told::Stopped, Told::Released];
const COMMANDS: [Command; 5] =
    [Command::SetParams, Command::Prepare, Command::Start, Command::Stop, Command::Release];

#[test]
fn each_command_in_each_state_is_as_the_specification_has_it() {
    use Command::{Prepare, Release, SetParams, Start, Stop};
    use Told::{Fresh, Prepared, Released, Running, Set, Stopped};
    let allowed = [
        (Fresh, SetParams, Set),
        (Set, SetParams, Set),
        (Set, Prepare, Prepared),
        (Prepared, SetParams, Set),
        (Prepared, Prepare, Prepared),
        (Prepared, Start, Running),
        (Prepared, Release, Released),
        (Running, Stop, Stopped),
        (Stopped, Start, Running),
        (Stopped, Release, Released),
        (Released, SetParams, Set),
        (Released, Prepare, Prepared),
    ];
    for state in STATES {
        for command in COMMANDS {
            let entry = allowed.iter().find(|entry| (entry.0, entry.1) == (state, command));
            assert_eq!(state.after(command), entry.map(|entry| entry.2), "{command:?} when {state:?}");
        }
    }
}

#[test]
fn every_way_leads_to_its_goal_by_allowed_commands() {
    for start in STATES {
        for goal in STATES {
            let (mut state, mut sent) = (start, Vec::new());
            while let Some(command) = state.towards(goal) {
                sent.push(command);
                state = state.after(command).unwrap_or_else(|| panic!("{start:?} to {goal:?}: {sent:?}"));
                assert!(sent.len() <= 5, "{start:?} to {goal:?}: {sent:?}");
            }
            // A stream of which the device was never told has nothing to release, and no command makes it forget.
            let same = |state| if matches!(state, Told::Fresh | Told::Set) { Told::Released } else { state };
            assert!(
                state == goal
                    || matches!(goal, Told::Fresh | Told::Released) && same(state) == Told::Released,
                "{start:?} to {goal:?} ends at {state:?}"
            );
        }
    }
}

#[test]
fn a_stream_that_stands_still_is_released_before_it_is_prepared_anew() {
    let mut state = Told::Running;
    let mut sent = Vec::new();
    while let Some(command) = state.towards(Told::Prepared) {
        sent.push(command.code());
        state = state.after(command).unwrap();
    }
    assert_eq!(sent, [0x105, 0x103, 0x101, 0x102]);
}

// What a device can do.

#[test]
fn qemu_offers_what_windows_can_express() {
    let found = formats(&QEMU, (1, 8), [].iter()).unwrap();
    let samples: Vec<_> = Sample::ALL.into_iter().filter(|sample| found.samples.contains(*sample)).collect();
    assert_eq!(samples, [Sample::S16, Sample::S32, Sample::F32, Sample::U8]);
    assert!(RATES.into_iter().all(|rate| found.rates.contains(rate)));
    assert_eq!(found.channels, (1, 8));
}

#[test]
fn samples_and_rates_have_their_numbers() {
    let numbers = Sample::ALL.map(|sample| (sample, format_of(sample)));
    for (sample, number) in numbers {
        let info = PcmInfo { formats: 1 << number, ..QEMU };
        let found = formats(&info, (1, 2), [].iter()).unwrap();
        assert!(Sample::ALL.into_iter().all(|other| found.samples.contains(other) == (other == sample)));
    }
    assert_eq!(numbers.map(|(_, number)| number), [5, 11, 17, 19, 4]);
    assert_eq!((rate_of(5_512), rate_of(48_000), rate_of(384_000)), (Some(0), Some(7), Some(13)));
    assert_eq!(rate_of(12_000), None);
}

#[test]
fn a_stream_without_anything_that_windows_knows_is_none() {
    let only = |info: PcmInfo, channels| formats(&info, channels, [].iter());
    // IMA ADPCM, S8, unsigned 16 bits, 24 bits in four bytes, DSD.
    for bit in [0, 3, 6, 15, 21] {
        assert_eq!(only(PcmInfo { formats: 1 << bit, ..QEMU }, (1, 2)), None);
    }
    assert_eq!(only(PcmInfo { rates: 1 << 14, ..QEMU }, (1, 2)), None);
    assert_eq!(only(QEMU, (3, 2)), None);
    assert!(only(QEMU, (2, 2)).is_some());
    assert_eq!(only(QEMU, (19, 20)), None);
    assert_eq!(only(QEMU, (0, 255)).map(|found| found.channels), Some((1, 18)));
    assert_eq!([0, 1, 2].map(direction_of), [Some(Direction::Render), Some(Direction::Capture), None]);
}

fn map(channels: u8, positions: &[u8]) -> ChmapInfo {
    let mut all = [0; 18];
    all[..positions.len()].copy_from_slice(positions);
    ChmapInfo { group: 0, direction: 0, channels, positions: all }
}

#[test]
fn channel_maps_become_masks_where_windows_has_the_order() {
    assert_eq!(speakers(&map(1, &[2])), Some(0x4), "mono");
    assert_eq!(speakers(&map(2, &[3, 4])), Some(0x3), "stereo");
    assert_eq!(speakers(&map(6, &[3, 4, 7, 8, 5, 6])), Some(0x3F), "5.1, at the back");
    assert_eq!(speakers(&map(6, &[3, 4, 7, 8, 9, 10])), Some(0x60F), "5.1, at the sides");
    assert_eq!(speakers(&map(8, &[3, 4, 7, 8, 5, 6, 9, 10])), Some(0x63F), "7.1");
    let all = [3, 4, 7, 8, 5, 6, 12, 13, 11, 9, 10, 21, 22, 24, 23, 25, 27, 26];
    assert_eq!(speakers(&map(18, &all)), Some((1 << 18) - 1), "all that Windows knows, in its order");
    for (bit, position) in all.into_iter().enumerate() {
        assert_eq!(speakers(&map(1, &[position])), Some(1 << bit), "position {position} alone");
    }
    assert_eq!(speakers(&map(6, &[3, 4, 5, 6, 7, 8])), None, "ALSA's order, which nobody here sorts");
    assert_eq!(speakers(&map(2, &[3, 3])), None, "twice the same");
    assert_eq!(speakers(&map(2, &[3, 1])), None, "a silent one");
    assert_eq!(speakers(&map(2, &[3, 36])), None, "one below the floor");
    assert_eq!(speakers(&map(0, &[])), None);
    assert_eq!(speakers(&map(19, &[3])), None, "more than a map has");
}

#[test]
fn maps_of_other_streams_do_not_count() {
    let surround = map(6, &[3, 4, 7, 8, 5, 6]);
    let mask = |maps: &[ChmapInfo]| formats(&QEMU, (1, 8), maps.iter()).unwrap().speakers.mask(6);
    assert_eq!(mask(&[surround]), Some(0x3F));
    assert_eq!(mask(&[ChmapInfo { group: 1, ..surround }, ChmapInfo { direction: 1, ..surround }]), None);
}

#[test]
fn each_stream_has_the_jack_whose_turn_it_is() {
    let jack = |group, device: u32| JackInfo {
        group,
        configuration: device << 20,
        capabilities: 0,
        connected: false,
    };
    let stream = |group, direction| PcmInfo { group, direction, ..QEMU };
    // Microphone, line out, headphones, line out of another group.
    let jacks = [jack(0, 0xA), jack(0, 0), jack(0, 2), jack(1, 0)];
    let streams = [stream(0, 0), stream(0, 1), stream(0, 0), stream(0, 0), stream(1, 0), stream(1, 1)];
    let found: Vec<_> = (0..7).map(|index| jack_of(streams.iter(), index, jacks.iter())).collect();
    assert_eq!(found, [Some(1), Some(0), Some(2), None, Some(3), None, None]);
}

#[test]
fn a_jack_of_no_known_kind_goes_by_what_it_is_capable_of() {
    let of = |configuration, capabilities| {
        jack_direction(&JackInfo { group: 0, configuration, capabilities, connected: false })
    };
    assert_eq!(of(0xF << 20, 1 << 4), Some(Direction::Render));
    assert_eq!(of(0xF << 20, 1 << 5), Some(Direction::Capture));
    assert_eq!(of(0xF << 20, 3 << 4), None);
    assert_eq!(of(8 << 20, 1 << 4), Some(Direction::Capture), "the configuration comes first");
}

proptest! {
    /// Whatever a device says of a stream, there is an answer.
    #[test]
    fn any_stream_is_taken_apart(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(info) = PcmInfo::parse(&bytes) {
            let mut device = word::Device::new(1, 2);
            device.info = info;
            let found = channels(&mut device, 0, &info, &mut Word::default());
            if let Some(formats) = formats(&info, found, [].iter()) {
                prop_assert!(formats.channels.0 >= 1 && formats.channels.1 <= 18);
            }
        }
        if let Some(map) = ChmapInfo::parse(&bytes) {
            prop_assert!(speakers(&map).is_none_or(|mask| mask.count_ones() == u32::from(map.channels)));
        }
    }
}
