//! A linear position out of the offsets that `GetPosition` tells.

/// Unwraps offsets in a cyclic buffer.
///
/// An offset alone does not say how many rounds of the buffer lie behind it; the sample clock does, as long as the
/// position is less than half a buffer off.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    buffer: u64,
    linear: u64,
    backward: u64,
}

impl Track {
    /// At the start of a buffer of so many bytes.
    pub fn new(buffer: u64) -> Self {
        Self { buffer, linear: 0, backward: 0 }
    }

    /// Takes the next reading, with what the sample clock says, bytes; returns the linear position, bytes: of all that
    /// have this offset, the one nearest to the clock.
    pub fn follow(&mut self, offset: u64, clock: u64) -> u64 {
        let half = self.buffer / 2;
        let ahead = (offset + self.buffer - clock % self.buffer) % self.buffer;
        let linear = if ahead <= half || clock + ahead < self.buffer {
            clock + ahead
        } else {
            clock + ahead - self.buffer
        };
        if linear < self.linear {
            self.backward += 1;
        }
        self.linear = linear;
        linear
    }

    /// The last reading, unwrapped; 0 before the first.
    pub fn linear(&self) -> u64 {
        self.linear
    }

    /// Readings that lay behind the one before.
    pub fn backward_steps(&self) -> u64 {
        self.backward
    }
}

#[cfg(test)]
mod tests {
    use super::Track;

    #[test]
    fn the_end_of_the_buffer_is_no_step_back() {
        let mut track = Track::new(1000);
        assert_eq!(track.follow(600, 600), 600);
        assert_eq!(track.follow(100, 1150), 1100);
        assert_eq!(track.follow(100, 1190), 1100);
        assert_eq!(track.backward_steps(), 0);
    }

    #[test]
    fn a_step_of_almost_a_buffer_is_one_forward() {
        let mut track = Track::new(960);
        assert_eq!(track.follow(441, 480), 441);
        assert_eq!(track.follow(363, 1440), 1323);
        assert_eq!(track.backward_steps(), 0);
    }

    #[test]
    fn a_step_back_is_counted() {
        let mut track = Track::new(1000);
        track.follow(600, 600);
        assert_eq!(track.follow(590, 620), 590);
        assert_eq!(track.backward_steps(), 1);
    }

    #[test]
    fn a_position_ahead_of_the_clock_stays_ahead() {
        let mut track = Track::new(1000);
        assert_eq!(track.follow(300, 0), 300);
        assert_eq!(track.follow(50, 900), 1050);
    }
}
