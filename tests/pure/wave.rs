//! Buffer sizes, the clock, and the set of rates.

#[path = "../../src/wave/clock.rs"]
mod clock;
#[path = "../../src/device/rates.rs"]
mod rates;
#[path = "../../src/wave/size.rs"]
mod size;

use clock::Clock;
use proptest::prelude::*;
use rates::{RATES, RateSet};
use size::{BufferSize, MIN_PERIOD_FRAMES};

const LIMIT: u32 = 4 << 20;

#[test]
fn sizes_are_rounded_up_only_and_stay_whole() {
    for periods in 1..=2 {
        for requested in 0..=40_000 {
            let size = BufferSize::at_least(requested, periods, 4, LIMIT).unwrap();
            assert!(size.bytes >= requested);
            assert_eq!(size.bytes, size.period * periods);
            assert_eq!(size.period % 4, 0);
            let least = requested.max(MIN_PERIOD_FRAMES * 4 * periods);
            assert!(size.bytes < least + 4 * periods);
        }
    }
}

proptest! {
    #[test]
    fn absurd_sizes_end_in_none(
        requested in any::<u32>(), periods in any::<u32>(), frame in any::<u32>(), limit in any::<u32>()
    ) {
        if let Some(size) = BufferSize::at_least(requested, periods, frame, limit) {
            prop_assert!(size.bytes >= requested && size.bytes <= limit);
        }
    }

    #[test]
    fn the_clock_never_runs_backwards(period in 1_u32..5000, moves in proptest::collection::vec(0_u64..100_000, 0..300)) {
        let mut clock = Clock::new(period);
        let (mut last, mut crossed) = (0, 0);
        for to in moves {
            clock.advance(to);
            prop_assert!(clock.linear() >= last && clock.linear() >= to);
            last = clock.linear();
            crossed += clock.crossed();
            prop_assert_eq!(crossed, last / u64::from(period));
            prop_assert_eq!(u64::from(clock.offset(period * 2)), last % u64::from(period * 2));
        }
        clock.reset();
        prop_assert_eq!((clock.linear(), clock.crossed()), (0, 0));
    }
}

#[test]
fn a_clock_without_period_crosses_nothing() {
    let mut clock = Clock::new(0);
    clock.advance(1 << 40);
    assert_eq!(clock.crossed(), 0);
    assert_eq!(clock.offset(0), 0);
}

#[test]
fn rate_sets_hold_what_was_put_in() {
    let mut set = RateSet::EMPTY;
    for rate in RATES {
        assert!(!set.contains(rate));
        set = set.with(rate);
        assert!(set.contains(rate));
    }
    assert_eq!(set.with(12_345), set);
    assert_eq!(set.best_within(0, u32::MAX), Some(48_000));
    assert_eq!(set.best_within(44_100, 44_100), Some(44_100));
    assert_eq!(set.best_within(9_000, 10_000), None);
    assert_eq!(RateSet::EMPTY.with(8_000).best_within(0, u32::MAX), Some(8_000));
}
