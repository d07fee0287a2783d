//! What all clients share: an open pin with its buffer, and the record of the run.

mod disturbance;

use super::Books;
use super::Direction;
use super::Line;
use super::Plan;
use super::Steady;
use super::books::by_context;
use super::walk::Walk;
use super::witness::Told;
use super::witness::Witness;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::Snapshot;
use crate::nt::TraceEvent;
use crate::portcls::Buffer;
use crate::portcls::KsAudioPosition;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::report::MomentKind;
use crate::report::PeriodSample;
use crate::report::PositionSample;

/// Time between the last frame's leaving the buffer and the end of RUN: what the device still holds must come out.
const AFTERGLOW_NS: u64 = 60_000_000;

/// Time for which a position that must not move is watched: no whole number of the usual periods, after which a
/// position that moved would be back where it was.
const STILL_NS: u64 = 17_300_000;

/// Longest wait for an event, nanoseconds: a device that gives none is not waited for any longer.
const PATIENCE_NS: u64 = 3_000_000_000;

/// Periods whose refill is marked on the timeline: as many as it has room for beside interrupts, DPCs and events.
const MARKED_PERIODS: u64 = 110;

/// Notifications by which the count of a whole run may be off: one may be on its way when the stream is paused.
const SLACK_EVENTS: u64 = 1;

/// A client on an open pin.
pub struct Session<'a> {
    pub(super) kernel: &'static Kernel,
    pub(super) pin: &'a Pin,
    pub(super) buffer: &'a Buffer,
    pub(super) event: &'a ClientEvent,
    pub(super) plan: &'a Plan,
    pub(super) books: Books,
    line: Line<'a>,
    pub(super) witness: Witness,
    /// The sample clock at the last event, in frames.
    last_event: f64,
    run_began: u64,
    run_paused: u64,
    /// Where the position stood in the last PAUSE, in frames.
    stood_at: f64,
    /// The sample clock at that time.
    paused_at: f64,
    run_start: Snapshot,
    period_began: Snapshot,
    steady_start: Option<(Snapshot, u64, u64)>,
    disturbed: bool,
    abandoned: bool,
    walk: Walk,
    /// The system has slept since the last event.
    woken: bool,
}

impl<'a> Session<'a> {
    /// A client on an open pin with a buffer, in STOP. The event is the one that it may register: it must outlive
    /// the pin.
    pub fn new(
        kernel: &'static Kernel,
        pin: &'a Pin,
        buffer: &'a Buffer,
        event: &'a ClientEvent,
        plan: &'a Plan,
        line: Line<'a>,
    ) -> Self {
        let (bytes, frame) = (buffer.len() as u64, plan.pcm.frame_bytes() as u64);
        Self {
            kernel,
            pin,
            buffer,
            event,
            plan,
            books: Books { buffer_frames: bytes / frame, ..Books::default() },
            line,
            witness: Witness::new(bytes, frame, plan.pace.step_frames, plan.direction),
            last_event: 0.0,
            run_began: 0,
            run_paused: 0,
            stood_at: 0.0,
            paused_at: 0.0,
            run_start: Snapshot::default(),
            period_began: Snapshot::default(),
            steady_start: None,
            disturbed: false,
            abandoned: false,
            walk: Walk::new(bytes),
            woken: false,
        }
    }

    /// The books, closed.
    pub(super) fn into_books(self) -> Books {
        let cut_off = (self.abandoned || self.lost_its_device()).then(|| {
            // What a position may be ahead of the device by.
            let doubtful = self.plan.pace.step_frames as u64 + self.plan.period as u64;
            (self.walk.linear() / self.frame_bytes() as u64).saturating_sub(doubtful)
        });
        Books { position: self.witness.figures(), errors: self.witness.errors, cut_off, ..self.books }
    }

    /// Books something that cannot be right.
    pub(super) fn error(&mut self, kind: &'static str, message: String) {
        self.excuse();
        self.witness.errors.add(self.kernel.now(), kind, message);
    }

    pub(super) fn frame_bytes(&self) -> usize {
        self.plan.pcm.frame_bytes()
    }

    pub(super) fn buffer_frames(&self) -> usize {
        self.buffer.len() / self.frame_bytes()
    }

    /// Frames that the sample clock has counted in RUN until `now`.
    pub(super) fn clock(&self, now: u64) -> f64 {
        let is_output = self.plan.direction == Direction::Render;
        if let Some(frames) = self.kernel.hardware.borrow().sample_clock(is_output, self.plan.endpoint, now) {
            return frames;
        }
        now.saturating_sub(self.run_began) as f64 * self.plan.pace.frames_per_second / 1e9
    }

