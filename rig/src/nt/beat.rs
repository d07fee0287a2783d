//! When the device's model does something by itself.
//!
//! It does so at instants of its own, a tick apart, and the rig sees what came of it where a step of time ends. For an
//! interrupt not to be seen late, a step has to end with each tick: the instant is searched for, in ever smaller parts
//! of the tick in which the last interrupt came.

/// How exactly the instant is to be known, nanoseconds.
const RESOLUTION: u64 = 500;

/// A part of the time in which it may lie.
const PARTS: u64 = 8;

/// The instants of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beat {
    /// From one to the next, nanoseconds.
    period: u64,
    /// One of them lies behind the first of these, and not behind the second.
    window: Option<(u64, u64)>,
}

impl Beat {
    /// Of a device with that tick, nothing known yet.
    pub(crate) fn every(period: u64) -> Self {
        Self { period, window: None }
    }

    /// The window as it lies around or behind `now`.
    fn coming(&self, now: u64) -> Option<(u64, u64)> {
        let (after, until) = self.window?;
        let periods = if until > now { 0 } else { (now - until) / self.period.max(1) + 1 };
        Some((after + periods * self.period, until + periods * self.period))
    }

    /// Where a step from `now` has to end at the latest.
    pub(crate) fn next(&self, now: u64) -> u64 {
        let part = |width: u64| (width / PARTS).max(RESOLUTION);
        match self.coming(now) {
            None => now + part(self.period),
            Some((after, until)) if until - after <= RESOLUTION => until,
            Some((after, _)) if now < after => after,
            Some((after, until)) => until.min(now + part(until - after)),
        }
    }

    /// A step was made in which an interrupt came.
    pub(crate) fn interrupted(&mut self, from: u64, to: u64) {
        let step = (from.max(to.saturating_sub(self.period)), to);
        let narrower = self.coming(from).map(|(after, until)| (after.max(step.0), until.min(step.1)));
        self.window = narrower.filter(|(after, until)| after < until).or(Some(step));
    }
}

#[cfg(test)]
mod tests {
    use super::Beat;

    /// How late each tick of a device is seen, nanoseconds, with something else going on at times of its own.
    fn lateness(period: u64, phase: u64, other: u64, ticks: u64) -> Vec<u64> {
        let mut beat = Beat::every(period);
        let (mut now, mut late) = (0, Vec::new());
        while (late.len() as u64) < ticks {
            let tick = phase + late.len() as u64 * period;
            let due = (now / other + 1) * other;
            // The clock stands a little behind where it was told to stop.
            let to = beat.next(now).clamp(now + 10, due) + 10;
            if to >= tick {
                late.push(to - tick);
                beat.interrupted(now, to);
            }
            now = to;
        }
        late
    }

    #[test]
    fn a_tick_is_soon_seen_as_it_comes() {
        for (period, phase, other) in [(10_000_000, 3_123_450, 7_000_000), (1_000_000, 1, 333_333)] {
            let late = lateness(period, phase, other, 1_000);
            assert!(late[0] <= period / 8 + 10, "{}", late[0]);
            assert!(late[8..].iter().all(|late| *late <= 520), "{:?}", late[8..].iter().max());
        }
    }

    #[test]
    fn a_device_that_begins_anew_is_found_again() {
        let mut beat = Beat::every(1_000_000);
        beat.interrupted(900_000, 1_000_000);
        assert_eq!(beat.next(1_000_010), 1_900_000);
        // It came in a step in which it could not.
        beat.interrupted(1_000_010, 1_900_000);
        assert_eq!(beat.next(1_900_010), 2_000_010);
        assert_eq!(beat.next(2_000_010), 2_000_010 + 899_990 / 8);
    }
}
