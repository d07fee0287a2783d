//! Noise in every format, alone or in lanes that add up to one sound without touching each other.
//!
//! ```text
//!   16-bit sample   f e d c b a 9 8 7 6 5 4 3 2 1 0      four lanes: each stream sounds in bits of its own,
//!                   '--3--' '--2--' '--1--' '--0--'      so that their sum is taken apart again exactly
//! ```

use super::Encoding;
use super::Pcm;
use super::random::Random;

/// Bits of a sample that one of several streams sounds in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Which, from 0: the lowest bits.
    pub index: u32,
    /// How many there are, at most 8.
    pub of: u32,
}

impl Lane {
    /// All bits of each sample.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The lane's bits of a sample of so many valid bits.
    fn mask(self, bits: u32) -> u32 {
        let width = bits / self.of.max(1);
        let low = self.index * width;
        let top = if self.index + 1 == self.of { bits } else { low + width };
        ((1_u64 << top) - (1_u64 << low)) as u32
    }
}

/// Bits of a sample that carry sound: of a float as many as its fraction has.
pub fn valid_bits(pcm: &Pcm) -> u32 {
    if pcm.encoding == Encoding::Float { 24 } else { u32::from(pcm.bits.min(32)) }
}

/// A sample of so many valid bits, as it lies in memory.
fn sample(pcm: &Pcm, value: u32, bits: u32) -> ([u8; 4], usize) {
    if pcm.encoding == Encoding::Float {
        // Sign-extended from 24 bits; every such number is a float exactly.
        let number = ((value << 8).cast_signed() >> 8) as f32 / (1 << 23) as f32;
        return (number.to_le_bytes(), 4);
    }
    let (container, bytes) = (u32::from(pcm.container), usize::from(pcm.container / 8));
    let shifted = value << (container - bits);
    // 8-bit samples rest at their middle.
    let word = if container == 8 { shifted ^ 0x80 } else { shifted };
    (word.to_le_bytes(), bytes)
}

/// Undoes [`sample`].
fn value(pcm: &Pcm, bytes: &[u8], bits: u32) -> u32 {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    if pcm.encoding == Encoding::Float {
        return ((f32::from_le_bytes(word) * (1 << 23) as f32) as i32).cast_unsigned() & 0xFF_FFFF;
    }
    let word = u32::from_le_bytes(word);
    let word = if pcm.container == 8 { word ^ 0x80 } else { word };
    word >> (u32::from(pcm.container) - bits)
}

/// White noise of so many frames in `format`: no two stretches are alike, and the first frame is not silent.
/// The same arguments give the same bytes.
pub fn noise(format: &Pcm, frames: usize, lane: Lane, seed: u64) -> Pcm {
    let mut random = Random::new(seed);
    let bits = valid_bits(format);
    let mask = lane.mask(bits);
    let lowest = mask & mask.wrapping_neg();
    let mut data = Vec::with_capacity(frames * format.frame_bytes());
    for number in 0..frames * usize::from(format.channels) {
        let first = if number == 0 { lowest } else { 0 };
        let (bytes, length) = sample(format, (random.next_u32() | first) & mask, bits);
        data.extend_from_slice(&bytes[..length]);
    }
    format.with_data(data)
}

/// What one lane contributed to a sum of lanes.
pub fn lane_of(sum: &Pcm, bits: u32, lane: Lane) -> Pcm {
    let (width, bytes) = (valid_bits(sum), usize::from(sum.container / 8));
    let mask = lane.mask(bits) << (width - bits);
    let mut data = Vec::with_capacity(sum.data.len());
    for each in sum.data.chunks_exact(bytes) {
        let (bytes, length) = sample(sum, value(sum, each, width) & mask, width);
        data.extend_from_slice(&bytes[..length]);
    }
    sum.with_data(data)
}

#[cfg(test)]
mod tests {
    use super::{Lane, lane_of, noise};
    use crate::sound::{Encoding, Pcm};

    fn format(bits: u16, container: u16, encoding: Encoding) -> Pcm {
        Pcm { rate: 48_000, channels: 2, bits, container, encoding, data: Vec::new() }
    }

    fn formats() -> [Pcm; 6] {
        [(8, 8), (16, 16), (24, 24), (24, 32), (32, 32)]
            .map(|(bits, container)| format(bits, container, Encoding::Integer))
            .into_iter()
            .chain([format(32, 32, Encoding::Float)])
            .collect::<Vec<_>>()
            .try_into()
            .expect("six")
    }

    #[test]
    fn noise_is_noise_in_every_format() {
        for format in formats() {
            let one = noise(&format, 4_800, Lane::WHOLE, 1);
            assert_eq!(one.frames(), 4_800);
            assert_eq!(one, noise(&format, 4_800, Lane::WHOLE, 1));
            assert_ne!(one, noise(&format, 4_800, Lane::WHOLE, 2));
            let silent =
                |pcm: &Pcm, at: usize| pcm.span(at, at + 1).iter().all(|byte| *byte == pcm.silence());
            assert!(!silent(&one, 0), "{}", format.describe());
            assert_eq!(lane_of(&one, super::valid_bits(&one), Lane::WHOLE), one, "{}", format.describe());
        }
    }

    #[test]
    fn lanes_that_were_added_up_come_apart() {
        let format = format(16, 16, Encoding::Integer);
        let lanes: Vec<Lane> = (0..4).map(|index| Lane { index, of: 4 }).collect();
        let parts: Vec<Pcm> = lanes.iter().map(|lane| noise(&format, 1_000, *lane, 7)).collect();
        let words = |pcm: &Pcm| -> Vec<i16> {
            pcm.data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
        };
        let sum: Vec<i16> = (0..2_000).map(|at| parts.iter().map(|part| words(part)[at]).sum()).collect();
        let sum = Pcm::from_s16(48_000, 2, &sum);
        for (lane, part) in lanes.iter().zip(&parts) {
            assert_eq!(&lane_of(&sum, 16, *lane), part, "{lane:?}");
        }
    }
}
