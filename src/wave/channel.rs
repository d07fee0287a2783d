//! One endpoint, as its miniport and its stream use it.

use portcls::handle::Event;
use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::stream::State;
use portcls::{Result, Status};

use super::hub::Hub;
use super::lane::Account;
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::{EndpointInfo, Latency, SoundDevice, Stage, Station};
use crate::platform::shared::Shared;
use crate::platform::trace;

/// An endpoint of a hub.
pub(crate) struct Channel<D: SoundDevice> {
    hub: Shared<Hub<D>>,
    endpoint: usize,
    info: EndpointInfo,
}

impl<D: SoundDevice> Clone for Channel<D> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone(), endpoint: self.endpoint, info: self.info }
    }
}

/// Where the stream is in its cyclic buffer, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    /// What is played or recorded.
    pub(crate) play: u32,
    /// From where on a client may write; up to where it may read.
    pub(crate) write: u32,
}

impl<D: SoundDevice> Channel<D> {
    /// Endpoint number `endpoint` of `hub`, if there is one.
    pub(crate) fn new(hub: Shared<Hub<D>>, endpoint: usize) -> Option<Self> {
        let info = *hub.endpoints().get(endpoint)?;
        Some(Self { hub, endpoint, info })
    }

    /// What the endpoint is.
    pub(crate) fn info(&self) -> &EndpointInfo {
        &self.info
    }

    /// The device.
    pub(crate) fn device(&self) -> &D {
        self.hub.device()
    }

    /// Number of the endpoint, for the device.
    pub(crate) fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// Takes the endpoint for a stream in `format`; false if another one has it, or what it shares with other endpoints.
    pub(crate) fn occupy(&self, at: &mut Irql<Passive>, format: StreamFormat) -> bool {
        let free = self.hub.occupy(self.endpoint);
        if free {
            self.account(at, |account| account.open(format));
        }
        free
    }

    /// Stops whatever plays, and makes room for the next stream.
    pub(crate) fn vacate(&self, at: &mut Irql<Passive>) {
        self.hub.in_turn(at, |at| self.hub.let_go(at, self.endpoint));
        self.account(at, Account::close);
        self.hub.vacate(self.endpoint);
    }

    /// No stream of the device starts any more.
    pub(crate) fn bar(&self, at: &mut Irql<Passive>) {
        self.hub.bar(at);
    }

    /// Puts a cyclic buffer in place; the stream is at zero.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` while a buffer is in place, `STATUS_DEVICE_REMOVED`.
    pub(crate) fn attach(&self, at: &mut Irql<Passive>, layout: D::Layout, cut: Cut) -> Result {
        // What is refused goes outside the lock.
        let mut layout = Some(layout);
        self.hub.with(at, |state, _| {
            let live = state.live(self.device(), self.endpoint).ok_or(Status::DEVICE_REMOVED)?;
            if live.account.cut.is_some() {
                return Err(Status::INVALID_DEVICE_STATE);
            }
            if let Some(layout) = layout.take() {
                live.device.attach(live.shared, live.engine, layout);
            }
            live.account.attach(cut);
            Ok(())
        })
    }

    /// Stops, and takes the cyclic buffer out. No DMA goes there afterwards; false if that cannot be had, and the
    /// memory must stay.
    pub(crate) fn detach(&self, at: &mut Irql<Passive>) -> bool {
        self.hub.in_turn(at, |at| {
            self.hub.let_go(at, self.endpoint);
            // What a lost device still has is taken from it.
            self.hub.mend(at, false);
        });
        let (at_rest, layout) = self.hub.with(at, |state, _| {
            if let Some(account) = state.account(self.endpoint) {
                account.cut = None;
                account.reset();
            }
            match state.live(self.device(), self.endpoint) {
                Some(live) => live.device.detach(live.shared, live.engine),
                None => (!state.is_stuck(), None),
            }
        });
        if !at_rest {
            core::mem::forget(layout);
        }
        at_rest
    }

    /// Takes the stream to `state`. Downwards that always succeeds, also without the device, and the position stands
    /// still at once, however long others keep the device waiting.
    ///
    /// Upwards the device is readied as soon as there is a buffer. What fails half way is undone; if the device was lost
    /// on the way, and can be had back, it is tried once more.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` to run without a buffer, `STATUS_DEVICE_NOT_READY` or `STATUS_DEVICE_REMOVED`
    /// while or after the device is taken down, and those of the device.
    pub(crate) fn set_state(&self, at: &mut Irql<Passive>, state: State) -> Result {
        let halted = state != State::Run && self.hub.halt(at, self.endpoint);
        self.hub.in_turn(at, |at| {
            let before = self.account(at, |account| account.state).unwrap_or(State::Stop);
            if state == State::Run || state > before {
                self.hub.mend(at, true);
                let risen = self.rise(at, state);
                if risen.is_err() && self.hub.mend(at, true) { self.rise(at, state)? } else { risen? }
            } else {
                self.hub.stand(at, self.endpoint, halted);
                if state == State::Stop {
                    self.hub.let_go(at, self.endpoint);
                }
            }
            self.account(at, |account| {
                account.state = state;
                if state == State::Stop {
                    account.reset();
                }
            });
            trace::state(self.endpoint, state as u32);
            Ok(())
        })
    }

