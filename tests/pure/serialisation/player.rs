//! A sound device that watches how it is called: what takes the lock of the hub is its own, and what may wait comes alone.

use std::cell::Cell;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use portcls::irql::{Device, Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use crate::device::controls::{Channels, Controls, Volume};
use crate::device::cut::{Chunks, Cut};
use crate::device::formats::{Formats, RateSet, Sample, SampleSet, Speakers, StreamFormat};
use crate::device::jack::Jack;
use crate::device::mapped::{Mapped, Mappings};
use crate::device::run::Run;
use crate::device::{
    Direction, EndpointInfo, Latency, NEVER, Position, Progress, SoundDevice, Station, Supplied, Supply,
};
use crate::platform::interrupt::Claim;
use crate::platform::shared::Shared;

/// The format of all streams.
pub(crate) const FORMAT: StreamFormat = StreamFormat { sample: Sample::S16, rate: 48_000, channels: 2 };
/// A packet, in bytes.
pub(crate) const PACKET: u32 = 1_920;
/// What the device moves by when it is looked at.
const STEP: u64 = PACKET as u64 / 2;

thread_local! {
    /// No engine may be started any more.
    pub(crate) static SEALED: Cell<bool> = const { Cell::new(false) };
    /// The timer is gone.
    pub(crate) static UNTIMED: Cell<bool> = const { Cell::new(false) };
    /// How far engines were when they were halted, all together.
    pub(crate) static HALTED_AT: Cell<u64> = const { Cell::new(0) };
}

/// The buffer of every stream: two packets.
pub(crate) fn cut() -> Cut {
    Cut::at_least(2 * PACKET, 2, Player::CHUNKS, FORMAT.frame_bytes(), FORMAT.rate, 1 << 20).expect("a cut")
}

/// How far an endpoint is, as far as it may wait for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Released,
    Prepared,
    Begun,
}

/// The device: a render and a capture endpoint.
pub(crate) struct Player {
    endpoints: [EndpointInfo; 2],
    standing: UnsafeCell<[Standing; 2]>,
    /// Looked at by whoever waits for the device: others get their turn.
    bell: AtomicBool,
}

// SAFETY: loom sees to it that one call at a time has what is not atomic, or ends the model.
unsafe impl Sync for Player {}

/// An endpoint's engine.
pub(crate) struct Engine {
    has_buffer: bool,
    runs: bool,
    begun: bool,
    at: u64,
}

impl Engine {
    fn step(&mut self, by: u64) -> Position {
        assert!(self.runs && self.begun, "an engine is asked that does not run");
        self.at += by;
        Position { clock: self.at, owned: self.at + u64::from(PACKET), done: self.at }
    }
}

impl Player {
    pub(crate) fn new() -> Self {
        let formats = Formats {
            samples: SampleSet::EMPTY.with(FORMAT.sample),
            rates: RateSet::EMPTY.with(FORMAT.rate),
            channels: (2, 2),
            speakers: Speakers::UNKNOWN,
        };
        let endpoint = |direction| EndpointInfo { direction, formats };
        Self {
            endpoints: [Direction::Render, Direction::Capture].map(endpoint),
            standing: UnsafeCell::new([Standing::Released; 2]),
            bell: AtomicBool::new(false),
        }
    }

    /// What may wait for the device: loom ends the model where two such calls overlap.
    fn alone<R>(&self, f: impl FnOnce(&mut [Standing; 2]) -> R) -> R {
        self.standing.with_mut(|standing| {
            self.bell.load(Relaxed);
            // SAFETY: nobody else is here, or loom has ended the model.
            f(unsafe { &mut *standing })
        })
    }

    fn goes(&self, endpoint: usize, from: &[Standing], to: Standing) {
        self.alone(|all| {
            assert!(from.contains(&all[endpoint]), "to {to:?} from {:?}", all[endpoint]);
            all[endpoint] = to;
        });
    }
}

/// What an endpoint without controls has for them.
pub(crate) struct Bare;

impl Controls for Bare {
    fn volume(&self) -> Option<Volume> {
        None
    }

    fn mute(&self) -> Option<Channels> {
        None
    }

    fn level(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<i32> {
        Err(Status::NOT_SUPPORTED)
    }

    fn set_level(&self, _irql: &mut Irql<Passive>, _channel: u32, _level: i32) -> Result {
        Err(Status::NOT_SUPPORTED)
    }

    fn is_muted(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<bool> {
        Err(Status::NOT_SUPPORTED)
    }

    fn set_muted(&self, _irql: &mut Irql<Passive>, _channel: u32, _muted: bool) -> Result {
        Err(Status::NOT_SUPPORTED)
    }
}

impl Mapped for Player {
    /// How often the device was handed something.
    type Shared = u32;
    type Engine = Engine;
    type Layout = ();

    fn lay_out_mappings(
        &self,
        _at: &Irql<Passive>,
        _pdo: handle::Device,
        _endpoint: usize,
        _format: &StreamFormat,
    ) -> Result<((), Cut)> {
        Err(Status::NOT_SUPPORTED)
    }

    fn mappings<'a>(&self, _engine: &'a mut Engine) -> Option<&'a mut Mappings> {
        None
    }

