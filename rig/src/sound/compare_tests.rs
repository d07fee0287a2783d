use super::{Comparison, Glitch, GlitchKind, compare, compare_cut_off};
use crate::sound::{Pcm, tune};

use GlitchKind::{Corrupt, Dropped, Repeated, Silence};

/// Frames of one period, as a client would have it.
const PERIOD: usize = 480;

fn noise() -> Pcm {
    tune::noise(1, 48_000, 2, 1)
}

/// A sound that is the same every 48 frames.
fn sawtooth() -> Pcm {
    let samples: Vec<i16> = (0..48_000).flat_map(|at| [(at % 48 * 600 - 14_000) as i16, 500]).collect();
    Pcm::from_s16(48_000, 2, &samples)
}

/// `pieces` one after the other, in the format of `like`.
fn join(like: &Pcm, pieces: &[&[u8]]) -> Pcm {
    like.with_data(pieces.concat())
}

fn silent(frames: usize) -> Vec<u8> {
    vec![0; 4 * frames]
}

fn compared(input: &Pcm, output: &Pcm) -> Comparison {
    let comparison = compare(input, output).expect("same format");
    assert_eq!(comparison.bit_exact, comparison.glitches.is_empty());
    comparison
}

fn only(input: &Pcm, output: &Pcm) -> Glitch {
    let comparison = compared(input, output);
    assert_eq!(comparison.glitches.len(), 1, "{comparison:?}");
    comparison.glitches[0]
}

fn glitch(kind: GlitchKind, at: usize, frames: usize) -> Glitch {
    Glitch { kind, at_frame: at as u64, frames: frames as u64 }
}

#[test]
fn the_same_sound_is_exact() {
    for input in [noise(), sawtooth(), tune::demo()] {
        let comparison = compared(&input, &input);
        assert!(comparison.bit_exact);
        assert_eq!((comparison.lead_in, comparison.tail), (0, 0));
        assert_eq!(
            (comparison.frames_in, comparison.frames_out),
            (input.frames() as u64, input.frames() as u64)
        );
    }
}

#[test]
fn silence_around_is_reported_and_forgiven() {
    for input in [noise(), sawtooth()] {
        let comparison = compared(&input, &join(&input, &[&silent(1_234), &input.data, &silent(567)]));
        assert!(comparison.bit_exact);
        assert_eq!((comparison.lead_in, comparison.tail), (1_234, 567));
        assert_eq!(comparison.frames_out, comparison.frames_in + 1_234 + 567);
    }
}

#[test]
fn an_input_with_silence_of_its_own_keeps_it() {
    let noise = noise();
    let input = join(&noise, &[&silent(100), &noise.data, &silent(200)]);
    let comparison = compared(&input, &join(&input, &[&silent(50), &input.data, &silent(60)]));
    assert!(comparison.bit_exact);
    assert_eq!((comparison.lead_in, comparison.tail), (50, 60));

    let beginning_lost = join(&input, &[&input.data[40 * 4..]]);
    assert_eq!(only(&input, &beginning_lost), glitch(Dropped, 60, 40));
    let end_lost = join(&input, &[&input.data[..input.data.len() - 70 * 4]]);
    assert_eq!(only(&input, &end_lost), glitch(Dropped, input.frames() - 70, 70));
}

#[test]
fn an_input_of_silence_only_is_compared_by_length() {
    let input = Pcm::from_s16(48_000, 2, &[0; 2_000]);
    let comparison = compared(&input, &join(&input, &[&silent(1_500)]));
    assert!(comparison.bit_exact);
    assert_eq!((comparison.lead_in, comparison.tail), (0, 500));
    assert_eq!(only(&input, &join(&input, &[&silent(900)])), glitch(Dropped, 900, 100));
    assert_eq!(only(&input, &join(&input, &[&silent(10), &[1; 4], &silent(989)])), glitch(Corrupt, 10, 1));
    assert_eq!(only(&input, &join(&input, &[&silent(1_400), &[1; 4]])).kind, Corrupt);
}

#[test]
fn one_dropped_frame_is_one_glitch() {
    let input = noise();
    for at in [0, 1, 777, 24_000, 47_998] {
        let output = join(&input, &[input.span(0, at), input.span(at + 1, 48_000)]);
        assert_eq!(only(&input, &output), glitch(Dropped, at, 1));
    }
}

