//! What a sound device must do.
//!
//! A device is three things: the part that anybody may ask at any time ([`SoundDevice`] itself), what its endpoints
//! share behind one spin lock ([`SoundDevice::Shared`]: queues, say), and what each endpoint's DMA has to remember
//! ([`SoundDevice::Engine`]), behind the same lock. Under the lock IRQL is DISPATCH_LEVEL, and nothing waits; what
//! has to wait for the device is done outside it, at PASSIVE_LEVEL, one such call at a time.
//!
//! ```text
//!   state     passive                  under the lock        passive      while it runs (under the lock)
//!   -------   ----------------------   -------------------   ----------   ------------------------------
//!   STOP                               attach
//!   PAUSE     prepare
//!   RUN                                start                 begin        collect, advance, flush, position,
//!                                                                         hand_over, supply, next_wake
//!   PAUSE     pause                    halt
//!   STOP      release                                                     collect
//!                                      detach
//! ```
//!
//! All positions are linear: bytes since STOP, which never wrap and never run backwards.

use portcls::Result;
use portcls::handle;
use portcls::irql::{Device, Dispatch, Irql, Passive};

use super::controls::{Controls, News};
use super::cut::{Chunks, Cut};
use super::formats::{Formats, StreamFormat};
use super::jack::Jack;
use super::mapped::Mapped;
use super::run::Run;
use crate::platform::interrupt::Claim;
use crate::platform::shared::Shared;

/// Endpoints of a device at most; what it has beyond them is not used.
pub(crate) const MAX_ENDPOINTS: usize = 32;

/// A time that does not come.
pub(crate) const NEVER: u64 = u64::MAX;

/// Where sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the device.
    Render,
    /// From the device.
    Capture,
}

/// What an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndpointInfo {
    /// Where its sound goes.
    pub(crate) direction: Direction,
    /// What it can play or record.
    pub(crate) formats: Formats,
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// What is being played or recorded, as good as can be told.
    pub(crate) clock: u64,
    /// The end of what the device holds: up to there, and from `clock` on, a render client may not write any more.
    pub(crate) owned: u64,
    /// What is surely transferred: packets and events follow this.
    pub(crate) done: u64,
}

/// What follows an interrupt or a wake-up, for one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes surely transferred.
    pub(crate) done: u64,
    /// [`SoundDevice::serve`] has something to look at, or the sound was interrupted.
    pub(crate) troubled: bool,
    /// The sound was interrupted since this was last asked.
    pub(crate) glitch: bool,
    /// As [`SoundDevice::next_wake`].
    pub(crate) wake: u64,
}

impl Progress {
    /// Nothing at all.
    pub(crate) const NONE: Self = Self { done: 0, troubled: false, glitch: false, wake: NEVER };
}

/// What the timer did for one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Supplied {
    /// Something was due by the clock and was supplied, and nothing else is to be done.
    pub(crate) any: bool,
    /// As [`SoundDevice::next_wake`].
    pub(crate) wake: u64,
}

/// Who says how far the device may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supply {
    /// Nobody: bytes are handed to the device just in time, no earlier than it needs them.
    JustInTime,
    /// The client, by the packet.
    Packets {
        /// The device may have what lies before this byte.
        upto: u64,
        /// Nothing comes behind it: the rest is silence.
        ended: bool,
    },
}

/// How long sound is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Latency {
    /// What the device may hold beyond its position, in bytes.
    pub(crate) fifo: u32,
    /// From the position to the jack, in 100 ns.
    pub(crate) codec: u32,
}

/// The engines of a device, by endpoint. One that was shut down is not there.
pub(crate) trait Engines<E> {
    /// The engine of `endpoint`.
    fn get(&mut self, endpoint: usize) -> Option<&mut E>;
}

/// How far a stream is in the course of its states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The device knows nothing of it.
    Idle,
    /// [`SoundDevice::prepare`] was called.
    Prepared,
    /// It runs.
    Running,
}

/// What a device finds around it in [`SoundDevice::serve`]: its own state, and its streams.
pub(crate) trait Station<D: SoundDevice> {
    /// Calls `f` under the lock; none once the device was shut down.
    fn with<R>(
        &self,
        at: &mut Irql<Passive>,
        f: impl FnOnce(&mut D::Shared, &mut dyn Engines<D::Engine>, &Irql<Dispatch>) -> R,
    ) -> Option<R>;

    /// How far the stream of `endpoint` is.
    fn stage(&self, at: &mut Irql<Passive>, endpoint: usize) -> Stage;

