//! Cutting a cyclic buffer into descriptors.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device"]
mod device {
    #[path = "ac97"]
    pub(crate) mod ac97 {
        pub(crate) mod plan;
    }
    pub(crate) mod run;
}

use device::ac97::plan::{MAX_SEGMENT_BYTES, Plan, PlanError, RING};
use device::run::Run;
use proptest::prelude::*;

fn runs() -> impl Strategy<Value = Vec<Run>> {
    proptest::collection::vec((1_u32..60, 1_u32..4), 1..20).prop_map(|pieces| {
        let mut address = 0x40_0000;
        pieces
            .into_iter()
            .map(|(pages, gap)| {
                let run = Run { address, bytes: pages * 4096 };
                address += u64::from(pages + gap) * 4096;
                run
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn segments_cover_every_byte_once(runs in runs(), periods in 1_u32..=2) {
        let bytes: u32 = runs.iter().map(|run| run.bytes).sum();
        let period = bytes / periods;
        let Ok(plan) = Plan::new(&runs, period, 0, 4) else { return Ok(()) };
        prop_assert!(plan.segments().len().is_power_of_two() && plan.segments().len() <= RING);
        prop_assert_eq!(plan.bytes(), bytes);
        let mut offset = 0;
        for segment in plan.segments() {
            prop_assert_eq!(segment.offset, offset);
            prop_assert!(segment.bytes > 0 && segment.bytes <= MAX_SEGMENT_BYTES && segment.bytes % 4 == 0);
            let inside = |run: &Run| {
                let address = u64::from(segment.address);
                run.address <= address && address + u64::from(segment.bytes) <= run.address + u64::from(run.bytes)
            };
            let mut before = 0;
            let home = runs.iter().find(|run| inside(run) || { before += run.bytes; false }).unwrap();
            prop_assert_eq!(u64::from(before) + u64::from(segment.address) - home.address, u64::from(offset));
            offset += segment.bytes;
            prop_assert_eq!(segment.ends_period, offset % period == 0);
        }
        prop_assert_eq!(offset, bytes);
    }

    #[test]
    fn the_end_of_each_period_is_a_segment_of_its_own(runs in runs(), last in 1_u32..600) {
        let bytes: u32 = runs.iter().map(|run| run.bytes).sum();
        let (period, last) = (bytes / 2, last * 4);
        let Ok(plan) = Plan::new(&runs, period, last, 4) else { return Ok(()) };
        prop_assert_eq!((plan.bytes(), plan.period()), (bytes, period));
        let mut offset = 0;
        for segment in plan.segments() {
            prop_assert_eq!(segment.offset, offset);
            prop_assert!(segment.bytes > 0 && segment.bytes <= plan.longest());
            offset += segment.bytes;
            prop_assert_eq!(segment.ends_period, offset % period == 0);
            prop_assert!(!segment.ends_period || segment.bytes <= last);
        }
        prop_assert_eq!(offset, bytes);
    }

    #[test]
    fn the_segment_of_an_offset_holds_it(runs in runs(), offset in any::<u32>()) {
        let bytes: u32 = runs.iter().map(|run| run.bytes).sum();
        let Ok(plan) = Plan::new(&runs, bytes, 0, 4) else { return Ok(()) };
        let offset = offset % bytes;
        let segment = plan.segments()[plan.segment_at(offset)];
        prop_assert!(segment.offset <= offset && offset < segment.offset + segment.bytes);
    }
}

#[test]
fn every_whole_size_in_one_run_can_be_planned() {
    for periods in 1..=2 {
        for frames in 1..=20_000 {
            let period = frames * 4;
            let runs = [Run { address: 0x1000, bytes: period * periods }];
            let plan = Plan::new(&runs, period, 0, 4).unwrap();
            assert_eq!(plan.segments().iter().map(|segment| segment.bytes).sum::<u32>(), period * periods);
            assert_eq!(
                plan.segments().iter().filter(|segment| segment.ends_period).count(),
                periods as usize
            );
        }
    }
}

#[test]
fn too_many_pieces_are_refused() {
    let runs: Vec<Run> = (0..33).map(|page| Run { address: page * 0x2000, bytes: 4096 }).collect();
    assert_eq!(Plan::new(&runs, 33 * 4096, 0, 4).unwrap_err(), PlanError::TooManySegments);
    assert_eq!(Plan::new(&runs[..32], 32 * 4096, 0, 4).unwrap().segments().len(), 32);
}

#[test]
fn memory_beyond_four_gigabytes_is_refused() {
    let end = Run { address: (1 << 32) - 4096, bytes: 4096 };
    assert!(Plan::new(&[end], 4096, 0, 4).is_ok());
    for address in [(1 << 32) - 4092, 1 << 32, u64::MAX] {
        assert_eq!(Plan::new(&[Run { address, ..end }], 4096, 0, 4).unwrap_err(), PlanError::OutOfReach);
    }
}

#[test]
fn neighbouring_runs_merge() {
    let first = Run { address: 0x1000, bytes: 0x1000 };
    assert_eq!(first.merged(Run { address: 0x2000, bytes: 8 }), Some(Run { address: 0x1000, bytes: 0x1008 }));
    assert_eq!(first.merged(Run { address: 0x3000, bytes: 8 }), None);
    assert_eq!(first.merged(Run { address: 0x2000, bytes: u32::MAX }), None);
}

#[test]
fn parts_of_periods_are_refused() {
    let run = [Run { address: 0, bytes: 4096 }];
    for (period, frame) in [(0, 4), (4096, 0), (4095, 4), (3000, 4), (8192, 4)] {
        assert_eq!(Plan::new(&run, period, 0, frame).unwrap_err(), PlanError::NotWholePeriods);
    }
    assert_eq!(Plan::new(&[], 4096, 0, 4).unwrap_err(), PlanError::NotWholePeriods);
}

#[test]
fn the_longest_pieces_are_halved_until_the_ring_divides_evenly() {
    let runs = |bytes: &[u32]| -> Vec<Run> {
        let address = |index: usize| 0x10_0000 * (index as u64 + 1);
        bytes.iter().enumerate().map(|(index, &bytes)| Run { address: address(index), bytes }).collect()
    };
    let lengths = |bytes: &[u32]| {
        let plan = Plan::new(&runs(bytes), bytes.iter().sum(), 0, 4)?;
        let segments = plan.segments().iter();
        Ok(segments.map(|segment| (segment.bytes, segment.ends_period)).collect::<Vec<_>>())
    };
    assert_eq!(
        lengths(&[4096, 12_288, 8_192]),
        Ok(vec![(4096, false), (6_144, false), (6_144, false), (8_192, true)])
    );
    assert_eq!(
        lengths(&[8, 8, 8, 8, 20]).map(|lengths| lengths.len()),
        Ok(8),
        "one cut after the other, each of them at a frame"
    );
    assert_eq!(lengths(&[4, 4, 4]), Err(PlanError::NotWholePeriods), "a frame cannot be halved");
    // Frames that do not halve evenly: the shorter half first.
    assert_eq!(lengths(&[4, 4, 12]), Ok(vec![(4, false), (4, false), (4, false), (8, true)]));
}

#[test]
fn a_period_that_is_all_end_is_one_segment() {
    let run = [Run { address: 0x1000, bytes: 64 }];
    let lengths = |last| {
        let plan = Plan::new(&run, 32, last, 4).unwrap();
        plan.segments().iter().map(|segment| (segment.bytes, segment.ends_period)).collect::<Vec<_>>()
    };
    assert_eq!(lengths(32), [(32, true); 2]);
    assert_eq!(lengths(40), [(32, true); 2]);
    assert_eq!(lengths(28), [(4, false), (28, true), (4, false), (28, true)]);
}
