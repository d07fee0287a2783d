//! The whole device: registers on one side, streams on the other, queues between them, and the script that spoils it.

use std::collections::VecDeque;

use super::config::Config;
use super::config::Places;
use super::log::Log;
use super::memory::Memory;
use super::memory::gather;
use super::memory::scatter;
use super::message::Message;
use super::msix::Msix;
use super::options::Options;
use super::options::Reading;
use super::options::Reset;
use super::ring::Chain;
use super::ring::lengths;
use super::script::Script;
use super::script::What;
use super::sound::Request;
use super::sound::Sound;
use super::stream::How;
use super::stream::Moved;
use super::stream::State;
use super::stream::Stream;
use super::transport::Transport;
use super::wire;

/// Where a predecessor's messages point: a page below the memory that is handed out, where nothing else is.
const LEFT_BEHIND: u64 = 0x9000;

/// Bytes that a request can have: far more than any that the specification knows.
const MOST_REQUEST: u64 = 1 << 16;

/// What they would sound like.
const STALE: u8 = 0x77;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Notifications, by queue.
    pub kicks: [u64; wire::QUEUE_COUNT as usize],
    /// Messages sent, or times that the line went up.
    pub interrupts: u64,
    /// Requests.
    pub requests: u64,
    /// Events that found no room.
    pub events_lost: u64,
    /// Resets.
    pub resets: u64,
    /// Accesses to registers and to configuration space.
    pub accesses: u64,
}

/// An answer that comes later.
#[derive(Debug)]
pub(super) struct Late {
    pub at: u64,
    pub chain: Chain,
    pub answer: Vec<u8>,
}

/// The device.
#[derive(Debug)]
pub(super) struct Device {
    pub options: Options,
    pub now: u64,
    pub removed: bool,
    pub config: Config,
    pub places: Places,
    pub msix: Msix,
    pub transport: Transport,
    pub memory: Memory,
    pub sound: Sound,
    pub script: Script,
    pub log: Log,
    pub counts: Counts,
    pub stalled: bool,
    pub lose: u32,
    pub late: Vec<Late>,
    pub event_buffers: VecDeque<Chain>,
    pub events: VecDeque<[u32; 2]>,
}

impl Device {
    pub(super) fn new(options: Options, memory: Memory, interrupt: u8) -> Self {
        let controls = if options.controls.is_empty() { 0 } else { wire::F_SND_CTLS };
        let offered = options.features | controls;
        let mut device = Self {
            now: 0,
            removed: false,
            config: Config::new(options.layout, options.vectors, interrupt),
            places: Places::of(options.layout),
            msix: Msix::new(options.vectors),
            transport: Transport::new(offered, options.refuse_features, options.vectors, options.queue_size),
            memory,
            sound: Sound::new(&options),
            script: Script::new(&options.faults),
            log: Log::default(),
            counts: Counts::default(),
            stalled: false,
            lose: 0,
            late: Vec::new(),
            event_buffers: VecDeque::new(),
            events: VecDeque::new(),
            options,
        };
        device.memory.write(LEFT_BEHIND, &[STALE; 64]);
        for stream in &mut device.sound.streams {
            let is_output = stream.options.is_output;
            let left = (0..device.options.predecessor)
                .map(|head| Message::left_behind(&device.memory, head, LEFT_BEHIND, is_output));
            stream.queue.extend(left);
        }
        device
    }

    pub(super) fn complain(&mut self, text: impl AsRef<str>) {
        self.log.complain(self.now, text);
    }

    /// Whether it may touch memory.
    pub(super) fn works(&self) -> bool {
        !self.removed && self.config.is_master() && self.transport.is_live()
    }

    // Time

    /// The next instant at which it does something of its own accord.
    pub(super) fn next_due(&self) -> Option<u64> {
        if self.removed {
            return None;
        }
        let moves =
            !self.stalled && self.works() && self.sound.streams.iter().any(|stream| stream.truth.running);
        let step = moves.then(|| self.options.pace.next_step(self.now));
        let late = self.late.iter().map(|late| late.at).min();
        [step, late, self.script.next_time()].into_iter().flatten().min()
    }

    /// Lets time run to `target`.
    pub(super) fn advance(&mut self, target: u64) {
        while let Some(due) = self.next_due().filter(|due| *due <= target) {
            let step = self.options.pace.next_step(self.now);
            self.now = due.max(self.now);
            for what in self.script.due(self.now) {
                self.happen(what);
            }
            if due == step {
                self.step();
            }
            self.answer_late();
            self.interrupt();
        }
        self.now = target.max(self.now);
    }

