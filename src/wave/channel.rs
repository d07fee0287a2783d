//! What the miniport, its stream and the interrupt share about the one render engine.

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{AcqRel, Release};

use portcls::handle::Event;
use portcls::irql::{AtMostDispatch, Device, Dispatch, Irql, Passive};
use portcls::{Result, Status};

use super::clock::Clock;
use super::events::Events;
use super::size::BufferSize;
use crate::device::SoundDevice;
use crate::platform::interrupt::Claim;
use crate::platform::lock::SpinLock;
use crate::platform::trace;

/// The render engine of a device, and whoever plays through it.
///
/// All that changes sits behind one spin lock, which is held for a few register accesses at most.
pub(crate) struct Channel<D: SoundDevice> {
    device: D,
    occupied: AtomicBool,
    state: SpinLock<State<D>>,
}

struct State<D: SoundDevice> {
    /// Gone once the device is stopped or removed.
    engine: Option<D::Engine>,
    clock: Clock,
    /// Length of the cyclic buffer in bytes; 0 without one.
    buffer_bytes: u32,
    running: bool,
    /// The device is being taken down: nothing starts any more.
    sealed: bool,
    events: Events,
    /// How often the DMA ran out of descriptors.
    starved: u32,
}

/// Where the stream is in its cyclic buffer, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// What is played.
    pub(crate) play: u32,
    /// From where on the client may write.
    pub(crate) write: u32,
}

/// What the DPC leaves for the service thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aftermath {
    /// Nothing.
    Nothing,
    /// The DMA had run dry: see that it runs again.
    Attend,
}

impl<D: SoundDevice> Channel<D> {
    /// The channel of `device` and its `engine`, which is at rest.
    pub(crate) fn new(device: D, engine: D::Engine) -> Self {
        let state = State {
            engine: Some(engine),
            clock: Clock::new(0),
            buffer_bytes: 0,
            running: false,
            sealed: false,
            events: Events::new(),
            starved: 0,
        };
        Self { device, occupied: AtomicBool::new(false), state: SpinLock::new(state) }
    }

    /// The device.
    pub(crate) fn device(&self) -> &D {
        &self.device
    }

    /// Takes the channel for a stream; false if another one has it.
    pub(crate) fn occupy(&self) -> bool {
        !self.occupied.swap(true, AcqRel)
    }

    /// Stops whatever plays, and makes room for the next stream.
    pub(crate) fn vacate(&self, at: &mut Irql<Passive>) {
        self.stop(at);
        self.state.with(at, |state, _| state.events.clear());
        self.occupied.store(false, Release);
    }

    /// Puts a cyclic buffer in place; the stream is at zero.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` while a buffer is in place, `STATUS_DEVICE_REMOVED`.
    pub(crate) fn attach(
        &self,
        at: &mut Irql<Passive>,
        layout: D::Layout,
        size: BufferSize,
        notify: bool,
    ) -> Result {
        self.state.with(at, |state, _| {
            if state.buffer_bytes != 0 {
                return Err(Status::INVALID_DEVICE_STATE);
            }
            let engine = state.engine.as_mut().ok_or(Status::DEVICE_REMOVED)?;
            self.device.attach(engine, layout);
            state.clock = Clock::new(if notify { size.period } else { 0 });
            state.buffer_bytes = size.bytes;
            Ok(())
        })
    }

    /// Stops, and takes the cyclic buffer out. No DMA goes there afterwards; false if that cannot be had, and the
    /// memory must stay.
    pub(crate) fn detach(&self, at: &mut Irql<Passive>) -> bool {
        self.stop(at);
        self.state.with(at, |state, _| state.buffer_bytes = 0);
        !self.device.is_stuck()
    }

    /// To RUN.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` without a buffer, `STATUS_DEVICE_NOT_READY` or `STATUS_DEVICE_REMOVED` while
    /// or after the device is taken down, and those of the device.
    pub(crate) fn run(&self, at: &mut Irql<Passive>) -> Result {
        self.state.with(at, |state, at| {
            if state.buffer_bytes == 0 {
                return Err(Status::INVALID_DEVICE_STATE);
            }
            let engine = state.engine.as_mut().ok_or(Status::DEVICE_REMOVED)?;
            if state.sealed {
                return Err(Status::DEVICE_NOT_READY);
            }
            if !state.running {
                self.device.start(engine, at, state.clock.linear())?;
                state.running = true;
            }
            Ok(())
        })
    }