    /// Brings a stream back to `stage`, where it was when the device forgot it: halts the engine if it runs, prepares
    /// it, and starts it again where it was. Where that fails, the stream stands still and its next way up begins with
    /// [`SoundDevice::prepare`].
    ///
    /// # Errors
    ///
    /// Those of the step that failed.
    fn revive(&self, at: &mut Irql<Passive>, endpoint: usize, stage: Stage) -> Result;

    /// Ends what `endpoint` plays or records: the device is lost to it. Its position is asked for in vain until the
    /// stream was prepared anew.
    fn fail(&self, at: &mut Irql<Passive>, endpoint: usize);
}

/// A sound device.
///
/// The calls that take `at: &mut Irql<Passive>` never overlap: one lock that may be waited for is held around each of
/// them. They may wait for the device, within bounds. A device that is gone or was shut down makes them return at
/// once, the ones that can fail with `STATUS_DEVICE_REMOVED`.
pub(crate) trait SoundDevice: Mapped {
    /// How cyclic buffers are cut.
    const CHUNKS: Chunks;
    /// [`SoundDevice::next_wake`] has answers: there is to be a timer.
    const TIMED: bool = false;

    /// The endpoints. Always the same answer.
    fn endpoints(&self) -> &[EndpointInfo];

    /// The endpoints, a bit for each, that cannot have a stream while `endpoint` has one: they use the same parts of the
    /// device.
    fn rivals(&self, _endpoint: usize) -> u32 {
        0
    }

    /// The longest cyclic buffer, in bytes.
    fn max_buffer_bytes(&self) -> u32;

    /// The jack behind `endpoint`. A device that hears of changes keeps another owner of it, calls [`Jack::plug`], and
    /// wakes the service thread by what [`SoundDevice::collect`] answers.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    fn jack(&self, at: &Irql<Passive>, endpoint: usize) -> Result<Shared<Jack>>;

    /// Volume and mute of `endpoint`, if it has one of them. One call of these methods at a time, and none while
    /// another one may wait for the device; a device that is gone answers with an error, and one without power with what
    /// will be.
    fn controls(&self, endpoint: usize) -> Option<impl Controls>;

    /// What changes of the controls of `endpoint` by other hands. A device that hears of it keeps another owner, calls
    /// [`News::tell`], and wakes the service thread by what [`SoundDevice::collect`] answers.
    fn news(&self, _endpoint: usize) -> Option<Shared<News>> {
        None
    }

    /// Makes the engine of `endpoint`, at rest. Called once each, while the device is started.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    fn engine(&self, at: &Irql<Passive>, pdo: handle::Device, endpoint: usize) -> Result<Self::Engine>;

    /// Cuts up the buffer made of `runs`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if the buffer is in too many pieces.
    fn lay_out(
        &self,
        at: &Irql<Passive>,
        endpoint: usize,
        runs: &[Run],
        cut: Cut,
        format: &StreamFormat,
    ) -> Result<Self::Layout>;

    /// Readies the device for a stream: on the way up from STOP, once there is a buffer.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` if the device does not take the format after all, `STATUS_IO_DEVICE_ERROR` or
    /// `STATUS_DEVICE_NOT_READY` if it does not answer. The device is then as before.
    fn prepare(&self, at: &mut Irql<Passive>, endpoint: usize, format: &StreamFormat, cut: Cut) -> Result;

    /// Sets a device in motion whose engine was started.
    ///
    /// # Errors
    ///
    /// As [`SoundDevice::prepare`]. The engine is halted then.
    fn begin(&self, _at: &mut Irql<Passive>, _endpoint: usize) -> Result {
        Ok(())
    }

    /// The device is in motion: from now on the engine is asked how far it is. It is under the lock again.
    fn began(&self, _shared: &mut Self::Shared, _engine: &mut Self::Engine) {}

    /// Has the device stand still, which may take it long if it is in trouble; its engine was halted before.
    fn pause(&self, _at: &mut Irql<Passive>, _endpoint: usize) {}

    /// Undoes [`SoundDevice::prepare`]: the device gives back whatever it has of the stream. The engine is halted.
    fn release(&self, _at: &mut Irql<Passive>, _endpoint: usize) {}

    /// Sees to what [`Progress::troubled`] announced, and whatever else wants to wait for the device.
    fn serve(&self, at: &mut Irql<Passive>, station: &impl Station<Self>);

    /// [`SoundDevice::serve`] has something to do that none of the calls under the lock has announced.
    fn wants_service(&self) -> bool {
        false
    }

    /// Gets a device to work that does not, if there is a way, before a client needs it or takes its memory back. As
    /// [`SoundDevice::serve`], but never put off. `needed`: a stream is on its way up; otherwise it will do that the
    /// device has none of the memory. True if it did not work, and does now.
    fn mend(&self, _at: &mut Irql<Passive>, _station: &impl Station<Self>, _needed: bool) -> bool {
        false
    }

