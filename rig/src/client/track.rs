//! A linear position out of the offsets that `GetPosition` tells.

/// Unwraps offsets in a cyclic buffer.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    buffer: u64,
    offset: u64,
    linear: u64,
    backward: u64,
}

impl Track {
    /// At the start of a buffer of so many bytes.
    pub fn new(buffer: u64) -> Self {
        Self { buffer, offset: 0, linear: 0, backward: 0 }
    }

    /// Takes the next reading; returns the linear position, bytes.
    ///
    /// A buffer's end looks like a step back, and a step back like almost a whole buffer: readings come at least
    /// twice a buffer, so a step of more than three quarters of it is one back.
    pub fn follow(&mut self, offset: u64) -> u64 {
        let step = (offset + self.buffer - self.offset) % self.buffer;
        self.offset = offset;
        if step > self.buffer / 4 * 3 {
            self.backward += 1;
            self.linear = self.linear.saturating_sub(self.buffer - step);
        } else {
            self.linear += step;
        }
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
        assert_eq!(track.follow(600), 600);
        assert_eq!(track.follow(100), 1100);
        assert_eq!(track.follow(100), 1100);
        assert_eq!(track.backward_steps(), 0);
    }

    #[test]
    fn a_step_back_is_counted() {
        let mut track = Track::new(1000);
        track.follow(600);
        assert_eq!(track.follow(590), 590);
        assert_eq!(track.backward_steps(), 1);
    }
}
