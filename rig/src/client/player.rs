//! What the clients share: an open pin with its buffer, the sound still to be written, and the record of the run.

use super::Disturbance;
use super::Kind;
use super::Plan;
use super::track::Track;
use crate::nt::Kernel;
use crate::nt::Snapshot;
use crate::nt::accounting::CONTEXTS;
use crate::portcls::Buffer;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::report::PeriodSample;
use crate::report::PositionSample;
use crate::report::Timeline;

/// Time between the last frame's leaving the buffer and the end of RUN: what the device still holds must come out.
const AFTERGLOW_NS: u64 = 60_000_000;

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
    /// Positions compared.
    pub samples: u64,
    /// Positions that lay behind the one before.
    pub backward_steps: u64,
    /// Most register reads that one `GetPosition` took.
    pub max_reads: u64,
    /// Counters over the whole of RUN.
    pub run: Snapshot,
    /// Counters over steady RUN, and its periods.
    pub steady: (Snapshot, u64),
    /// Positions found wrong in a state in which they are fixed: said in words.
    pub state_errors: Vec<String>,
    /// Virtual time of the first and the last moment of RUN, ns.
    pub run_ns: (u64, u64),
}

/// A client at work.
pub struct Player<'a> {
    pub(super) kernel: &'static Kernel,
    pub(super) pin: &'a Pin,
    pub(super) buffer: &'a Buffer,
    pub(super) plan: &'a Plan,
    pub(super) played: Played,
    /// Next frame of the input to be written.
    next: usize,
    /// Next frame of the buffer to be written, counted on over all its rounds.
    written: u64,
    track: Track,
    run_began: u64,
    run_paused: u64,
    period_began: Snapshot,
    run_start: Snapshot,
    steady_start: Option<(Snapshot, u64)>,
    steady_last: Option<(Snapshot, u64)>,
}

impl<'a> Player<'a> {
    /// A client on an open pin with a buffer, in STOP.
    pub fn new(kernel: &'static Kernel, pin: &'a Pin, buffer: &'a Buffer, plan: &'a Plan) -> Self {
        let bytes = buffer.len() as u64;
        Self {
            kernel,
            pin,
            buffer,
            plan,
            played: Played { buffer_frames: bytes / plan.pcm.frame_bytes() as u64, ..Played::default() },
            next: 0,
            written: 0,
            track: Track::new(bytes),
            run_began: 0,
            run_paused: 0,
            period_began: Snapshot::default(),
            run_start: Snapshot::default(),
            steady_start: None,
            steady_last: None,
        }
    }

    /// Plays the sound from STOP to STOP, as the kind of client does.
    pub fn play(mut self) -> Played {
        match self.plan.kind {
            Kind::Event => self.play_by_events(),
            Kind::Position => self.play_by_position(),
        }
        self.played.backward_steps = self.track.backward_steps();
        self.played
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

    /// RUN, from STOP or PAUSE.
    pub(super) fn run(&mut self) {
        self.expect_frozen("before RUN");
        self.enter(KsState::Run);
        let now = self.kernel.now();
        if self.run_began == 0 {
            self.run_began = now;
            self.played.run_ns.0 = now;
            self.run_start = self.kernel.accounts.snapshot();
            self.kernel.accounts.watch(true);
        } else {
            self.run_began += now - self.run_paused;
        }
        self.period_began = self.kernel.accounts.snapshot();
    }

    /// PAUSE, from RUN; the position must stand still from then on.
    pub(super) fn pause(&mut self) {
        let end = self.kernel.accounts.snapshot();
        self.kernel.accounts.watch(false);
        self.played.run = end.since(&self.run_start);
        self.played.run_ns.1 = self.kernel.now();
        self.run_paused = self.kernel.now();
        self.enter(KsState::Pause);
        self.expect_frozen("in PAUSE");
    }

    /// Goes to a state; a refusal is booked.
    pub(super) fn enter(&mut self, state: KsState) {
        let status = self.pin.set_state(state);
        if status < 0 {
            self.played.state_errors.push(format!("SetState({state:?}) failed with {status:#010x}"));
        }
    }

    /// Two readings with time between them must be the same.
    fn expect_frozen(&mut self, when: &str) {
        let before = self.pin.position();
        self.kernel.sleep_until(self.kernel.now() + 20_000_000);
        let after = self.pin.position();
        match (before, after) {
            (Ok(before), Ok(after)) if before.play_offset != after.play_offset => {
                let text = format!(
                    "{when} the position moved from byte {} to {}",
                    before.play_offset, after.play_offset
                );
                self.played.state_errors.push(text);
            }
            (Err(status), _) | (_, Err(status)) => {
                self.played.state_errors.push(format!("{when} GetPosition failed with {status:#x}"));
            }
            _ => {}
        }
    }

    /// Reads the position in RUN: counts its cost, compares it with the sample clock. Returns linear frames.
    pub(super) fn position(&mut self) -> u64 {
        let before = self.kernel.accounts.snapshot();
        let asked_at = self.kernel.now();
        let position = match self.pin.position() {
            Ok(position) => position,
            Err(status) => {
                self.played.state_errors.push(format!("in RUN GetPosition failed with {status:#x}"));
                return self.written;
            }
        };
        let cost = self.kernel.accounts.snapshot().since(&before).total();
        self.played.max_reads = self.played.max_reads.max(cost.reads);
        if position.play_offset >= self.buffer.len() as u64 {
            let text = format!("GetPosition told byte {} of {}", position.play_offset, self.buffer.len());
            self.played.state_errors.push(text);
        }
        let clock = (asked_at - self.run_began) as f64 * f64::from(self.plan.pcm.rate) / 1e9;
        let clock_bytes = clock as u64 * self.frame_bytes() as u64;
        let linear = self.track.follow(position.play_offset, clock_bytes);
        let frames = linear as f64 / self.frame_bytes() as f64;
        self.played.samples += 1;
        self.played.max_error_frames = self.played.max_error_frames.max((frames - clock).abs());
        self.played.timeline.position(PositionSample {
            time_ns: asked_at,
            reported_frames: frames,
            reference_frames: clock,
        });
        linear / self.frame_bytes() as u64
    }

    /// Books one period: called when the client has seen it end. Steady RUN begins after the first buffer.
    pub(super) fn period_ended(&mut self) {
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