#[test]
fn the_end_of_a_sound_that_was_cut_off_is_not_missed() {
    let input = noise();
    let cut_off = |parts: &[&[u8]], least| compare_cut_off(&input, &join(&input, parts), least).unwrap();
    let found = cut_off(&[&silent(10), input.span(0, 9_000), &silent(500)], 8_900);
    assert_eq!((found.bit_exact, found.frames_in, found.lead_in, found.tail), (true, 9_000, 10, 500));
    // What the device had surely played, and what is wrong before the end, still is.
    let early = cut_off(&[input.span(0, 9_000)], 9_100);
    assert_eq!(early.glitches, [glitch(Dropped, 9_000, 100)]);
    let broken = cut_off(&[input.span(0, 4_800), input.span(5_280, 9_000)], 8_000);
    assert_eq!(broken.glitches[0], glitch(Dropped, 4_800, PERIOD));
    assert!(cut_off(&[], 0).bit_exact);
    assert!(!cut_off(&[], 1).bit_exact);
}

#[test]
fn one_dropped_period_is_one_glitch() {
    let input = noise();
    for at in [0, 480, 24_000, 47_000] {
        let output = join(&input, &[&silent(10), input.span(0, at), input.span(at + PERIOD, 48_000)]);
        assert_eq!(only(&input, &output), glitch(Dropped, at, PERIOD));
    }
}

#[test]
fn what_is_left_of_a_gap_does_not_make_it_anything_else() {
    let input = noise();
    let parts = [input.span(0, 9_600), input.span(10_080, 10_560), input.span(20_000, 48_000)];
    assert_eq!(only(&input, &join(&input, &parts)), glitch(Dropped, 9_600, 10_400));
}

