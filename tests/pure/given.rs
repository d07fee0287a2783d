//! AC'97 plays packets: what was handed over in time is heard, and nothing else is, once.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device"]
mod device {
    #[path = "ac97"]
    pub(crate) mod ac97 {
        pub(crate) mod given;
        pub(crate) mod latch;
        pub(crate) mod plan;
        pub(crate) mod ring;
    }
    pub(crate) mod run;
}
#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/wave/packets.rs"]
mod packets;
#[path = "ring/stand_in.rs"]
mod stand_in;

use device::ac97::given::Given;
use device::ac97::latch::Latch;
use device::ac97::plan::{Plan, RING, Segment};
use device::ac97::ring::{Registers, Ring};
use device::run::Run;
use packets::{Moment, Written, completed};
use portcls::Status;
use portcls::raw::KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM as LAST;
use proptest::prelude::*;
use stand_in::{Device, Says};

/// Where the buffer's pieces and the silence lie.
const BUFFER: u32 = 0x10_0000;
const SILENCE: u32 = 0x7000_0000;
const FRAME: u32 = 4;

impl Registers for &mut Device {
    fn samples_left(&mut self) -> (u16, u8) {
        (self.picb as u16, self.piv())
    }

    fn index(&mut self) -> Option<(u8, bool)> {
        Some((self.civ as u8, self.halted))
    }
}

/// What a frame of the buffer has in it, and what is heard: a byte of some packet, or none.
type Heard = Option<u64>;

/// Descriptor `number` of this segment.
fn says(number: u64, segment: Segment) -> Says {
    let interrupt = segment.ends_period || [15, 31].contains(&(number as usize % RING));
    Says { address: segment.address, bytes: segment.bytes, interrupt }
}

/// Driver, device and client of one stream.
struct Stream {
    plan: Plan,
    ahead: bool,
    /// The packet whose sound each half of the buffer has.
    buffer: [Heard; 2],
    ring: Ring,
    given: Given,
    device: Device,
    latch: Latch,
    written: Written,
    running: bool,
    /// Bytes: where this RUN began, and how much of the stream the driver knows to be played.
    base: u64,
    done: u64,
    /// What was heard, frame by frame, from STOP on.
    heard: Vec<Heard>,
    /// Packets that were taken: number, bytes, and whether all of it is to be heard: the device was not in it yet.
    taken: Vec<(u64, u64, bool)>,
    missing: u32,
}

impl Stream {
    fn new(plan: Plan, ahead: bool) -> Self {
        let ring = Ring::starting_at(plan, 0);
        let device = Device::start(|_| Says::default(), 0, ahead);
        Self {
            plan,
            ahead,
            buffer: [None; 2],
            ring,
            given: Given::ALL,
            device,
            latch: Latch::new(),
            written: Written::NONE,
            running: false,
            base: 0,
            done: 0,
            heard: Vec::new(),
            taken: Vec::new(),
            missing: 0,
        }
    }

    fn packet(&self) -> u64 {
        self.plan.period().into()
    }

    fn run(&mut self) {
        let given = self.given.at_start(self.written.limit(), self.base, self.plan.period());
        let ring = Ring::starting_at(self.plan, self.base).playing(given, SILENCE);
        let first = |number| says(number, ring.descriptor(number));
        self.device = Device::start(first, ring.last_valid_index(), self.ahead);
        self.ring = ring;
        self.latch.restart();
        self.running = true;
    }

    fn pause(&mut self) {
        let at = self.ring.position(&mut &mut self.device);
        assert_eq!(at, self.base + self.device.played);
        (self.given, self.base, self.running) = (self.ring.given(), at, false);
        self.done = self.done.max(at);
    }

    fn play(&mut self, bytes: u32) {
        if !self.running {
            return;
        }
        let Self { plan, buffer, heard, device, .. } = self;
        device.play(bytes, |address, bytes| {
            for at in (address..address + bytes).step_by(FRAME as usize) {
                let offset = plan.segments().iter().find_map(|segment| {
                    let within = at.checked_sub(segment.address).filter(|within| *within < segment.bytes)?;
                    Some(segment.offset + within)
                });
                heard.push(offset.and_then(|offset| buffer[(offset / plan.period()) as usize]));
                assert!(
                    offset.is_some() || (SILENCE..SILENCE + plan.longest()).contains(&at),
                    "{at:#x} is played"
                );
            }
        });
    }

    fn dpc(&mut self) {
        if !self.running {
            return;
        }
        self.latch.publish(self.latch.open(), self.device.civ as u8, self.device.halted);
        let seen = self.latch.seen();
        let done = self.ring.reached(seen);
        self.done = self.done.max(done);
        self.missing += u32::from(self.ring.is_missing(done));
        if let Some(valid) = self.ring.refill(seen) {
            for number in valid.filter(|number| self.ring.is_new(*number)) {
                self.device.describe(number, says(number, self.ring.descriptor(number)));
            }
            self.device.set_lvi(self.ring.last_valid_index());
        }
    }

