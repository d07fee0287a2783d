//! Scripted positions: each lie is noticed, and nothing else.

use super::Judged;
use super::PositionFigures;
use super::Told;
use super::Witness;
use crate::client::Direction;

/// A buffer of 1000 frames, on a device with steps of 48 frames whose registers say where it is.
fn witness() -> Witness {
    Witness::new(4_000, 4, 48.0, Direction::Render)
}

/// The same on a device that is given `transfer` frames at a time.
fn given(transfer: u64, direction: Direction) -> Witness {
    let mut witness = Witness::new(4_000, 4, 48.0, direction);
    witness.saw_transfer(transfer * 4);
    witness
}

fn messages(witness: &Witness) -> Vec<String> {
    witness.errors.list().into_iter().map(|error| error.message).collect()
}

fn at(play: u64, write: u64) -> Told {
    Told { play, write, linear: None }
}

/// Positions in frames, the hardware owning 250 frames.
fn tell(witness: &mut Witness, frames: u64, clock: u64) {
    witness.running(clock, at(frames * 4 % 4_000, (frames + 250) * 4 % 4_000), clock as f64);
}

#[test]
fn what_is_right_is_left_alone() {
    let mut witness = witness();
    witness.stopped(0, "in STOP", (0, 0));
    for step in 1..100 {
        witness.running(step, at(step * 40 % 4_000, (step * 40 + 128) % 4_000), (step * 10) as f64 + 30.0);
    }
    witness.paused(100, "in PAUSE", (3_960, 3_960), 1_010.0);
    witness.stopped(101, "in STOP", (0, 0));
    assert_eq!(messages(&witness), [""; 0]);
    let figures = PositionFigures {
        behind: 30.0,
        ahead_limit: 49.0,
        behind_limit: 49.0,
        samples: 99,
        ..PositionFigures::default()
    };
    assert_eq!(witness.figures(), figures);
}

#[test]
fn a_position_that_goes_back() {
    let mut witness = witness();
    tell(&mut witness, 100, 100);
    tell(&mut witness, 99, 110);
    assert_eq!(witness.figures().backward_steps, 1);
    assert_eq!(messages(&witness), ["in RUN the position went back from frame 100 to 99"]);
}

#[test]
fn a_position_that_stands_still() {
    let mut witness = witness();
    for step in 0..20 {
        witness.running(step, at(0, 0), (step * 20) as f64);
    }
    assert!(messages(&witness)[0].contains("60.0: 60.0 behind, where 49.0"), "{:?}", messages(&witness));
}

#[test]
fn a_position_may_lag_by_a_transfer_of_the_device_and_no_more() {
    for direction in [Direction::Render, Direction::Capture] {
        let mut witness = given(240, direction);
        (0..200).for_each(|step| tell(&mut witness, (step * 20_u64).saturating_sub(240 + 49), step * 20));
        assert_eq!(messages(&witness), [""; 0]);
        let figures = witness.figures();
        assert_eq!((figures.behind, figures.behind_limit, figures.transfer), (289.0, 289.0, 240.0));
        // Two transfers: one more than the device keeps to itself.
        let mut witness = given(240, direction);
        (0..200).for_each(|step| tell(&mut witness, (step * 20_u64).saturating_sub(480), step * 20));
        assert!(messages(&witness)[0].contains("behind, where 289.0 are"), "{:?}", messages(&witness));
    }
}

#[test]
fn no_transfer_excuses_a_position_that_is_ahead() {
    for direction in [Direction::Render, Direction::Capture] {
        let mut witness = given(240, direction);
        (0..200).for_each(|step| tell(&mut witness, step * 20 + 49, step * 20));
        assert_eq!(messages(&witness), [""; 0]);
        assert_eq!((witness.figures().ahead, witness.figures().ahead_limit), (49.0, 49.0));
        let mut witness = given(240, direction);
        (0..200).for_each(|step| tell(&mut witness, step * 20 + 50, step * 20));
        assert!(messages(&witness)[0].contains("50.0 ahead, where 49.0"), "{:?}", messages(&witness));
    }
}

