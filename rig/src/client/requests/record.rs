//! A client that records by packets.

use super::Client;
use super::PATIENCE_NS;

/// What packets hold before they are filled.
const EMPTY: u8 = 0x5D;

impl Client<'_> {
    pub(super) fn record(&mut self) {
        let size = self.session.frame_bytes();
        let wanted = self.session.plan.frames * size;
        self.supply();
        self.session.run();
        self.session.pin.tell_available();
        let kernel = self.session.kernel;
        let mut moved_at = kernel.now();
        while self.session.books.recorded.len() < wanted {
            self.wait();
            let before = self.session.books.recorded.len();
            if !self.session.go_on(before / size) {
                self.take();
                self.session.close_books();
                return;
            }
            self.session.position();
            self.session.dawdle();
            self.starve(before / size);
            self.take_back();
            self.collect();
            self.take();
            let done = self.session.books.recorded.len();
            if done > before {
                moved_at = kernel.now();
            } else if kernel.now() - moved_at > PATIENCE_NS {
                self.session.error("stand", "no mapping was released for 3 s in RUN".to_owned());
                break;
            }
            self.supply();
            self.session.pin.tell_available();
            self.session.pin.check_memory();
            self.session.period_ended(done / size);
        }
        self.session.pause();
        self.take();
        self.session.stop();
        let whole = self.session.books.recorded.len() / size * size;
        self.session.books.recorded.truncate(whole);
    }

    /// Keeps enough with the port driver.
    fn supply(&mut self) {
        while self.wants_more() {
            let (bytes, place) = self.draw();
            let at = self.handed.last().map_or(0, |(from, bytes)| from + bytes);
            let before = self.handed.len();
            self.submit(at, &vec![EMPTY; bytes], place);
            if self.handed.len() == before {
                return;
            }
        }
    }

    /// Takes what was recorded.
    fn take(&mut self) {
        self.session.books.recorded.extend(self.session.pin.take_recorded());
    }
}
