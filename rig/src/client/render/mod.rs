//! Clients that play.

mod halves;
mod position;
mod rewrite;

use super::Books;
use super::Kind;
use super::Session;

/// What lies in the buffer where nothing has been written yet that is due: loud, and no sound.
const SPOILED: u8 = 0x3B;

/// A client that plays the sound of its plan.
struct Player<'a> {
    session: Session<'a>,
    /// Next frame of the sound to be written.
    next: usize,
    /// Next frame of the buffer to be written, counted on over all its rounds.
    written: u64,
}

/// Plays from STOP to STOP.
pub(super) fn perform(session: Session<'_>) -> Books {
    let kind = session.plan.kind;
    let mut player = Player { session, next: 0, written: 0 };
    match kind {
        Kind::Event => player.play_by_halves(false),
        Kind::Packet => player.play_by_halves(true),
        Kind::Position => player.play_by_position(),
        Kind::Rewrite | Kind::WavePci => player.play_and_rewrite(),
    }
    player.session.into_books()
}

impl Player<'_> {
    /// Writes the next `frames` frames of the sound, silence behind its end.
    fn write(&mut self, frames: usize) {
        let session = &self.session;
        let (size, capacity, pcm) = (session.frame_bytes(), session.buffer_frames(), &session.plan.pcm);
        let mut left = frames;
        while left > 0 {
            let at = (self.written % capacity as u64) as usize;
            let run = left.min(capacity - at);
            let sound = run.min(pcm.frames() - self.next);
            session.write(at * size, pcm.span(self.next, self.next + sound));
            let silence = vec![pcm.silence(); (run - sound) * size];
            session.write((at + sound) * size, &silence);
            self.next += sound;
            self.written += run as u64;
            left -= run;
        }
    }

    /// Spoils the next `frames` frames of the buffer, which are the client's until it writes them; they lie in one
    /// piece.
    fn spoil(&mut self, frames: usize) {
        let session = &self.session;
        let (size, at) = (session.frame_bytes(), (self.written % session.buffer_frames() as u64) as usize);
        session.write(at * size, &vec![SPOILED; frames * size]);
    }
}