    /// Upwards to `state`. In turn.
    fn rise(&self, at: &mut Irql<Passive>, state: State) -> Result {
        if state == State::Run {
            return self.run(at);
        }
        if self.account(at, |account| account.cut.is_some()) == Some(true) {
            self.hub.prepare(at, self.endpoint)?;
        }
        Ok(())
    }

    /// Where the stream is. Asks the device in RUN only.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if the device failed while the stream had it, until STOP or until it has it again.
    pub(crate) fn position<L: AtMostDispatch>(&self, at: &mut Irql<L>) -> Result<Offsets> {
        self.hub.with(at, |state, at| {
            if let Some(mut live) = state.live(self.device(), self.endpoint) {
                live.look(at);
            }
            match state.account(self.endpoint) {
                Some(account) if account.failed => Err(Status::DEVICE_NOT_READY),
                Some(account) => Ok(account.offsets()),
                None => Ok(Offsets::default()),
            }
        })
    }

    /// The format of the stream.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` without a stream.
    pub(crate) fn format(&self, at: &mut Irql<Passive>) -> Result<StreamFormat> {
        self.account(at, |account| account.format).flatten().ok_or(Status::INVALID_DEVICE_STATE)
    }

    /// Changes the format of a stream that has no buffer yet.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if it runs, `STATUS_NOT_SUPPORTED` if it has a buffer, which is cut for the format
    /// that it has.
    pub(crate) fn set_format(&self, at: &mut Irql<Passive>, format: StreamFormat) -> Result {
        let set = |account: &mut Account| {
            if account.stage == Stage::Running {
                Err(Status::INVALID_PARAMETER)
            } else if account.cut.is_some() && account.format != Some(format) {
                Err(Status::NOT_SUPPORTED)
            } else {
                account.format = Some(format);
                Ok(())
            }
        };
        self.account(at, set).unwrap_or(Err(Status::INVALID_PARAMETER))
    }

    /// How long the sound of the stream is under way.
    pub(crate) fn latency(&self, at: &mut Irql<Passive>) -> Latency {
        self.hub.with(at, |state, _| {
            let live = state.live(self.device(), self.endpoint);
            live.map_or(Latency { fifo: 0, codec: 0 }, |live| live.device.latency(live.engine))
        })
    }

    /// Adds an event to be signalled at each notification boundary.
    ///
    /// # Errors
    ///
    /// Those of [`Events::register`](super::events::Events::register).
    pub(crate) fn register(&self, at: &mut Irql<Passive>, event: Event) -> Result {
        self.account(at, |account| account.events.register(event)).unwrap_or(Err(Status::NOT_FOUND))
    }

    /// Removes an event.
    ///
    /// # Errors
    ///
    /// Those of [`Events::unregister`](super::events::Events::unregister).
    pub(crate) fn unregister(&self, at: &mut Irql<Passive>, event: Event) -> Result {
        self.account(at, |account| account.events.unregister(event)).unwrap_or(Err(Status::NOT_FOUND))
    }

    /// To RUN. In turn.
    fn run(&self, at: &mut Irql<Passive>) -> Result {
        if self.hub.stage(at, self.endpoint) == Stage::Running {
            return Ok(());
        }
        let fresh = self.account(at, |account| account.clock.linear() == 0) == Some(true);
        let prepared = self.hub.prepare(at, self.endpoint)?;
        self.hub.start(at, self.endpoint).inspect_err(|_| {
            // What has not begun begins anew, whatever the device made of the beginning.
            if prepared || fresh {
                self.hub.let_go(at, self.endpoint);
            }
        })
    }

    /// The hub, with a share in it.
    pub(crate) fn shared_hub(&self) -> Shared<Hub<D>> {
        self.hub.clone()
    }

    /// The hub.
    pub(super) fn hub(&self) -> &Hub<D> {
        &self.hub
    }

    fn account<R>(&self, at: &mut Irql<Passive>, f: impl FnOnce(&mut Account) -> R) -> Option<R> {
        self.hub.with(at, |state, _| state.account(self.endpoint).map(f))
    }
}
