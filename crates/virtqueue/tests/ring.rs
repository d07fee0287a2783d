//! The queue call by call: what it refuses, what it writes, and how its indices wrap.

#[path = "support/cells.rs"]
mod cells;

use cells::Cells;
use virtqueue::{Bad, Error, Features, Queue, RingLayout, RingMemory, Segment, Used, descriptor, need_event};

const EVENT_IDX: Features = Features { event_idx: true, indirect: true };
const FLAGS: Features = Features { event_idx: false, indirect: false };

fn readable(bytes: u32) -> Segment {
    Segment { address: 0x1_0000_1000, bytes, writable: false }
}

fn writable(bytes: u32) -> Segment {
    Segment { address: 0x2_0000_2000, bytes, writable: true }
}

fn queue(memory: &Cells, features: Features) -> Queue<&Cells, 8> {
    Queue::new(memory, memory.layout.size, features).expect("a size up to 8")
}

/// The device's side, at the offsets that the specification gives its fields.
impl Cells {
    fn available_index(&self) -> u16 {
        self.load16(self.layout.available + 2)
    }

    fn available_entry(&self, index: u16) -> u16 {
        self.load16(self.layout.available + 4 + 2 * usize::from(index % self.layout.size))
    }

    fn used_event(&self) -> usize {
        self.layout.available + 4 + 2 * usize::from(self.layout.size)
    }

    fn available_event(&self) -> usize {
        self.layout.used + 4 + 8 * usize::from(self.layout.size)
    }

    fn return_chain(&self, index: u16, head: u32, bytes: u32) {
        let at = self.layout.used + 4 + 8 * usize::from(index % self.layout.size);
        self.store32(at, head);
        self.store32(at + 4, bytes);
        self.store16(self.layout.used + 2, index.wrapping_add(1));
    }

    fn descriptor(&self, index: u16) -> [u32; 4] {
        [0, 4, 8, 12].map(|offset| self.load32(self.layout.descriptors + 16 * usize::from(index) + offset))
    }
}

// ---- layout -------------------------------------------------------------------------------------------------------

#[test]
fn the_parts_are_aligned_and_apart() {
    for (exponent, beyond) in
        (0..16).flat_map(|exponent| (exponent..16).map(move |beyond| (exponent, beyond)))
    {
        let (size, most) = (1_u16 << exponent, 1_u16 << beyond);
        let layout = RingLayout::of(size, most).expect("powers of two");
        let room = usize::from(most);
        assert_eq!((layout.size, layout.descriptors), (size, 0));
        assert!(layout.descriptors + 16 * room <= layout.available, "{layout:?}");
        assert!(layout.available + 6 + 2 * room <= layout.used, "{layout:?}");
        assert!(layout.used + 6 + 8 * room <= layout.bytes, "{layout:?}");
        for part in [layout.available, layout.used, layout.bytes] {
            assert_eq!(part % 64, 0, "{layout:?}");
        }
        // Where the parts are does not depend on how much of the room is used.
        let all = RingLayout::of(most, most).expect("a power of two");
        assert_eq!((all.available, all.used, all.bytes), (layout.available, layout.used, layout.bytes));
    }
    for size in [0, 3, 6, 100, 32769, 65535] {
        assert_eq!(RingLayout::of(size, 32768), None);
        assert_eq!(RingLayout::of(1, size), None);
    }
    assert_eq!(RingLayout::of(16, 8), None);
}

#[test]
fn a_queue_has_a_size_that_it_can_keep_track_of() {
    let memory = Cells::new(16, 16);
    for size in [0, 3, 7, 16, 65535] {
        let refused = Queue::<_, 8>::new(&memory, size, FLAGS).err();
        assert_eq!(refused, Some(Error::Size), "{size}");
    }
    let queue = Queue::<_, 8>::new(&memory, 4, FLAGS).expect("4 is not more than 8");
    assert_eq!((queue.size(), queue.room(), queue.in_flight()), (4, 4, 0));
    assert_eq!(queue.layout(), &RingLayout::of(4, 8).expect("4 is a size"));
}

#[test]
fn a_new_queue_is_zero_and_wants_interrupts() {
    let memory = Cells::new(8, 8);
    let _queue = queue(&memory, EVENT_IDX);
    for at in (0..memory.layout.bytes).step_by(2) {
        assert_eq!(memory.load16(at), 0, "at {at}");
    }
}

// ---- chains -------------------------------------------------------------------------------------------------------

