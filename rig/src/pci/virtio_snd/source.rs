//! What the device records when it was given nothing to record.

/// One byte of the sound that inputs hear: number `at` of the stream. Never twice the same for long, and never zero,
/// which could be silence.
#[must_use]
pub fn sample(stream: usize, at: u64) -> u8 {
    let mixed = (at / 2 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23 + 7 * stream as u32);
    ((mixed >> (8 * (at % 2))) as u8).max(1)
}

/// A number that looks like chance, out of two others.
pub(super) fn scramble(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}
