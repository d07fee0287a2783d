//! What the clients share: an open pin with its buffer, the sound still to be written, and the record of the run.

use super::Disturbance;
use super::Kind;
use super::Plan;
use super::errors::Errors;
use super::witness::Witness;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::Snapshot;
use crate::nt::TraceEvent;
use crate::nt::accounting::CONTEXTS;
use crate::portcls::Buffer;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::report::MomentKind;
use crate::report::PeriodSample;
use crate::report::PositionSample;
use crate::report::Timeline;

/// Time between the last frame's leaving the buffer and the end of RUN: what the device still holds must come out.
const AFTERGLOW_NS: u64 = 60_000_000;

/// Time for which a position that must not move is watched: no whole number of the usual periods, after which a
/// position that moved would be back where it was.
const STILL_NS: u64 = 17_300_000;

/// Periods whose refill is marked on the timeline: as many as it has room for beside interrupts, DPCs and events.
const MARKED_PERIODS: u64 = 110;

/// Notifications by which the count of a whole run may be off: one may be on its way when the stream is paused.
const SLACK_EVENTS: u64 = 1;

/// What a run of a client left in the books.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Frames of the cyclic buffer.
    pub buffer_frames: u64,
    /// Samples for the plots.
    pub timeline: Timeline,
    /// Periods that the device completed in RUN.
    pub periods: u64,
    /// Greatest distance between the reported position and the sample clock, in frames.
    pub max_error_frames: f64,
    /// Whether the buffer is long enough for a wrong position to be noticed.
    pub position_judged: bool,
    /// Positions compared.
    pub samples: u64,
    /// Positions that lay behind the one before.
    pub backward_steps: u64,
    /// Most register reads that one `GetPosition` took.
    pub max_reads: u64,
    /// Counters over the whole of RUN.
    pub run: Snapshot,
    /// Whether the driver had a mapping of the buffer when RUN ended.
    pub buffer_mapped: bool,
    /// Counters over steady RUN, and its periods.
    pub steady: (Snapshot, u64),
    /// What the driver told or did that cannot be right.
    pub errors: Errors,
}

/// A client at work.
pub struct Player<'a> {
    pub(super) kernel: &'static Kernel,
    pub(super) pin: &'a Pin,
    pub(super) buffer: &'a Buffer,
    pub(super) event: &'a ClientEvent,
    pub(super) plan: &'a Plan,
    pub(super) played: Played,
    progress: &'a dyn Fn(usize),
    /// Next frame of the input to be written.
    next: usize,
    /// Next frame of the buffer to be written, counted on over all its rounds.
    written: u64,
    witness: Witness,
    /// The sample clock at the last event, in frames.
    last_event: f64,
    run_began: u64,
    run_paused: u64,
    period_began: Snapshot,
    run_start: Snapshot,
    steady_start: Option<(Snapshot, u64)>,
    steady_last: Option<(Snapshot, u64)>,
}

impl<'a> Player<'a> {
    /// A client on an open pin with a buffer, in STOP. The event is the one that it may register: it must outlive
    /// the pin.
    pub fn new(
        kernel: &'static Kernel,
        pin: &'a Pin,
        buffer: &'a Buffer,
        event: &'a ClientEvent,
        plan: &'a Plan,
    ) -> Self {
        let (bytes, frame) = (buffer.len() as u64, plan.pcm.frame_bytes() as u64);
        Self {
            kernel,
            pin,
            buffer,
            event,
            plan,
            played: Played { buffer_frames: bytes / frame, ..Played::default() },
            progress: &|_| {},
            next: 0,
            written: 0,
            witness: Witness::new(bytes, frame, plan.pace.step_frames),
            last_event: 0.0,
            run_began: 0,
            run_paused: 0,
            period_began: Snapshot::default(),
            run_start: Snapshot::default(),
            steady_start: None,
            steady_last: None,
        }
    }

    /// Plays the sound from STOP to STOP, as the kind of client does.
    ///
    /// `progress` hears how many frames of the input have been written, once a period.
    pub fn play(mut self, progress: &'a dyn Fn(usize)) -> Played {
        self.progress = progress;
        match self.plan.kind {
            Kind::Event => self.play_by_events(),
            Kind::Position => self.play_by_position(),
        }
        Played {
            max_error_frames: self.witness.max_error_frames,
            position_judged: self.witness.can_judge(),
            samples: self.witness.samples,
            backward_steps: self.witness.backward_steps(),
            errors: self.witness.errors,
            ..self.played
        }
    }

    /// Books something that cannot be right.
    pub(super) fn error(&mut self, kind: &'static str, message: String) {
        self.witness.errors.add(self.kernel.now(), kind, message);
    }

    pub(super) fn frame_bytes(&self) -> usize {
        self.plan.pcm.frame_bytes()
    }

    pub(super) fn buffer_frames(&self) -> usize {
        self.buffer.len() / self.frame_bytes()
    }

    /// Frames written to the buffer since the start, silence behind the input included.
    pub(super) fn frames_written(&self) -> u64 {
        self.written
    }

