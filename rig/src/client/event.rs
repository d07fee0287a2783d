//! The event client: two notifications a buffer; each event says that a half has been played.

use super::Disturbance;
use super::Player;
use crate::nt::ClientEvent;
use crate::portcls::KsState;

/// Longest wait for an event, nanoseconds: a device that gives none is not waited for any longer.
const PATIENCE_NS: u64 = 3_000_000_000;

impl Player<'_> {
    pub(super) fn play_by_events(&mut self) {
        let event = ClientEvent::new(self.kernel);
        let status = self.pin.register_event(&event);
        if status < 0 {
            self.played.state_errors.push(format!("RegisterNotificationEvent failed with {status:#x}"));
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
            if !event.wait(PATIENCE_NS) {
                self.played.state_errors.push("no event came for 3 s in RUN".to_owned());
                break;
            }
            if let Some(what) = self.disturbance().filter(|_| !disturbed) {
                disturbed = true;
                if matches!(what, Disturbance::AbandonAt { .. }) {
                    self.pin.unregister_event(&event);
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
        self.enter(KsState::Stop);
        self.pin.unregister_event(&event);
    }
}
