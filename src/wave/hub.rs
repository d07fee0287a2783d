//! What the streams, the interrupt and the service thread of one device share.
//!
//! Two locks. A spin lock guards all that changes; it is held for a few register accesses at most. A gate is held
//! around everything that may wait for the device, so that such work never overlaps:
//!
//! - SetState and the freeing of a buffer, in a thread of the client. PortCls sends these one at a time.
//! - [`Hub::serve`], in the service thread. A recovery that a client's SetState comes across is finished first; then
//!   SetState finds the stream in the stage that it was in before the trouble.
//! - [`Hub::seal`] and [`Hub::shut_down`], in the thread of a PnP request, which may come at any time. `seal` first
//!   sets a flag under the spin lock, which every way up looks at where it starts an engine; then it waits for the
//!   gate. So either a SetState(RUN) has started its engine before the flag was set, and `seal` halts it once that
//!   SetState is through; or it comes to nothing. Each wait for a device is bounded, and one for a device that is
//!   gone ends at once: so does the wait for the gate.
//!
//! The order is gate, then spin lock. Interrupts and the position take the spin lock alone.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use portcls::irql::{AtMostDispatch, Device, Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::lane::{Account, Lane, Lanes, Live};
use super::wake::Wake;
use crate::device::mapped;
use crate::device::{EndpointInfo, Engines, MAX_ENDPOINTS, SoundDevice, Stage, Station};
use crate::platform::gate::Gate;
use crate::platform::interrupt::Claim;
use crate::platform::lock::SpinLock;
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;
use crate::platform::thread::Waker;

/// A device and all its endpoints.
pub(crate) struct Hub<D: SoundDevice> {
    pub(super) device: D,
    /// Held around what may wait for the device.
    turn: Gate<()>,
    pub(super) waker: Waker,
    /// A bit for each endpoint that has a stream.
    occupied: AtomicU32,
    pub(super) state: SpinLock<State<D>>,
}

/// What changes.
pub(super) struct State<D: SoundDevice> {
    /// Gone once the device is stopped or removed.
    pub(super) shared: Option<D::Shared>,
    pub(super) lanes: Lanes<D>,
    /// The device is being taken down: nothing starts any more.
    sealed: bool,
    /// The device has no power: nothing starts until it has.
    pub(super) asleep: bool,
    /// The device did not stop: memory that it knows of stays.
    stuck: bool,
    /// The timer, if the device needs one.
    pub(super) wake: Wake<D>,
}

impl<D: SoundDevice> State<D> {
    /// The account of `endpoint`, whether the device is there or not.
    pub(super) fn account(&mut self, endpoint: usize) -> Option<&mut Account> {
        self.lanes.get(endpoint).map(|lane| &mut lane.account)
    }

    /// The lane of `endpoint`.
    pub(super) fn lane(&mut self, endpoint: usize) -> Option<&mut Lane<D>> {
        self.lanes.get(endpoint)
    }

    /// All of `endpoint`, if the device is there.
    pub(super) fn live<'a>(&'a mut self, device: &'a D, endpoint: usize) -> Option<Live<'a, D>> {
        let shared = self.shared.as_mut()?;
        let lane = self.lanes.get(endpoint)?;
        Some(Live { device, shared, engine: lane.engine.as_mut()?, account: &mut lane.account })
    }

    /// Nothing starts: the device is being taken down, or has no power.
    pub(super) fn is_barred(&self) -> bool {
        self.sealed || self.asleep
    }

    /// The device has no power.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Notes whether the device has power.
    pub(super) fn set_asleep(&mut self, asleep: bool) {
        self.asleep = asleep;
    }

    /// The device was not shut down.
    pub(super) fn is_there(&self) -> bool {
        self.shared.is_some()
    }

    /// The device was shut down, and did not stop.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }
}

