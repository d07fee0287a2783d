//! The bundled tune, and noise for tests: sound made by integer arithmetic alone, so that every machine makes
//! the same bytes.

use super::Pcm;
use super::random::Random;

/// Frames per second of the tune.
const RATE: u32 = 48_000;
/// Frames per eighth note: 125 quarter notes a minute.
const EIGHTH: usize = 11_520;
/// Frames of the whole tune: 34 eighth notes, 8.16 s.
const LENGTH: usize = 34 * EIGHTH;
/// Eighth notes for which a string sounds.
const RING: usize = 5;
/// Eighth note of the last chord.
const LAST_CHORD: usize = 28;
/// Frames over which it fades to silence at its end.
const FADE: usize = 6 * EIGHTH;

/// One plucked string: when (eighth notes), which (MIDI note number), how hard (0..=256), where (0 left..=256
/// right).
struct Pluck(usize, u8, i64, i64);

/// The chords, four eighth notes each: bass note, then the notes of a broken chord going up.
const CHORDS: [(u8, [u8; 4]); 7] = [
    (48, [60, 64, 67, 71]), // C major seventh
    (45, [60, 64, 67, 69]), // A minor seventh
    (41, [57, 60, 65, 67]), // F with a ninth
    (43, [59, 62, 65, 69]), // G ninth
    (40, [59, 62, 64, 67]), // E minor seventh
    (41, [57, 60, 64, 65]), // F major seventh
    (43, [55, 60, 62, 65]), // G, suspended
];

/// The melody above them: (eighth note, MIDI note).
const MELODY: [(usize, u8); 17] = [
    (0, 76),
    (3, 79),
    (4, 84),
    (6, 83),
    (7, 79),
    (8, 81),
    (11, 79),
    (12, 77),
    (14, 74),
    (16, 79),
    (18, 76),
    (19, 74),
    (20, 72),
    (22, 76),
    (24, 74),
    (26, 72),
    (LAST_CHORD, 72),
];

/// A few seconds of plucked strings, 48 kHz, 16 bits, stereo: melody in the middle, chords moving from left to
/// right, an echo that crosses over. Begins with a sounding frame, ends with silent ones.
pub fn demo() -> Pcm {
    let mut left = vec![0i64; LENGTH];
    let mut right = vec![0i64; LENGTH];
    for (voice, Pluck(start, note, force, place)) in score().into_iter().enumerate() {
        let at = start * EIGHTH;
        // A finger comes down on each string before its chord is over; the last chord rings out.
        let length = if start < LAST_CHORD { RING * EIGHTH } else { LENGTH - at };
        for (frame, sample) in pluck(note, voice as u64, length).into_iter().enumerate() {
            let sample = sample * (length - frame).min(EIGHTH) as i64 / EIGHTH as i64;
            left[at + frame] += sample * force * (256 - place) / 65_536;
            right[at + frame] += sample * force * place / 65_536;
        }
    }
    echo(&mut left, &mut right, 3 * EIGHTH / 2);
    let samples: Vec<i16> =
        (0..LENGTH).flat_map(|frame| [master(left[frame], frame), master(right[frame], frame)]).collect();
    Pcm::from_s16(RATE, 2, &samples)
}

fn score() -> Vec<Pluck> {
    let mut score: Vec<Pluck> =
        MELODY.iter().map(|&(start, note)| Pluck(start, note, 256, 112 + 32 * (start as i64 % 2))).collect();
    for (bar, (bass, notes)) in CHORDS.iter().enumerate() {
        score.push(Pluck(4 * bar, *bass, 256, 128));
        for (step, note) in notes.iter().enumerate() {
            score.push(Pluck(4 * bar + step, *note, 150, 40 + 58 * step as i64));
        }
    }
    // The last chord, all at once, rings out under the fade.
    for (step, note) in [36, 48, 55, 60, 64, 67, 71].into_iter().enumerate() {
        score.push(Pluck(LAST_CHORD, note, 130, 32 * (step as i64 + 1)));
    }
    score
}

