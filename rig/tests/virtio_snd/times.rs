//! Steps, drift, jitter, what is taken ahead, pauses.

use waverust_rig::pci::Hardware;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::Pace;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;

/// 1 ms of 48 kHz, S16, two channels.
const PERIOD: u32 = 192;

/// A running stream with all the sound it wants for so many periods.
fn running(options: Options, periods: u32) -> Guest {
    let mut guest = Guest::ready(Options { queue_size: 1024, ..options }, u64::MAX);
    guest.prepare(0, 960 * PERIOD, PERIOD);
    for period in 0..periods {
        guest.play(0, &[period as u8 | 1; PERIOD as usize]);
    }
    guest.kick(wire::QUEUE_TX);
    guest.command(&[wire::R_PCM_START, 0]);
    guest
}

#[test]
fn sound_moves_in_steps_and_the_clock_does_not() {
    for step_ns in [1_000_000, 2_666_667, 10_000_000, 21_333_333] {
        let pace = Pace { step_ns, phase_ns: 300_000, ..Pace::default() };
        let mut guest = running(Options { pace, ..Options::default() }, 100);
        for microseconds in (100..60_000).step_by(100) {
            guest.advance(100);
            let truth = guest.handle.truth(0).expect("a stream");
            assert_eq!(truth.clock, microseconds * 48 / 1_000);
            let last =
                (microseconds * 1_000).checked_sub(300_000).map(|run| 300_000 + run / step_ns * step_ns);
            assert_eq!(truth.moved, last.unwrap_or(0) * 48 / 1_000_000, "step {step_ns}, {microseconds} us");
            assert_eq!(truth.returned, truth.moved * 4 / 192 * 192);
        }
        assert_eq!(guest.handle.truth(0).expect("a stream").missing, 0);
    }
}

#[test]
fn a_machine_knows_when_it_will_do_something() {
    let pace = Pace { step_ns: 2_666_667, ..Pace::default() };
    let mut guest = Guest::ready(Options { pace, ..Options::default() }, u64::MAX);
    assert_eq!(guest.hardware.next_due(), None, "nothing runs");
    guest = running(Options { pace, ..Options::default() }, 10);
    assert_eq!(guest.hardware.next_due(), Some(2_666_667));
    guest.advance(2_666);
    assert_eq!(guest.used(wire::QUEUE_TX), []);
    guest.advance(1);
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 2);
    assert_eq!(guest.hardware.next_due(), Some(5_333_334));
}

#[test]
fn a_clock_that_drifts_does_so_for_good() {
    for drift_ppm in [-500, 500] {
        let pace = Pace { drift_ppm, ..Pace::default() };
        let mut guest = running(Options { pace, keep_sound: false, ..Options::default() }, 10);
        guest.advance(3_600_000_000);
        let expected = 172_800_000_i64 + 172_800 * i64::from(drift_ppm) / 1_000;
        assert_eq!(guest.handle.truth(0).expect("a stream").clock as i64, expected);
    }
}

#[test]
fn jitter_moves_the_steps_and_nothing_else() {
    let pace = Pace { step_ns: 10_000_000, jitter_ns: 4_000_000, seed: 5, ..Pace::default() };
    let mut guest = running(Options { pace, ..Options::default() }, 200);
    let mut late = Vec::new();
    for number in 0..15 {
        let due = guest.hardware.next_due().expect("a step");
        late.push(due as i64 - 10_000_000 * number);
        guest.hardware.advance_to(due).expect("time");
    }
    late.remove(0);
    assert!(late.iter().all(|late| (0..4_000_000 + 10_000_000).contains(late)), "{late:?}");
    let mut different = late.clone();
    different.dedup();
    assert!(different.len() > 5, "{late:?}");
    assert_eq!(guest.handle.truth(0).expect("a stream").missing, 0);
}

#[test]
fn a_device_that_takes_ahead_gives_back_early() {
    let mut guest = running(Options { ahead_frames: 240, ..Options::default() }, 8);
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 5);
    guest.advance(10_000);
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 3);
    assert_eq!(guest.handle.heard(0).len(), 1920);
    assert_eq!(guest.handle.truth(0).expect("a stream").missing, 96, "ten periods, and there were eight");
}

#[test]
fn a_pause_keeps_what_is_queued() {
    let mut guest = running(Options::default(), 40);
    guest.advance(15_000);
    guest.command(&[wire::R_PCM_STOP, 0]);
    let stopped = guest.handle.truth(0).expect("a stream");
    assert_eq!((stopped.clock, stopped.moved), (480, 480), "what is not moved by the last step is not lost");
    guest.advance(100_000);
    assert_eq!(guest.handle.truth(0).expect("a stream"), stopped);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(30_000);
    let heard = guest.handle.heard(0);
    let expected: Vec<u8> = (0..40).flat_map(|period| [period as u8 | 1; PERIOD as usize]).collect();
    assert_eq!(heard, expected[..heard.len()]);
    assert_eq!(heard.len(), 4 * (480 + 1200));
}
