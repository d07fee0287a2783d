//! Clients of a buffer with two notifications: each event says that a half has been played. The packet client also
//! says which half it has written.

use portcls::raw::{KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM, STATUS_DATA_LATE_ERROR};

use super::Player;
use crate::client::packets::PacketWitness;
use crate::nt::abi::NtStatus;

/// How often a client that is late hands over a packet before it gives it up.
const TRIES: u32 = 3;

impl Player<'_> {
    pub(super) fn play_by_halves(&mut self, packets: bool) {
        if !self.session.register() {
            return;
        }
        let half = self.session.buffer_frames() / 2;
        let mut witness = PacketWitness::new(half as u64, self.session.plan.pace.step_frames);
        self.hand_over(half, packets.then_some(&mut witness));
        if packets {
            // Only the first packet is due before RUN; the second half is the client's until then.
            self.spoil(half);
        } else {
            self.write(half);
        }
        self.session.run();
        if packets {
            self.hand_over(half, Some(&mut witness));
        }
        // A half that begins with silence behind the sound's end has nothing left to say.
        let halves = self.session.plan.frames.div_ceil(half) as u64;
        while self.session.books.periods < halves + 1 {
            if !self.session.wait() {
                break;
            }
            self.session.expect_on_time(half);
            if !self.session.go_on(self.next) {
                self.session.close_books();
                return;
            }
            self.session.position();
            if packets {
                self.ask(&mut witness);
            }
            // One that was late may hear of a packet that it has skipped.
            if !packets || witness.is_due() {
                if packets || self.next < self.session.plan.pcm.frames() {
                    self.spoil(half);
                }
                self.session.dawdle();
                self.hand_over(half, packets.then_some(&mut witness));
            }
            self.session.period_ended(self.next);
        }
        if self.session.gone() {
            self.session.close_books();
            return;
        }
        self.session.linger();
        if packets {
            self.ask(&mut witness);
        }
        self.session.pause();
        self.session.compare_events(half);
        self.session.stop();
        if packets {
            let after = self.session.pin.packet_count();
            witness.stopped(self.session.kernel.now(), after, &mut self.session.witness.errors);
            self.session.books.packets = Some(witness.figures());
        }
        self.session.unregister();
    }

    /// Writes the next half and, as a packet, hands it over. With the last frame of the sound the stream ends; what lies
    /// behind it in the buffer is loud, and not to be heard.
    ///
    /// A client that is late asks how far the packets are, and goes on with the one that is due.
    fn hand_over(&mut self, half: usize, packets: Option<&mut PacketWitness>) {
        let Some(witness) = packets else { return self.write(half) };
        let before = self.next;
        for _ in 0..TRIES {
            self.written = u64::from(witness.next()) * half as u64;
            self.spoil(half);
            if witness.ended() {
                return;
            }
            let status = self.write_packet(half, witness);
            let late = status == STATUS_DATA_LATE_ERROR;
            let Some(count) = late.then(|| self.session.pin.packet_count().ok()).flatten() else { return };
            witness.skip_to(count);
            self.next = before;
        }
    }

    /// Writes the next packet, and hands it over.
    fn write_packet(&mut self, half: usize, witness: &mut PacketWitness) -> NtStatus {
        let sound = half.min(self.session.plan.pcm.frames() - self.next);
        self.write(sound);
        self.written += (half - sound) as u64;
        let last = self.next == self.session.plan.pcm.frames();
        let (flags, bytes) = if last {
            (KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM, sound * self.session.frame_bytes())
        } else {
            (0, 0)
        };
        let status = self.session.pin.set_write_packet(witness.next(), flags, bytes as u32);
        witness.handed_over(self.session.kernel.now(), status, last, &mut self.session.witness.errors);
        status
    }

    /// Asks how far the packets are, and what is heard.
    fn ask(&mut self, witness: &mut PacketWitness) {
        let session = &mut self.session;
        session.excuse();
        let asked_at = session.kernel.now();
        let clock = session.clock(asked_at);
        let count = session.pin.packet_count();
        witness.counted(asked_at, count, clock, &mut session.witness.errors);
        let before = session.kernel.now();
        let position = session.pin.presentation_position();
        let times = (before, session.kernel.now());
        let clock = (session.clock(before), session.clock(times.1));
        witness.presented(times, position, clock, &mut session.witness.errors);
    }
}