#[test]
fn one_repeated_period_is_one_glitch() {
    let input = noise();
    let output = join(&input, &[input.span(0, 9_600), input.span(9_120, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Repeated, 9_600, PERIOD));
}

#[test]
fn an_old_period_in_place_of_a_new_one_is_a_repetition() {
    let input = noise();
    let output = join(&input, &[input.span(0, 9_600), input.span(8_640, 9_120), input.span(10_080, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Repeated, 9_600, PERIOD));
}

#[test]
fn inserted_silence_is_one_glitch() {
    let input = noise();
    let output = join(&input, &[input.span(0, 9_600), &silent(333), input.span(9_600, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Silence, 9_600, 333));
}

#[test]
fn silence_in_place_of_sound_is_one_glitch() {
    let input = noise();
    let output = join(&input, &[input.span(0, 9_600), &silent(PERIOD), input.span(10_080, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Silence, 9_600, PERIOD));
}

#[test]
fn silence_within_silence_is_found() {
    let noise = noise();
    let input = join(&noise, &[noise.span(0, 10_000), &silent(1_000), noise.span(10_000, 48_000)]);
    let longer = join(&noise, &[noise.span(0, 10_000), &silent(1_100), noise.span(10_000, 48_000)]);
    assert_eq!(only(&input, &longer), glitch(Silence, 11_000, 100));
    let shorter = join(&noise, &[noise.span(0, 10_000), &silent(900), noise.span(10_000, 48_000)]);
    assert_eq!(only(&input, &shorter), glitch(Dropped, 10_900, 100));
}

#[test]
fn every_flipped_bit_is_found() {
    for (input, at) in [(noise(), 20_000), (noise(), 47_995), (sawtooth(), 20_000)] {
        for bit in 0..32 {
            let mut output = input.clone();
            output.data[4 * at + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(only(&input, &output), glitch(Corrupt, at, 1));
        }
    }
}

#[test]
fn the_first_and_the_last_frame_count() {
    for input in [noise(), sawtooth()] {
        for at in [0, 47_999] {
            let mut output = input.clone();
            output.data[4 * at] ^= 4;
            assert_eq!(only(&input, &output), glitch(Corrupt, at, 1));
        }
    }
}

#[test]
fn a_missing_end_is_one_glitch() {
    for input in [noise(), sawtooth()] {
        let cut = join(&input, &[input.span(0, 47_000)]);
        assert_eq!(only(&input, &cut), glitch(Dropped, 47_000, 1_000));
        let cut_and_silent = join(&input, &[input.span(0, 47_000), &silent(5_000)]);
        assert_eq!(only(&input, &cut_and_silent), glitch(Dropped, 47_000, 1_000));
        assert_eq!(compared(&input, &cut_and_silent).tail, 5_000);
    }
    let noise = noise();
    let input = join(&noise, &[&noise.data, &silent(300)]);
    let cut = join(&input, &[input.span(0, 47_000), &silent(2_000)]);
    assert_eq!(only(&input, &cut), glitch(Dropped, 47_000, 1_000));
}

#[test]
fn an_end_that_goes_on_is_one_glitch() {
    let input = noise();
    let stale = join(&input, &[&input.data, input.span(47_520, 48_000), &silent(5)]);
    assert_eq!(only(&input, &stale), glitch(Repeated, 48_000, PERIOD));
    assert_eq!(compared(&input, &stale).tail, 5);
    let garbage = join(&input, &[&input.data, &[3; 40]]);
    assert_eq!(only(&input, &garbage), glitch(Corrupt, 48_000, 10));
}

#[test]
fn nothing_at_all_is_one_glitch() {
    let input = noise();
    assert_eq!(only(&input, &input.with_data(Vec::new())), glitch(Dropped, 0, 48_000));
    let comparison = compared(&input, &join(&input, &[&silent(50_000)]));
    assert_eq!(comparison.glitches, [glitch(Dropped, 0, 48_000)]);
    assert_eq!(comparison.tail, 50_000);
}

#[test]
fn a_sound_that_repeats_itself_loses_what_it_loses() {
    let input = sawtooth();
    for frames in [1, 24, 47] {
        let output = join(&input, &[input.span(0, 9_600), input.span(9_600 + frames, 48_000)]);
        assert_eq!(only(&input, &output), glitch(Dropped, 9_600, frames));
    }
    // A loss of whole repetitions cannot be told from a loss at the end, but it is a loss.
    let output = join(&input, &[input.span(0, 9_600), input.span(9_600 + PERIOD, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Dropped, 47_520, PERIOD));
    let output = join(&input, &[input.span(0, 9_600), input.span(9_120, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Repeated, 48_000, PERIOD));
    let output = join(&input, &[input.span(0, 9_600), &silent(100), input.span(9_600, 48_000)]);
    assert_eq!(only(&input, &output), glitch(Silence, 9_600, 100));
}

#[test]
fn several_glitches_are_told_apart() {
    let input = noise();
    let mut flipped = input.span(30_000, 48_000).to_vec();
    flipped[4 * 5_000] ^= 0x40;
    let output = join(
        &input,
        &[
            &silent(77),
            input.span(0, 5_000),
            input.span(5_480, 10_000),
            input.span(9_520, 20_000),
            &silent(128),
            input.span(20_000, 30_000),
            &flipped,
            &silent(5),
        ],
    );
    let comparison = compared(&input, &output);
    assert_eq!(
        comparison.glitches,
        [
            glitch(Dropped, 5_000, 480),
            glitch(Repeated, 10_000, 480),
            glitch(Silence, 20_000, 128),
            glitch(Corrupt, 35_000, 1),
        ]
    );
    assert_eq!((comparison.lead_in, comparison.tail), (77, 5));
}

#[test]
fn the_wrong_rate_is_no_match() {
    let input = noise();
    let claimed = Pcm { rate: 44_100, ..input.clone() };
    let error = compare(&input, &claimed).expect_err("another format").to_string();
    assert_eq!(error, "the input is 48000 Hz, 16-bit, stereo, the output is 44100 Hz, 16-bit, stereo");

    // Played too slowly: 160 frames for every 147.
    let slow: Vec<u8> =
        (0..52_000).flat_map(|at| input.span(at * 147 / 160, at * 147 / 160 + 1)).copied().collect();
    assert!(!compared(&input, &input.with_data(slow)).bit_exact);
}

#[test]
fn the_wrong_sound_is_one_glitch() {
    let input = noise();
    let other = tune::noise(1, 48_000, 2, 2);
    assert_eq!(only(&input, &other), glitch(Corrupt, 0, 48_000));
    let swapped: Vec<u8> = input.data.chunks_exact(4).flat_map(|f| [f[2], f[3], f[0], f[1]]).collect();
    assert_eq!(only(&input, &input.with_data(swapped)), glitch(Corrupt, 0, 48_000));
}

#[test]
fn eight_bit_silence_is_the_middle() {
    let bytes = |data: &[u8]| Pcm { bits: 8, container: 8, channels: 1, ..noise() }.with_data(data.to_vec());
    let input = bytes(&[1, 2, 3, 0x80, 4]);
    let comparison = compared(&input, &bytes(&[0x80, 0x80, 1, 2, 3, 0x80, 4, 0x80]));
    assert!(comparison.bit_exact);
    assert_eq!((comparison.lead_in, comparison.tail), (2, 1));
    assert!(!compared(&input, &bytes(&[0, 1, 2, 3, 0x80, 4])).bit_exact);
}
