//! What the packet interfaces may answer: numbers, counts and times against each other and against the sample clock.
//!
//! Nothing here asks the driver anything; frames are the device's, times are nanoseconds.

use portcls::raw::STATUS_SUCCESS;

use super::errors::Errors;
use crate::nt::QPC_FREQUENCY;
use crate::nt::abi::NtStatus;
use crate::portcls::ReadPacket;

/// Frames by which a position may be off beyond the device's own step.
const SLACK_FRAMES: f64 = 1.0;

/// Packets of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PacketFigures {
    /// Handed over or taken.
    pub exchanged: u64,
    /// Greatest distance of a presentation position, or of a capture timestamp, from the sample clock, in frames.
    pub max_error_frames: f64,
}

/// Follows the packets of one stream.
#[derive(Clone, Debug)]
pub(super) struct PacketWitness {
    /// Frames of a packet.
    packet: u64,
    step_frames: f64,
    /// Number of the next packet.
    next: u32,
    ended: bool,
    /// The last count, and the last presentation position with its time in performance counts.
    count: u32,
    presented: (u64, u64),
    /// Time of the last packet's first sample, performance counts.
    stamped: Option<u64>,
    figures: PacketFigures,
}

fn nanoseconds(counts: u64) -> u64 {
    counts * (1_000_000_000 / QPC_FREQUENCY)
}

impl PacketWitness {
    /// For packets of so many frames, on a device that moves `step_frames` at a time.
    pub(super) fn new(packet: u64, step_frames: f64) -> Self {
        Self {
            packet,
            step_frames,
            next: 0,
            ended: false,
            count: 0,
            presented: (0, 0),
            stamped: None,
            figures: PacketFigures::default(),
        }
    }

    pub(super) fn figures(&self) -> PacketFigures {
        self.figures
    }

    /// Number of the packet that is next.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Whether the last packet of the stream was handed over.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// `SetWritePacket` has answered.
    pub(super) fn handed_over(&mut self, now: u64, status: NtStatus, last: bool, errors: &mut Errors) {
        if status == STATUS_SUCCESS {
            self.figures.exchanged += 1;
        } else {
            let text = format!("SetWritePacket({}) failed with {status:#010x}", self.next);
            errors.add(now, "SetWritePacket", text);
        }
        self.next = self.next.wrapping_add(1);
        self.ended = last;
    }

    /// The next packet may be handed over: what it takes the place of had been played when that was last counted.
    pub(super) fn is_due(&self) -> bool {
        self.next <= self.count.wrapping_add(1)
    }

    /// The packet was late, and `count` is the count of packets now: the one behind what is playing is the next.
    pub(super) fn skip_to(&mut self, count: u32) {
        self.next = self.next.max(count.wrapping_add(1));
        self.ended = false;
    }

    /// `GetPacketCount` has answered, when the sample clock stood at `clock` frames.
    pub(super) fn counted(
        &mut self,
        now: u64,
        count: Result<u32, NtStatus>,
        clock: f64,
        errors: &mut Errors,
    ) {
        let count = match count {
            Ok(count) => count,
            Err(status) => {
                errors.add(now, "GetPacketCount", format!("GetPacketCount failed with {status:#010x}"));
                return;
            }
        };
        if count < self.count {
            let text = format!("the packet count went back from {} to {count}", self.count);
            errors.add(now, "packet count", text);
        }
        self.count = count;
        let transferred = u64::from(count) as f64 * self.packet as f64;
        let (low, high) = (clock - self.step_frames - self.packet as f64, clock + self.step_frames);
        if transferred > high + SLACK_FRAMES || transferred < low - SLACK_FRAMES {
            let text = format!(
                "{count} packets of {} frames were counted when the sample clock said {clock:.0}",
                self.packet
            );
            errors.add(now, "packet count", text);
        }
    }

