//! The event client: two notifications a buffer; each event says that a half has been played.

use super::Disturbance;
use super::Player;

/// Longest wait for an event, nanoseconds: a device that gives none is not waited for any longer.
const PATIENCE_NS: u64 = 3_000_000_000;

impl Player<'_> {
    pub(super) fn play_by_events(&mut self) {
        let status = self.pin.register_event(self.event);
        if status < 0 {
            self.error("register", format!("RegisterNotificationEvent failed with {status:#010x}"));
            return;
        }
        let half = self.buffer_frames() / 2;
        self.write(half);
        self.write(half);
        self.run();
        let mut disturbed = false;
        // A half that begins with silence behind the input's end has nothing left to say.
        let halves = self.plan.pcm.frames().div_ceil(half) as u64;
        while self.played.periods < halves + 1 {
            if !self.event.wait(PATIENCE_NS) {
                self.error("no event", "no event came for 3 s in RUN".to_owned());
                break;
            }
            self.expect_on_time(half);
            if let Some(what) = self.disturbance().filter(|_| !disturbed) {
                disturbed = true;
                if matches!(what, Disturbance::AbandonAt { .. }) {
                    self.close_books();
                    return;
                }
                self.pause();
                self.kernel.sleep_until(self.kernel.now() + 100_000_000);
                self.run();
            }
            self.position();
            self.write(half);
            self.period_ended();
        }
        self.linger();
        self.pause();
        self.compare_events(half);
        self.stop();
        let status = self.pin.unregister_event(self.event);
        if status < 0 {
            self.error("unregister", format!("UnregisterNotificationEvent failed with {status:#010x}"));
        }
    }
}