/// A Karplus-Strong string: noise running round a loop as long as one period, dulled a little at every pass.
fn pluck(note: u8, voice: u64, frames: usize) -> Vec<i64> {
    /// Periods of the twelve notes from MIDI 24 (C1, 32.703 Hz) up, in 1/256 frame at 48 kHz.
    const PERIODS: [i64; 12] = [
        375_743, 354_654, 334_749, 315_961, 298_227, 281_489, 265_690, 250_778, 236_703, 223_418, 210_878,
        199_043,
    ];
    // A note lower than C1 does not occur in the score.
    let up = usize::from(note.saturating_sub(24));
    let period = PERIODS[up % 12] >> (up / 12);
    // The averaging below is worth half a frame, the fraction is interpolated.
    let (whole, fraction) = (((period - 128) / 256) as usize, (period - 128) % 256);
    let mut random = Random::new(0x5EED_0000 + voice);
    let mut string: Vec<i64> = (0..=whole).map(|_| i64::from(random.next_i16()) * 256).collect();
    // Two passes of smoothing take the metal off the attack.
    for _ in 0..2 {
        for at in 1..string.len() {
            string[at] = (string[at] + string[at - 1]) / 2;
        }
    }
    // What does not swing is not sound.
    let size = string.len();
    let offset = string.iter().sum::<i64>() / size as i64;
    string.iter_mut().for_each(|sample| *sample -= offset);
    let (mut at, mut before) = (0, 0);
    (0..frames)
        .map(|_| {
            let (now, next) = (string[at], string[(at + 1) % size]);
            let between = (next * (256 - fraction) + now * fraction) / 256;
            string[at] = (between + before) * 2_043 / 4_096;
            before = between;
            at = (at + 1) % size;
            now / 256
        })
        .collect()
}

/// Each side hears the other a little later.
fn echo(left: &mut [i64], right: &mut [i64], delay: usize) {
    for frame in delay..left.len() {
        let (from_left, from_right) = (left[frame - delay], right[frame - delay]);
        left[frame] += from_right * 80 / 256;
        right[frame] += from_left * 80 / 256;
    }
}

/// Fades the end, and rounds peaks off instead of clipping them.
fn master(sample: i64, frame: usize) -> i16 {
    let rest = (LENGTH - 1 - frame).min(FADE) as i64;
    let faded = sample * rest / FADE as i64 * rest / FADE as i64;
    let limit = 32_000;
    (faded * limit / (limit / 2 + faded.abs()).max(limit)).clamp(-limit, limit) as i16
}

/// White noise over the whole 16-bit range: a sound of which no two stretches are alike. Its first frame is
/// not silent. The same arguments give the same bytes.
pub fn noise(seconds: u32, rate: u32, channels: u16, seed: u64) -> Pcm {
    let mut random = Random::new(seed);
    let mut samples: Vec<i16> =
        (0..seconds * rate * u32::from(channels)).map(|_| random.next_i16()).collect();
    if let Some(first) = samples.first_mut() {
        *first |= 1;
    }
    Pcm::from_s16(rate, channels, &samples)
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, demo, noise};
    use crate::sound::Pcm;

    fn samples(pcm: &Pcm) -> Vec<i16> {
        pcm.data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    /// FNV-1a: the tune is the same bytes on every machine, or a deliberate change of this number.
    fn fingerprint(pcm: &Pcm) -> u64 {
        pcm.data.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
        })
    }

    #[test]
    fn the_tune_is_the_same_everywhere() {
        assert_eq!(format!("{:016x}", fingerprint(&demo())), "8d5b81089c2fc1fc");
    }

    #[test]
    fn the_tune_is_stereo_loud_enough_and_never_clips() {
        let tune = demo();
        assert_eq!((tune.rate, tune.channels, tune.bits, tune.frames()), (48_000, 2, 16, LENGTH));
        let samples = samples(&tune);
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(peak.is_some_and(|peak| (16_000..=32_000).contains(&peak)), "{peak:?}");
        let apart = samples.chunks_exact(2).filter(|frame| frame[0] != frame[1]).count();
        assert!(apart > LENGTH * 9 / 10, "{apart} of {LENGTH} frames differ between the sides");
    }

    #[test]
    fn the_tune_begins_with_sound_and_ends_in_silence() {
        let samples = samples(&demo());
        assert_ne!(samples[..2], [0, 0]);
        assert_eq!(samples[samples.len() - 2..], [0, 0]);
        let last = &samples[samples.len() - 960..];
        assert!(last.iter().all(|sample| sample.unsigned_abs() < 64), "the last 10 ms are nearly silent");
    }

    #[test]
    fn noise_repeats_by_seed_only() {
        assert_eq!(noise(1, 48_000, 2, 7), noise(1, 48_000, 2, 7));
        assert_ne!(noise(1, 48_000, 2, 7), noise(1, 48_000, 2, 8));
        for seed in 0..100 {
            let noise = noise(1, 8_000, 1, seed);
            assert_eq!(noise.frames(), 8_000);
            assert_ne!(noise.span(0, 1), [0, 0]);
        }
    }
}