#[test]
fn descriptors_are_words_of_the_specification() {
    let segment = Segment { address: 0x1122_3344_5566_7788, bytes: 0x99, writable: false };
    assert_eq!(descriptor(segment, None), [0x5566_7788, 0x1122_3344, 0x99, 0]);
    assert_eq!(descriptor(segment, Some(0xABCD)), [0x5566_7788, 0x1122_3344, 0x99, 0xABCD_0001]);
    let segment = Segment { writable: true, ..segment };
    assert_eq!(descriptor(segment, None), [0x5566_7788, 0x1122_3344, 0x99, 2]);
    assert_eq!(descriptor(segment, Some(0)), [0x5566_7788, 0x1122_3344, 0x99, 3]);
}

#[test]
fn a_chain_is_linked_and_offered_when_published() {
    let memory = Cells::new(8, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([readable(4), readable(5), writable(6)], 77).expect("three descriptors");
    assert_eq!((memory.available_index(), queue.in_flight(), queue.room()), (0, 1, 5));
    assert!(queue.publish(), "the device waits for its first chain");
    assert_eq!(memory.available_index(), 1);
    let first = memory.available_entry(0);
    let [.., bytes, link] = memory.descriptor(first);
    assert_eq!((bytes, link & 0xFFFF), (4, 1));
    let [.., bytes, link] = memory.descriptor((link >> 16) as u16);
    assert_eq!((bytes, link & 0xFFFF), (5, 1));
    assert_eq!(memory.descriptor((link >> 16) as u16), [0x2000, 2, 6, 2]);
}

#[test]
fn an_indirect_chain_takes_one_descriptor() {
    let memory = Cells::new(4, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add_indirect(0x5_0000_0010, 3, 77).expect("one descriptor");
    assert_eq!(queue.room(), 3);
    assert_eq!(memory.descriptor(memory.available_entry(0)), [0x10, 5, 48, 4]);
    assert_eq!(queue.add_indirect(0x10, 0, 1), Err(Error::Empty));
    assert_eq!(queue.add_indirect(0x10, 5, 1), Err(Error::Long));
    queue.restart(FLAGS);
    assert_eq!(queue.add_indirect(0x10, 1, 1), Err(Error::NoIndirect));
}

#[test]
fn a_refused_chain_leaves_no_trace() {
    let memory = Cells::new(4, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    for (segments, error) in [
        (vec![], Error::Empty),
        (vec![readable(0)], Error::Empty),
        (vec![readable(1), writable(0)], Error::Empty),
        (vec![writable(1), readable(1)], Error::Order),
        (vec![readable(1), writable(1), readable(1), writable(1)], Error::Order),
        (vec![readable(1); 5], Error::Full),
        (vec![readable(1 << 31), writable(1 << 31), writable(1)], Error::Long),
        (vec![readable(u32::MAX), readable(u32::MAX)], Error::Long),
    ] {
        assert_eq!(queue.add(segments.iter().copied(), 1), Err(error), "{segments:?}");
        assert_eq!((queue.in_flight(), queue.room()), (0, 4), "{segments:?}");
    }
    assert_eq!(queue.add(std::iter::repeat(readable(1)), 1), Err(Error::Full));
    assert!(!queue.publish(), "there is nothing to publish");
    assert_eq!(memory.available_index(), 0);
    queue.add([readable(1 << 31), writable(1 << 31)], 1).expect("2^32 bytes are allowed");
}

#[test]
fn a_full_queue_has_room_again_when_a_chain_comes_back() {
    let memory = Cells::new(4, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([readable(1); 3], 10).expect("three of four");
    assert_eq!(queue.add([readable(1); 2], 11), Err(Error::Full));
    queue.add([readable(1)], 12).expect("the fourth");
    assert_eq!(queue.add([readable(1)], 13), Err(Error::Full));
    assert_eq!(queue.add_indirect(0x10, 1, 13), Err(Error::Full));
    assert!(queue.publish());
    memory.return_chain(0, u32::from(memory.available_entry(0)), 0);
    assert_eq!(queue.take(), Ok(Some(Used { token: 10, bytes: 0 })));
    assert_eq!((queue.room(), queue.in_flight()), (3, 1));
    queue.add([readable(1); 3], 14).expect("the three are free");
}

#[test]
fn all_that_came_back_is_taken_at_once_up_to_a_lie() {
    let memory = Cells::new(4, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    for token in [10, 11, 12] {
        queue.add([readable(1)], token).expect("there is room");
    }
    assert!(queue.publish() && !queue.has_news());
    let mut taken = Vec::new();
    assert_eq!(queue.take_all(|used| taken.push(used.token)), Ok(()));
    assert_eq!(taken, []);
    memory.return_chain(0, u32::from(memory.available_entry(1)), 0);
    memory.return_chain(1, u32::from(memory.available_entry(0)), 0);
    assert!(queue.has_news());
    assert_eq!(queue.take_all(|used| taken.push(used.token)), Ok(()));
    assert_eq!((queue.has_news(), taken), (false, vec![11, 10]));
    // One that is right, and one that the device gave back before.
    let mut taken = Vec::new();
    queue.add([readable(1)], 13).expect("there is room");
    let _ = queue.publish();
    memory.return_chain(2, u32::from(memory.available_entry(2)), 0);
    memory.return_chain(3, u32::from(memory.available_entry(2)), 0);
    assert!(queue.take_all(|used| taken.push(used.token)).is_err());
    assert_eq!(taken, [12]);
}

// ---- a device that lies -------------------------------------------------------------------------------------------

/// Two chains in flight, a third added and not published; what the device then does is found, and the queue stands
/// still until it is restarted.
fn caught(lie: impl FnOnce(&Cells)) -> Bad {
    let memory = Cells::new(8, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([readable(1), writable(1)], 20).expect("there is room");
    queue.add([writable(1)], 21).expect("there is room");
    let _ = queue.publish();
    queue.add([writable(1)], 22).expect("there is room");
    lie(&memory);
    let bad = queue.take().expect_err("that was a lie");
    assert_eq!(queue.take(), Err(bad));
    assert_eq!(queue.add([writable(1)], 23), Err(Error::Broken));
    assert_eq!(queue.add_indirect(0x10, 1, 23), Err(Error::Broken));
    assert!(!queue.publish());
    assert_eq!(memory.available_index(), 2, "the device gets nothing more");
    assert!(!queue.want_interrupt(), "to look again would never end");
    assert_eq!(queue.in_flight(), 3);
    queue.restart(EVENT_IDX);
    assert_eq!((queue.in_flight(), queue.room(), queue.take()), (0, 8, Ok(None)));
    queue.add([writable(1); 8], 24).expect("nothing was lost");
    assert!(queue.publish());
    memory.return_chain(0, u32::from(memory.available_entry(0)), 9);
    assert_eq!(queue.take(), Ok(Some(Used { token: 24, bytes: 9 })));
    bad
}

#[test]
fn lies_are_caught() {
    assert_eq!(caught(|device| device.return_chain(0, 8, 0)), Bad::Range(8));
    assert_eq!(caught(|device| device.return_chain(0, 0x1_0000, 0)), Bad::Range(0x1_0000));
    assert_eq!(caught(|device| device.return_chain(0, u32::MAX, 0)), Bad::Range(u32::MAX));
    let second_descriptor_of_a_chain = 1;
    assert_eq!(caught(|device| device.return_chain(0, second_descriptor_of_a_chain, 0)), Bad::NotInFlight(1));
    let not_published = 3;
    assert_eq!(caught(|device| device.return_chain(0, not_published, 0)), Bad::NotInFlight(3));
    let free = 5;
    assert_eq!(caught(|device| device.return_chain(0, free, 0)), Bad::NotInFlight(5));
    let one_too_many = 2;
    assert_eq!(caught(|device| device.return_chain(one_too_many, 0, 0)), Bad::Index(3));
    let backwards = 0xFFFE;
    assert_eq!(caught(|device| device.return_chain(backwards, 0, 0)), Bad::Index(0xFFFF));
}

#[test]
fn a_descriptor_that_is_kept_track_of_but_not_there_is_out_of_range() {
    let memory = Cells::new(4, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([writable(1)], 20).expect("there is room");
    let _ = queue.publish();
    memory.return_chain(0, 5, 0);
    assert_eq!(queue.take(), Err(Bad::Range(5)));
}

#[test]
fn what_comes_back_twice_is_caught() {
    let memory = Cells::new(8, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([writable(1); 2], 20).expect("there is room");
    queue.add([writable(1); 2], 21).expect("there is room");
    let _ = queue.publish();
    let head = memory.available_entry(0);
    memory.return_chain(0, u32::from(head), 1);
    memory.return_chain(1, u32::from(head), 1);
    assert_eq!(queue.take(), Ok(Some(Used { token: 20, bytes: 1 })));
    assert_eq!(queue.take(), Err(Bad::NotInFlight(head)));
}

#[test]
fn a_chain_that_is_never_returned_stays_known_as_published() {
    let memory = Cells::new(2, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    queue.add([writable(1)], 1).expect("there is room");
    let _ = queue.publish();
    let stuck = memory.available_entry(0);
    for index in 0..0x1_0001_u32 {
        let index = index as u16;
        queue.add([writable(1)], 2).expect("there is room");
        let _ = queue.publish();
        memory.return_chain(index, u32::from(memory.available_entry(index.wrapping_add(1))), 0);
        assert_eq!(queue.take(), Ok(Some(Used { token: 2, bytes: 0 })));
    }
    memory.return_chain(1, u32::from(stuck), 0);
    assert_eq!(queue.take(), Ok(Some(Used { token: 1, bytes: 0 })));
}

// ---- notifications ------------------------------------------------------------------------------------------------

#[test]
fn an_event_is_passed_when_its_entry_is_written() {
    for old in [0, 1, 7, 0x7FFF, 0x8000, 0xFF00, 0xFFFE, 0xFFFF_u16] {
        for step in 0..300 {
            let new = old.wrapping_add(step);
            for distance in -400..400_i16 {
                let event = old.wrapping_add_signed(distance);
                let written = (0..step).any(|entry| old.wrapping_add(entry) == event);
                assert_eq!(need_event(event, new, old), written, "{event} {new} {old}");
            }
        }
    }
}

#[test]
fn indices_wrap() {
    for size in [1, 2, 8_u16] {
        for features in [EVENT_IDX, FLAGS] {
            let memory = Cells::new(size, 8);
            let mut queue = queue(&memory, features);
            let mut index = 0_u16;
            let mut kicks = 0;
            for round in 0..200_000_u32 {
                // As many as there is room for at first, then one at a time. The device arms for every other chain.
                let batch = if round < 5 { size } else { 1 };
                for _ in 0..batch {
                    queue.add([writable(1)], round as u16).expect("the queue is empty");
                }
                if features.event_idx {
                    memory.store16(
                        memory.available_event(),
                        if round % 2 == 0 { index } else { index.wrapping_sub(1) },
                    );
                } else {
                    memory.store16(memory.layout.used, (round % 2) as u16);
                }
                let kick = queue.publish();
                assert_eq!(kick, round % 2 == 0, "at {index:#x}");
                kicks += u32::from(kick);
                for _ in 0..batch {
                    assert_eq!(queue.take(), Ok(None));
                    assert!(!queue.want_interrupt());
                    if features.event_idx {
                        assert_eq!(memory.load16(memory.used_event()), index);
                    }
                    memory.return_chain(index, u32::from(memory.available_entry(index)), round);
                    assert!(queue.want_interrupt());
                    assert_eq!(queue.take(), Ok(Some(Used { token: round as u16, bytes: round })));
                    index = index.wrapping_add(1);
                }
                assert_eq!(memory.available_index(), index);
                assert_eq!((queue.in_flight(), queue.room()), (0, size));
            }
            assert_eq!(kicks, 100_000);
        }
    }
}

#[test]
fn one_kick_is_for_all_that_was_added() {
    let memory = Cells::new(8, 8);
    let mut queue = queue(&memory, EVENT_IDX);
    memory.store16(memory.available_event(), 2);
    for (added, kick) in [(2, false), (0, false), (3, true), (0, false), (3, false)] {
        for _ in 0..added {
            queue.add([writable(1)], 0).expect("there is room for eight");
        }
        assert_eq!(queue.publish(), kick);
    }
}

#[test]
fn no_interrupt_is_wanted_by_flag_or_by_an_event_far_away() {
    let memory = Cells::new(4, 8);
    let mut with_flags = queue(&memory, FLAGS);
    with_flags.want_no_interrupt();
    assert_eq!(memory.load16(memory.layout.available), 1);
    assert!(!with_flags.want_interrupt());
    assert_eq!(memory.load16(memory.layout.available), 0);

    let mut with_event = queue(&memory, EVENT_IDX);
    with_event.want_no_interrupt();
    assert_eq!(memory.load16(memory.layout.available), 0, "the flags stay 0 where events are used");
    assert!(
        (0..0x8000).all(|index| memory.load16(memory.used_event()) != index),
        "far from all that may come"
    );
    assert!(!with_event.want_interrupt());
    assert_eq!(memory.load16(memory.used_event()), 0);
}

#[test]
fn each_variant_ignores_the_other_variants_field() {
    let memory = Cells::new(4, 8);
    let mut with_flags = queue(&memory, FLAGS);
    memory.store16(memory.available_event(), 0x8000);
    with_flags.add([writable(1)], 0).expect("there is room");
    assert!(with_flags.publish());

    let mut with_event = queue(&memory, EVENT_IDX);
    memory.store16(memory.layout.used, 1);
    with_event.add([writable(1)], 0).expect("there is room");
    assert!(with_event.publish());
}