    /// The device is about to lose its power: takes back from it whatever it has, and touches no register any more until
    /// [`SoundDevice::wake`]. All engines are halted. What a stream was [`prepare`](SoundDevice::prepare)d with it keeps.
    fn sleep(&self, at: &mut Irql<Passive>, station: &impl Station<Self>);

    /// The device has power again, and knows nothing of what it was told before: takes it to where streams can be
    /// prepared, and its controls to what they were or were set to meanwhile. Where it does not come up,
    /// [`SoundDevice::mend`] tries once more.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`, or what keeps the device from working.
    fn wake(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result;

    /// Gives an engine that is at rest a buffer.
    fn attach(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, layout: Self::Layout);

    /// Takes the buffer back. The device does not touch it any more; false if that is not sure, and the memory must
    /// stay. What the layout still has is handed out: memory goes outside the lock.
    fn detach(&self, shared: &mut Self::Shared, engine: &mut Self::Engine) -> (bool, Option<Self::Layout>);

    /// Starts an engine. `from` is where it was halted, or 0 after STOP.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` without a buffer, `STATUS_IO_DEVICE_ERROR` if the device does not answer.
    fn start(
        &self,
        shared: &mut Self::Shared,
        engine: &mut Self::Engine,
        at: &Irql<Dispatch>,
        from: u64,
        supply: Supply,
    ) -> Result;

    /// Stops a running engine, for good or until [`SoundDevice::start`], and says where.
    fn halt(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> Position;

    /// Where a running engine is.
    fn position(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, at: &Irql<Dispatch>)
    -> Position;

    /// The end of what a running engine's device holds: [`Position::owned`] alone.
    fn owned(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> u64 {
        self.position(shared, engine, at).owned
    }

    /// The performance counter when a running capture engine was at byte `linear`; none if the device can't say, and
    /// an even pace up to its position is assumed.
    fn time_of(&self, _engine: &Self::Engine, _linear: u64) -> Option<u64> {
        None
    }

    /// How long the sound of an engine is under way.
    fn latency(&self, engine: &Self::Engine) -> Latency;

    /// The client of a running render engine has handed over another packet, or its first one after it ran without. The
    /// performance counter is at `now`, if the device is timed. As [`SoundDevice::next_wake`].
    fn hand_over(
        &self,
        _shared: &mut Self::Shared,
        _engine: &mut Self::Engine,
        _at: &Irql<Dispatch>,
        _now: u64,
        _supply: Supply,
    ) -> u64 {
        NEVER
    }

    /// What follows an interrupt or a wake-up, for all engines together, before each [`SoundDevice::advance`]. The
    /// performance counter is at `now`, if the device is timed. True if [`SoundDevice::serve`] has something to look at, or a
    /// jack or a control has changed.
    fn collect(&self, _shared: &mut Self::Shared, _at: &Irql<Dispatch>, _now: u64) -> bool {
        false
    }

    /// What follows an interrupt or a wake-up, for a running engine: takes in how far it came, and keeps it supplied.
    fn advance(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> Progress;

    /// The same for all engines together, after each [`SoundDevice::advance`]: hands the device what they supply. True
    /// if something came up meanwhile, for which no interrupt may come: all is to be done over.
    fn flush(&self, _shared: &mut Self::Shared, _at: &Irql<Dispatch>) -> bool {
        false
    }

    /// When the timer has rung, with the performance counter at `now`: supplies a running engine with what is due by the
    /// clock, and hands it over with [`SoundDevice::flush`]. Where nothing is for any engine, all is done that follows an
    /// interrupt.
    fn supply(
        &self,
        _shared: &mut Self::Shared,
        _engine: &mut Self::Engine,
        _at: &Irql<Dispatch>,
        _now: u64,
    ) -> Supplied {
        Supplied { any: false, wake: NEVER }
    }

    /// The performance counter at which a running engine wants to be looked at in any case; or [`NEVER`].
    fn next_wake(&self, _shared: &Self::Shared, _engine: &Self::Engine) -> u64 {
        NEVER
    }

    /// Claims or declines an interrupt, and takes the claim of the device back. `message` is the number of the
    /// interrupt's message; none on a line. IRQL: DIRQL.
    fn claim(&self, at: &Irql<Device>, message: Option<u32>) -> Claim;

    /// Ends the device: resets it within a bound, and gives its registers up, which are mapped no more when this returns;
    /// it ignores everything from then on. Streams and filters may stay open.
    /// False if it does not answer: then what is in `shared` and in the engines must stay in memory for good.
    fn shut_down(&self, at: &mut Irql<Passive>, shared: &mut Self::Shared) -> bool;
}
