//! The position client: polls, and keeps the buffer filled behind the play cursor.

use super::Disturbance;
use super::Player;

/// Longest time in which the position may stand still in RUN, nanoseconds.
const PATIENCE_NS: u64 = 3_000_000_000;

impl Player<'_> {
    pub(super) fn play_by_position(&mut self) {
        let total = self.plan.pcm.frames() as u64;
        let capacity = self.buffer_frames() as u64;
        let interval = self.plan.period as u64 * 1_000_000_000 / u64::from(self.plan.pcm.rate);
        self.write(capacity as usize);
        self.run();
        let (mut played, mut moved_at) = (0, self.kernel.now());
        let mut next_poll = self.kernel.now();
        let mut disturbed = false;
        while played < total {
            next_poll += interval;
            self.kernel.sleep_until(next_poll);
            let position = self.position().unwrap_or(played);
            if position > played {
                moved_at = self.kernel.now();
            } else if self.kernel.now() - moved_at > PATIENCE_NS {
                self.error("stand", "the position stood still for 3 s in RUN".to_owned());
                break;
            }
            played = played.max(position);
            let free = (played + capacity).saturating_sub(self.frames_written());
            self.write(free as usize);
            self.period_ended();
            if let Some(what) = self.disturbance().filter(|_| !disturbed) {
                disturbed = true;
                if matches!(what, Disturbance::AbandonAt { .. }) {
                    self.close_books();
                    return;
                }
                self.pause();
                self.kernel.sleep_until(self.kernel.now() + 100_000_000);
                self.run();
                next_poll = self.kernel.now();
            }
        }
        self.linger();
        self.pause();
        self.stop();
    }
}
