//! A client that plays by packets.

use super::Client;
use super::PATIENCE_NS;

impl Client<'_> {
    pub(super) fn play(&mut self) {
        let mut next = self.hand_over(0);
        self.session.run();
        self.session.pin.tell_available();
        let kernel = self.session.kernel;
        let (mut pending, mut moved_at) = (self.session.pin.bytes_pending(), kernel.now());
        let size = self.session.frame_bytes();
        while next < self.session.plan.pcm.data.len() || pending > 0 {
            self.wait();
            if !self.session.go_on(next / size) {
                self.session.close_books();
                return;
            }
            self.session.position();
            self.session.dawdle();
            self.starve(next / size);
            self.take_back();
            self.collect();
            let left = self.session.pin.bytes_pending();
            if left != pending {
                moved_at = kernel.now();
            } else if kernel.now() - moved_at > PATIENCE_NS {
                self.session.error("stand", "no mapping was released for 3 s in RUN".to_owned());
                break;
            }
            next = self.hand_over(next);
            pending = self.session.pin.bytes_pending();
            self.session.pin.tell_available();
            self.session.pin.check_memory();
            self.session.period_ended(next / size);
        }
        self.session.linger();
        self.session.pause();
        self.session.stop();
    }

    /// Keeps enough with the port driver, from byte `next` of the sound on; returns the next byte.
    fn hand_over(&mut self, mut next: usize) -> usize {
        let plan = self.session.plan;
        while next < plan.pcm.data.len() && self.wants_more() {
            let (bytes, place) = self.draw();
            let end = (next + bytes).min(plan.pcm.data.len());
            self.submit(next, &plan.pcm.data[next..end], place);
            next = end;
        }
        next
    }
}
