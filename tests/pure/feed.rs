//! Which messages go to a virtio sound device when: against devices that read at submission or as they play, in fine or
//! coarse steps, and clients that use all the time they have.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device/clock.rs"]
mod clock;
#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device/virtio_snd/feed.rs"]
mod feed;

use std::collections::VecDeque;

use clock::{Clock, Pace};
use feed::{Content, Feed, Message, Shape};

const FREQUENCY: u64 = 10_000_000;
const RATE: u64 = 48_000;
const FRAME: u32 = 4;
/// What a client leaves where it may write and has not written yet.
const GARBAGE: u64 = u64::MAX;
/// What the device hears where the driver has put silence.
const SILENCE: u64 = u64::MAX - 1;
const NEVER: u64 = u64::MAX;

/// Ticks of so many frames.
fn ticks(frames: u64) -> u64 {
    frames * FREQUENCY / RATE
}

/// How a device plays.
#[derive(Clone, Copy, Debug)]
struct Device {
    /// Frames that it takes at a time.
    step: u64,
    /// It copies a message when it is submitted; otherwise it reads each frame when it plays it.
    reads_at_submission: bool,
    /// Ticks from the start to its first step.
    phase: u64,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    /// Waits for notifications, and spoils the chunk it was told of before it writes it, so many ticks later.
    Event(u64),
    /// Asks for the position so often, spoils all that lies behind it, and then writes it.
    Position(u64),
    /// Waits for notifications, and hands over a packet so many ticks later.
    Packet(u64),
}

/// A driver between a device and a client, all of them models but for feed and clock.
struct World {
    feed: Feed,
    clock: Clock,
    now: u64,
    /// The cyclic buffer: in each frame the number that it has in the sound.
    buffer: Vec<u64>,
    device: Device,
    /// The device's messages: slot, frames as submitted.
    queue: VecDeque<(Message, Vec<u64>)>,
    /// Frames played of the first of them.
    played: usize,
    /// What was heard.
    heard: Vec<u64>,
    /// Frames that the device wanted and did not have.
    starved: u64,
    done: Vec<u8>,
    client: Client,
    written: u64,
    told: u64,
    batches: u64,
    next_wake: u64,
    dpc_delay: u64,
}

impl World {
    fn new(chunks: u64, chunk: u64, device: Device, client: Client) -> Self {
        let bytes = (chunks * chunk) as u32 * FRAME;
        let shape = Shape::new(bytes, chunk as u32 * FRAME, FRAME, RATE as u32).unwrap();
        let pace = Pace::new(RATE as u32, FREQUENCY).unwrap();
        let mut world = Self {
            feed: Feed::new(shape, true),
            clock: Clock::new(pace, shape.frames),
            now: 1_000,
            buffer: vec![GARBAGE; (chunks * chunk) as usize],
            device,
            queue: VecDeque::new(),
            played: 0,
            heard: Vec::new(),
            starved: 0,
            done: Vec::new(),
            client,
            written: 0,
            told: 0,
            batches: 0,
            next_wake: NEVER,
            dpc_delay: 0,
        };
        world.write(chunks * chunk);
        if matches!(client, Client::Packet(_)) {
            world.feed.hand_over(world.written * u64::from(FRAME), false);
        }
        world.clock.start(world.now);
        world.submit();
        world
    }

    fn lap(&self) -> u64 {
        self.buffer.len() as u64
    }

    fn chunk(&self) -> u64 {
        u64::from(self.feed.shape().frames)
    }

    fn write(&mut self, upto: u64) {
        for frame in self.written..upto {
            let at = (frame % self.lap()) as usize;
            self.buffer[at] = frame;
        }
        self.written = self.written.max(upto);
    }

    fn spoil(&mut self, upto: u64) {
        for frame in self.written..upto {
            let at = (frame % self.lap()) as usize;
            self.buffer[at] = GARBAGE;
        }
    }

    /// When the next message is due by the clock.
    fn due(&self) -> u64 {
        self.feed.due().and_then(|frame| self.clock.reaches(frame)).unwrap_or(NEVER)
    }

    /// What the engine does at each DPC and wake.
    fn look(&mut self) {
        if self.now >= self.due() {
            self.submit();
        }
        self.feed.told();
        let due = self.due();
        self.next_wake = if due == NEVER { NEVER } else { due.max(self.now + 1_000) };
    }