    /// The client hands over the packet that it takes to be due, which may be the last one, with so many bytes.
    fn hand_over(&mut self, last: Option<u32>) -> Result<(), Status> {
        let mut owned = self.base;
        if self.running {
            let at = self.ring.position(&mut &mut self.device);
            owned = (at + 64).max(self.ring.prefetched());
        }
        let now = Moment { running: self.running, done: self.done, owned };
        let mut number = completed(self.done, self.plan.period()) + u64::from(self.running);
        if !self.running && self.taken.iter().any(|(taken, ..)| *taken == number) {
            number += 1;
        }
        let (flags, bytes) = last.map_or((0, 0), |bytes| (LAST, bytes));
        self.written.take((self.plan.period(), FRAME), now, number as u32, flags, bytes)?;
        // One that comes after its successor, in a pause, stays silent.
        let in_order = self.taken.last().is_none_or(|(before, ..)| *before < number);
        let fresh = in_order && self.heard.len() as u64 * u64::from(FRAME) <= number * self.packet();
        let length = last.map_or(self.packet(), u64::from);
        self.taken.push((number, length, fresh));
        self.buffer[(number % 2) as usize] = Some(number);
        if self.running {
            let (upto, ended) = self.written.limit().unwrap();
            let device = &mut self.device;
            self.ring
                .hand_over(upto, ended, |number, segment| device.describe(number, says(number, segment)));
        }
        Ok(())
    }