impl<D: SoundDevice> Hub<D> {
    /// The hub of `device`, which is at rest; `waker` wakes the thread that calls [`Hub::serve`]. Its endpoints are
    /// still to be [made](Hub::make_lanes).
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`. The device is shut down then.
    pub(crate) fn share(
        at: &mut Irql<Passive>,
        device: D,
        mut shared: D::Shared,
        waker: Waker,
    ) -> Result<Shared<Self>> {
        let turn = match Gate::new(at, ()) {
            Ok(turn) => turn,
            Err(status) => {
                if !device.shut_down(at, &mut shared) {
                    core::mem::forget(shared);
                }
                return Err(status);
            }
        };
        let state = State {
            shared: Some(shared),
            lanes: Lanes::new(),
            sealed: false,
            asleep: false,
            stuck: false,
            wake: Wake::NONE,
        };
        let hub = Self { device, turn, waker, occupied: AtomicU32::new(0), state: SpinLock::new(state) };
        Shared::keep(hub).map_err(|hub| {
            hub.shut_down(at);
            Status::INSUFFICIENT_RESOURCES
        })
    }

    /// Makes the engines of all endpoints.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn make_lanes(&self, at: &mut Irql<Passive>, pdo: handle::Device) -> Result {
        for endpoint in 0..self.endpoints().len() {
            let lane = self.make_lane(at, pdo, endpoint)?;
            self.with(at, |state, _| state.lanes.put(endpoint, lane));
        }
        Ok(())
    }

    /// A function of its own: an engine passes through the stack, and is gone from it when the next thing is made.
    #[inline(never)]
    fn make_lane(
        &self,
        at: &Irql<Passive>,
        pdo: handle::Device,
        endpoint: usize,
    ) -> Result<PoolBox<Lane<D>>> {
        Lane::new(self.device.engine(at, pdo, endpoint)?)
    }

    /// The device.
    pub(crate) fn device(&self) -> &D {
        &self.device
    }

    /// The endpoints that are used.
    pub(crate) fn endpoints(&self) -> &[EndpointInfo] {
        let all = self.device.endpoints();
        all.get(..MAX_ENDPOINTS).unwrap_or(all)
    }

    /// Takes `endpoint` for a stream; false if another one has it, or what it shares with other endpoints.
    pub(super) fn occupy(&self, endpoint: usize) -> bool {
        let bit = 1_u32.wrapping_shl(endpoint as u32);
        let needed = bit | self.device.rivals(endpoint);
        let take = |taken: u32| (taken & needed == 0).then_some(taken | bit);
        self.occupied.fetch_update(AcqRel, Acquire, take).is_ok()
    }

    /// Makes room for the next stream of `endpoint`.
    pub(super) fn vacate(&self, endpoint: usize) {
        self.occupied.fetch_and(!1_u32.wrapping_shl(endpoint as u32), Release);
    }

    /// Calls `f` with the spin lock held.
    pub(super) fn with<L: AtMostDispatch, R>(
        &self,
        at: &mut Irql<L>,
        f: impl FnOnce(&mut State<D>, &mut Irql<Dispatch>) -> R,
    ) -> R {
        self.state.with(at, f)
    }

    /// Calls `f` when nobody else waits for the device. What it finds amiss is left to the service thread.
    pub(crate) fn in_turn<R>(&self, at: &mut Irql<Passive>, f: impl FnOnce(&mut Irql<Passive>) -> R) -> R {
        let result = self.turn.with(at, |(), at| f(at));
        if self.device.wants_service() {
            self.waker.wake(at);
        }
        result
    }

    /// Gets a device to work that does not, if that can be; true if it did not work, and does now. In turn.
    pub(super) fn mend(&self, at: &mut Irql<Passive>, needed: bool) -> bool {
        let there = self.with(at, |state, _| state.is_there() && !state.is_barred());
        there && self.device.mend(at, self, needed)
    }

    /// Claims or declines an interrupt.
    pub(crate) fn claim(&self, at: &Irql<Device>, message: Option<u32>) -> Claim {
        self.device.claim(at, message)
    }

    /// Sees to a device in trouble.
    pub(crate) fn serve(&self, at: &mut Irql<Passive>) {
        self.turn.with(at, |(), at| {
            if !self.with(at, |state, _| state.is_barred()) {
                self.device.serve(at, self);
            }
        });
    }

    /// How often the sound of `endpoint` was interrupted since this was last asked, and where it is: see
    /// [`Account::trace_place`].
    pub(crate) fn take_glitches(&self, at: &mut Irql<Passive>, endpoint: usize) -> (u32, (u64, u64)) {
        self.with(at, |state, _| match state.account(endpoint) {
            Some(account) => (core::mem::take(&mut account.glitches), account.trace_place()),
            None => (0, (0, 0)),
        })
    }

    /// Takes the stream of `endpoint` back to where the device knows nothing of it. In turn.
    pub(super) fn let_go(&self, at: &mut Irql<Passive>, endpoint: usize) {
        self.stand(at, endpoint, false);
        let was = self.with(at, |state, _| {
            state.account(endpoint).map(|account| core::mem::replace(&mut account.stage, Stage::Idle))
        });
        if was == Some(Stage::Prepared) {
            self.device.release(at, endpoint);
        }
    }

    /// Has a stream stand still that runs, or of which the engine alone was `halted`. In turn.
    pub(super) fn stand(&self, at: &mut Irql<Passive>, endpoint: usize, halted: bool) {
        if self.halt(at, endpoint) || halted {
            self.device.pause(at, endpoint);
        }
    }

    /// Halts the engine of `endpoint`; false if it did not run.
    pub(super) fn halt(&self, at: &mut Irql<Passive>, endpoint: usize) -> bool {
        self.with(at, |state, at| state.live(&self.device, endpoint).is_some_and(|mut live| live.halt(at)))
    }

    /// No stream starts any more. Waits for nothing.
    pub(super) fn bar(&self, at: &mut Irql<Passive>) {
        self.with(at, |state, _| state.sealed = true);
    }

    /// Stops the DMA and takes its interrupts off the line for good: the first step of a teardown. Streams that
    /// are open may still be stopped and closed.
    pub(crate) fn seal(&self, at: &mut Irql<Passive>) {
        self.bar(at);
        self.in_turn(at, |at| self.let_all_go(at));
    }

    /// Ends the device: the last step of a teardown. Streams that are still open find it removed.
    pub(crate) fn shut_down(&self, at: &mut Irql<Passive>) {
        self.in_turn(at, |at| {
            self.let_all_go(at);
            let Some(mut shared) = self.with(at, |state, _| state.shared.take()) else { return };
            let at_rest = self.device.shut_down(at, &mut shared);
            self.with(at, |state, _| state.stuck = !at_rest);
            if !at_rest {
                core::mem::forget(shared);
            }
            for endpoint in 0..MAX_ENDPOINTS {
                let engine = self.with(at, |state, _| {
                    let lane = state.lanes.get(endpoint)?;
                    let mut engine = lane.engine.take()?;
                    // What the client lent stays with its stream.
                    lane.account.orphans = self.device.mappings(&mut engine).map(mapped::take);
                    Some(engine)
                });
                if !at_rest {
                    core::mem::forget(engine);
                }
            }
        });
    }

    fn let_all_go(&self, at: &mut Irql<Passive>) {
        for endpoint in 0..MAX_ENDPOINTS {
            self.let_go(at, endpoint);
        }
    }
}

impl<D: SoundDevice> Station<D> for Hub<D> {
    fn with<R>(
        &self,
        at: &mut Irql<Passive>,
        f: impl FnOnce(&mut D::Shared, &mut dyn Engines<D::Engine>, &Irql<Dispatch>) -> R,
    ) -> Option<R> {
        self.state.with(at, |state, at| {
            let shared = state.shared.as_mut()?;
            Some(f(shared, &mut state.lanes, at))
        })
    }

    fn stage(&self, at: &mut Irql<Passive>, endpoint: usize) -> Stage {
        self.state.with(at, |state, _| state.account(endpoint).map_or(Stage::Idle, |account| account.stage))
    }

    fn revive(&self, at: &mut Irql<Passive>, endpoint: usize, stage: Stage) -> Result {
        if stage == Stage::Idle {
            return Ok(());
        }
        self.halt(at, endpoint);
        self.with(at, |state, _| {
            if let Some(account) = state.account(endpoint) {
                account.stage = Stage::Idle;
            }
        });
        self.prepare(at, endpoint)?;
        if stage == Stage::Running { self.start(at, endpoint) } else { Ok(()) }
    }

    fn fail(&self, at: &mut Irql<Passive>, endpoint: usize) {
        self.halt(at, endpoint);
        self.with(at, |state, _| {
            if let Some(account) = state.account(endpoint).filter(|account| account.stage != Stage::Idle) {
                (account.stage, account.failed) = (Stage::Idle, true);
            }
        });
    }
}
