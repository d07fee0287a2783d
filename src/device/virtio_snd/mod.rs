//! virtio-snd: a paravirtual sound device.
//!
//! ```text
//!   client's pages --slots--> messages --feed--> rings --kick--> device --interrupt--> rings --engine--> clock, events
//!                                                  ^
//!   SetState --state--> commands --control---------+    service thread: recovery, events
//! ```
//!
//! Each stream of the device is an endpoint. Sound goes in messages that point at the pages of the client: nothing is
//! copied or allocated while it plays.
//!
//! Source: virtio 1.3, section 5.14 ("Sound Device").
#![forbid(unsafe_code)]

mod bringup;
mod commands;
mod control;
mod element;
mod endpoints;
mod engine;
mod events;
mod feed;
mod flow;
mod info;
mod inventory;
mod mapped;
mod panel;
mod parcels;
mod power;
mod probe;
mod queues;
mod recovery;
mod rings;
mod scale;
mod slots;
mod state;
mod stream;
mod wire;
mod wire_ctl;

use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use core::sync::atomic::{AtomicBool, AtomicU32};

use portcls::irql::{Device, Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::controls::{Controls, News};
use super::cut::{Chunks, Cut};
use super::formats::StreamFormat;
use super::jack::Jack;
use super::run::Run;
use super::virtio::Transport;
use super::{
    Direction, EndpointInfo, Latency, MAX_ENDPOINTS, Position, Progress, SoundDevice, Station, Supplied,
    Supply,
};
use crate::platform::interrupt::Claim;
use crate::platform::lock::SpinLock;
use crate::platform::shared::Shared;
use crate::platform::time;
use control::Control;
use endpoints::Endpoints;
use feed::Shape;
use mapped::Buffer;
use panel::Desk;
use slots::{Layout, Slots};
use state::Told;
use wire::Event;

pub(crate) use engine::Engine;
pub(crate) use rings::Rings;

/// The longest cyclic buffer: a second of what an audio engine may ask for, and some.
const MAX_BUFFER_BYTES: u32 = 4 << 20;

/// A sound device.
pub(crate) struct VirtioSnd {
    transport: Transport,
    control: Control,
    /// Messages to interrupt with; without any it is the line.
    messages: u16,
    /// Ticks of the performance counter in a second.
    frequency: u64,
    endpoints: Endpoints,
    /// What each stream was told last.
    told: SpinLock<[Told; MAX_ENDPOINTS]>,
    /// A bit for each endpoint whose stream was stopped since it was last started.
    stopped: AtomicU32,
    /// The device may have something to say that is not sound.
    changed: AtomicBool,
    /// The device has to be started over: it is asked nothing until then.
    lost: AtomicBool,
    /// It was emptied and reset, and has nothing of ours.
    silent: AtomicBool,
    /// It did not come back, and is tried again only when a client asks for it.
    dead: AtomicBool,
}

impl SoundDevice for VirtioSnd {
    const CHUNKS: Chunks = Chunks { silent: 4, once: 2 };
    const TIMED: bool = true;

    fn endpoints(&self) -> &[EndpointInfo] {
        self.endpoints.infos()
    }

    fn max_buffer_bytes(&self) -> u32 {
        MAX_BUFFER_BYTES
    }

    fn jack(&self, _at: &Irql<Passive>, endpoint: usize) -> Result<Shared<Jack>> {
        self.endpoints.jack(endpoint).cloned().ok_or(Status::INVALID_PARAMETER)
    }

    fn controls(&self, endpoint: usize) -> Option<impl Controls> {
        self.endpoints.panel(endpoint).map(|panel| Desk::new(self, panel))
    }

    fn news(&self, endpoint: usize) -> Option<Shared<News>> {
        self.endpoints.panel(endpoint).map(|panel| panel.news().clone())
    }

    fn engine(&self, at: &Irql<Passive>, pdo: handle::Device, endpoint: usize) -> Result<Engine> {
        let info = self.endpoints().get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        let slots =
            Slots::new(at, pdo, self.endpoints.stream(endpoint), info.direction == Direction::Render)?;
        Ok(Engine::new(endpoint, info.direction, slots))
    }

    fn lay_out(
        &self,
        _at: &Irql<Passive>,
        _endpoint: usize,
        runs: &[Run],
        cut: Cut,
        format: &StreamFormat,
    ) -> Result<Buffer> {
        Ok(Buffer::Cyclic(Layout::new(shape(cut, format)?, *format, runs)?))
    }

    fn prepare(&self, at: &mut Irql<Passive>, endpoint: usize, format: &StreamFormat, cut: Cut) -> Result {
        if self.is_lost() {
            return Err(self.refusal());
        }
        let message = shape(cut, format)?.message;
        self.tell(at, endpoint, Told::Prepared, Some(&self.parameters(endpoint, format, cut, message)?))
    }

    fn begin(&self, at: &mut Irql<Passive>, endpoint: usize) -> Result {
        self.tell(at, endpoint, Told::Running, None)
    }

    fn began(&self, shared: &mut Rings, engine: &mut Engine) {
        engine.began(shared);
    }

    fn pause(&self, at: &mut Irql<Passive>, endpoint: usize) {
        // It may have been started over since the stream was halted, and run no more.
        if self.told(at, endpoint) == Told::Running {
            let _ = self.tell(at, endpoint, Told::Stopped, None);
        }
    }

    /// The device gives all messages back before it answers. From one that does not answer they are taken by starting it
    /// over, and so from one that will not.
    fn release(&self, at: &mut Irql<Passive>, endpoint: usize) {
        if self.tell(at, endpoint, Told::Released, None).is_err() {
            self.lost.store(true, Release);
        }
        self.stopped.fetch_or(bit(endpoint), AcqRel);
    }

    fn serve(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        self.see_to_it(at, station);
    }

    fn wants_service(&self) -> bool {
        self.is_lost() && self.transport.is_present() && !self.dead.load(Acquire)
            || self.changed.load(Acquire)
    }

    fn mend(&self, at: &mut Irql<Passive>, station: &impl Station<Self>, needed: bool) -> bool {
        (needed || !self.is_silent()) && self.mend_lost(at, station)
    }

    fn sleep(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        self.power_down(at, station);
    }

    fn wake(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result {
        self.power_up(at, station)
    }

    fn attach(&self, shared: &mut Rings, engine: &mut Engine, buffer: Buffer) {
        match buffer {
            Buffer::Cyclic(layout) => engine.attach(shared, layout, self.frequency),
            Buffer::Mapped(flow) => {
                flow.attach(shared);
                engine.flow = Some(flow);
            }
        }
    }

    fn detach(&self, shared: &mut Rings, engine: &mut Engine) -> (bool, Option<Buffer>) {
        let mut flow = engine.flow.take();
        let at_rest = match &mut flow {
            Some(flow) => flow.detach(shared),
            None => engine.detach(shared),
        };
        (at_rest || self.is_silent(), flow.map(Buffer::Mapped))
    }

    fn start(
        &self,
        shared: &mut Rings,
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        _from: u64,
        supply: Supply,
    ) -> Result {
        if self.is_lost() {
            return Err(self.refusal());
        }
        let bit = bit(engine.endpoint());
        let stopped = self.stopped.fetch_and(!bit, AcqRel) & bit != 0;
        match &mut engine.flow {
            Some(flow) => flow.start(shared, time::counter(), stopped),
            None => engine.start(shared, time::counter(), stopped, supply)?,
        }
        shared.kick(engine.ring(), &self.transport);
        Ok(())
    }

    fn halt(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        match &mut engine.flow {
            Some(flow) => flow.halt(shared, time::counter()),
            None => engine.halt(shared, time::counter()),
        }
    }

    fn position(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        match &mut engine.flow {
            Some(flow) => flow.position(shared, time::counter()),
            None => engine.position(shared, time::counter()),
        }
    }

    fn owned(&self, _shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) -> u64 {
        engine.owned()
    }

    fn time_of(&self, engine: &Engine, linear: u64) -> Option<u64> {
        engine.time_of(linear)
    }

    fn latency(&self, engine: &Engine) -> Latency {
        engine.flow.as_ref().map_or_else(|| engine.latency(), |flow| flow.latency())
    }

    #[inline(always)]
    fn hand_over(
        &self,
        shared: &mut Rings,
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        now: u64,
        supply: Supply,
    ) -> u64 {
        shared.now = now;
        engine.hand_over(shared, supply);
        shared.kick(engine.ring(), &self.transport);
        engine.next_wake(shared)
    }

    #[inline(always)]
    fn collect(&self, shared: &mut Rings, at: &Irql<Dispatch>, now: u64) -> bool {
        shared.now = now;
        let troubled = !shared.collect() && self.hear(shared, at);
        if self.messages == 1 && shared.has_taken() {
            // The one message was for this.
            self.changed.store(false, Release);
        }
        self.control.wake(at);
        troubled || self.changed.load(Acquire)
    }

    #[inline(always)]
    fn advance(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        engine.advance(shared)
    }

    /// Notifies each queue once at most.
    #[inline(always)]
    fn flush(&self, shared: &mut Rings, _at: &Irql<Dispatch>) -> bool {
        shared.flush(&self.transport)
    }

    #[inline(always)]
    fn supply(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>, now: u64) -> Supplied {
        shared.now = now;
        engine.supply(shared)
    }

    fn next_wake(&self, shared: &Rings, engine: &Engine) -> u64 {
        engine.next_wake(shared)
    }

    /// A message is this device's alone; the line is asked, which takes the request back.
    fn claim(&self, _at: &Irql<Device>, message: Option<u32>) -> Claim {
        let configuration = match message {
            Some(message) => message == 0,
            None => match self.transport.causes() {
                Some(causes) => causes.configuration,
                None => return Claim::NotMine,
            },
        };
        if configuration {
            self.changed.store(true, Release);
        }
        Claim::Mine
    }

    fn shut_down(&self, at: &mut Irql<Passive>, shared: &mut Rings) -> bool {
        let mut queues = shared.take();
        let at_rest = self.end(at, queues.as_mut());
        self.transport.close(at);
        if at_rest {
            self.control.close(at);
        } else {
            self.control.leak(at);
            if let Some(queues) = &queues {
                queues.leak();
            }
        }
        at_rest
    }
}

impl VirtioSnd {
    /// Takes in what the device has told. True if [`SoundDevice::serve`] has something to look at.
    #[cold]
    #[inline(never)]
    fn hear(&self, shared: &mut Rings, at: &Irql<Dispatch>) -> bool {
        let mut troubled = false;
        let mut xruns = 0;
        let works = shared.hear(at, &self.transport, |event| match event {
            Event::Jack(number, plugged) => troubled |= self.endpoints.plug(number, plugged),
            Event::Control(number, what) => {
                troubled |= what & wire_ctl::CHANGED_VALUE != 0 && self.endpoints.turned(number);
            }
            Event::Xrun(stream) => xruns |= self.endpoints.of_stream(stream).map_or(0, bit),
        });
        *shared.xruns() |= xruns;
        if !works && !self.lost.load(Acquire) {
            self.control.abandon(at);
            troubled = true;
        }
        troubled
    }
}

/// How a buffer is cut for the device.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
fn shape(cut: Cut, format: &StreamFormat) -> Result<Shape> {
    Shape::new(cut.bytes, cut.chunk, format.frame_bytes(), format.rate).ok_or(Status::INSUFFICIENT_RESOURCES)
}

/// The bit of an endpoint.
const fn bit(endpoint: usize) -> u32 {
    1_u32.wrapping_shl(endpoint as u32)
}
