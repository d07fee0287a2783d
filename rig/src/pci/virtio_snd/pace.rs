//! When the device moves sound, and how much of it.

use super::options::Pace;
use super::source::scramble;

impl Pace {
    /// The first step after `now`.
    pub(super) fn next_step(&self, now: u64) -> u64 {
        // Lateness never reaches the next step, so that one of these two is it.
        let number = now.saturating_sub(self.phase_ns) / self.step_ns;
        (number.saturating_sub(1)..)
            .map(|number| self.step(number))
            .find(|time| *time > now)
            .unwrap_or(u64::MAX)
    }

    fn step(&self, number: u64) -> u64 {
        let late = if self.jitter_ns == 0 { 0 } else { scramble(self.seed, number) % self.jitter_ns };
        self.phase_ns + number * self.step_ns + late
    }

    /// Frames of the device's sample clock in so many nanoseconds.
    pub(super) fn frames(&self, rate: u32, nanoseconds: u64) -> u64 {
        let parts = (1_000_000 + i64::from(self.drift_ppm)).max(0) as u128;
        (u128::from(rate) * parts * u128::from(nanoseconds) / 1_000_000_000_000_000) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_order_and_none_is_left_out() {
        let pace = Pace { step_ns: 1_000, phase_ns: 300, jitter_ns: 999, drift_ppm: 0, seed: 7 };
        let mut now = 0;
        for number in 0..1_000 {
            let next = pace.next_step(now);
            assert!((300 + number * 1_000..300 + (number + 1) * 1_000).contains(&next), "{number}: {next}");
            now = next;
        }
    }

    #[test]
    fn a_fast_clock_counts_more() {
        let pace = Pace { drift_ppm: 500, ..Pace::default() };
        assert_eq!(pace.frames(48_000, 3_600_000_000_000), 172_886_400);
        assert_eq!(Pace::default().frames(48_000, 20_833), 0);
        assert_eq!(Pace::default().frames(48_000, 20_834), 1);
    }
}