    /// After STOP the count begins anew.
    pub(super) fn stopped(&self, now: u64, count: Result<u32, NtStatus>, errors: &mut Errors) {
        if count != Ok(0) {
            errors.add(now, "packet count", format!("after STOP GetPacketCount answers {count:x?}, not 0"));
        }
    }

    /// `GetOutputStreamPresentationPosition` has answered between two times, at which the sample clock stood at
    /// `clock` frames: what is heard, and the time of which that is true.
    pub(super) fn presented(
        &mut self,
        times: (u64, u64),
        position: Result<(u64, u64), NtStatus>,
        clock: (f64, f64),
        errors: &mut Errors,
    ) {
        let now = times.1;
        let (frames, counts) = match position {
            Ok(position) => position,
            Err(status) => {
                let text = format!("GetOutputStreamPresentationPosition failed with {status:#010x}");
                errors.add(now, "presentation", text);
                return;
            }
        };
        let (before, then) = self.presented;
        if frames < before || counts < then {
            let text = format!(
                "the presentation position went back from frame {before} at {then} to {frames} at {counts}"
            );
            errors.add(now, "presentation back", text);
        }
        self.presented = (frames, counts);
        // Performance counts are coarser than nanoseconds: one of them either way.
        if nanoseconds(counts + 1) < times.0 || nanoseconds(counts) > times.1 {
            let text = format!(
                "the presentation position is of {} ns, asked for at {} to {} ns",
                nanoseconds(counts),
                times.0,
                times.1
            );
            errors.add(now, "presentation time", text);
        }
        let off = (frames as f64 - clock.0).max(clock.0 - frames as f64);
        self.figures.max_error_frames = self.figures.max_error_frames.max(off);
        // It may lag by what lies between the device's memory and the ear, which is less than a packet here.
        let low = clock.0 - self.step_frames - self.packet as f64 - SLACK_FRAMES;
        if frames as f64 > clock.1 + self.step_frames + SLACK_FRAMES || (frames as f64) < low {
            let text =
                format!("frame {frames} was said to be heard when the sample clock said {:.0}", clock.0);
            errors.add(now, "presentation off", text);
        }
    }

