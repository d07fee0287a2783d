//! Clients of a buffer with two notifications: each event says that a half has been played. The packet client also
//! says which half it has written.

use portcls::raw::KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM;

use super::Player;
use crate::client::packets::PacketWitness;

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
            self.spoil(half);
            self.session.dawdle();
            self.hand_over(half, packets.then_some(&mut witness));
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

    /// Writes the next half and, as a packet, hands it over. With the last frame of the sound the stream ends.
    fn hand_over(&mut self, half: usize, packets: Option<&mut PacketWitness>) {
        let (before, size) = (self.next, self.session.frame_bytes());
        self.write(half);
        let Some(witness) = packets.filter(|witness| !witness.ended()) else { return };
        let last = self.next == self.session.plan.pcm.frames();
        let (flags, bytes) =
            if last { (KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM, (self.next - before) * size) } else { (0, 0) };
        let number = witness.next();
        let status = self.session.pin.set_write_packet(number, flags, bytes as u32);
        witness.handed_over(self.session.kernel.now(), status, last, &mut self.session.witness.errors);
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
