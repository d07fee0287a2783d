//! Where a packet is cut into mappings: at page borders always, where pages are not neighbours; elsewhere as it pleases
//! the port driver (audio/wavepci-latency, portcls/nf-portcls-iportwavepcistream-getmapping).

use std::collections::VecDeque;

use super::memory::PacketMemory;
use crate::sound::random::Random;

/// Mappings that one packet is cut into, at most, where that is a choice: behind them the rest is cut at borders alone.
const MOST_CHOSEN: usize = 12;

/// Cuts packets. The same seed cuts them the same way.
#[derive(Clone, Debug)]
pub struct Cutter {
    random: Option<Random>,
    /// Lengths are multiples of this.
    grain: usize,
    frame: usize,
}

impl Cutter {
    /// At the borders of pages alone.
    pub fn pages() -> Self {
        Self { random: None, grain: 1, frame: 1 }
    }

    /// At hostile lengths, drawn by `seed`, for frames of `frame` bytes: one byte, odd, a byte less than a frame, across
    /// the borders of pages that are neighbours. With `whole_frames` no frame is cut in two.
    pub fn hostile(seed: u64, frame: usize, whole_frames: bool) -> Self {
        Self { random: Some(Random::new(seed)), grain: if whole_frames { frame } else { 1 }, frame }
    }

    /// The lengths of a packet's mappings, in order.
    pub(crate) fn cut(&mut self, memory: &PacketMemory) -> VecDeque<usize> {
        let mut lengths = VecDeque::new();
        let mut at = 0;
        while at < memory.len() {
            let longest = memory.in_a_row(at);
            let length = match self.random.as_mut() {
                None => memory.in_page(at),
                Some(_) if lengths.len() >= MOST_CHOSEN => longest,
                Some(random) => wanted(random, self.frame, longest).next_multiple_of(self.grain),
            };
            let length = length.clamp(1, longest);
            lengths.push_back(length);
            at += length;
        }
        lengths
    }
}

/// A length that a miniport may not expect.
fn wanted(random: &mut Random, frame: usize, longest: usize) -> usize {
    let any = |random: &mut Random, most: usize| 1 + (random.next_u64() % most.max(1) as u64) as usize;
    match random.next_u64() % 8 {
        0 => 1,
        1 => frame.saturating_sub(1),
        2 => any(random, 64) | 1,
        3 => any(random, longest) | 1,
        4 => any(random, longest),
        5 => any(random, longest) * frame,
        _ => longest,
    }
}