    fn feed(&self, _shared: &mut u32, _engine: &mut Engine, _at: &Irql<Dispatch>) {}

    fn advance_mappings(&self, _shared: &mut u32, _engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        Progress::NONE
    }

    fn revoke(
        &self,
        _shared: &mut u32,
        _engine: &mut Engine,
        _at: &Irql<Dispatch>,
        _tags: (u32, u32),
    ) -> u32 {
        0
    }
}

impl SoundDevice for Player {
    const CHUNKS: Chunks = Chunks { silent: 1, once: 1 };
    const TIMED: bool = true;

    fn endpoints(&self) -> &[EndpointInfo] {
        &self.endpoints
    }

    fn max_buffer_bytes(&self) -> u32 {
        1 << 20
    }

    fn jack(&self, _at: &Irql<Passive>, _endpoint: usize) -> Result<Shared<Jack>> {
        Err(Status::INSUFFICIENT_RESOURCES)
    }

    fn controls(&self, _endpoint: usize) -> Option<impl Controls> {
        None::<Bare>
    }

    fn engine(&self, _at: &Irql<Passive>, _pdo: handle::Device, _endpoint: usize) -> Result<Engine> {
        Ok(Engine { has_buffer: false, runs: false, begun: false, at: 0 })
    }

    fn lay_out(
        &self,
        _at: &Irql<Passive>,
        _endpoint: usize,
        _runs: &[Run],
        _cut: Cut,
        _format: &StreamFormat,
    ) -> Result {
        Ok(())
    }

    fn prepare(&self, _at: &mut Irql<Passive>, endpoint: usize, _format: &StreamFormat, _cut: Cut) -> Result {
        self.goes(endpoint, &[Standing::Released], Standing::Prepared);
        Ok(())
    }

    fn begin(&self, _at: &mut Irql<Passive>, endpoint: usize) -> Result {
        self.goes(endpoint, &[Standing::Prepared], Standing::Begun);
        Ok(())
    }

    fn began(&self, _shared: &mut u32, engine: &mut Engine) {
        assert!(engine.runs, "the engine was halted under its beginning");
        engine.begun = true;
    }

    fn pause(&self, _at: &mut Irql<Passive>, endpoint: usize) {
        self.goes(endpoint, &[Standing::Begun], Standing::Prepared);
    }

    fn release(&self, _at: &mut Irql<Passive>, endpoint: usize) {
        self.goes(endpoint, &[Standing::Prepared], Standing::Released);
    }

    fn serve(&self, _at: &mut Irql<Passive>, _station: &impl Station<Self>) {
        self.alone(|_| ());
    }

    fn sleep(&self, _at: &mut Irql<Passive>, _station: &impl Station<Self>) {
        self.alone(|_| ());
    }

    fn wake(&self, _at: &mut Irql<Passive>, _station: &impl Station<Self>) -> Result {
        self.alone(|_| Ok(()))
    }

    fn attach(&self, _shared: &mut u32, engine: &mut Engine, (): ()) {
        assert!(!engine.runs && !engine.has_buffer, "a buffer in place of another");
        (engine.has_buffer, engine.at) = (true, 0);
    }

    fn detach(&self, _shared: &mut u32, engine: &mut Engine) -> (bool, Option<()>) {
        assert!(!engine.runs, "a buffer is taken from an engine that runs");
        engine.has_buffer = false;
        (true, Some(()))
    }

    fn start(
        &self,
        _shared: &mut u32,
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        from: u64,
        _supply: Supply,
    ) -> Result {
        assert!(engine.has_buffer && !engine.runs, "an engine is started that runs, or has no buffer");
        assert!(!SEALED.get(), "an engine is started while the device is taken down");
        (engine.runs, engine.at) = (true, from);
        Ok(())
    }

    fn halt(&self, _shared: &mut u32, engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        let position = engine.step(STEP);
        (engine.runs, engine.begun) = (false, false);
        HALTED_AT.set(HALTED_AT.get() + position.done);
        position
    }

    fn position(&self, _shared: &mut u32, engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        engine.step(STEP)
    }

    fn latency(&self, _engine: &Engine) -> Latency {
        Latency { fifo: 0, codec: 0 }
    }

    fn hand_over(
        &self,
        _shared: &mut u32,
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        now: u64,
        _supply: Supply,
    ) -> u64 {
        engine.step(0);
        now + 1
    }

    fn advance(&self, _shared: &mut u32, engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        let done = engine.step(u64::from(PACKET)).done;
        Progress { done, ..Progress::NONE }
    }

    fn supply(&self, _shared: &mut u32, engine: &mut Engine, _at: &Irql<Dispatch>, _now: u64) -> Supplied {
        assert!(!UNTIMED.get(), "the timer rings after its end");
        engine.step(0);
        Supplied { any: true, wake: NEVER }
    }

    fn flush(&self, shared: &mut u32, _at: &Irql<Dispatch>) -> bool {
        *shared += 1;
        false
    }

    fn claim(&self, _at: &Irql<Device>, _message: Option<u32>) -> Claim {
        Claim::NotMine
    }

    fn shut_down(&self, _at: &mut Irql<Passive>, _shared: &mut u32) -> bool {
        self.alone(|_| true)
    }
}
