//! Positions, as the client asks for them: what they cost, and whether they can be right.

use super::Session;
use crate::client::Direction;
use crate::client::witness::Told;
use crate::nt::TraceEvent;
use crate::nt::abi::NtStatus;
use crate::portcls::HwLatency;
use crate::portcls::KsAudioPosition;
use crate::report::PositionSample;

/// Time for which a position that must not move is watched: no whole number of the usual periods, after which a
/// position that moved would be back where it was.
const STILL_NS: u64 = 17_300_000;

impl Session<'_> {
    pub(super) fn expect_zero(&mut self, when: &str) {
        if let Some(offsets) = self.two_offsets(when) {
            self.witness.stopped(self.kernel.now(), when, offsets);
        }
    }

    /// Asks for the position, at either level where it may be asked for at both.
    pub(super) fn ask(&self, at_dispatch: bool) -> Result<KsAudioPosition, NtStatus> {
        if self.buffer.is_none() {
            let bytes = self.pin.linear_position()?;
            return Ok(KsAudioPosition { play_offset: bytes, write_offset: bytes });
        }
        if at_dispatch { self.pin.position_at_dispatch() } else { self.pin.position() }
    }

    /// Two readings with time between them.
    pub(super) fn two_offsets(&mut self, when: &str) -> Option<(u64, u64)> {
        let before = self.ask(false);
        self.kernel.sleep_until(self.kernel.now() + STILL_NS);
        match (before, self.ask(true)) {
            (Ok(before), Ok(after)) => Some((before.play_offset, after.play_offset)),
            (Err(status), _) | (_, Err(status)) => {
                self.error("GetPosition", format!("{when} GetPosition failed with {status:#010x}"));
                None
            }
        }
    }

    /// Reads the position in RUN: counts its cost, compares it with the sample clock. Returns the offsets as linear
    /// frames; none where the driver tells no position. PortCls asks at either level, and so does this client in turn.
    pub(in crate::client) fn position(&mut self) -> Option<Reading> {
        let before = self.kernel.accounts.snapshot();
        let asked_at = self.kernel.now();
        let at_dispatch = self.witness.samples() % 2 == 1;
        let answer = self.ask(at_dispatch);
        let KsAudioPosition { play_offset, write_offset } = match answer {
            Ok(position) => position,
            Err(status) => {
                self.error("GetPosition", format!("in RUN GetPosition failed with {status:#010x}"));
                return None;
            }
        };
        let cost = self.kernel.accounts.snapshot().since(&before).client();
        self.books.max_reads = self.books.max_reads.max(cost.reads);
        self.books.max_accesses = self.books.max_accesses.max(cost.all());
        let clock = self.clock(asked_at);
        self.look_at_transfers();
        self.excuse();
        if self.buffer.is_none() {
            self.witness.mapped(asked_at, play_offset, self.pin.bytes_mapped());
        }
        let (frames, judged) = if self.timed {
            let told = Told { play: play_offset, write: write_offset, linear: self.linear() };
            self.witness.running(asked_at, told, clock)
        } else {
            self.witness.untimed(asked_at, play_offset)
        };
        self.kernel.trace.add(asked_at, TraceEvent::Position(frames as u64));
        self.books.timeline.position(PositionSample {
            time_ns: asked_at,
            reported_frames: judged,
            reference_frames: clock,
        });
        let (bytes, frame) = (self.span, self.frame_bytes() as u64);
        let ahead = (write_offset + bytes - play_offset % bytes) % bytes / frame;
        Some(Reading { play: self.walk.to(play_offset) / frame, ahead })
    }

    /// Takes in what the device was given at a time, as the device has it.
    pub(super) fn look_at_transfers(&mut self) {
        let is_output = self.plan.direction == Direction::Render;
        self.witness.saw_transfer(self.kernel.hardware.borrow().largest_transfer(is_output));
    }

    /// Where the position in the buffer says too little: what is said to be heard, frames, and by how much that lags
    /// behind the position because of what lies between memory and ear.
    fn linear(&self) -> Option<(u64, f64)> {
        if self.witness.tells_offsets_apart() || self.plan.direction == Direction::Capture {
            return None;
        }
        let (frames, _) = self.pin.presentation_position().ok()?;
        Some((frames, self.behind_memory?))
    }

    /// Asks how many frames lie between memory and ear, as clients do once, before RUN.
    pub(super) fn ask_latency(&mut self) {
        let frames = |delays: HwLatency| {
            let delay = f64::from(delays.chipset_delay) + f64::from(delays.codec_delay);
            delay * f64::from(self.plan.pcm.rate) / 1e7
        };
        self.behind_memory = self.pin.hw_latency().ok().map(frames);
    }
}

/// One answer of `GetPosition`.
#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Reading {
    /// `PlayOffset`, linear frames.
    pub(in crate::client) play: u64,
    /// Frames by which `WriteOffset` is ahead of it; more than half a buffer means behind.
    pub(in crate::client) ahead: u64,
}