    /// What the engine does at a start, when a packet is handed over, and when something is due.
    fn submit(&mut self) {
        let mut batch = false;
        if self.now >= self.due() {
            self.feed.begin(self.clock.step());
        }
        while let Some(message) = self.feed.next() {
            batch = true;
            let frames = self.feed.shape().frames as usize;
            let at = usize::from(message.slot) * frames;
            let sound = match message.content {
                Content::Sound => self.buffer[at..at + frames].to_vec(),
                Content::Silence => vec![SILENCE; frames],
                Content::End(bytes) => {
                    let mut sound = self.buffer[at..at + frames].to_vec();
                    sound[(bytes / FRAME) as usize..].fill(SILENCE);
                    sound
                }
            };
            assert!(self.queue.iter().all(|(other, _)| other.slot != message.slot), "a byte submitted twice");
            self.queue.push_back((message, sound));
        }
        self.batches += u64::from(batch);
        let due = self.due();
        self.next_wake = if due == NEVER { NEVER } else { due.max(self.now + 1_000) };
    }

    /// One step of the device.
    fn step(&mut self) {
        for count in 0..self.device.step {
            let Some((message, sound)) = self.queue.front() else {
                self.starved += self.device.step - count;
                break;
            };
            let mut frame = sound[self.played];
            if !self.device.reads_at_submission && frame != SILENCE {
                frame = self.buffer[usize::from(message.slot) * sound.len() + self.played];
            }
            self.heard.push(frame);
            self.played += 1;
            if self.played == sound.len() {
                self.done.push(message.slot);
                self.queue.pop_front();
                self.played = 0;
            }
        }
    }

    /// Runs for `frames` frames of time.
    fn run(&mut self, frames: u64) {
        let start = self.now;
        let mut steps = 0;
        let mut dpc = NEVER;
        let mut client = match self.client {
            Client::Position(every) => self.now + every,
            _ => NEVER,
        };
        let mut random = 88_172_645_463_325_252_u64;
        loop {
            let step = start + self.device.phase + ticks(steps * self.device.step);
            let next = step.min(dpc).min(client).min(self.next_wake);
            if next > start + ticks(frames) {
                break;
            }
            self.now = next;
            if next == step {
                steps += 1;
                self.step();
                if !self.done.is_empty() && dpc == NEVER {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    dpc = self.now + random % self.dpc_delay.max(1);
                }
            } else if next == dpc {
                dpc = NEVER;
                for slot in std::mem::take(&mut self.done) {
                    self.feed.returned(1 << slot);
                }
                self.clock.returned(self.now, self.feed.completed_frames());
                self.look();
                let complete = self.feed.completed_frames() / self.chunk();
                if complete > self.told {
                    self.told = complete;
                    match self.client {
                        Client::Event(time) => {
                            self.spoil(complete * self.chunk() + self.lap());
                            client = self.now + time;
                        }
                        Client::Packet(time) => client = self.now + time,
                        Client::Position(_) => {}
                    }
                }
            } else if next == client {
                match self.client {
                    Client::Event(_) => {
                        client = NEVER;
                        self.write(self.told * self.chunk() + self.lap());
                    }
                    Client::Packet(_) => {
                        client = NEVER;
                        self.write(self.told * self.chunk() + self.lap());
                        self.feed.hand_over(self.written * u64::from(FRAME), false);
                        self.submit();
                    }
                    Client::Position(every) => {
                        client = self.now + every;
                        let position = self.clock.lagging(self.now);
                        self.spoil(position + self.lap());
                        self.write(position + self.lap());
                    }
                }
            } else {
                self.look();
            }
        }
    }

    /// All that was heard is the sound from its beginning, and there was always enough of it.
    fn assert_perfect(&self, what: &str) {
        let wrong = self.heard.iter().enumerate().find(|(at, frame)| **frame != *at as u64);
        assert!(wrong.is_none(), "{what}: {wrong:?} heard of {}", self.heard.len());
        assert_eq!((self.starved, self.feed.missed()), (0, 0), "{what}");
    }
}

/// Devices of all kinds whose step is at most `most` frames.
fn devices(most: u64) -> impl Iterator<Item = Device> {
    let steps = [1, 48, 100, 128, 240, 480, 1024].into_iter().filter(move |step| *step <= most);
    steps.flat_map(|step| {
        [true, false].into_iter().flat_map(move |reads_at_submission| {
            [ticks(step), ticks(step) / 3 + 1].map(|phase| Device { step, reads_at_submission, phase })
        })
    })
}

#[test]
fn event_clients_that_use_most_of_their_time() {
    for chunk in [48, 49, 128, 441, 480, 1024] {
        for device in devices(chunk / 2) {
            for delay in [0, ticks(chunk / 16)] {
                let time = ticks(chunk - chunk / 4 - device.step) - delay;
                let mut world = World::new(2, chunk, device, Client::Event(time));
                world.dpc_delay = delay;
                world.run(chunk * 300);
                let what = format!("chunk {chunk} {device:?} delay {delay}");
                world.assert_perfect(&what);
                assert!(world.batches <= 302, "{what}: {} batches", world.batches);
            }
        }
    }
}

