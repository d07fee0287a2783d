//! Numbers that look random and are the same each time.

/// A generator (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Bytes among which numbers of consequence are frequent.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| match self.below(4) {
                0 => 0,
                1 => 0xFF,
                2 => self.below(8) as u8,
                _ => self.next() as u8,
            })
            .collect()
    }
}
