//! Where in a sound a given run of frames occurs.

use super::Pcm;

/// Frames that must agree before two places count as the same place.
pub(super) const RUN: usize = 16;

/// Multiplier of the rolling hash: odd, and nothing special otherwise.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Every run of [`RUN`] frames of a sound, findable by its hash.
pub(super) struct Index {
    /// (hash, first frame), sorted: the places of one hash are a slice in ascending order.
    places: Vec<(u64, u32)>,
}

impl Index {
    pub(super) fn of(pcm: &Pcm) -> Self {
        let mut places: Vec<_> = hashes(pcm).into_iter().zip(0u32..).collect();
        places.sort_unstable();
        Self { places }
    }

    /// First frames of the runs with this hash that begin at `from` or later, ascending.
    pub(super) fn from(&self, hash: u64, from: usize) -> impl Iterator<Item = usize> {
        let key = (hash, u32::try_from(from).unwrap_or(u32::MAX));
        let start = self.places.partition_point(|place| *place < key);
        self.places[start..].iter().take_while(move |place| place.0 == hash).map(|place| place.1 as usize)
    }

    /// First frames of the runs with this hash that begin before `before`, descending.
    pub(super) fn before(&self, hash: u64, before: usize) -> impl Iterator<Item = usize> {
        let key = (hash, u32::try_from(before).unwrap_or(u32::MAX));
        let end = self.places.partition_point(|place| *place < key);
        self.places[..end].iter().rev().take_while(move |place| place.0 == hash).map(|place| place.1 as usize)
    }
}

/// The hash of the run that begins at each frame; empty where there are fewer than [`RUN`] frames.
pub(super) fn hashes(pcm: &Pcm) -> Vec<u64> {
    let frames: Vec<u64> = pcm.data.chunks_exact(pcm.frame_bytes()).map(frame_hash).collect();
    let Some(head) = frames.get(..RUN) else { return Vec::new() };
    let leaving = (1..RUN).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = head.iter().fold(0u64, |hash, frame| hash.wrapping_mul(BASE).wrapping_add(*frame));
    let mut out = Vec::with_capacity(frames.len() - RUN + 1);
    out.push(hash);
    for (old, new) in frames.iter().zip(&frames[RUN..]) {
        hash = hash.wrapping_sub(old.wrapping_mul(leaving)).wrapping_mul(BASE).wrapping_add(*new);
        out.push(hash);
    }
    out
}

/// FNV-1a.
fn frame_hash(frame: &[u8]) -> u64 {
    frame.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::{Index, RUN, hashes};
    use crate::sound::{Pcm, tune};

    #[test]
    fn a_run_is_found_where_it_stands() {
        let noise = tune::noise(1, 8_000, 2, 3);
        let (index, hashes) = (Index::of(&noise), hashes(&noise));
        assert_eq!(hashes.len(), 8_000 - RUN + 1);
        for at in [0, 1, 4_711, 8_000 - RUN] {
            assert_eq!(index.from(hashes[at], 0).collect::<Vec<_>>(), [at]);
            assert_eq!(index.from(hashes[at], at + 1).count(), 0);
            assert_eq!(index.before(hashes[at], at + 1).collect::<Vec<_>>(), [at]);
            assert_eq!(index.before(hashes[at], at).count(), 0);
        }
    }

    #[test]
    fn a_rolled_hash_equals_a_fresh_one() {
        let noise = tune::noise(1, 8_000, 1, 9);
        let tail = noise.with_data(noise.span(500, 600).to_vec());
        assert_eq!(hashes(&noise)[500..500 + 85], hashes(&tail)[..]);
    }

    #[test]
    fn too_short_a_sound_has_no_runs() {
        assert!(hashes(&Pcm::from_s16(48_000, 1, &[1; RUN - 1])).is_empty());
    }
}
