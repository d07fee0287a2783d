//! The client that trusts what it is told: all that does not lie between `PlayOffset` and `WriteOffset` is its own,
//! so at each poll it writes all of that anew, with a sound that has not been there before.
//!
//! ```text
//!   poll 1   |P===W---------- take 1 ----------|     = the device's own, untouched
//!   poll 2   |--take 2--P=====W---- take 2 ----|     what must be heard: take 1 up to here, W of poll 2, and
//!   poll 3   |---- take 3 ----P======W-take 3--|     take 2 from there to W of poll 3 ...
//! ```
//!
//! A device that took a byte from beyond `WriteOffset` plays an older take of it; one that takes a byte from before
//! `PlayOffset` plays a newer one. Either is heard as corrupt.

use super::Player;
use crate::sound::noise;

/// Where the takes' seeds begin.
const SEED: u64 = 0x7A4E_0000;

impl Player<'_> {
    pub(super) fn play_and_rewrite(&mut self) {
        let total = self.session.plan.frames as u64;
        let capacity = self.session.buffer_frames() as u64;
        let interval = self.session.time_of(self.session.plan.period);
        let size = self.session.frame_bytes();
        let kernel = self.session.kernel;
        let mut heard: Vec<u8> = Vec::new();
        // The take that lies in the buffer, from which linear frame on it does, and its number.
        let (mut take, mut from, mut number) = (self.take(0), 0_u64, 0_u64);
        self.lay(&take, 0, capacity);
        self.session.run();
        let mut next_poll = kernel.now();
        let deadline = kernel.now() + 2 * self.session.time_of(self.session.plan.frames) + 1_000_000_000;
        loop {
            next_poll = (next_poll + interval).max(kernel.now());
            kernel.sleep_until(next_poll);
            let Some(reading) = self.session.position() else { break };
            // The device's own ends here; what lay before it has been taken as it was.
            let owned = (reading.play + reading.ahead).max(from);
            let taken = ((owned - from).min(capacity) as usize) * size;
            heard.extend_from_slice(&take[..taken]);
            (from, number) = (owned, number + 1);
            if owned >= total || kernel.now() > deadline || self.session.gone() {
                break;
            }
            take = self.take(number);
            self.lay(&take, owned, (reading.play + capacity).saturating_sub(owned));
            self.session.period_ended(owned as usize);
            if !self.session.go_on(owned as usize) {
                // The device may have come further into what lies there now.
                heard.extend_from_slice(&take);
                self.session.books.input = Some(self.session.plan.pcm.with_data(heard));
                self.session.close_books();
                return;
            }
        }
        if kernel.now() > deadline {
            self.session.error("stand", "the position took twice as long as the sound lasts".to_owned());
        }
        self.session.books.input = Some(self.session.plan.pcm.with_data(heard));
        self.fall_silent(from, interval);
        if self.session.gone() {
            self.session.close_books();
            return;
        }
        self.session.linger();
        self.session.pause();
        self.session.stop();
    }

    /// The last take is silence: laid from `from` on, until the device has nothing else left.
    fn fall_silent(&mut self, from: u64, interval: u64) {
        let size = self.session.frame_bytes();
        let capacity = self.session.buffer_frames() as u64;
        let silence = vec![self.session.plan.pcm.silence(); capacity as usize * size];
        let most = 2 + 2 * capacity / self.session.plan.period.max(1) as u64;
        let mut owned = from;
        for _ in 0..most {
            let Some(reading) = self.session.position() else { return };
            owned = owned.max(reading.play + reading.ahead);
            self.lay(&silence, owned, (reading.play + capacity).saturating_sub(owned));
            if reading.play >= from {
                return;
            }
            self.session.kernel.sleep_until(self.session.kernel.now() + interval);
        }
    }

    /// A buffer of noise that is like no other.
    fn take(&self, number: u64) -> Vec<u8> {
        let capacity = self.session.buffer_frames();
        let plan = self.session.plan;
        noise(&plan.pcm, capacity, plan.lane, SEED + number).data
    }

    /// Writes the first `frames` frames of a take from the linear frame `at` on.
    fn lay(&self, take: &[u8], at: u64, frames: u64) {
        let (size, capacity) = (self.session.frame_bytes(), self.session.buffer_frames());
        let (at, frames) = ((at % capacity as u64) as usize, (frames as usize).min(capacity));
        let first = frames.min(capacity - at);
        self.session.write(at * size, &take[..first * size]);
        self.session.write(0, &take[first * size..frames * size]);
    }
}
