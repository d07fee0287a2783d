//! Positions against the sample clock: which of the driver's answers cannot be true.
//!
//! Frames, bytes and times come in as they were observed; nothing here asks the driver anything.

use super::Direction;
use super::errors::Errors;
use super::track::Track;

/// Frames by which a position may be off beyond the device's own step.
const SLACK_FRAMES: f64 = 1.0;

/// Follows the positions of one stream.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    buffer: u64,
    frame: u64,
    step_frames: f64,
    direction: Direction,
    track: Track,
    /// Greatest distance between a position in RUN and the sample clock, in frames.
    pub(super) max_error_frames: f64,
    /// Positions in RUN.
    pub(super) samples: u64,
    /// What was wrong.
    pub(super) errors: Errors,
}

impl Witness {
    /// For a buffer of so many bytes, of frames of so many bytes, on a device that moves its own position by
    /// `step_frames` at a time.
    ///
    /// What was recorded may be told when it is complete, so that a position of a recording lies up to half a buffer
    /// behind the sample clock, and no more than the device's step ahead.
    pub(super) fn new(buffer: u64, frame: u64, step_frames: f64, direction: Direction) -> Self {
        Self {
            buffer,
            frame,
            step_frames,
            direction,
            track: Track::new(buffer),
            max_error_frames: 0.0,
            samples: 0,
            errors: Errors::default(),
        }
    }

    /// Whether a wrong position can be told from a right one: an offset is ambiguous by whole buffers, so that no
    /// error of half a buffer or more can be seen.
    pub(super) fn can_judge(&self) -> bool {
        self.step_frames + SLACK_FRAMES < (self.buffer / self.frame / 2) as f64
    }

    /// Positions that lay behind the one before.
    pub(super) fn backward_steps(&self) -> u64 {
        if self.can_judge() { self.track.backward_steps() } else { 0 }
    }

    /// A position in RUN, with the frames that the sample clock counts. Returns linear frames.
    pub(super) fn running(&mut self, now: u64, play: u64, write: u64, clock: f64) -> f64 {
        self.samples += 1;
        let frames = self.follow(now, "in RUN", play, write, clock);
        self.max_error_frames = self.max_error_frames.max((frames - clock).abs());
        frames
    }

    /// Two positions in PAUSE with time between them. `clock` stopped when the stream was paused. Returns linear
    /// frames.
    pub(super) fn paused(&mut self, now: u64, when: &str, offsets: (u64, u64), clock: f64) -> f64 {
        self.still(now, when, offsets);
        self.follow(now, when, offsets.0, offsets.0, clock)
    }

    /// Two positions in STOP with time between them.
    pub(super) fn stopped(&mut self, now: u64, when: &str, offsets: (u64, u64)) {
        self.still(now, when, offsets);
        if offsets.0 != 0 {
            let text = format!("{when} the position is byte {} and not 0", offsets.0);
            self.errors.add(now, "not zero in STOP", text);
        }
    }

    fn still(&mut self, now: u64, when: &str, (before, after): (u64, u64)) {
        if before != after {
            let text = format!("{when} the position moved from byte {before} to {after}");
            self.errors.add(now, "not frozen", text);
        }
    }

    /// Frames by which a position may be behind the clock and ahead of it.
    fn allowed(&self) -> (f64, f64) {
        let step = self.step_frames + SLACK_FRAMES;
        match self.direction {
            Direction::Render => (step, step),
            Direction::Capture => (step + (self.buffer / self.frame / 2) as f64, step),
        }
    }