#[test]
fn position_clients_that_fill_up_to_the_position() {
    for lap in [1_920, 1_924, 4_096, 8_192] {
        for device in devices(lap / 4) {
            for every in [48, 128, 480] {
                let chunks = 4;
                let mut world = World::new(chunks, lap / chunks, device, Client::Position(ticks(every)));
                world.run(lap * 100);
                let what = format!("lap {lap} {device:?} every {every}");
                world.assert_perfect(&what);
                assert!(world.batches <= 100 * chunks + 2, "{what}: {} batches", world.batches);
            }
        }
    }
}

#[test]
fn packet_clients_have_nearly_a_whole_period() {
    for chunk in [48, 128, 480, 1024] {
        for device in devices(chunk / 2) {
            let time = ticks(chunk - device.step);
            let mut world = World::new(2, chunk, device, Client::Packet(time));
            world.run(chunk * 300);
            let what = format!("chunk {chunk} {device:?}");
            world.assert_perfect(&what);
            assert!(world.batches <= 302, "{what}: {} batches", world.batches);
        }
    }
}

#[test]
fn several_chunks_a_step_are_one_batch() {
    // Messages of 2.67 ms and a device that takes 10 ms at a time.
    let device = Device { step: 480, reads_at_submission: false, phase: ticks(480) };
    let mut world = World::new(16, 128, device, Client::Position(ticks(128)));
    world.run(480 * 400);
    world.assert_perfect("16 chunks");
    assert!(world.batches <= 403, "{} batches in 400 steps", world.batches);
}

#[test]
fn a_client_that_comes_too_late_spoils_the_sound() {
    // So that the checks above are known to see it.
    for reads_at_submission in [true, false] {
        let device = Device { step: 48, reads_at_submission, phase: ticks(48) };
        let mut world = World::new(2, 480, device, Client::Event(ticks(520)));
        world.run(480 * 20);
        assert!(world.heard.contains(&GARBAGE));
    }
}

/// Row 29: pace of an underrun.
#[test]
fn a_packet_too_late_is_silence_and_the_count_goes_on() {
    let device = Device { step: 48, reads_at_submission: true, phase: ticks(48) };
    let mut world = World::new(2, 480, device, Client::Packet(NEVER / 2));
    world.run(480 * 20);
    assert_eq!(world.heard.iter().filter(|frame| **frame < SILENCE).count(), 960);
    assert!(world.heard[960..].iter().all(|frame| *frame == SILENCE));
    assert!(
        world.starved <= 20 * 48 && world.feed.missed() >= 17,
        "{} {}",
        world.starved,
        world.feed.missed()
    );
    // And sound again as soon as a packet comes: one for the next chunk.
    let upto = world.feed.submitted_frames() + 480;
    world.written = upto - 960;
    world.write(upto);
    world.feed.hand_over(upto * u64::from(FRAME), false);
    world.submit();
    world.client = Client::Packet(NEVER / 2);
    let heard = world.heard.len();
    world.run(480 * 4);
    assert_eq!(world.heard[heard..].iter().filter(|frame| **frame < SILENCE).count(), 480);
}

/// Row 29: pace of an underrun.
#[test]
fn everything_gone_before_anybody_looked_is_silence_and_not_a_repeat() {
    let device = Device { step: 960, reads_at_submission: true, phase: NEVER / 2 };
    let mut world = World::new(2, 480, device, Client::Event(ticks(100)));
    world.now += ticks(400);
    world.look();
    assert_eq!(world.queue.len(), 2);
    world.now += ticks(4_800);
    world.step();
    assert_eq!((world.queue.len(), world.done.len()), (0, 2));
    for slot in std::mem::take(&mut world.done) {
        world.feed.returned(1 << slot);
    }
    world.clock.returned(world.now, world.feed.completed_frames());
    world.look();
    assert_eq!(world.feed.completed_frames(), 960);
    assert!(
        !world.queue.is_empty() && world.queue.iter().all(|(message, _)| message.content == Content::Silence)
    );
    assert!(world.feed.missed() > 0);
}

/// Row 28: tail of the last packet.
#[test]
fn the_end_of_a_sound_is_followed_by_silence() {
    let shape = Shape::new(960 * 4, 960, 4, 48_000).unwrap();
    let mut feed = Feed::new(shape, true);
    feed.hand_over(1_920 + 40, true);
    let contents: Vec<Content> = std::iter::from_fn(|| feed.next()).map(|message| message.content).collect();
    assert_eq!(contents, [Content::Sound, Content::Sound, Content::End(40)]);
    feed.returned(0b111);
    assert_eq!(feed.next(), None);
    feed.begin(0);
    assert_eq!(feed.next().unwrap().content, Content::Silence);
    assert_eq!((feed.next(), feed.missed()), (None, 0));
}