    /// Writes the next `frames` frames of the input, silence behind its end.
    pub(super) fn write(&mut self, frames: usize) {
        let size = self.frame_bytes();
        let mut left = frames;
        while left > 0 {
            let at = (self.written % self.buffer_frames() as u64) as usize;
            let run = left.min(self.buffer_frames() - at);
            let sound = run.min(self.plan.pcm.frames() - self.next);
            self.buffer.write(at * size, self.plan.pcm.span(self.next, self.next + sound));
            let silence = vec![self.plan.pcm.silence(); (run - sound) * size];
            self.buffer.write((at + sound) * size, &silence);
            self.next += sound;
            self.written += run as u64;
            left -= run;
        }
    }

    /// Frames that the sample clock has counted in RUN until `now`.
    fn clock(&self, now: u64) -> f64 {
        (now - self.run_began) as f64 * self.plan.pace.frames_per_second / 1e9
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
            self.run_start = self.kernel.accounts.snapshot();
            self.kernel.accounts.watch(true);
        } else {
            self.run_began += now - self.run_paused;
        }
        self.period_began = self.kernel.accounts.snapshot();
    }

    /// RUN is over: its counters are taken.
    pub(super) fn close_books(&mut self) {
        let end = self.kernel.accounts.snapshot();
        self.kernel.accounts.watch(false);
        self.played.run = end.since(&self.run_start);
        self.played.buffer_mapped |= self.pin.buffer_mapped();
        self.run_paused = self.kernel.now();
    }

    /// PAUSE, from RUN; the position must stand still from then on, and no event may come.
    pub(super) fn pause(&mut self) {
        self.close_books();
        self.enter(KsState::Pause);
        let clock = self.clock(self.run_paused);
        let signalled = self.kernel.accounts.snapshot().events_signalled;
        if let Some(offsets) = self.two_offsets("in PAUSE") {
            self.witness.paused(self.kernel.now(), "in PAUSE", offsets, clock);
        }
        if self.kernel.accounts.snapshot().events_signalled > signalled {
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

    /// Reads the position in RUN: counts its cost, compares it with the sample clock. Returns linear frames; none
    /// where the driver tells no position. PortCls asks at either level, and so does this client in turn.
    pub(super) fn position(&mut self) -> Option<u64> {
        let before = self.kernel.accounts.snapshot();
        let asked_at = self.kernel.now();
        let at_dispatch = self.witness.samples % 2 == 1;
        let answer = if at_dispatch { self.pin.position_at_dispatch() } else { self.pin.position() };
        let position = match answer {
            Ok(position) => position,
            Err(status) => {
                self.error("GetPosition", format!("in RUN GetPosition failed with {status:#010x}"));
                return None;
            }
        };
        let cost = self.kernel.accounts.snapshot().since(&before).total();
        self.played.max_reads = self.played.max_reads.max(cost.reads);
        let clock = self.clock(asked_at);
        let frames = self.witness.running(asked_at, position.play_offset, position.write_offset, clock);
        self.kernel.trace.add(asked_at, TraceEvent::Position(frames as u64));
        self.played.timeline.position(PositionSample {
            time_ns: asked_at,
            reported_frames: frames,
            reference_frames: clock,
        });
        Some(frames as u64)
    }

    /// An event has come: no later behind the one before than a half of the buffer takes, and a step of the device.
    pub(super) fn expect_on_time(&mut self, half: usize) {
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
        let signalled = self.played.run.events_signalled;
        let slack = SLACK_EVENTS + (self.plan.pace.step_frames / half as f64) as u64;
        if signalled.abs_diff(boundaries) > slack {
            let text = format!("{signalled} events were signalled for {boundaries} halves of the buffer");
            self.error("event count", text);
        }
    }

    /// Books one period: called when the client has seen it end. Steady RUN begins after the first buffer.
    pub(super) fn period_ended(&mut self) {
        (self.progress)(self.next);
        if self.played.periods < MARKED_PERIODS {
            self.played.timeline.moment(self.kernel.now(), MomentKind::Refill);
        }
        let now = self.kernel.accounts.snapshot();
        let period = now.since(&self.period_began);
        let total = period.total();
        let counts = |index: usize| period.accesses[index].reads + period.accesses[index].writes;
        debug_assert_eq!(CONTEXTS.len(), 5);
        self.played.timeline.period(PeriodSample {
            index: self.played.periods,
            merged: 1,
            time_ns: self.kernel.now(),
            interrupts: period.interrupts,
            reads: total.reads,
            writes: total.writes,
            by_context: crate::report::model::ByContext {
                start: counts(0),
                client: counts(1),
                isr: counts(2),
                dpc: counts(3),
                thread: counts(4),
            },
            event_latency_ns: self.kernel.accounts.event_latency(),
        });
        self.period_began = now;
        self.played.periods += 1;
        let here = (now, self.played.periods);
        if self.played.periods == 2 {
            self.steady_start = Some(here);
        }
        if self.next < self.plan.pcm.frames() {
            self.steady_last = Some(here);
        }
        if let (Some((from, first)), Some((to, last))) = (self.steady_start, self.steady_last)
            && last > first
        {
            self.played.steady = (to.since(&from), last - first);
        }
    }

    /// What is to happen at the frame that the client has come to.
    pub(super) fn disturbance(&self) -> Option<Disturbance> {
        let at = self.plan.disturbance?;
        let (Disturbance::PauseAt { frame } | Disturbance::AbandonAt { frame }) = at;
        (self.next >= frame).then_some(at)
    }

    /// Stays in RUN until everything that the device holds has come out.
    pub(super) fn linger(&self) {
        self.kernel.sleep_until(self.kernel.now() + AFTERGLOW_NS);
    }
}
