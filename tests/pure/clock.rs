//! The clock of devices that tell of whole messages only, against devices that move in steps.

#[path = "../../src/device/clock.rs"]
mod clock;

use clock::{Clock, Pace, WINDOW};

const FREQUENCY: u64 = 10_000_000;
const RATE: u64 = 48_000;
const HOUR: u64 = 3_600 * FREQUENCY;
const MESSAGES: [u64; 6] = [48, 128, 240, 480, 1024, 2048];
/// Steps of a device, in frames: next to nothing, 1, 2.67, 10 and 21.3 ms.
const STEPS: [u64; 5] = [4, 48, 128, 480, 1024];
const DRIFTS: [i64; 3] = [0, 500, -500];

/// Random numbers from a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A device that always has enough to consume: `step` frames at a time, at its own pace.
#[derive(Clone, Copy)]
struct Device {
    step: u64,
    ppm: i64,
    /// Ticks until the first step.
    phase: u64,
}

impl Device {
    /// When step number `count` (from 1) takes place.
    fn moves_at(&self, count: u64) -> u64 {
        let ticks =
            i128::from((count - 1) * self.step) * i128::from(FREQUENCY) * (1_000_000 - i128::from(self.ppm));
        self.phase + (ticks / (i128::from(RATE) * 1_000_000)) as u64
    }
}

/// The furthest that a clock was off: ahead of the device, and behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Error {
    ahead: u64,
    behind: u64,
}

impl Error {
    fn note(&mut self, told: u64, consumed: u64) {
        self.ahead = self.ahead.max(told.saturating_sub(consumed));
        self.behind = self.behind.max(consumed.saturating_sub(told));
    }
}

fn pace() -> Pace {
    Pace::new(RATE as u32, FREQUENCY).unwrap()
}

/// Lets the device run for `ticks`, with a DPC after each step that completes a message, late by less than `delay`,
/// and `queries` positions at random times between two steps.
fn run(device: Device, message: u64, ticks: u64, delay: u64, queries: u64) -> (Error, Error, u64) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ message ^ device.step << 20);
    let mut clocks = [Clock::new(pace(), message as u32), Clock::new(pace(), message as u32)];
    clocks.iter_mut().for_each(|clock| clock.start(0));
    let (mut leading, mut lagging) = (Error::default(), Error::default());
    let mut last = [0; 2];
    let mut asked = 0;
    let (mut count, mut now, mut consumed) = (1, 0, 0);
    while now < ticks {
        let at = device.moves_at(count);
        let mut query = |now: u64, consumed: u64, clocks: &mut [Clock; 2], last: &mut [u64; 2]| {
            let told = [clocks[0].leading(now, u64::MAX), clocks[1].lagging(now)];
            assert!(told[0] >= last[0] && told[1] >= last[1], "backward at {now}");
            assert!(
                told[1] <= consumed,
                "a byte that the device has not done with: {} of {consumed}",
                told[1]
            );
            *last = told;
            asked += 1;
            leading.note(told[0], consumed);
            lagging.note(told[1], consumed);
        };
        let mut times: [u64; 8] = std::array::from_fn(|_| now + random.below((at - now).max(1)));
        let times = &mut times[..queries as usize];
        times.sort_unstable();
        times.iter().for_each(|time| query(*time, consumed, &mut clocks, &mut last));
        query(at, consumed, &mut clocks, &mut last);
        let before = consumed / message;
        consumed += device.step;
        now = at;
        if consumed / message > before {
            now += random.below(delay.max(1)).min(device.moves_at(count + 1) - at - 1);
            query(now, consumed, &mut clocks, &mut last);
            clocks.iter_mut().for_each(|clock| clock.returned(now, consumed / message * message));
        }
        query(now, consumed, &mut clocks, &mut last);
        count += 1;
    }
    (leading, lagging, asked)
}

/// Frames that a device gains or loses in two windows of the clock.
fn drift(device: Device, message: u64) -> u64 {
    device.ppm.unsigned_abs() * 2 * u64::from(WINDOW) * message.max(device.step) / 1_000_000 + 2
}

/// Rows 36 and 37: accuracy of IAudioClock; drift.
#[test]
fn an_hour_with_and_without_drift() {
    for step in STEPS {
        for message in MESSAGES {
            for ppm in DRIFTS {
                let device = Device { step, ppm, phase: step * FREQUENCY / RATE };
                let ticks =
                    if ppm == 0 || step == 4 || (step == 48 && message != 480) { HOUR / 20 } else { HOUR };
                let (leading, lagging, _) = run(device, message, ticks, 0, 1);
                let drift = drift(device, message);
                println!("step {step:4} message {message:4} {ppm:+4} ppm: {leading:?} {lagging:?}");
                let bound = step + drift;
                assert!(
                    leading.ahead <= bound && leading.behind <= bound,
                    "{step} {message} {ppm} {leading:?}"
                );
                assert!(lagging.behind <= message + bound, "{step} {message} {ppm} {lagging:?}");
            }
        }
    }
}

