//! What a driver makes of a configuration space full of virtio capabilities, sound ones and others.

#[path = "../../src/device/virtio"]
mod virtio {
    pub(crate) mod capability;
}

use proptest::prelude::*;
use virtio::capability::{BARS, CONFIG_BYTES, Capabilities, Missing, Window, find, memory_address};

const COMMON: u8 = 1;
const NOTIFY: u8 = 2;
const ISR: u8 = 3;
const DEVICE: u8 = 4;
const PCI: u8 = 5;

/// A configuration space to which capabilities are added one behind the other.
struct Space {
    bytes: [u8; CONFIG_BYTES],
    /// Where the pointer to the next capability is, and where that will lie.
    link: usize,
    free: usize,
}

impl Space {
    fn new() -> Self {
        let mut bytes = [0; CONFIG_BYTES];
        bytes[0x06] = 0x10;
        Self { bytes, link: 0x34, free: 0x40 }
    }

    fn capability(mut self, bytes: &[u8]) -> Self {
        self.bytes[self.link] = self.free as u8;
        self.bytes[self.free..self.free + bytes.len()].copy_from_slice(bytes);
        self.bytes[self.free + 1] = 0;
        self.link = self.free + 1;
        self.free += bytes.len().next_multiple_of(4);
        self
    }

    fn virtio(self, kind: u8, bar: u8, offset: u32, length: u32) -> Self {
        self.capability(&virtio(kind, bar, offset, length))
    }

    fn notify(self, bar: u8, offset: u32, length: u32, multiplier: u32) -> Self {
        let mut bytes = virtio(NOTIFY, bar, offset, length);
        bytes[2] = 20;
        bytes.extend(multiplier.to_le_bytes());
        self.capability(&bytes)
    }