    /// When RUN began, pauses aside, in nanoseconds.
    pub(super) fn run_began(&self) -> u64 {
        self.run_began
    }

    /// Nanoseconds that so many frames last.
    pub(super) fn time_of(&self, frames: usize) -> u64 {
        frames as u64 * 1_000_000_000 / u64::from(self.plan.pcm.rate)
    }

    /// Registers the event; a client that cannot has nothing to wait for.
    pub(super) fn register(&mut self) -> bool {
        let status = self.pin.register_event(self.event);
        if status < 0 {
            self.error("register", format!("RegisterNotificationEvent failed with {status:#010x}"));
        }
        status >= 0
    }

    /// Takes the event back.
    pub(super) fn unregister(&mut self) {
        let status = self.pin.unregister_event(self.event);
        if status < 0 {
            self.error("unregister", format!("UnregisterNotificationEvent failed with {status:#010x}"));
        }
    }

    /// Waits for the event; false where none comes, or the device is gone.
    pub(super) fn wait(&mut self) -> bool {
        if self.event.wait(PATIENCE_NS) && !self.gone() {
            return true;
        }
        if !self.gone() {
            self.error("no event", "no event came for 3 s in RUN".to_owned());
        }
        false
    }

    /// Whether somebody else has torn the device out, and the driver was told.
    pub(super) fn gone(&self) -> bool {
        self.line.gone.get()
    }

    /// Whether the device is gone, whoever knows of it.
    fn lost_its_device(&self) -> bool {
        self.gone() || self.kernel.hardware.borrow().is_gone() == Some(true)
    }

    /// What fails once the device is gone fails for a reason.
    pub(super) fn excuse(&mut self) {
        if self.lost_its_device() {
            self.witness.errors.close();
        }
    }

    /// Takes as long over a period as the plan says.
    pub(super) fn dawdle(&self) {
        self.kernel.sleep_until(self.kernel.now() + self.plan.late_ns);
    }

    /// RUN, from STOP or PAUSE.
    pub(super) fn run(&mut self) {
        if self.pin.state() == KsState::Stop {
            self.expect_zero("before RUN");
        }
        self.enter(KsState::Run);
        let now = self.kernel.now();
        if self.run_began == 0 {
            self.run_began = now;
            self.kernel.accounts.watch(true);
        } else {
            // The device goes on from where it stood: whatever of its last step the pause has cut off, but no less.
            self.goes_on_from(self.stood_at.max(self.paused_at - self.plan.pace.step_frames));
        }
        self.run_start = self.kernel.accounts.snapshot();
        self.period_began = self.run_start;
    }

    /// The sample clock is at so many frames now.
    fn goes_on_from(&mut self, frames: f64) {
        let gone_by = frames * 1e9 / self.plan.pace.frames_per_second;
        self.run_began = self.kernel.now().saturating_sub(gone_by as u64);
    }

    /// RUN is over: its counters are taken.
    pub(super) fn close_books(&mut self) {
        self.books.run.push((self.run_start, self.kernel.accounts.snapshot()));
        self.kernel.accounts.watch(false);
        self.books.buffer_mapped |= self.pin.buffer_mapped();
        self.run_paused = self.kernel.now();
    }

    /// PAUSE, from RUN; the position must stand still from then on, and no event may come.
    pub(super) fn pause(&mut self) {
        self.close_books();
        self.enter(KsState::Pause);
        let clock = self.clock(self.run_paused);
        self.paused_at = clock;
        self.look_at_transfers();
        let signalled = self.event.count();
        if let Some(offsets) = self.two_offsets("in PAUSE") {
            self.stood_at = self.witness.paused(self.kernel.now(), "in PAUSE", offsets, clock);
        }
        if self.event.count() > signalled {
            self.error("event outside RUN", "an event was signalled in PAUSE".to_owned());
        }
    }

    /// STOP, from PAUSE: the position is zero.
    pub(super) fn stop(&mut self) {
        self.enter(KsState::Stop);
        self.expect_zero("after STOP");
    }

    /// Goes to a state; a refusal is booked.
    fn enter(&mut self, state: KsState) {
        let status = self.pin.set_state(state);
        if status < 0 {
            self.error("state", format!("SetState({state:?}) failed with {status:#010x}"));
        }
    }

    fn expect_zero(&mut self, when: &str) {
        if let Some(offsets) = self.two_offsets(when) {
            self.witness.stopped(self.kernel.now(), when, offsets);
        }
    }

