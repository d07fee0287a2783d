//! The position client: polls, and keeps the buffer filled behind the play cursor.

use super::Player;

/// Longest time in which the position may stand still in RUN, nanoseconds.
const PATIENCE_NS: u64 = 3_000_000_000;

impl Player<'_> {
    pub(super) fn play_by_position(&mut self) {
        let total = self.session.plan.frames as u64;
        let capacity = self.session.buffer_frames() as u64;
        let interval = self.session.time_of(self.session.plan.period);
        self.write(capacity as usize);
        self.session.run();
        let kernel = self.session.kernel;
        let (mut played, mut moved_at) = (0, kernel.now());
        let mut next_poll = kernel.now();
        while played < total {
            next_poll = (next_poll + interval).max(kernel.now());
            kernel.sleep_until(next_poll);
            let position = self.session.position().map_or(played, |reading| reading.play);
            if position > played {
                moved_at = kernel.now();
            } else if kernel.now() - moved_at > PATIENCE_NS {
                self.session.error("stand", "the position stood still for 3 s in RUN".to_owned());
                break;
            }
            played = played.max(position);
            self.session.dawdle();
            let free = (played + capacity).saturating_sub(self.written);
            self.write(free as usize);
            self.session.period_ended(self.next);
            if !self.session.go_on(self.next) {
                self.session.close_books();
                return;
            }
        }
        if self.session.gone() {
            self.session.close_books();
            return;
        }
        self.session.linger();
        self.session.pause();
        self.session.stop();
    }
}