#[test]
fn a_write_offset_that_gives_away_what_the_device_has() {
    let mut witness = given(240, Direction::Render);
    witness.running(1, at(400, 1_204), 350.0);
    assert_eq!(messages(&witness), [""; 0]);
    witness.running(2, at(800, 1_000), 300.0);
    assert!(messages(&witness)[0].contains("WriteOffset gave away all from frame 250"), "{witness:?}");
}

#[test]
fn a_position_beyond_the_buffer() {
    let mut witness = witness();
    witness.running(1, at(4_000, 0), 0.0);
    assert!(messages(&witness)[0].contains("PlayOffset 4000"));
    let mut witness = self::witness();
    witness.running(1, at(0, 4_000), 0.0);
    assert!(messages(&witness)[0].contains("WriteOffset 4000"));
}

#[test]
fn a_position_that_moves_in_pause_or_is_gone() {
    let mut witness = witness();
    tell(&mut witness, 100, 100);
    witness.paused(2, "in PAUSE", (400, 404), 100.0);
    assert!(messages(&witness)[0].contains("moved from byte 400 to 404"));
    let mut witness = self::witness();
    tell(&mut witness, 100, 100);
    witness.paused(2, "in PAUSE", (0, 0), 100.0);
    assert!(messages(&witness)[0].contains("in PAUSE the position went back"), "{:?}", messages(&witness));
}

#[test]
fn a_position_that_does_not_outlive_a_sleep() {
    let mut witness = witness();
    tell(&mut witness, 100, 100);
    assert_eq!(witness.woken(2, 440, 100.0), 110.0);
    assert_eq!(messages(&witness), [""; 0]);
    witness.woken(3, 0, 110.0);
    assert!(messages(&witness)[0].contains("after a sleep the position was"), "{:?}", messages(&witness));
}

#[test]
fn a_position_that_outlives_stop() {
    let mut witness = witness();
    witness.stopped(1, "in STOP", (8, 8));
    assert_eq!(messages(&witness), ["in STOP the position is byte 8 and not 0"]);
}

#[test]
fn a_buffer_in_which_offsets_cannot_be_told_apart() {
    // A buffer of 96 frames, a device that moves by 480.
    let mut blind = Witness::new(96 * 4, 4, 480.0, Direction::Render);
    for step in 0..50_u64 {
        blind.running(step, at(step * 480 * 4 % 384, 0), (step * 480) as f64);
    }
    assert_eq!((messages(&blind), blind.figures().backward_steps), (Vec::new(), 0));
    assert_eq!(blind.figures().judged, Judged::InPart);
}

#[test]
fn a_linear_position_is_judged_where_offsets_are_not() {
    let small = || Witness::new(96 * 4, 4, 48.0, Direction::Render);
    let run = |positions: &[(u64, u64)], lag: f64| {
        let mut witness = small();
        for (frames, clock) in positions {
            let told = Told { play: frames * 4 % 384, write: 0, linear: Some((*frames, lag)) };
            witness.running(*clock, told, *clock as f64);
        }
        assert_eq!(witness.figures().judged, Judged::Linear);
        messages(&witness).concat()
    };
    assert_eq!(run(&[(0, 40), (400, 440), (449, 400), (480, 500)], 0.0), "");
    assert!(run(&[(100, 100), (99, 110)], 0.0).contains("went back from frame 100 to 99"));
    assert!(run(&[(150, 100)], 0.0).contains("50.0 ahead"));
    assert!(run(&[(50, 100)], 0.0).contains("50.0 behind"));
    assert_eq!(run(&[(50, 100)], 10.0), "");
    // Its offset alone could be taken for a step back.
    let hasty = run(&[(100, 51), (190, 110)], 0.0);
    assert!(hasty.contains("80.0 ahead") && !hasty.contains("went back"), "{hasty}");
}
