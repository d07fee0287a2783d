//! Clients that record.

mod halves;
mod position;

use super::Books;
use super::Kind;
use super::Session;

/// A client that records as many frames as its plan says.
struct Recorder<'a> {
    session: Session<'a>,
    /// Next frame of the buffer to be read, counted on over all its rounds.
    read: u64,
    /// What was read last, and is still there until the device may write it anew.
    held: Held,
}

/// Frames that were read and must not have changed.
#[derive(Default)]
struct Held {
    from: u64,
    bytes: Vec<u8>,
}

/// Records from STOP to STOP.
pub(super) fn perform(session: Session<'_>) -> Books {
    let kind = session.plan.kind;
    let mut recorder = Recorder { session, read: 0, held: Held::default() };
    match kind {
        Kind::Event => recorder.record_by_halves(false),
        Kind::Packet => recorder.record_by_halves(true),
        Kind::Position | Kind::Rewrite | Kind::WavePci => recorder.record_by_position(),
    }
    recorder.session.into_books()
}

impl Recorder<'_> {
    /// Reads the next `frames` frames.
    fn take(&mut self, frames: usize) {
        let bytes = self.look(self.read, frames);
        self.session.books.recorded.extend_from_slice(&bytes);
        self.held = Held { from: self.read, bytes };
        self.read += frames as u64;
    }

    /// What lies at a linear frame of the buffer.
    fn look(&self, at: u64, frames: usize) -> Vec<u8> {
        let (size, capacity) = (self.session.frame_bytes(), self.session.buffer_frames());
        let (at, frames) = ((at % capacity as u64) as usize, frames.min(capacity));
        let first = frames.min(capacity - at);
        let mut bytes = vec![0; frames * size];
        self.session.read(at * size, &mut bytes[..first * size]);
        self.session.read(0, &mut bytes[first * size..]);
        bytes
    }

    /// What was read last is still the client's, from linear frame `free` on: nobody may have changed it yet.
    fn expect_unchanged(&mut self, free: u64) {
        let size = self.session.frame_bytes();
        let frames = self.held.bytes.len() / size;
        let gone = (free.saturating_sub(self.held.from) as usize).min(frames);
        let now = self.look(self.held.from + gone as u64, frames - gone);
        if now != self.held.bytes[gone * size..] {
            let text = format!(
                "frames {} to {} changed in the buffer after they had been read, before they were due again",
                self.held.from + gone as u64,
                self.held.from + frames as u64
            );
            self.session.error("changed", text);
        }
    }
}
