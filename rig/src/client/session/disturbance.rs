//! What may happen to a client while its sound lasts; among it the sleep of the system, of which it notices nothing but
//! that time is gone.

use super::Session;
use crate::client::Disturbance;

/// How long a client that pauses stays away, and a system that sleeps sleeps, nanoseconds.
const PAUSE_NS: u64 = 100_000_000;

impl Session<'_> {
    /// What is to happen, if the client has come to its frame, `done`: once. A pause is over on return; false where
    /// the client has to give up.
    pub(in crate::client) fn go_on(&mut self, done: usize) -> bool {
        if self.gone() {
            return false;
        }
        let due = |what: &Disturbance| {
            let (Disturbance::PauseAt { frame }
            | Disturbance::AbandonAt { frame }
            | Disturbance::SleepAt { frame }) = what;
            done >= *frame
        };
        match self.plan.disturbance.filter(due) {
            Some(Disturbance::AbandonAt { .. }) => {
                self.abandoned = true;
                false
            }
            Some(Disturbance::PauseAt { .. }) if !self.disturbed => {
                self.disturbed = true;
                self.pause();
                self.kernel.sleep_until(self.kernel.now() + PAUSE_NS);
                self.run();
                true
            }
            Some(Disturbance::SleepAt { .. }) if !self.disturbed => {
                self.disturbed = true;
                self.sleep();
                true
            }
            _ => true,
        }
    }

    /// The system sleeps, and wakes up: the stream goes on by itself where it stood, or a little further on, where a
    /// device did not say what of its last step was heard.
    fn sleep(&mut self) {
        self.close_books();
        let clock = self.clock(self.run_paused);
        self.power(false);
        self.paused_at = clock;
        self.look_at_transfers();
        let signalled = self.event.count();
        if let Some(offsets) = self.two_offsets("in D3") {
            let now = self.kernel.now();
            self.stood_at = if self.timed {
                self.witness.paused(now, "in D3", offsets, clock)
            } else {
                self.witness.stopped_short(now, "in D3", offsets)
            };
        }
        self.kernel.sleep_until(self.kernel.now() + PAUSE_NS);
        if self.event.count() > signalled {
            self.error("event outside RUN", "an event was signalled in D3".to_owned());
        }
        let began = self.kernel.now();
        self.power(true);
        let now = self.kernel.now();
        let text = format!("in RUN again {} us after the system woke up", (now - began) / 1_000);
        self.kernel.accounts.log.borrow_mut().push((now, text));
        if let Ok(position) = self.ask(false) {
            let frames = self.witness.woken(now, position.play_offset, self.stood_at);
            // A position may lag behind what the client was told to be complete.
            let complete = self.event.count() as f64 * self.plan.period as f64;
            self.goes_on_from(frames.max(complete));
            self.woken = true;
        } else {
            self.error("GetPosition", "after the sleep GetPosition failed".to_owned());
        }
        self.kernel.accounts.watch(true);
        self.run_start = self.kernel.accounts.snapshot();
        self.period_began = self.run_start;
    }

    fn power(&mut self, on: bool) {
        let status = (self.line.power)(on);
        if status < 0 {
            let what = if on { "waking up" } else { "falling asleep" };
            self.error("power", format!("{what} failed with {status:#010x}"));
        }
    }

    /// Whether this is the first event since a sleep. A device that did not say what of its last step was heard plays
    /// that once more, and it is the event that tells where it is.
    pub(super) fn went_on(&mut self, half: usize) -> bool {
        let first = core::mem::take(&mut self.woken);
        if first {
            self.goes_on_from(self.event.count() as f64 * half as f64);
            self.last_event = self.clock(self.kernel.now());
        }
        first
    }
}
