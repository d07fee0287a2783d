//! Clients of a buffer with two notifications: each event says that a half has been recorded. The packet client asks
//! which one.

use portcls::raw::STATUS_DEVICE_NOT_READY;

use super::Recorder;
use crate::client::packets::PacketWitness;

impl Recorder<'_> {
    pub(super) fn record_by_halves(&mut self, packets: bool) {
        if !self.session.register() {
            return;
        }
        let half = self.session.buffer_frames() / 2;
        let mut witness = PacketWitness::new(half as u64, self.session.plan.pace.step_frames);
        self.session.run();
        while self.read < self.session.plan.frames as u64 {
            if !self.session.wait() {
                break;
            }
            self.session.expect_on_time(half);
            if !self.session.go_on(self.read as usize) {
                self.session.close_books();
                return;
            }
            self.session.position();
            if packets {
                self.take_packets(half, &mut witness);
            } else {
                self.take(half);
            }
            self.session.period_ended(self.read as usize);
            // The other half is being recorded now; this one stays as it is until that is full.
            let rest = self.session.plan.late_ns.max(self.session.time_of(half) / 2);
            self.session.kernel.sleep_until(self.session.kernel.now() + rest);
            if self.session.event.signalled() {
                // The device has come further meanwhile: the half is its own again.
                continue;
            }
            self.expect_unchanged(self.held.from);
        }
        if self.session.gone() {
            self.session.close_books();
            return;
        }
        self.session.pause();
        self.session.compare_events(half);
        self.session.stop();
        if packets {
            self.session.books.packets = Some(witness.figures());
        }
        self.session.unregister();
    }

    /// Takes all packets that are there.
    fn take_packets(&mut self, half: usize, witness: &mut PacketWitness) {
        loop {
            let session = &mut self.session;
            session.excuse();
            let now = session.kernel.now();
            let packet = match session.pin.read_packet() {
                Ok(packet) => packet,
                Err(STATUS_DEVICE_NOT_READY) if self.read / half as u64 >= session.event.count() => return,
                Err(status) => {
                    let text = format!("after an event GetReadPacket failed with {status:#010x}");
                    session.error("GetReadPacket", text);
                    return;
                }
            };
            let (began, clock) = (session.run_began(), session.clock(now));
            witness.taken(now, &packet, began, clock, &mut session.witness.errors);
            // A packet that was lost leaves a gap in the recording: the sound of its number is what lies there.
            self.read = u64::from(packet.number) * half as u64;
            self.take(half);
            if !packet.more {
                return;
            }
        }
    }
}