    pub(super) fn step(&mut self) {
        for number in 0..self.sound.streams.len() {
            if self.stalled || !self.works() {
                return;
            }
            let (now, pace) = (self.now, self.options.pace);
            let moved = self.on_stream(number, |stream, memory, how| stream.step(now, &pace, memory, how));
            self.return_messages(number, moved);
        }
    }

    pub(super) fn on_stream<R>(
        &mut self,
        number: usize,
        work: impl FnOnce(&mut Stream, &Memory, &How<'_>) -> R,
    ) -> R {
        let how = How {
            as_it_plays: self.options.reading == Reading::AsItPlays,
            ahead_frames: self.options.ahead_frames,
            capture: &self.options.capture,
        };
        let stream = &mut self.sound.streams[number];
        let result = work(stream, &self.memory, &how);
        if !self.options.keep_sound {
            stream.heard.clear();
        }
        result
    }

    // Messages

    fn queue_of(&self, stream: usize) -> u16 {
        if self.sound.streams[stream].options.is_output { wire::QUEUE_TX } else { wire::QUEUE_RX }
    }

    pub(super) fn return_messages(&mut self, number: usize, moved: Moved) {
        let latency = self.options.latency_bytes;
        for message in moved.finished {
            self.return_message(number, &message, wire::S_OK, latency);
        }
        if moved.xrun {
            self.tell([wire::EVT_PCM_XRUN, number as u32]);
        }
    }

    fn return_message(&mut self, number: usize, message: &Message, status: u32, latency: u32) {
        let (queue, is_output) = (self.queue_of(number), self.sound.streams[number].options.is_output);
        let spoilt = self.script.completion(queue);
        let status = spoilt
            .iter()
            .fold(status, |status, what| if let What::Status(bad) = what { *bad } else { status });
        let written = message.finish(&self.memory, is_output, status, latency);
        self.complete(queue, message.head, written, &spoilt);
    }

    /// Puts a chain into the used ring, or what the script wants there.
    pub(super) fn complete(&mut self, queue: u16, head: u16, written: u32, spoilt: &[What]) {
        let ring = &mut self.transport.rings[usize::from(queue)];
        let mut written = written;
        let mut times = 1;
        let mut forged = None;
        for what in spoilt {
            match *what {
                What::UsedLength(length) => written = length,
                What::Twice => times = 2,
                What::UsedId(id) => forged = Some(id),
                What::UsedIndex(by) => ring.skip(&self.memory, by),
                _ => {}
            }
        }
        match forged {
            Some(id) => ring.put(&self.memory, id, written),
            None => ring.complete(&self.memory, head, written),
        }
        for _ in 1..times {
            ring.put(&self.memory, head.into(), written);
        }
        for what in spoilt {
            self.happen(*what);
        }
    }

    // Queues

    /// The driver has rung the bell of a queue.
    pub(super) fn kick(&mut self, queue: u16) {
        if let Some(count) = self.counts.kicks.get_mut(usize::from(queue)) {
            *count += 1;
        }
        if !self.works() {
            return;
        }
        let indirect = self.transport.has(wire::F_INDIRECT_DESC);
        loop {
            let Some(ring) = self.transport.rings.get_mut(usize::from(queue)) else { return };
            match ring.take(&self.memory, indirect) {
                Ok(Some(chain)) => self.serve(queue, chain),
                Ok(None) => {
                    if !ring.listen(&self.memory) {
                        break;
                    }
                }
                Err(why) => {
                    self.complain(format!("queue {queue}: {why}"));
                    self.give_up();
                    return;
                }
            }
            if !self.works() {
                return;
            }
        }
        if queue == wire::QUEUE_TX {
            for number in 0..self.sound.streams.len() {
                self.run_ahead(number);
            }
        }
    }

    fn run_ahead(&mut self, number: usize) {
        if self.options.ahead_frames == 0 || self.stalled {
            return;
        }
        let mut moved = Moved::default();
        self.on_stream(number, |stream, memory, how| stream.run_ahead(memory, how, &mut moved));
        self.return_messages(number, moved);
    }

    fn serve(&mut self, queue: u16, chain: Chain) {
        match queue {
            wire::QUEUE_CONTROL => self.request(chain),
            wire::QUEUE_EVENT => self.event_buffer(chain),
            _ => self.message(queue, chain),
        }
    }

    fn message(&mut self, queue: u16, chain: Chain) {
        let is_output = queue == wire::QUEUE_TX;
        let head = chain.head;
        let (id, message) = match Message::parse(&self.memory, chain, is_output) {
            Ok(parsed) => parsed,
            Err(why) => {
                self.complain(why);
                return self.give_up();
            }
        };
        let streams = self.sound.streams.len();
        let Some(stream) = self.sound.streams.get_mut(id as usize) else {
            self.complain(format!("a message for stream {id} of {streams}"));
            return self.refuse(queue, &message, is_output);
        };
        let Some(params) = stream.params.filter(|_| stream.options.is_output == is_output) else {
            self.complain(format!("message {head} for stream {id} in queue {queue}, or before SET_PARAMS"));
            return self.refuse(queue, &message, is_output);
        };
        let (period, frame) = (u64::from(params.period_bytes), u64::from(params.frame()));
        let bytes = message.bytes;
        let odd = bytes == 0 || !bytes.is_multiple_of(frame) || bytes > period;
        // Only a sound that ends may end within a period.
        if odd || !is_output && bytes != period {
            self.complain(format!("a message of {bytes} bytes for stream {id} with periods of {period}"));
            return self.refuse(queue, &message, is_output);
        }
        if !matches!(stream.state, State::Prepared | State::Running | State::Stopped) {
            let state = stream.state.name();
            self.complain(format!("a message for stream {id}, which is {state}"));
            return self.refuse(queue, &message, is_output);
        }
        stream.truth.largest = stream.truth.largest.max(bytes);
        stream.queue.push_back(message);
    }

    /// Gives a message back that no stream takes.
    fn refuse(&mut self, queue: u16, message: &Message, is_output: bool) {
        let written = message.finish(&self.memory, is_output, wire::S_BAD_MSG, 0);
        self.complete(queue, message.head, written, &[]);
    }

    fn request(&mut self, chain: Chain) {
        self.counts.requests += 1;
        let (readable, room) = lengths(&chain);
        if !(4..=MOST_REQUEST).contains(&readable) || room < 4 {
            self.complain(format!("a request of {readable} bytes with room for {room}"));
            return self.give_up();
        }
        let bytes = gather(&self.memory, &chain.readable);
        let request = Request { bytes: &bytes, room, now: self.now };
        let spoilt = self.script.request(request.code());
        let mut delay = 0;
        for what in &spoilt {
            match *what {
                What::NeverAnswer => return,
                What::AnswerLate(nanoseconds) => delay = nanoseconds,
                What::Answer(status) => {
                    scatter(&self.memory, &chain.writable, &status.to_le_bytes());
                    return self.complete(wire::QUEUE_CONTROL, chain.head, 4, &[]);
                }
                other => self.happen(other),
            }
        }
        if !self.works() {
            return;
        }
        let has_controls = self.transport.has(wire::F_SND_CTLS);
        let reply = self.sound.execute(&request, has_controls, &mut self.log);
        if let Some((number, messages)) = reply.flushed {
            for message in messages {
                let unplayed = message.left() as u32;
                self.return_message(number, &message, wire::S_OK, unplayed);
            }
        }
        let mut answer = reply.status.to_le_bytes().to_vec();
        answer.extend(reply.payload);
        if (answer.len() as u64) > room {
            self.complain(format!("room for {room} bytes of an answer of {}", answer.len()));
            answer.truncate(room as usize);
        }
        if delay > 0 {
            self.late.push(Late { at: self.now + delay, chain, answer });
        } else {
            self.answer(&chain, &answer);
        }
        if let Some(number) = reply.started {
            self.run_ahead(number);
        }
    }

    fn answer(&mut self, chain: &Chain, answer: &[u8]) {
        scatter(&self.memory, &chain.writable, answer);
        let spoilt = self.script.completion(wire::QUEUE_CONTROL);
        self.complete(wire::QUEUE_CONTROL, chain.head, answer.len() as u32, &spoilt);
    }

    fn answer_late(&mut self) {
        let now = self.now;
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|late| late.at <= now);
        self.late = late;
        let due: Vec<Late> = due;
        for late in due {
            if self.works() {
                self.answer(&late.chain, &late.answer);
            }
        }
    }

    /// Forgets the chains of a queue that was reset.
    pub(super) fn forget_chains(&mut self, queue: u16) {
        match queue {
            wire::QUEUE_CONTROL => self.late.clear(),
            wire::QUEUE_EVENT => self.event_buffers.clear(),
            _ => {}
        }
    }

    /// The driver has written 0 to the status.
    pub(super) fn reset(&mut self) {
        self.counts.resets += 1;
        let over = self.now.saturating_add(self.options.reset_ns);
        let keep = self.options.reset == Reset::LeavesBuffers;
        // The first reset finds what a predecessor left; only a device that forgets is rid of it.
        self.transport.reset(self.now, over);
        for stream in &mut self.sound.streams {
            stream.reset(keep || self.options.predecessor > 0 && self.counts.resets == 1);
        }
        if !keep {
            self.sound.controls.clone_from(&self.options.controls);
        }
        self.late.clear();
        self.event_buffers.clear();
        self.events.clear();
        self.stalled = false;
    }
}
