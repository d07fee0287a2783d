//! What all clients share: an open pin with its buffer, and the record of the run.

mod disturbance;
mod position;

use super::Books;
use super::Direction;
use super::Line;
use super::Plan;
use super::Steady;
use super::books::by_context;
use super::walk::Walk;
use super::witness::Witness;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::Snapshot;
use crate::portcls::Buffer;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::report::MomentKind;
use crate::report::PeriodSample;

/// Time between the last frame's leaving the buffer and the end of RUN: what the device still holds must come out.
const AFTERGLOW_NS: u64 = 60_000_000;

/// Frames that no sound has.
const ENDLESS_FRAMES: u64 = 1 << 40;

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
    /// The cyclic buffer, of a pin that has one.
    pub(super) buffer: Option<&'a Buffer>,
    /// Bytes after which the position begins anew: those of the buffer, or more than any sound has.
    span: u64,
    /// Whether the sample clock says where the device is: it does not where the client has let the device starve.
    pub(super) timed: bool,
    /// Frames that the device can have played by now, at most: behind them it stands still.
    pub(super) supplied: f64,
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
    /// Frames between memory and ear, as the driver says.
    behind_memory: Option<f64>,
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
        buffer: Option<&'a Buffer>,
        event: &'a ClientEvent,
        plan: &'a Plan,
        line: Line<'a>,
    ) -> Self {
        let frame = plan.pcm.frame_bytes() as u64;
        let bytes = buffer.map_or(ENDLESS_FRAMES * frame, |buffer| buffer.len() as u64);
        Self {
            kernel,
            pin,
            buffer,
            span: bytes,
            timed: true,
            supplied: f64::INFINITY,
            event,
            plan,
            books: Books { buffer_frames: buffer.map_or(0, |_| bytes / frame), ..Books::default() },
            line,
            witness: Witness::new(bytes, frame, plan.pace.step_frames, plan.direction),
            last_event: 0.0,
            run_began: 0,
            behind_memory: None,
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
        self.buffer.map_or(0, Buffer::len) / self.frame_bytes()
    }

    /// Writes to the cyclic buffer.
    pub(super) fn write(&self, at: usize, bytes: &[u8]) {
        if let Some(buffer) = self.buffer {
            buffer.write(at, bytes);
        }
    }

    /// Reads from it.
    pub(super) fn read(&self, at: usize, into: &mut [u8]) {
        if let Some(buffer) = self.buffer {
            buffer.read(at, into);
        }
    }

    /// Frames that the sample clock has counted in RUN until `now`.
    pub(super) fn clock(&self, now: u64) -> f64 {
        let is_output = self.plan.direction == Direction::Render;
        if let Some(frames) = self.kernel.hardware.borrow().sample_clock(is_output, self.plan.endpoint, now) {
            return frames.min(self.supplied);
        }
        let passed = now.saturating_sub(self.run_began) as f64 * self.plan.pace.frames_per_second / 1e9;
        passed.min(self.supplied)
    }

    /// Whether it has been in RUN.
    pub(super) fn ran(&self) -> bool {
        self.run_began > 0
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
        self.ask_latency();
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
            let now = self.kernel.now();
            self.stood_at = if self.timed {
                self.witness.paused(now, "in PAUSE", offsets, clock)
            } else {
                self.witness.stopped_short(now, "in PAUSE", offsets)
            };
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
