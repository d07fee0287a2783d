//! Buffer sizes, positions, and the periods that are done.

#[path = "../../src/wave/clock.rs"]
mod clock;
#[path = "../../src/device/cut.rs"]
mod cut;

use clock::{Clock, Periods};
use cut::{Chunks, Cut, least_frames};
use proptest::prelude::*;

const LIMIT: u32 = 4 << 20;
/// A device that walks its buffer by itself, and one that is handed it in pieces.
const DEVICES: [Chunks; 2] = [Chunks { silent: 1, once: 1 }, Chunks { silent: 4, once: 2 }];

/// Rows 7 and 8: buffers are rounded up; notification count.
#[test]
fn sizes_are_rounded_up_only_and_stay_whole() {
    for (chunks, frame, rate) in
        [(DEVICES[0], 4, 48_000), (DEVICES[1], 4, 44_100), (DEVICES[1], 6, 8_000), (DEVICES[1], 72, 384_000)]
    {
        for notifications in 0..=2 {
            for requested in 0..=20_000 {
                let cut = Cut::at_least(requested, notifications, chunks, frame, rate, LIMIT).unwrap();
                let parts = [chunks.silent, chunks.once, 2][notifications as usize];
                assert!(cut.bytes >= requested);
                assert_eq!((cut.bytes, cut.chunk % frame), (cut.chunk * parts, 0));
                assert_eq!(cut.period * notifications, if notifications == 0 { 0 } else { cut.bytes });
                assert_eq!(cut.period % cut.chunk, 0);
                let least = requested.max(least_frames(rate) * frame * parts);
                assert!(cut.bytes < least + frame * parts);
            }
        }
    }
}

#[test]
fn the_shortest_chunk_is_a_millisecond_or_less() {
    let least = [8_000, 11_025, 44_100, 48_000, 96_000, 384_000].map(least_frames);
    assert_eq!(least, [8, 12, 45, 48, 48, 48]);
}

proptest! {
    /// Row 7: buffers are rounded up.
    #[test]
    fn absurd_sizes_end_in_none(
        requested in any::<u32>(), notifications in any::<u32>(), silent in any::<u32>(), once in any::<u32>(),
        frame in any::<u32>(), rate in any::<u32>(), limit in any::<u32>()
    ) {
        if let Some(cut) = Cut::at_least(requested, notifications, Chunks { silent, once }, frame, rate, limit) {
            prop_assert!(cut.bytes >= requested && cut.bytes <= limit && cut.chunk != 0);
            prop_assert_eq!(cut.has_packets(), notifications == 2);
        }
    }

    /// Row 2: initial state.
    #[test]
    fn counts_never_run_backwards(
        bytes in 1_u32..5000, moves in proptest::collection::vec((0_u64..100_000, 0_u64..100_000), 0..300)
    ) {
        let (mut clock, mut periods) = (Clock::ZERO, Periods::of(bytes));
        let (mut last, mut done, mut ended) = (0, 0, 0);
        for (to, to_done) in moves {
            clock.advance(to);
            last = to.max(last);
            prop_assert_eq!(clock.linear(), last);
            prop_assert_eq!(u64::from(clock.offset(bytes * 2)), last % u64::from(bytes * 2));
            // What is done says nothing of the clock, nor the other way round.
            periods.advance(to_done);
            done = to_done.max(done);
            ended += periods.ended();
            prop_assert_eq!((periods.done(), ended), (done, done / u64::from(bytes)));
        }
        periods.reset();
        prop_assert_eq!((periods.done(), periods.ended()), (0, 0));
        periods.advance(u64::from(bytes));
        prop_assert_eq!(periods.ended(), 1);
    }
}

#[test]
fn several_periods_at_once_are_several() {
    let mut periods = Periods::of(100);
    periods.advance(350);
    assert_eq!(periods.ended(), 3);
    periods.advance(399);
    assert_eq!(periods.ended(), 0);
    periods.advance(400);
    assert_eq!(periods.ended(), 1);
}

#[test]
fn a_buffer_without_periods_ends_none() {
    let mut periods = Periods::of(0);
    periods.advance(1 << 40);
    assert_eq!(periods.ended(), 0);
    assert_eq!(Clock::ZERO.offset(0), 0);
}