    /// Nothing is heard but what was taken, where it belongs; and that is all heard, if it was there in time.
    fn check(&self) {
        for (at, heard) in self.heard.iter().enumerate() {
            let byte = at as u64 * u64::from(FRAME);
            let (packet, within) = (byte / self.packet(), byte % self.packet());
            let taken = self.taken.iter().find(|(number, length, _)| *number == packet && within < *length);
            match (heard, taken) {
                (Some(heard), Some(_)) => assert_eq!(*heard, packet, "frame {at}"),
                (Some(heard), None) => panic!("frame {at}, of packet {packet}, is one of packet {heard}"),
                (None, Some((.., fresh))) => assert!(!fresh, "frame {at}, of packet {packet}, is silent"),
                (None, None) => {}
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many 1024ths of a packet.
    Play(u32),
    Dpc,
    HandOver,
    /// In 8ths of a packet.
    Last(u32),
    Pause,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        400 => (1_u32..700).prop_map(Step::Play),
        20 => (700_u32..4000).prop_map(Step::Play),
        400 => Just(Step::Dpc),
        400 => Just(Step::HandOver),
        20 => Just(Step::Pause),
        4 => (0_u32..=8).prop_map(Step::Last),
    ]
}

/// A buffer of two packets, in one piece or in several.
fn plan() -> impl Strategy<Value = Plan> {
    (48_u32..3000, 1_u32..=16, any::<bool>()).prop_filter_map(
        "needs at most 32 segments",
        |(frames, last, pages)| {
            let bytes = frames * FRAME * 2;
            let piece = if pages { 4096 } else { bytes };
            let runs = (0..bytes.div_ceil(piece)).map(|index| Run {
                address: u64::from(BUFFER + index * 2 * piece),
                bytes: piece.min(bytes - index * piece),
            });
            Plan::new(&runs.collect::<Vec<_>>(), frames * FRAME, last * FRAME, FRAME).ok()
        },
    )
}

fn follow(stream: &mut Stream, steps: &[Step]) {
    // Before that, nobody says what is to be played.
    stream.hand_over(None).unwrap();
    stream.run();
    for step in steps {
        match *step {
            Step::Play(part) => {
                let bytes = (stream.plan.period() / FRAME * part).div_ceil(1024) * FRAME;
                stream.play(bytes);
            }
            Step::Dpc => stream.dpc(),
            Step::HandOver => _ = stream.hand_over(None),
            Step::Last(part) => {
                let bytes = stream.plan.period() / FRAME * part / 8 * FRAME;
                let _ = stream.hand_over(Some(bytes));
            }
            Step::Pause if stream.running => stream.pause(),
            Step::Pause => stream.run(),
        }
    }
    stream.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Rows 28 and 29: tail of the last packet; pace of an underrun.
    #[test]
    fn what_is_handed_over_in_time_is_heard_and_nothing_else(
        plan in plan(), ahead in any::<bool>(), steps in proptest::collection::vec(step(), 1..400)
    ) {
        follow(&mut Stream::new(plan, ahead), &steps);
    }
}

/// Two packets of 480 frames in one piece, of which the last 16 frames are pieces of their own.
fn usual() -> Plan {
    let bytes = 480 * FRAME;
    Plan::new(&[Run { address: BUFFER.into(), bytes: 2 * bytes }], bytes, 16 * FRAME, FRAME).unwrap()
}

#[test]
fn a_client_in_time_is_heard_without_a_gap() {
    for ahead in [false, true] {
        let mut stream = Stream::new(usual(), ahead);
        stream.hand_over(None).unwrap();
        stream.run();
        for _ in 0..1000 {
            stream.hand_over(None).unwrap();
            stream.play(480 * FRAME);
            stream.dpc();
        }
        assert!(stream.heard.iter().all(Option::is_some));
        assert_eq!((stream.heard.len(), stream.missing), (480_000, 0));
        stream.check();
    }
}

#[test]
fn what_becomes_sound_is_described_anew_and_nothing_else() {
    let given = Given::ALL.at_start(Some((480 * 4, false)), 0, 480 * FRAME);
    let mut ring = Ring::starting_at(usual(), 0).playing(given, SILENCE);
    for (packets, numbers) in [(2, [2, 3]), (3, [4, 5])] {
        let mut anew = Vec::new();
        ring.hand_over(packets * 480 * 4, false, |number, _| anew.push(number));
        assert_eq!(anew, numbers);
    }
}

/// Row 29: pace of an underrun.
#[test]
fn packets_that_are_missing_are_silent_each_of_them_told_once_and_the_next_one_is_heard() {
    let mut stream = Stream::new(usual(), true);
    stream.hand_over(None).unwrap();
    stream.run();
    for _ in 0..3 {
        stream.play(480 * FRAME);
        stream.dpc();
        stream.dpc();
    }
    assert_eq!((stream.missing, stream.done), (3, 3 * stream.packet()), "the count goes on");
    stream.hand_over(None).unwrap();
    stream.play(2 * 480 * FRAME);
    let sounds =
        |packet: usize| stream.heard[packet * 480..][..480].iter().filter(|heard| heard.is_some()).count();
    assert_eq!([0, 1, 2, 3, 4].map(sounds), [480, 0, 0, 0, 480]);
    stream.check();
}

#[test]
fn a_packet_is_late_when_the_device_has_read_where_it_begins() {
    for (frames, status) in [(463, Ok(())), (464, Err(Status::DATA_LATE_ERROR))] {
        let mut stream = Stream::new(usual(), true);
        stream.hand_over(None).unwrap();
        stream.run();
        stream.play(frames * FRAME);
        assert_eq!(stream.hand_over(None), status, "{frames} frames");
        stream.play((960 - frames) * FRAME);
        let heard = if status.is_ok() { 960 } else { 480 };
        assert_eq!(stream.heard.iter().filter(|heard| heard.is_some()).count(), heard);
    }
}

/// Row 28: tail of the last packet.
#[test]
fn behind_the_last_byte_there_is_silence_and_the_count_goes_on() {
    for frames in [0, 1, 16, 463, 464, 470, 480] {
        let mut stream = Stream::new(usual(), true);
        stream.hand_over(None).unwrap();
        stream.run();
        stream.hand_over(Some(frames * FRAME)).unwrap();
        assert_eq!(stream.hand_over(None), Err(Status::INVALID_DEVICE_STATE));
        for _ in 0..40 {
            stream.play(480 * FRAME);
            stream.dpc();
        }
        let heard = stream.heard.iter().filter(|heard| heard.is_some()).count();
        assert_eq!((heard, stream.heard.len()), (480 + frames as usize, 40 * 480), "{frames} frames");
        assert_eq!((stream.missing, stream.done), (0, 40 * stream.packet()));
        stream.check();
    }
}

#[test]
fn what_is_handed_over_in_a_pause_goes_on_where_it_was() {
    for frames in [100, 464, 480] {
        let mut stream = Stream::new(usual(), false);
        stream.hand_over(None).unwrap();
        stream.run();
        stream.play(frames * FRAME);
        stream.dpc();
        stream.pause();
        stream.hand_over(None).unwrap();
        stream.hand_over(Some(40)).unwrap_or_default();
        stream.run();
        stream.play(1440 * FRAME);
        stream.check();
        assert!(stream.heard[..960].iter().all(Option::is_some), "{frames} frames");
    }
}

/// Whoever says nothing at first, and hands over packets then, has had all of it heard until then.
#[test]
fn the_first_packet_of_all_may_come_in_run() {
    let mut stream = Stream::new(usual(), true);
    stream.buffer = [Some(7), Some(7)];
    stream.run();
    stream.play(500 * FRAME);
    stream.dpc();
    stream.hand_over(None).unwrap();
    stream.play(1500 * FRAME);
    assert!(stream.heard[..960].iter().all(|heard| *heard == Some(7)));
    assert!(stream.heard[960..1440].iter().all(|heard| *heard == Some(2)));
    assert!(stream.heard[1440..].iter().all(Option::is_none));
}
