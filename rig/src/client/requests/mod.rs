//! The client of a WavePci pin: keeps several packets with the port driver, takes them back when they are done, and now
//! and then before.

mod play;
mod record;

use super::Books;
use super::Direction;
use super::Requests;
use super::Session;
use crate::portcls::Cutter;
use crate::portcls::Done;
use crate::portcls::Place;
use crate::portcls::Schedule;
use crate::sound::random::Random;

/// Longest time in which nothing may come back, nanoseconds.
const PATIENCE_NS: u64 = 3_000_000_000;

/// Time for which nothing is handed over by a client that lets its device starve.
const HUNGER_NS: u64 = 100_000_000;

/// Parts of a second that are with the port driver at least: 40 ms.
const AHEAD: usize = 25;

/// Bytes of the longest packets: more than one descriptor of any device takes.
const LONGEST: usize = 0x2_2000;

/// Offsets in pages are drawn as multiples of this where no frame is to be cut in two.
const PAGE: usize = 4096;

/// A client with packets.
struct Client<'a> {
    session: Session<'a>,
    cutter: Cutter,
    random: Random,
    /// Bytes of the packets handed over, in order: where each began, and its length.
    handed: Vec<(usize, usize)>,
    done: Vec<Done>,
    starved: bool,
}

/// Plays or records from STOP to STOP.
pub(super) fn perform(mut session: Session<'_>) -> Books {
    let plan = session.plan;
    let (packets, frame) = (plan.packets, plan.pcm.frame_bytes());
    session.timed = packets.is_whole();
    let whole_frames = packets.revocations > 0;
    let cutter = match packets.seed {
        0 => Cutter::pages(),
        seed => Cutter::hostile(seed, frame, whole_frames),
    };
    if packets.seed > 0 {
        let patient_from = AHEAD_FOR_REFUSALS * frame * plan.pcm.rate as usize / 1_000;
        let schedule = Schedule::new(packets.seed, packets.revocations, Some(patient_from));
        session.pin.set_schedule(schedule);
    }
    let mut client = Client {
        session,
        cutter,
        random: Random::new(packets.seed),
        handed: Vec::new(),
        done: Vec::new(),
        starved: false,
    };
    client.look_around();
    match plan.direction {
        Direction::Render => client.play(),
        Direction::Capture => client.record(),
    }
    client.into_books()
}

/// Milliseconds of sound that a miniport has which may be refused more.
const AHEAD_FOR_REFUSALS: usize = 30;

impl Client<'_> {
    /// What the port driver asks of a stream before it hands anything over.
    fn look_around(&mut self) {
        let pin = self.session.pin;
        let _ = pin.allocator_framing();
        let second = i64::from(self.session.plan.pcm.rate) * self.session.frame_bytes() as i64;
        match pin.normalized(second) {
            Ok(10_000_000) | Err(_) => {}
            Ok(time) => {
                let text =
                    format!("NormalizePhysicalPosition makes {time} x 100 ns of the bytes of a second");
                self.session.error("NormalizePhysicalPosition", text);
            }
        }
    }

    /// Whether there is to be more with the port driver. A long mapping comes back as a whole, and most of it may have
    /// been played before: what counts as well is how far the device is by the clock.
    fn wants_more(&self) -> bool {
        let plan = self.session.plan;
        let (ahead, frame) = ((4 * plan.period).max(plan.pcm.rate as usize / AHEAD), plan.pcm.frame_bytes());
        let handed = self.handed.last().map_or(0, |(from, bytes)| (from + bytes) / frame);
        let clock =
            if self.session.ran() { self.session.clock(self.session.kernel.now()) as usize } else { 0 };
        self.session.pin.bytes_pending() < (ahead * frame) as u64 || handed < clock + ahead
    }

    /// Bytes of the next packet, and where it lies: a period as a rule, at any byte of its page.
    fn draw(&mut self) -> (usize, Place) {
        let plan = self.session.plan;
        let frame = plan.pcm.frame_bytes();
        let usual = plan.period * frame;
        if plan.packets.seed == 0 {
            return (usual, Place::default());
        }
        let grain = if plan.packets.revocations > 0 { frame } else { 1 };
        let offset = (self.random.next_u64() % PAGE as u64) as usize / grain * grain;
        match self.random.next_u64() % 16 {
            0 => (LONGEST / frame * frame, Place { offset, contiguous: true }),
            1 => (frame, Place { offset, contiguous: false }),
            2..=5 => (usual, Place { offset, contiguous: true }),
            _ => (usual, Place { offset, contiguous: false }),
        }
    }

    /// Hands over a packet that begins at byte `at` of the sound.
    fn submit(&mut self, at: usize, sound: &[u8], place: Place) {
        match self.session.pin.submit(sound, place, &mut self.cutter) {
            Ok(_) => {
                self.handed.push((at, sound.len()));
                if self.session.plan.direction == Direction::Render {
                    let frames = (at + sound.len()) / self.session.frame_bytes();
                    self.session.supplied = frames as f64;
                }
            }
            Err(status) => {
                self.session.error("packet", format!("a packet could not be handed over: {status:#010x}"));
            }
        }
    }

    /// Waits for a period, as a client does that has nothing to do before.
    fn wait(&mut self) {
        let kernel = self.session.kernel;
        kernel.sleep_until(kernel.now() + self.session.time_of(self.session.plan.period));
    }

    /// Lets the device starve, once, if it is time to.
    fn starve(&mut self, done: usize) {
        if !self.starved && self.session.plan.packets.starve_at.is_some_and(|frame| done >= frame) {
            self.starved = true;
            let kernel = self.session.kernel;
            kernel.sleep_until(kernel.now() + HUNGER_NS);
        }
    }

    /// Takes a packet back now and then: one that is being played, or one that waits.
    fn take_back(&mut self) {
        if self.session.plan.packets.revocations == 0 || !self.random.next_u64().is_multiple_of(16) {
            return;
        }
        let back = self.done.len() as u64;
        let with_port = self.handed.len() as u64 - back;
        if with_port > 0 {
            let known: Vec<u64> = self.done.iter().map(|done| done.packet).collect();
            let open: Vec<u64> =
                (0..self.handed.len() as u64).filter(|packet| !known.contains(packet)).collect();
            let chosen = open[(self.random.next_u64() % open.len() as u64) as usize];
            self.session.pin.cancel(chosen);
        }
    }

    /// What came back.
    fn collect(&mut self) {
        self.done.extend(self.session.pin.completed());
    }

    fn into_books(mut self) -> Books {
        self.collect();
        let mut fates = Vec::new();
        self.done.sort_by_key(|done| done.packet);
        for done in &self.done {
            let Some((start, _)) = self.handed.get(done.packet as usize) else { continue };
            for piece in &done.pieces {
                let (from, to) = (start + piece.from, start + piece.to);
                fates.push(super::Fate { from, to, kept: piece.released });
            }
        }
        let gaps = !self.session.plan.packets.is_whole();
        let figures = self.session.pin.mapping_figures();
        let mut books = self.session.into_books();
        books.requests = Some(Requests { figures, fates, gaps });
        books
    }
}