    /// As QEMU has them, in its order.
    fn usual() -> Self {
        Self::new()
            .capability(&[0x11, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .virtio(PCI, 0, 0, 0)
            .notify(4, 0x3000, 0x1000, 4)
            .virtio(DEVICE, 4, 0x2000, 0x1000)
            .virtio(ISR, 4, 0x1000, 0x1000)
            .virtio(COMMON, 4, 0, 0x1000)
    }

    fn find(&self) -> Result<Capabilities, Missing> {
        find(&self.bytes, |bar| (bar == 4).then_some(0x4000))
    }
}

fn virtio(kind: u8, bar: u8, offset: u32, length: u32) -> Vec<u8> {
    let mut bytes = vec![0x09, 0, 16, kind, bar, 0, 0, 0];
    bytes.extend(offset.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes
}

fn window(offset: u32) -> Window {
    Window { bar: 4, offset, length: 0x1000 }
}

#[test]
fn the_usual_device_is_found_whatever_stands_in_between() {
    let expected = Capabilities {
        common: window(0),
        notify: window(0x3000),
        notify_multiplier: 4,
        isr: window(0x1000),
        device: Some(window(0x2000)),
    };
    assert_eq!(Space::usual().find(), Ok(expected));
}

#[test]
fn without_a_list_or_with_the_header_of_a_bridge_there_is_nothing() {
    let mut space = Space::usual();
    space.bytes[0x06] = 0;
    assert_eq!(space.find(), Err(Missing::List));
    let mut space = Space::usual();
    space.bytes[0x0E] = 1;
    assert_eq!(space.find(), Err(Missing::List));
    space.bytes[0x0E] = 0x80;
    assert!(space.find().is_ok(), "one of several functions");
    assert_eq!(find(&[0xFF; CONFIG_BYTES], |_| Some(u64::MAX)), Err(Missing::List));
}

#[test]
fn each_structure_is_missed_but_for_that_of_the_device() {
    let all = |without: u8| {
        let mut space = Space::new();
        for kind in [COMMON, ISR, DEVICE] {
            if kind != without {
                space = space.virtio(kind, 4, 0x100 * u32::from(kind), 0x40);
            }
        }
        if without == NOTIFY { space } else { space.notify(4, 0, 16, 4) }.find()
    };
    assert_eq!(all(COMMON), Err(Missing::Common));
    assert_eq!(all(NOTIFY), Err(Missing::Notify));
    assert_eq!(all(ISR), Err(Missing::Isr));
    assert_eq!(all(DEVICE).map(|found| found.device), Ok(None));
    assert!(all(PCI).is_ok());
}

/// Everything but the common configuration, which `bad` has in a form that can't be used; then, in the second
/// answer, followed by a good one.
fn with_common(bad: impl Fn(Space) -> Space) -> [Result<Window, Missing>; 2] {
    let rest = || Space::new().notify(4, 0, 16, 4).virtio(ISR, 4, 0, 1);
    [bad(rest()), bad(rest()).virtio(COMMON, 4, 0x1000, 0x38)]
        .map(|space| space.find().map(|found| found.common))
}

#[test]
fn what_does_not_fit_is_passed_over_and_the_next_one_taken() {
    let good = Window { bar: 4, offset: 0x1000, length: 0x38 };
    let cases: [(&str, &dyn Fn(Space) -> Space); 9] = [
        ("no memory behind the register", &|space| space.virtio(COMMON, 3, 0, 0x38)),
        ("no such register", &|space| space.virtio(COMMON, 6, 0, 0x38)),
        ("a reserved register", &|space| space.virtio(COMMON, 0xFF, 0, 0x38)),
        ("beyond the memory", &|space| space.virtio(COMMON, 4, 0x3FCC, 0x38)),
        ("an end that wraps", &|space| space.virtio(COMMON, 4, u32::MAX - 3, 0x38)),
        ("too short", &|space| space.virtio(COMMON, 4, 0, 0x37)),
        ("empty", &|space| space.virtio(COMMON, 4, 0, 0)),
        ("not aligned", &|space| space.virtio(COMMON, 4, 2, 0x38)),
        ("a short capability", &|space| {
            let mut bytes = virtio(COMMON, 4, 0, 0x38);
            bytes[2] = 15;
            space.capability(&bytes)
        }),
    ];
    for (name, bad) in cases {
        assert_eq!(with_common(bad), [Err(Missing::Common), Ok(good)], "{name}");
    }
    let last = |space: Space| space.virtio(COMMON, 4, 0x3FC8, 0x38);
    assert!(with_common(last)[0].is_ok(), "the last bytes of the memory are fine");
}

#[test]
fn the_first_usable_one_of_several_is_taken() {
    let found = Space::usual().virtio(COMMON, 4, 0x800, 0x40).notify(4, 0, 16, 8).find().unwrap();
    assert_eq!((found.common.offset, found.notify.offset, found.notify_multiplier), (0, 0x3000, 4));
}

#[test]
fn a_multiplier_is_none_or_a_power_of_two_of_at_least_two() {
    let with = |multiplier: u32| {
        let space = Space::new().virtio(COMMON, 4, 0, 0x38).virtio(ISR, 4, 0, 1);
        space.notify(4, 0, 16, multiplier).find().map(|found| found.notify_multiplier)
    };
    for good in [0, 2, 4, 4096, 1 << 31] {
        assert_eq!(with(good), Ok(good));
    }
    for bad in [1, 3, 6, u32::MAX] {
        assert_eq!(with(bad), Err(Missing::Notify));
    }
}

#[test]
fn a_notify_capability_without_room_for_the_multiplier_is_none() {
    let space = Space::new().virtio(COMMON, 4, 0, 0x38).virtio(ISR, 4, 0, 1).virtio(NOTIFY, 4, 0, 16);
    assert_eq!(space.find(), Err(Missing::Notify));
}

#[test]
fn a_capability_that_runs_out_of_the_configuration_space_is_none() {
    let mut space = Space::new().virtio(COMMON, 4, 0, 0x38).virtio(ISR, 4, 0, 1);
    space.free = 0xF0;
    let mut space = space.virtio(DEVICE, 4, 0x2000, 16);
    assert!(space.find().is_err_and(|missing| missing == Missing::Notify));
    // With the length of one that has a multiplier, which would lie behind the end.
    space.bytes[0xF0 + 2] = 20;
    space.bytes[0xF0 + 3] = NOTIFY;
    assert_eq!(space.find(), Err(Missing::Notify));
}

#[test]
fn a_capability_may_end_with_the_configuration_space_but_not_behind_it() {
    let mut space = Space::new().notify(4, 0, 16, 4).virtio(ISR, 4, 0, 1);
    space.free = 0xF0;
    let mut space = space.virtio(COMMON, 4, 0, 0x38);
    assert!(space.find().is_ok());
    space.bytes[0xF0 + 2] = 20;
    assert_eq!(space.find(), Err(Missing::Common));
}

#[test]
fn a_window_is_of_a_register_that_there_is_and_not_empty() {
    let with = |isr: u8, bytes: u32| {
        let space = Space::new().virtio(COMMON, 4, 0, 0x38).notify(4, 0, 16, 4).virtio(ISR, isr, 0, bytes);
        // A device that claims to have more registers than a function can have.
        find(&space.bytes, |_| Some(0x4000)).map(|found| found.isr.bar)
    };
    assert_eq!(with(5, 1), Ok(5));
    assert_eq!(with(BARS, 1), Err(Missing::Isr));
    assert_eq!(with(5, 0), Err(Missing::Isr));
}

#[test]
fn a_configuration_that_is_not_aligned_is_none() {
    for (offset, device) in [(0x2000, true), (0x2001, false), (0x2002, false), (0x2004, true)] {
        let space = Space::new().virtio(COMMON, 4, 0, 0x38).notify(4, 0, 16, 4).virtio(ISR, 4, 0, 1);
        let found = space.virtio(DEVICE, 4, offset, 16).find().unwrap();
        assert_eq!(found.device.is_some(), device, "{offset:#x}");
    }
}

#[test]
fn a_list_that_bites_its_tail_ends() {
    let mut space = Space::usual();
    space.bytes[space.link] = 0x40;
    assert!(space.find().is_ok());
    let mut space = Space::new().virtio(COMMON, 4, 0, 0x38);
    space.bytes[space.link] = 0x40;
    assert_eq!(space.find(), Err(Missing::Notify));
}

#[test]
fn pointers_into_the_header_end_the_list() {
    let mut space = Space::usual();
    space.bytes[0x34] = 0x3C;
    assert_eq!(space.find(), Err(Missing::Common));
}

#[test]
fn base_addresses_are_told_apart_from_ports_and_upper_halves() {
    let mut bytes = [0; CONFIG_BYTES];
    for (index, value) in
        [0xC001_u32, 0xFEBF_1000, 0x0000_000C, 0x0000_0080, 0, 0xE000_0008].iter().enumerate()
    {
        bytes[0x10 + 4 * index..][..4].copy_from_slice(&value.to_le_bytes());
    }
    let found: Vec<_> = (0..=BARS).map(|bar| memory_address(&bytes, bar)).collect();
    assert_eq!(found, [None, Some(0xFEBF_1000), Some(0x80_0000_0000), None, None, Some(0xE000_0000), None]);
    // A wide register has no upper half behind the last one.
    bytes[0x24] = 0x0C;
    assert_eq!(memory_address(&bytes, 5), None);
}

proptest! {
    /// Whatever the device has there: what is found lies where there is memory.
    #[test]
    fn any_configuration_space_is_read_within_its_bounds(
        bytes in prop::collection::vec(any::<u8>(), CONFIG_BYTES),
        starts in prop::collection::vec((0_u8..64, 0_u8..8, 0_u8..8), 0..12),
        behind in 0_u64..0x1_0000_0000,
    ) {
        let mut config: [u8; CONFIG_BYTES] = bytes.try_into().unwrap();
        config[0x06] |= 0x10;
        config[0x0E] = 0;
        // Enough of sense that something is found now and then.
        for (place, kind, bar) in starts {
            let at = usize::from(place) * 4;
            if (0x40..0xEC).contains(&at) {
                let next = config[at + 1];
                config[at..at + 16].copy_from_slice(&virtio(kind, bar, 0, 0x40));
                (config[at + 1], config[at + 2]) = (next, 20);
            }
        }
        for bar in 0..BARS {
            memory_address(&config, bar);
        }
        if let Ok(found) = find(&config, |bar| (bar != 2).then_some(behind)) {
            for window in [Some(found.common), Some(found.notify), Some(found.isr), found.device].into_iter().flatten() {
                prop_assert!(window.bar < BARS && window.bar != 2);
                prop_assert!(u64::from(window.offset) + u64::from(window.length) <= behind);
                prop_assert!(window.length > 0);
            }
        }
    }
}