    /// To PAUSE: the position freezes.
    pub(crate) fn pause(&self, at: &mut Irql<Passive>) {
        self.state.with(at, |state, at| self.halt(state, at));
    }

    /// To STOP: the position is zero.
    pub(crate) fn stop(&self, at: &mut Irql<Passive>) {
        self.state.with(at, |state, at| {
            self.halt(state, at);
            state.clock.reset();
        });
    }

    /// The stream is in RUN.
    pub(crate) fn is_running(&self, at: &mut Irql<Passive>) -> bool {
        self.state.with(at, |state, _| state.running)
    }

    /// Where the stream is. Reads registers in RUN only: one, or two where the descriptor has changed.
    pub(crate) fn position<L: AtMostDispatch>(&self, at: &mut Irql<L>) -> Position {
        self.state.with(at, |state, at| {
            let running = state.running;
            if let Some(engine) = state.engine.as_mut().filter(|_| running) {
                state.clock.advance(self.device.position(engine, at));
            }
            let bytes = state.buffer_bytes;
            let play = state.clock.offset(bytes);
            let lead = if running { D::FETCH_AHEAD_BYTES } else { 0 };
            let write = play.wrapping_add(lead).checked_rem(bytes).unwrap_or(0);
            Position { play, write }
        })
    }

    /// Adds an event to be signalled at each notification boundary.
    ///
    /// # Errors
    ///
    /// Those of [`Events::register`].
    pub(crate) fn register(&self, at: &mut Irql<Passive>, event: Event) -> Result {
        self.state.with(at, |state, _| state.events.register(event))
    }

    /// Removes an event.
    ///
    /// # Errors
    ///
    /// Those of [`Events::unregister`].
    pub(crate) fn unregister(&self, at: &mut Irql<Passive>, event: Event) -> Result {
        self.state.with(at, |state, _| state.events.unregister(event))
    }

    /// Claims or declines an interrupt.
    pub(crate) fn claim(&self, at: &Irql<Device>) -> Claim {
        self.device.claim(at)
    }

    /// What follows a claimed interrupt: moves the clock, signals what was crossed, keeps the device supplied.
    pub(crate) fn advance(&self, at: &mut Irql<Dispatch>) -> Aftermath {
        self.state.with(at, |state, at| {
            let running = state.running;
            let Some(engine) = state.engine.as_mut().filter(|_| running) else {
                return Aftermath::Nothing;
            };
            let progress = self.device.advance(engine, at);
            state.clock.advance(progress.played);
            for _ in 0..state.clock.crossed() {
                state.events.signal(at);
            }
            if progress.starved { Aftermath::Attend } else { Aftermath::Nothing }
        })
    }

    /// Sees to a device that had run dry: starts it over where it stands still nevertheless.
    pub(crate) fn attend(&self, at: &mut Irql<Passive>) {
        let starved = self.state.with(at, |state, at| {
            state.starved = state.starved.saturating_add(1);
            let running = state.running;
            if let Some(engine) = state.engine.as_mut().filter(|_| running)
                && self.device.is_stalled(engine, at)
            {
                state.clock.advance(self.device.halt(engine, at));
                // Where that fails the stream stands still, and the client's next SetState tells.
                state.running = self.device.start(engine, at, state.clock.linear()).is_ok();
            }
            state.starved
        });
        trace::value(c"DMA ran dry, times", starved);
    }

    /// Stops the DMA and takes its interrupts off the line for good: the first step of a teardown. Streams that
    /// are open may still be stopped and closed.
    pub(crate) fn seal(&self, at: &mut Irql<Passive>) {
        self.state.with(at, |state, at| {
            self.halt(state, at);
            state.sealed = true;
        });
    }

    /// Ends the device: the last step of a teardown. Streams that are still open find it removed.
    pub(crate) fn shut_down(&self, at: &mut Irql<Passive>) {
        let engine = self.state.with(at, |state, at| {
            self.halt(state, at);
            state.engine.take()
        });
        if let Some(engine) = engine {
            self.device.shut_down(at, engine);
        }
    }

    fn halt(&self, state: &mut State<D>, at: &Irql<Dispatch>) {
        let running = state.running;
        if let Some(engine) = state.engine.as_mut().filter(|_| running) {
            state.clock.advance(self.device.halt(engine, at));
        }
        state.running = false;
    }
}
