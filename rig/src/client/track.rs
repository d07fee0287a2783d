//! A linear position out of the offsets that `GetPosition` tells.

/// What a reading was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The position, bytes counted on over all rounds of the buffer.
    pub linear: u64,
    /// It lies behind the one before.
    pub back: bool,
    /// It is outside of the limits.
    pub off: bool,
}

/// Unwraps offsets in a cyclic buffer.
///
/// An offset alone does not say how many rounds of the buffer lie behind it. What says so is where the position may be
/// at all: a stretch around the sample clock, no further back than the reading before. Where that is shorter than the
/// buffer, at most one position in it has the offset. Where it is not, several may: the earliest is taken, so that no
/// reading is ever called wrong which could be right.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    buffer: u64,
    linear: u64,
}

impl Track {
    /// At the start of a buffer of so many bytes.
    pub fn new(buffer: u64) -> Self {
        Self { buffer, linear: 0 }
    }

    /// Takes the next reading, which may be anywhere from byte `low` to byte `high`. Of all positions with this offset
    /// that is the earliest one there which is not behind the reading before; where none is there, the nearest to it.
    pub fn follow(&mut self, offset: u64, (low, high): (u64, u64)) -> Reading {
        let before = self.linear;
        let from = low.max(before);
        let next = self.at_least(from, offset);
        let last = next.saturating_sub(self.buffer);
        self.linear = if next <= high || last % self.buffer != offset || next - high < from - last {
            next
        } else {
            last
        };
        let linear = self.linear;
        Reading { linear, back: linear < before, off: !(low..=high).contains(&linear) }
    }

    /// The last reading, unwrapped; 0 before the first.
    pub fn linear(&self) -> u64 {
        self.linear
    }

    /// The first position from `from` on that has this offset.
    fn at_least(&self, from: u64, offset: u64) -> u64 {
        from + (offset + self.buffer - from % self.buffer) % self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::Reading;
    use super::Track;

    fn right(linear: u64) -> Reading {
        Reading { linear, back: false, off: false }
    }

    #[test]
    fn the_end_of_the_buffer_is_no_step_back() {
        let mut track = Track::new(1000);
        for (offset, clock, linear) in [(600, 600, 600), (100, 1150, 1100), (100, 1190, 1100)] {
            assert_eq!(track.follow(offset, (clock - 100, clock + 100)), right(linear));
        }
    }

    #[test]
    fn a_step_of_almost_a_buffer_is_one_forward() {
        let mut track = Track::new(960);
        assert_eq!(track.follow(441, (0, 900)), right(441));
        assert_eq!(track.follow(363, (960, 1800)), right(1323));
    }

    #[test]
    fn a_step_back_is_told() {
        let mut track = Track::new(1000);
        track.follow(600, (500, 700));
        assert_eq!(track.follow(590, (520, 720)), Reading { linear: 590, back: true, off: false });
        assert_eq!(track.follow(0, (520, 720)), Reading { linear: 1000, back: false, off: true });
    }

    #[test]
    fn what_is_off_is_the_nearest() {
        let mut track = Track::new(1000);
        let off = |linear| Reading { linear, back: false, off: true };
        assert_eq!(track.follow(300, (0, 100)), off(300));
        assert_eq!(track.follow(0, (1200, 1400)), off(1000));
        assert_eq!(track.follow(0, (1800, 2000)), right(2000));
    }

    #[test]
    fn nothing_is_wrong_where_everything_may_be_right() {
        // The stretch is longer than the buffer, and between two readings lie five laps of it.
        let mut track = Track::new(96);
        for round in 0..1000_u64 {
            let clock = round * 480 + 7 * (round % 3);
            let reading = track.follow(clock % 96, (clock.saturating_sub(500), clock + 500));
            assert_eq!(reading, right(reading.linear));
            assert!(reading.linear <= clock);
        }
    }
}