/// Row 20: monotonic position.
#[test]
fn ten_million_positions_and_none_runs_back() {
    let mut asked = 0;
    for (step, message, delay) in [(48, 48, 0), (128, 240, 10_000), (480, 480, 10_000), (1024, 480, 5_000)] {
        let device = Device { step, ppm: 300, phase: 77_777 };
        let ticks = (2_500_000 / 9 + 1) * step * FREQUENCY / RATE;
        let (leading, lagging, queries) = run(device, message, ticks, delay, 8);
        let late = delay * RATE / FREQUENCY + drift(device, message) + 1;
        // A device that starts late is found out within the first returns.
        assert!(
            leading.ahead <= step.max(message) + late && leading.behind <= step + late,
            "{step} {message} {leading:?}"
        );
        assert!(lagging.behind <= message + 2 * step + late, "{step} {message} {lagging:?}");
        asked += queries;
    }
    assert!(asked >= 10_000_000, "{asked}");
}

/// Row 17: PAUSE freezes.
#[test]
fn it_stands_still_in_pause_and_goes_on_from_there() {
    let mut clock = Clock::new(pace(), 480);
    clock.start(1_000);
    assert_eq!((clock.leading(1_000, 960), clock.lagging(1_000)), (0, 0));
    clock.returned(101_000, 480);
    let told = clock.leading(151_000, 960);
    assert!((719..=720).contains(&told), "{told}");
    clock.stop(151_000);
    for later in [151_000, 151_001, 5_000_000, u64::MAX / 2] {
        assert_eq!((clock.leading(later, 960), clock.lagging(later), clock.reaches(960)), (told, told, None));
    }
    clock.start(9_000_000);
    assert_eq!(clock.leading(9_000_000, 960), told);
    let on = clock.leading(9_025_000, 960);
    assert!((told + 119..=told + 120).contains(&on), "{on}");
    // What came back in PAUSE counts, but is told in RUN only.
    clock.stop(9_025_000);
    clock.returned(9_030_000, 960);
    assert_eq!(clock.leading(9_040_000, 1_920), on);
    clock.start(9_050_000);
    assert_eq!(clock.leading(9_050_000, 1_920), 960);
    clock.reset();
    assert_eq!((clock.leading(9_060_000, 1_920), clock.lagging(9_060_000)), (0, 0));
}

#[test]
fn everything_returned_before_anybody_looked() {
    let mut clock = Clock::new(pace(), 480);
    clock.start(0);
    clock.returned(2_000_000, 1_920);
    assert_eq!((clock.clone().lagging(2_000_000), clock.leading(2_000_000, 1_920)), (1_920, 1_920));
    // A step so long is taken for the device's own, and forgotten with time.
    assert_eq!(clock.step(), 1_920);
    for count in 1..=3 * u64::from(WINDOW) {
        clock.returned(2_000_000 + count * 100_000, 1_920 + count * 480);
    }
    assert_eq!(clock.step(), 480);
}

#[test]
fn a_device_that_returns_at_once_is_followed_and_never_left_behind() {
    let mut clock = Clock::new(pace(), 480);
    clock.start(0);
    for count in 1..1_000 {
        clock.returned(count, count * 480);
        assert_eq!(clock.leading(count, count * 480), count * 480);
        assert!(clock.consumed(count) >= count * 480);
    }
}

#[test]
fn a_device_that_stops_is_waited_for() {
    let mut clock = Clock::new(pace(), 480);
    clock.start(0);
    (1..=40).for_each(|count| clock.returned(count * 100_000, count * 480));
    let stands = 40 * 480;
    for later in [4_300_000, 50_000_000, 36_000_000_000] {
        assert_eq!(clock.clone().leading(later, u64::MAX), stands + 480);
        assert_eq!(clock.lagging(later), stands);
        assert_eq!(clock.consumed(later), stands + 960);
    }
    assert!(clock.reaches(stands + 960).is_some());
    assert_eq!(clock.reaches(stands + 961), None);
    // It goes on after an hour as if nothing had been, within a message and a step.
    (41..=80).for_each(|count| clock.returned(36_000_000_000 + count * 100_000, count * 480));
    let told = clock.leading(36_008_000_000, u64::MAX);
    assert_eq!(told, 80 * 480);
}