#[test]
fn the_silence_after_the_end_keeps_pace_with_the_device() {
    // Chunks that are no whole number of the device's steps.
    let device = Device { step: 48, reads_at_submission: true, phase: ticks(48) };
    let mut world = World::new(2, 128, device, Client::Packet(NEVER / 2));
    world.feed.hand_over(world.written * u64::from(FRAME), true);
    world.look();
    world.run(128 * 40);
    assert_eq!((world.starved, world.feed.missed()), (0, 0));
    assert_eq!(world.heard.iter().filter(|frame| **frame < SILENCE).count(), 256);
    assert!(world.heard[256..].iter().all(|frame| *frame == SILENCE));
}

/// Four messages of 240 frames that are under way.
fn under_way(render: bool) -> Feed {
    let shape = Shape::new(960 * 4, 960, 4, 48_000).unwrap();
    let mut feed = Feed::new(shape, render);
    let mut slots = Vec::new();
    for _ in 0..2 {
        // No more than half of the buffer at a time.
        feed.begin(5_000);
        slots.extend(std::iter::from_fn(|| feed.next()).map(|message| message.slot));
    }
    assert_eq!(slots, [0, 1, 2, 3]);
    feed
}

#[test]
fn what_nobody_can_have_heard_is_submitted_again() {
    let mut feed = under_way(true);
    feed.returned(0b1);
    feed.lose(240);
    assert!(feed.is_at_rest());
    assert_eq!((feed.completed_frames(), feed.submitted_frames()), (240, 240));
    assert_eq!(feed.next(), None);
    for slot in 1..4 {
        feed.begin(0);
        assert_eq!((feed.next().unwrap().slot, feed.next()), (slot, None));
    }
    // Out of order, they count as soon as there is no gap.
    feed.returned(0b1000);
    feed.returned(0b100);
    assert_eq!(feed.completed_frames(), 240);
    feed.returned(0b10);
    assert_eq!((feed.completed_frames(), feed.is_at_rest()), (960, true));
    feed.reset();
    assert_eq!((feed.completed_bytes(), feed.submitted_bytes()), (0, 0));
}

#[test]
fn nothing_that_may_have_been_heard_is_submitted_again() {
    // Where the device may have been, and where the stream goes on: at the end of that message.
    for (heard, from) in [(0, 0), (1, 240), (240, 240), (480, 480), (481, 720), (5_000, 960)] {
        let mut feed = under_way(true);
        feed.lose(heard);
        assert_eq!((feed.completed_frames(), feed.submitted_frames()), (from, from), "{heard}");
        assert!(feed.is_at_rest());
    }
    // What came back out of order was heard as well.
    let mut feed = under_way(true);
    feed.returned(0b100);
    feed.lose(0);
    assert_eq!(feed.completed_frames(), 720);
}

#[test]
fn what_was_not_recorded_is_recorded_anew() {
    let mut feed = under_way(false);
    feed.returned(0b101);
    feed.lose(5_000);
    assert_eq!((feed.completed_frames(), feed.submitted_frames()), (240, 240));
}

#[test]
fn what_the_device_never_had_it_cannot_give_back() {
    let shape = Shape::new(1_920 * 4, 1_920, 4, 48_000).unwrap();
    let mut feed = Feed::new(shape, true);
    feed.begin(0);
    assert_eq!(feed.next().unwrap().slot, 0);
    feed.returned(!1);
    assert_eq!((feed.completed_frames(), feed.is_at_rest()), (0, false));
    feed.returned(1);
    feed.returned(1);
    assert_eq!((feed.completed_frames(), feed.is_at_rest()), (480, true));
}

#[test]
fn shapes_are_whole_or_refused() {
    for (bytes, chunk, frame) in
        [(0, 0, 4), (3_840, 0, 4), (3_840, 1_920, 0), (3_841, 1_920, 4), (3_844, 1_922, 4)]
    {
        assert_eq!(Shape::new(bytes, chunk, frame, 48_000), None, "{bytes} {chunk} {frame}");
    }
    assert_eq!(Shape::new(1_920, 1_920, 4, 48_000), None);
    assert_eq!(Shape::new(17 * 1_920, 1_920, 4, 48_000), None);
    for chunks in 2..=16 {
        for frames in 1..=2_000 {
            let shape = Shape::new(chunks * frames * 6, frames * 6, 6, 96_000).unwrap();
            assert_eq!(u32::from(shape.slots) * shape.message, chunks * frames * 6);
            assert_eq!(shape.frames * 6, shape.message);
            assert_eq!(u32::from(shape.slots), chunks);
            assert!(shape.low <= if chunks < 4 { 288.min(frames / 4) } else { 960.min(frames / 2) });
        }
    }
}
