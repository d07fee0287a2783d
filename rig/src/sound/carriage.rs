//! How QEMU's mixer carries a sound: the format in which it comes out of the machine, and goes in.
//!
//! The mixer adds streams as 64-bit integers and is lossless at full volume and equal rates. Integers keep their
//! value, left-aligned; of a float only what a 32-bit integer holds comes through. It has two channels: what is played
//! in one comes out of both, and what is recorded in one is the sum of both.

use super::Encoding;
use super::Pcm;

/// 2 to the power of 31: what the mixer makes of a float 1.0.
const FULL_SCALE: f32 = 2_147_483_648.0;

/// Bits of a sample in the mixer's format that can carry a sound of this format.
fn carried_bits(pcm: &Pcm) -> u16 {
    match (pcm.encoding, pcm.container) {
        (Encoding::Integer, 8 | 16) => 16,
        _ => 32,
    }
}

/// Whether the mixer carries so many channels.
pub fn carries(channels: u16) -> bool {
    (1..=2).contains(&channels)
}

/// What the mixer is to hear for this to be recorded: a single channel on the left, with silence on the right.
pub fn heard(pcm: &Pcm) -> Pcm {
    spread(narrow(pcm), false)
}

/// The sound as the mixer gives it out, in the narrowest of its formats that loses nothing: 16-bit, 32-bit or float.
pub fn carried(pcm: &Pcm) -> Pcm {
    spread(narrow(pcm), true)
}

/// One channel becomes two: the same, or silence.
fn spread(pcm: Pcm, same: bool) -> Pcm {
    if pcm.channels != 1 {
        return pcm;
    }
    let bytes = usize::from(pcm.container / 8);
    let silence = vec![pcm.silence(); bytes];
    let both = |sample: &[u8]| [sample, if same { sample } else { &silence }].concat();
    let data = pcm.data.chunks_exact(bytes).flat_map(both).collect();
    Pcm { channels: 2, data, ..pcm }
}

/// In the mixer's sample format.
fn narrow(pcm: &Pcm) -> Pcm {
    let bytes = usize::from(pcm.container / 8);
    let mut data = Vec::with_capacity(pcm.data.len());
    for sample in pcm.data.chunks_exact(bytes) {
        match (pcm.encoding, sample) {
            (Encoding::Float, [a, b, c, d]) => {
                // What the mixer cannot hold it clips, and cuts off.
                let number = f32::from_le_bytes([*a, *b, *c, *d]) * FULL_SCALE;
                let whole = (number as i64).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                data.extend((whole as f32 / FULL_SCALE).to_le_bytes());
            }
            (_, [byte]) => data.extend([0, byte ^ 0x80]),
            (_, [a, b, c]) => data.extend([0, *a, *b, *c]),
            (_, other) => data.extend(other),
        }
    }
    let bits = carried_bits(pcm);
    Pcm { bits, container: bits, data, ..*pcm }
}

/// What a recording in the format of `like` holds of a sound that the mixer heard.
pub fn delivered(carried: &Pcm, like: &Pcm) -> Pcm {
    let bytes = usize::from(carried.container / 8);
    let width = usize::from(like.container / 8);
    let left = if like.channels < carried.channels { usize::from(carried.channels) } else { 1 };
    let mut data = Vec::with_capacity(carried.data.len());
    for sample in carried.data.chunks_exact(bytes).step_by(left) {
        let kept = &sample[bytes - width.min(bytes)..];
        match kept {
            [byte] => data.push(byte ^ 0x80),
            kept => data.extend(kept),
        }
    }
    like.with_data(data)
}

#[cfg(test)]
mod tests {
    use super::{carried, delivered, heard};
    use crate::sound::noise::{Lane, noise};
    use crate::sound::{Encoding, Pcm};

    fn format(bits: u16, container: u16, encoding: Encoding) -> Pcm {
        Pcm { rate: 48_000, channels: 2, bits, container, encoding, data: Vec::new() }
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        for (bits, container, carrier) in [(8, 8, 16), (16, 16, 16), (24, 24, 32), (24, 32, 32), (32, 32, 32)]
        {
            let pcm = noise(&format(bits, container, Encoding::Integer), 100, Lane::WHOLE, 3);
            let through = carried(&pcm);
            assert_eq!((through.container, through.frames()), (carrier, 100));
            assert_eq!(delivered(&through, &pcm), pcm, "{bits} in {container}");
            let mono = noise(&Pcm { channels: 1, ..pcm }, 100, Lane::WHOLE, 3);
            assert_eq!((carried(&mono).channels, carried(&mono).frames()), (2, 100));
            assert_eq!(delivered(&heard(&mono), &mono), mono, "{bits} in {container}, mono");
            assert_ne!(heard(&mono), carried(&mono));
        }
        let pcm = noise(&format(32, 32, Encoding::Float), 100, Lane::WHOLE, 3);
        assert_eq!(carried(&pcm), pcm);
    }

    #[test]
    fn a_float_keeps_what_32_bits_hold() {
        let mut pcm = format(32, 32, Encoding::Float);
        pcm.data = [0.5_f32, 2.0, 1e-20, -1.0].into_iter().flat_map(f32::to_le_bytes).collect();
        let numbers: Vec<f32> = carried(&pcm)
            .data
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        assert_eq!(numbers, [0.5, 1.0, 0.0, -1.0]);
    }
}
