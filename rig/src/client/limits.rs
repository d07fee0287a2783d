//! How far a position may be from the sample clock.
//!
//! `KSAUDIO_POSITION` has two promises: the client may overwrite what lies before `PlayOffset`, and what lies between
//! it and `WriteOffset` is the hardware's. Where the device truly is, T, must lie between them:
//!
//! ```text
//!   rendering    the client's   |  the hardware's           |  the client's
//!   ----------------------------P------------T--------------W----------------->
//!                                behind: at most a transfer
//!
//!   capturing    to be read     |  not told of yet    |  being recorded
//!   ----------------------------P---------------------T------------------------>
//! ```
//!
//! - A position ahead of T gives away what has not been played, or tells of what has not been recorded.
//! - A position behind T costs the client time. How far behind it has to be depends on the device: where that gives back
//!   whole transfers and says nothing of what is in between, nobody can tell where in the last one it is.
//! - T is the sample clock to within a step of the device.

use super::Direction;

/// Frames by which a position may be off beyond the device's own step.
const SLACK_FRAMES: f64 = 1.0;

/// What is allowed, in frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// By which the device moves at a time.
    step: f64,
    /// The most that the device was seen to be given at a time, without telling where in it it is.
    transfer: f64,
    direction: Direction,
}

impl Limits {
    /// For a device that moves by `step` frames at a time, and was not given anything yet.
    pub(super) fn new(step: f64, direction: Direction) -> Self {
        Self { step, transfer: 0.0, direction }
    }

    /// The device was seen to be given so many frames at a time.
    pub(super) fn saw_transfer(&mut self, frames: f64) {
        self.transfer = self.transfer.max(frames);
    }

    /// See [`Limits::saw_transfer`].
    pub(super) fn transfer(&self) -> f64 {
        self.transfer
    }

    /// By which a position may be ahead of the sample clock.
    pub(super) fn ahead(&self) -> f64 {
        self.step + SLACK_FRAMES
    }

    /// By which a position may be behind the sample clock.
    pub(super) fn behind(&self) -> f64 {
        self.transfer + self.step + SLACK_FRAMES
    }

    /// Whether offsets in a buffer of so many frames can be told apart: a position that is anywhere between the limits
    /// must have an offset that no other one there has.
    pub(super) fn fit_in(&self, buffer: u64) -> bool {
        self.ahead() + self.behind() < buffer as f64
    }

    /// Whether a position that was told, and the end of what is the hardware's, leave the device where it is not: that
    /// is only known of a client that plays.
    pub(super) fn leaves_out(&self, owned: f64, clock: f64) -> bool {
        self.direction == Direction::Render && owned < clock - self.ahead()
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::client::Direction;

    #[test]
    fn only_a_transfer_that_was_seen_excuses_a_lag() {
        let mut limits = Limits::new(48.0, Direction::Render);
        assert_eq!((limits.behind(), limits.ahead()), (49.0, 49.0));
        limits.saw_transfer(240.0);
        limits.saw_transfer(24.0);
        assert_eq!((limits.behind(), limits.ahead()), (289.0, 49.0));
        assert!(limits.fit_in(339) && !limits.fit_in(338));
    }

    #[test]
    fn the_device_is_not_behind_what_is_its_own() {
        let limits = Limits::new(48.0, Direction::Render);
        assert!(limits.leaves_out(950.0, 1_000.0) && !limits.leaves_out(951.0, 1_000.0));
        assert!(!Limits::new(48.0, Direction::Capture).leaves_out(950.0, 1_000.0));
    }
}