    /// `GetReadPacket` gave a packet, when the sample clock stood at `clock` frames and at nought at `began` ns.
    pub(super) fn taken(
        &mut self,
        now: u64,
        packet: &ReadPacket,
        began: u64,
        clock: f64,
        errors: &mut Errors,
    ) {
        let number = packet.number;
        if number != self.next {
            let text = format!("GetReadPacket gave packet {number}, and {} was next", self.next);
            errors.add(now, "packet number", text);
        }
        if packet.flags != 0 {
            errors.add(now, "packet flags", format!("GetReadPacket gave the flags {:#x}", packet.flags));
        }
        self.next = number.wrapping_add(1);
        self.figures.exchanged += 1;
        let (first, end) = (u64::from(number) * self.packet, (u64::from(number) + 1) * self.packet);
        if end as f64 > clock + self.step_frames + SLACK_FRAMES {
            let text = format!(
                "packet {number} was given before its last frame, {end}: the sample clock says {clock:.0}"
            );
            errors.add(now, "packet early", text);
        }
        if self.stamped.is_some_and(|before| packet.counter <= before) {
            let text = format!("packet {number} is not of a later time than the one before");
            errors.add(now, "packet time", text);
        }
        self.stamped = Some(packet.counter);
        let per_nanosecond = if now > began { clock / (now - began) as f64 } else { 0.0 };
        let told = nanoseconds(packet.counter).saturating_sub(began) as f64 * per_nanosecond;
        let off = (told - first as f64).abs();
        self.figures.max_error_frames = self.figures.max_error_frames.max(off);
        if off > self.step_frames + SLACK_FRAMES {
            let text = format!(
                "packet {number} is said to begin when the sample clock said {told:.0}, and begins at frame {first}"
            );
            errors.add(now, "packet time off", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PacketWitness;
    use crate::client::Errors;
    use crate::portcls::ReadPacket;

    const MS: u64 = 1_000_000;

    fn witness() -> PacketWitness {
        PacketWitness::new(480, 48.0)
    }

    fn messages(errors: &Errors) -> String {
        errors.list().into_iter().map(|error| error.message + "\n").collect()
    }

    /// A packet of 10 ms whose first sample was taken at `at` ns.
    fn packet(number: u32, at: u64) -> ReadPacket {
        ReadPacket { number, flags: 0, counter: at / 100, more: false }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let (mut witness, mut errors) = (witness(), Errors::default());
        for count in 0..20_u32 {
            let now = u64::from(count) * 10 * MS;
            let clock = f64::from(count) * 480.0;
            witness.counted(now, Ok(count), clock, &mut errors);
            let heard = (u64::from(count) * 480).saturating_sub(40);
            witness.presented((now, now + 100), Ok((heard, now / 100)), (clock, clock), &mut errors);
            witness.handed_over(now, 0, count == 19, &mut errors);
        }
        witness.stopped(1, Ok(0), &mut errors);
        assert_eq!(messages(&errors), "");
        assert_eq!((witness.figures().exchanged, witness.ended()), (20, true));
        let (mut witness, mut errors) = (self::witness(), Errors::default());
        for number in 0..20 {
            let first = 5 * MS + u64::from(number) * 10 * MS;
            let clock = f64::from(number + 1) * 480.0 + 20.0;
            let now = 5 * MS + (clock / 48.0 * MS as f64) as u64;
            witness.taken(now, &packet(number, first), 5 * MS, clock, &mut errors);
        }
        assert_eq!(messages(&errors), "");
    }

    #[test]
    fn counts_that_cannot_be() {
        for (counts, word) in [(vec![1, 0], "went back"), (vec![9], "when the sample clock said")] {
            let (mut witness, mut errors) = (witness(), Errors::default());
            for count in counts {
                witness.counted(0, Ok(count), 480.0, &mut errors);
            }
            assert!(messages(&errors).contains(word), "{}", messages(&errors));
        }
        let mut errors = Errors::default();
        witness().stopped(0, Ok(3), &mut errors);
        witness().counted(0, Err(-1), 0.0, &mut errors);
        witness().handed_over(0, -1, false, &mut errors);
        let told = messages(&errors);
        for word in ["after STOP", "GetPacketCount failed", "SetWritePacket(0) failed"] {
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn presentation_positions_that_cannot_be() {
        let (mut witness, mut errors) = (witness(), Errors::default());
        let mut at = |ms: u64, frames: u64, of: u64| {
            let clock = ms as f64 * 48.0;
            let times = (ms * MS, ms * MS);
            witness.presented(times, Ok((frames, of * MS / 100)), (clock, clock), &mut errors);
        };
        at(100, 4_800, 100);
        at(101, 4_799, 101);
        at(110, 5_400, 110);
        at(120, 5_760, 90);
        let told = messages(&errors);
        for word in ["went back from frame 4800", "was said to be heard", "asked for at"] {
            assert!(told.contains(word), "{word} in {told}");
        }
    }

    #[test]
    fn packets_that_cannot_be() {
        let (mut witness, mut errors) = (witness(), Errors::default());
        witness.taken(10 * MS, &packet(0, 0), 0, 480.0, &mut errors);
        witness.taken(30 * MS, &packet(2, 20 * MS), 0, 1_440.0, &mut errors);
        witness.taken(35 * MS, &packet(3, 30 * MS), 0, 1_680.0, &mut errors);
        witness.taken(50 * MS, &packet(4, 10 * MS), 0, 2_400.0, &mut errors);
        let told = messages(&errors);
        for word in
            ["gave packet 2, and 1 was next", "before its last frame", "not of a later", "begins at frame"]
        {
            assert!(told.contains(word), "{word} in {told}");
        }
    }
}