    fn follow(&mut self, now: u64, when: &str, play: u64, write: u64, clock: f64) -> f64 {
        for (name, offset) in [("PlayOffset", play), ("WriteOffset", write)] {
            if offset >= self.buffer {
                let text =
                    format!("{when} GetPosition told {name} {offset} in a buffer of {} bytes", self.buffer);
                self.errors.add(now, "beyond the buffer", text);
            }
        }
        let before = self.track.linear();
        let (behind, ahead) = self.allowed();
        // The middle of where the position may be: an offset is taken for the nearest to it.
        let middle = (clock - (behind - ahead) / 2.0).max(0.0);
        let linear = self.track.follow(play % self.buffer, middle as u64 * self.frame);
        if linear < before && self.can_judge() {
            let (from, to) = (before / self.frame, linear / self.frame);
            self.errors.add(
                now,
                "backward",
                format!("{when} the position went back from frame {from} to {to}"),
            );
        }
        let frames = linear as f64 / self.frame as f64;
        let off = (frames - clock).abs();
        if self.can_judge() && (frames > clock + ahead || frames < clock - behind) {
            let text = format!(
                "{when} the position was {frames:.1} frames when the sample clock said {clock:.1}: {off:.1} off, \
                 where the device's step is {}",
                self.step_frames
            );
            self.errors.add(now, "off", text);
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::Witness;
    use crate::client::Direction;

    fn witness() -> Witness {
        Witness::new(4_000, 4, 48.0, Direction::Render)
    }

    fn messages(witness: &Witness) -> Vec<String> {
        witness.errors.list().into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let mut witness = witness();
        witness.stopped(0, "in STOP", (0, 0));
        for step in 1..100 {
            witness.running(step, step * 40 % 4_000, (step * 40 + 128) % 4_000, (step * 10) as f64 + 30.0);
        }
        witness.paused(100, "in PAUSE", (3_960, 3_960), 1_010.0);
        witness.stopped(101, "in STOP", (0, 0));
        assert_eq!(messages(&witness), [""; 0]);
        assert_eq!((witness.samples, witness.max_error_frames), (99, 30.0));
    }

    #[test]
    fn a_position_that_goes_back() {
        let mut witness = witness();
        witness.running(1, 400, 400, 100.0);
        witness.running(2, 396, 396, 110.0);
        assert_eq!(witness.backward_steps(), 1);
        assert_eq!(messages(&witness), ["in RUN the position went back from frame 100 to 99"]);
    }

    #[test]
    fn a_position_that_stands_still() {
        let mut witness = witness();
        (0..20).for_each(|step| {
            witness.running(step, 0, 0, (step * 20) as f64);
        });
        assert!(messages(&witness)[0].contains("60.0: 60.0 off"), "{:?}", messages(&witness));
    }

    #[test]
    fn a_position_beyond_the_buffer() {
        let mut witness = witness();
        witness.running(1, 4_000, 0, 0.0);
        assert!(messages(&witness)[0].contains("PlayOffset 4000"));
        let mut witness = self::witness();
        witness.running(1, 0, 4_000, 0.0);
        assert!(messages(&witness)[0].contains("WriteOffset 4000"));
    }

    #[test]
    fn a_position_that_moves_in_pause_or_is_gone() {
        let mut witness = witness();
        witness.running(1, 400, 400, 100.0);
        witness.paused(2, "in PAUSE", (400, 404), 100.0);
        assert!(messages(&witness)[0].contains("moved from byte 400 to 404"));
        let mut witness = self::witness();
        witness.running(1, 400, 400, 100.0);
        witness.paused(2, "in PAUSE", (0, 0), 100.0);
        assert!(
            messages(&witness)[0].contains("in PAUSE the position went back"),
            "{:?}",
            messages(&witness)
        );
    }

    #[test]
    fn a_position_that_outlives_stop() {
        let mut witness = witness();
        witness.stopped(1, "in STOP", (8, 8));
        assert_eq!(messages(&witness), ["in STOP the position is byte 8 and not 0"]);
    }

    #[test]
    fn a_recording_is_told_when_it_is_complete_and_not_before() {
        let mut witness = Witness::new(4_000, 4, 48.0, Direction::Capture);
        for step in 1..100_u64 {
            // Half a buffer late.
            let told = (step * 10).saturating_sub(500);
            witness.running(step, told * 4 % 4_000, told * 4 % 4_000, (step * 10) as f64);
        }
        assert_eq!(messages(&witness), [""; 0]);
        let mut witness = Witness::new(4_000, 4, 48.0, Direction::Capture);
        witness.running(1, 400, 400, 100.0);
        witness.running(1, 800, 800, 100.0);
        assert!(messages(&witness)[0].contains("200.0 frames when the sample clock said 100.0"));
    }

    #[test]
    fn half_a_buffer_must_be_more_than_a_step() {
        assert!(Witness::new(960 * 4, 4, 240.0, Direction::Render).can_judge());
        let mut blind = Witness::new(960 * 4, 4, 480.0, Direction::Render);
        assert!(!blind.can_judge());
        blind.running(1, 1_900, 1_900, 0.0);
        blind.running(2, 0, 0, 0.0);
        assert_eq!((messages(&blind), blind.backward_steps()), (Vec::new(), 0));
    }
}
