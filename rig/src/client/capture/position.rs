//! The position client: polls, and reads what is complete, never beyond.

use super::Recorder;

/// Longest time in which the position may stand still in RUN, nanoseconds.
const PATIENCE_NS: u64 = 3_000_000_000;

impl Recorder<'_> {
    pub(super) fn record_by_position(&mut self) {
        let total = self.session.plan.frames as u64;
        let capacity = self.session.buffer_frames() as u64;
        let interval = self.session.time_of(self.session.plan.period);
        self.session.run();
        let kernel = self.session.kernel;
        let mut moved_at = kernel.now();
        let mut next_poll = kernel.now();
        while self.read < total {
            next_poll = (next_poll + interval).max(kernel.now());
            kernel.sleep_until(next_poll);
            let Some(reading) = self.session.position() else { break };
            // The device's own lies between the two offsets, whichever of them is ahead; complete is what lies behind.
            let behind = if reading.ahead > capacity / 2 { capacity - reading.ahead } else { 0 };
            let owned = if behind > 0 { 0 } else { reading.ahead };
            let complete = reading.play.saturating_sub(behind);
            self.expect_unchanged((reading.play + owned).saturating_sub(capacity));
            self.session.dawdle();
            if complete > self.read {
                moved_at = kernel.now();
                self.take((complete - self.read) as usize);
            } else if kernel.now() - moved_at > PATIENCE_NS {
                self.session.error("stand", "the position stood still for 3 s in RUN".to_owned());
                break;
            }
            self.session.period_ended(self.read as usize);
            if !self.session.go_on(self.read as usize) {
                self.session.close_books();
                return;
            }
        }
        if self.session.gone() {
            self.session.close_books();
            return;
        }
        self.session.pause();
        self.session.stop();
    }
}
