//! A position as a client counts it, which has nothing but the offsets.

/// Takes each offset in a cyclic buffer for less than a buffer ahead of the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    buffer: u64,
    linear: u64,
}

impl Walk {
    /// At the start of a buffer of so many bytes.
    pub(super) fn new(buffer: u64) -> Self {
        Self { buffer, linear: 0 }
    }

    /// Takes the next offset; returns the bytes walked in all.
    pub(super) fn to(&mut self, offset: u64) -> u64 {
        self.linear += (offset % self.buffer + self.buffer - self.linear % self.buffer) % self.buffer;
        self.linear
    }

    /// Bytes walked in all.
    pub(super) fn linear(&self) -> u64 {
        self.linear
    }
}

#[cfg(test)]
mod tests {
    use super::Walk;

    #[test]
    fn what_stands_still_stays_and_what_is_behind_is_a_round_ahead() {
        let mut walk = Walk::new(1_000);
        assert_eq!(
            [600, 600, 900, 100, 99, 1_099].map(|offset| walk.to(offset)),
            [600, 600, 900, 1_100, 2_099, 2_099]
        );
        assert_eq!(walk.linear(), 2_099);
    }
}