/// Row 33: time of a capture packet.
#[test]
fn the_time_of_a_frame_is_when_the_clock_gets_there() {
    for (rate, frequency) in
        [(48_000, 10_000_000), (5_512, 24_000_000), (384_000, 3_579_545), (44_100, 3_200_000_000)]
    {
        let mut clock = Clock::new(Pace::new(rate, frequency).unwrap(), 441);
        clock.start(12_345);
        for frame in [0, 1, 440, 441] {
            let time = clock.reaches(frame).unwrap();
            let before = time.saturating_sub(frequency / u64::from(rate) + 2);
            assert!(clock.consumed(time) >= frame, "{rate} {frequency} {frame} {}", clock.consumed(time));
            assert!(clock.consumed(before) <= frame, "{rate} {frequency} {frame}");
            assert!(clock.time_of(frame).abs_diff(time) <= 2);
        }
    }
}

#[test]
fn absurd_rates_and_counters_are_refused() {
    assert!(Pace::new(0, FREQUENCY).is_none());
    assert!(Pace::new(48_000, 0).is_none());
    assert!(Pace::new(1 << 19, FREQUENCY).is_none());
    assert!(Pace::new(48_000, 1 << 40).is_none());
}

#[test]
fn a_counter_read_before_the_anchor_counts_as_the_anchor() {
    let mut clock = Clock::new(pace(), 480);
    clock.start(1_000_000);
    assert_eq!((clock.leading(999_000, 960), clock.consumed(0)), (0, 0));
}

/// A clock whose counter goes by 16 ticks a frame, so that nothing is rounded, with messages of 480 frames.
fn exact() -> Clock {
    Clock::new(Pace::new(48_000, 16 * 48_000).unwrap(), 480)
}

#[test]
fn what_was_foretold_holds_while_the_line_stays_within_a_frame() {
    let mut clock = exact();
    clock.start(0);
    assert!(clock.has_moved(), "a start is news");
    assert!(!clock.has_moved(), "but once");
    clock.returned(480 * 16, 480);
    assert!(clock.has_moved(), "and so is the first thing that is known of the step");
    for (frames, late, news, why) in [
        (960, 0, false, "in time"),
        (1_440, -8, false, "half a frame early"),
        (1_920, -32, true, "two frames early"),
        (2_400, 0, false, "late, as most returns are"),
    ] {
        let now = (frames * 16 + late) as u64;
        clock.returned(now, frames as u64);
        assert_eq!(clock.has_moved(), news, "{why}");
    }
}

#[test]
fn a_line_ahead_of_what_can_be_is_news_from_more_than_a_frame_on() {
    for (beyond, news) in [(0, false), (1, false), (2, true), (900, true)] {
        let mut clock = exact();
        clock.start(0);
        clock.returned(480 * 16, 480);
        clock.has_moved();
        // The device cannot be further than a message and a step beyond what came back.
        clock.returned((960 + 960 + beyond) * 16, 960);
        assert_eq!(clock.has_moved(), news, "{beyond}");
        assert_eq!(clock.consumed((960 + 960 + beyond) * 16), 960 + 960, "{beyond}");
    }
}

#[test]
fn what_is_known_of_the_step_outlives_stop() {
    let mut clock = exact();
    assert_eq!(clock.step(), 480, "10 ms are assumed");
    clock.start(0);
    for count in 1..=u64::from(WINDOW) {
        clock.returned(count * 240 * 16, count * 240);
    }
    assert_eq!(clock.step(), 240);
    clock.stop(WINDOW.into());
    clock.reset();
    assert_eq!((clock.step(), clock.message_frames(), clock.ticks_of(480)), (240, 480, 480 * 16));
    assert_eq!((clock.consumed(0), clock.consumed(u64::MAX / 2)), (0, 0));
}

#[test]
fn what_a_reset_device_lost_is_counted_as_gone() {
    let mut clock = exact();
    clock.start(0);
    clock.returned(480 * 16, 480);
    clock.stop(600 * 16);
    clock.start_over(10_000 * 16, 1_440);
    assert_eq!(clock.consumed(10_000 * 16), 1_440);
    assert_eq!(clock.time_of(1_440), 10_000 * 16);
    assert_eq!(clock.time_of(1_540), 10_100 * 16);
    assert_eq!(clock.time_of(1_340), 9_900 * 16);
    assert_eq!(clock.leading(10_100 * 16, u64::MAX), 1_540);
    // What came back before it is no news.
    clock.returned(10_200 * 16, 1_440);
    assert_eq!(clock.consumed(10_200 * 16), 1_640);
}

#[test]
fn what_is_surely_done_trails_by_a_message_and_never_passes_what_came_back() {
    let mut clock = exact();
    clock.start(0);
    clock.returned(480 * 16, 480);
    for (frames, done) in [(480, 0), (720, 240), (960, 480), (1_200, 480)] {
        assert_eq!(clock.lagging(frames * 16), done, "at frame {frames}");
    }
    clock.stop(600 * 16);
    assert_eq!((clock.consumed(600 * 16), clock.consumed(9_000 * 16)), (600, 600), "as it stood in PAUSE");
}
