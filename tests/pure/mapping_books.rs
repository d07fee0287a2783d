//! What the mappings of a stream are said to be at each moment, asked without a port and a device.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device/mappings.rs"]
mod mappings;

use std::ops::{Deref, DerefMut};

use mappings::{Call, Extent, FIRST_TAG, Mappings, Place, Stretch};

/// A mapping of so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bytes(u32);

impl Extent for Bytes {
    fn bytes(&self) -> u32 {
        self.0
    }
}

/// Places for four.
#[derive(Default)]
struct Places([Place<Bytes>; 4]);

impl Deref for Places {
    type Target = [Place<Bytes>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Places {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// A stream with frames of four bytes that has got mappings of these lengths.
fn with(lengths: &[u32]) -> Mappings<Places> {
    let mut mappings = Mappings::new(Places::default(), 4, 100_000);
    mappings.open(true);
    for (tag, length) in (FIRST_TAG..).zip(lengths) {
        assert_eq!(mappings.next_call(), Some(Call::Get(tag)));
        mappings.got(Some(Bytes(*length)));
    }
    mappings
}

#[test]
fn a_stream_that_runs_again_asks_again() {
    let mut mappings = with(&[]);
    assert_eq!(mappings.next_call(), Some(Call::Get(FIRST_TAG)));
    mappings.got(None);
    assert_eq!(mappings.next_call(), None);
    mappings.open(true);
    assert_eq!(mappings.next_call(), Some(Call::Get(FIRST_TAG + 1)));
}

#[test]
fn the_device_has_what_was_given_and_is_not_done() {
    let mut mappings = with(&[8, 8, 8]);
    let given = |mappings: &Mappings<Places>| {
        [0, 1, 2].map(|number| mappings.is_given(FIRST_TAG + number, FIRST_TAG + number))
    };
    assert_eq!(given(&mappings), [false, false, false]);
    mappings.give(16);
    assert_eq!(given(&mappings), [true, true, false]);
    mappings.finish(8);
    assert_eq!(given(&mappings), [false, true, false]);
    mappings.give(20);
    mappings.finish(12);
    assert_eq!(given(&mappings), [false, true, true]);
}

#[test]
fn a_stretch_that_ends_with_a_mapping_has_nothing_of_the_next() {
    let mappings = with(&[8, 12, 8]);
    let spans = |start, bytes| -> Vec<(u32, u32, u32)> {
        let spans = mappings.spans(Stretch { start, bytes });
        spans.map(|span| (span.mapping.0, span.from, span.bytes)).collect()
    };
    assert_eq!(spans(0, 8), [(8, 0, 8)]);
    assert_eq!(spans(4, 16), [(8, 4, 4), (12, 0, 12)]);
    assert_eq!(spans(4, 20), [(8, 4, 4), (12, 0, 12), (8, 0, 4)]);
    assert_eq!(spans(4, 0), []);
}

#[test]
fn positions_count_from_where_the_stream_was_stopped() {
    let mut mappings = with(&[8, 12]);
    mappings.give(16);
    mappings.finish(12);
    assert_eq!((mappings.told(12), mappings.done(), mappings.given()), (12, 12, 16));
    mappings.rewind();
    assert_eq!([4, 12, 20].map(|at| mappings.told(at)), [0, 0, 8]);
    assert_eq!((mappings.done(), mappings.given()), (12, 12));
}

#[test]
fn a_full_house_that_is_all_given_has_nothing_more() {
    let mut mappings = with(&[8, 8, 8, 8]);
    assert_eq!(mappings.next_call(), None);
    assert_eq!(mappings.ready(), Stretch { start: 0, bytes: 32 });
    mappings.give(32);
    assert_eq!(mappings.ready(), Stretch { start: 32, bytes: 0 });
    assert_eq!(mappings.spans(Stretch { start: 24, bytes: 16 }).count(), 1);
    // Round and round.
    for number in 0..9 {
        mappings.finish(8 * (u64::from(number) + 1));
        assert_eq!(mappings.next_call(), Some(Call::Release(FIRST_TAG + number)));
        assert_eq!(mappings.next_call(), Some(Call::Get(FIRST_TAG + number + 4)));
        mappings.got(Some(Bytes(8)));
        let start = 8 * (u64::from(number) + 4);
        assert_eq!(mappings.ready(), Stretch { start, bytes: 8 });
        mappings.give(start + 8);
    }
}