    /// Two readings with time between them.
    fn two_offsets(&mut self, when: &str) -> Option<(u64, u64)> {
        let before = self.pin.position();
        self.kernel.sleep_until(self.kernel.now() + STILL_NS);
        match (before, self.pin.position_at_dispatch()) {
            (Ok(before), Ok(after)) => Some((before.play_offset, after.play_offset)),
            (Err(status), _) | (_, Err(status)) => {
                self.error("GetPosition", format!("{when} GetPosition failed with {status:#010x}"));
                None
            }
        }
    }

    /// Reads the position in RUN: counts its cost, compares it with the sample clock. Returns the offsets as linear
    /// frames; none where the driver tells no position. PortCls asks at either level, and so does this client in turn.
    pub(super) fn position(&mut self) -> Option<Reading> {
        let before = self.kernel.accounts.snapshot();
        let asked_at = self.kernel.now();
        let at_dispatch = self.witness.samples() % 2 == 1;
        let answer = if at_dispatch { self.pin.position_at_dispatch() } else { self.pin.position() };
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
        let told = Told { play: play_offset, write: write_offset, linear: self.linear() };
        let (frames, judged) = self.witness.running(asked_at, told, clock);
        self.kernel.trace.add(asked_at, TraceEvent::Position(frames as u64));
        self.books.timeline.position(PositionSample {
            time_ns: asked_at,
            reported_frames: judged,
            reference_frames: clock,
        });
        let (bytes, frame) = (self.buffer.len() as u64, self.frame_bytes() as u64);
        let ahead = (write_offset + bytes - play_offset % bytes) % bytes / frame;
        Some(Reading { play: self.walk.to(play_offset) / frame, ahead })
    }

    /// Takes in what the device was given at a time, as the device has it.
    fn look_at_transfers(&mut self) {
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
        let latency = self.pin.hw_latency().ok()?;
        let delay = f64::from(latency.chipset_delay) + f64::from(latency.codec_delay);
        Some((frames, delay * f64::from(self.plan.pcm.rate) / 1e7))
    }

    /// An event has come: no later behind the one before than a half of the buffer takes, and a step of the device.
    pub(super) fn expect_on_time(&mut self, half: usize) {
        if self.went_on(half) {
            return;
        }
        let now = self.clock(self.kernel.now());
        let gap = now - core::mem::replace(&mut self.last_event, now);
        if gap > half as f64 + self.plan.pace.step_frames + 1.0 {
            let text =
                format!("an event came {gap:.0} frames after the one before, for halves of {half} frames");
            self.error("event missing", text);
        }
    }

    /// After the last PAUSE: each boundary that the position has passed is one event, no more and no less.
    pub(super) fn compare_events(&mut self, half: usize) {
        let boundaries = self.clock(self.run_paused) as u64 / half as u64;
        let signalled = self.event.count();
        let slack = SLACK_EVENTS + (self.plan.pace.step_frames / half as f64) as u64;
        if signalled.abs_diff(boundaries) > slack {
            let text = format!("{signalled} events were signalled for {boundaries} halves of the buffer");
            self.error("event count", text);
        }
    }

    /// Books one period: called when the client has seen it end, and dealt with the sound up to frame `done`. Steady
    /// RUN begins after the first buffer, and ends with the sound.
    pub(super) fn period_ended(&mut self, done: usize) {
        (self.line.progress)(done);
        let time_ns = self.kernel.now();
        if self.books.periods < MARKED_PERIODS {
            self.books.timeline.moment(time_ns, MomentKind::Refill);
        }
        let now = self.kernel.accounts.snapshot();
        let period = now.since(&self.period_began);
        let total = period.total();
        self.books.timeline.period(PeriodSample {
            index: self.books.periods,
            merged: 1,
            time_ns,
            interrupts: period.interrupts,
            reads: total.reads,
            writes: total.writes + total.kicks,
            by_context: by_context(&period),
            event_latency_ns: self.kernel.accounts.event_latency(),
        });
        self.period_began = now;
        self.books.periods += 1;
        let periods = self.books.periods;
        if periods == 2 {
            self.steady_start = Some((now, time_ns, periods));
        }
        if let Some((from, began, first)) = self.steady_start
            && done < self.plan.frames
            && periods > first
        {
            let time = (began, time_ns);
            self.books.steady = Some(Steady { from, to: now, time, periods: periods - first });
        }
    }

    /// Stays in RUN until everything that the device holds has come out.
    pub(super) fn linger(&self) {
        if self.plan.direction == Direction::Render {
            self.kernel.sleep_until(self.kernel.now() + AFTERGLOW_NS);
        }
    }
}

/// One answer of `GetPosition`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// `PlayOffset`, linear frames.
    pub(super) play: u64,
    /// Frames by which `WriteOffset` is ahead of it; more than half a buffer means behind.
    pub(super) ahead: u64,
}
