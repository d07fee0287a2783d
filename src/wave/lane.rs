//! What the hub knows of one endpoint: its engine, and the account of the stream that uses it.

use portcls::Result;
use portcls::irql::Dispatch;
use portcls::irql::Irql;
use portcls::stream::State;

use super::bell::Bell;
use super::channel::Offsets;
use super::clock::{Clock, Periods};
use super::events::Events;
use super::packets::{Moment, Read, Written};
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::mapped::Mappings;
use crate::device::{Engines, MAX_ENDPOINTS, Position, Progress, SoundDevice, Stage, Supply};
use crate::platform::event::signal;
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;

/// One endpoint.
pub(super) struct Lane<D: SoundDevice> {
    /// Gone once the device is stopped or removed.
    pub(super) engine: Option<D::Engine>,
    pub(super) account: Account,
    /// How its port is told, if that wants to be.
    pub(super) bell: Option<Shared<Bell>>,
}

impl<D: SoundDevice> Lane<D> {
    /// An endpoint with this engine, and no stream yet.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(engine: D::Engine) -> Result<PoolBox<Self>> {
        PoolBox::new(Self { engine: Some(engine), account: Account::new(), bell: None })
    }
}

/// The stream of an endpoint, if there is one.
pub(super) struct Account {
    /// The format of the stream.
    pub(super) format: Option<StreamFormat>,
    /// Its cyclic buffer.
    pub(super) cut: Option<Cut>,
    /// The state that the client has put it in.
    pub(super) state: State,
    /// How far the device is with that.
    pub(super) stage: Stage,
    pub(super) clock: Clock,
    /// The end of what the device holds.
    pub(super) owned: u64,
    pub(super) periods: Periods,
    pub(super) events: Events,
    /// What a render client has handed over.
    pub(super) written: Written,
    /// What a capture client has read.
    pub(super) read: Read,
    /// The frame that was last said to leave the machine.
    pub(super) presented: u64,
    /// Interruptions of the sound that nobody was told of.
    pub(super) glitches: u32,
    /// The device was lost to it, and did not come back since.
    pub(super) failed: bool,
    /// Its sound lies in mappings.
    pub(super) mapped: bool,
    /// The mappings that the stream had when its device went.
    pub(super) orphans: Option<Mappings>,
}

impl Account {
    const fn new() -> Self {
        Self {
            format: None,
            cut: None,
            state: State::Stop,
            stage: Stage::Idle,
            clock: Clock::ZERO,
            owned: 0,
            periods: Periods::of(0),
            events: Events::new(),
            written: Written::NONE,
            read: Read::NONE,
            presented: 0,
            glitches: 0,
            failed: false,
            mapped: false,
            orphans: None,
        }
    }

    /// Takes in where a running engine is. What is done is left to the next notification.
    pub(super) fn place(&mut self, position: Position) {
        self.clock.advance(position.clock);
        self.owned = position.owned;
    }

    /// Takes in that `done` bytes are transferred, and signals the periods that ended.
    #[inline(always)]
    fn count(&mut self, done: u64, at: &Irql<Dispatch>) {
        self.periods.advance(done);
        let mut ended = self.periods.ended();
        while ended != 0 {
            ended = ended.wrapping_sub(1);
            self.events.iter().for_each(|event| signal(event, at));
        }
    }

    /// Takes in how far a running engine came, and signals the periods that ended. True if the service thread has
    /// something to look at.
    #[inline(always)]
    pub(super) fn take_in(&mut self, progress: Progress, at: &Irql<Dispatch>) -> bool {
        self.count(progress.done, at);
        if progress.glitch {
            self.glitches = self.glitches.saturating_add(1);
        }
        progress.troubled
    }

    /// Back to zero, as STOP demands.
    pub(super) fn reset(&mut self) {
        self.failed = false;
        self.clock = Clock::ZERO;
        self.owned = 0;
        self.periods.reset();
        self.written = Written::NONE;
        self.read = Read::NONE;
        self.presented = 0;
    }

    /// A buffer is in place; the stream is at zero.
    pub(super) fn attach(&mut self, cut: Cut) {
        self.cut = Some(cut);
        self.periods = Periods::of(cut.period);
        self.reset();
    }

    /// Where the stream is in its buffer.
    pub(super) fn offsets(&self) -> Offsets {
        let Some(cut) = self.cut else { return Offsets::default() };
        let write = self.owned.max(self.clock.linear()).checked_rem(cut.bytes.into()).unwrap_or(0);
        Offsets { play: self.clock.offset(cut.bytes), write: write as u32 }
    }

    /// Bytes of a packet, if the client gets notified of packets: a buffer with two of them.
    pub(super) fn packet(&self) -> Option<u32> {
        let cut = self.cut?;
        cut.has_packets().then_some(cut.period)
    }

    /// The stream as its packets are to be judged.
    pub(super) fn moment(&self) -> Moment {
        let running = self.stage == Stage::Running;
        Moment { running, done: self.periods.done(), owned: self.owned }
    }

    /// Who says how far the device may go.
    pub(super) fn supply(&self) -> Supply {
        match self.written.limit() {
            Some((upto, ended)) => Supply::Packets { upto, ended },
            None => Supply::JustInTime,
        }
    }

    /// Where the stream is for whoever traces it: bytes done, and how far the client had got.
    pub(super) fn trace_place(&self) -> (u64, u64) {
        (self.periods.done(), self.written.limit().map_or(self.owned, |(upto, _)| upto))
    }

    /// A stream in `format` begins, in STOP.
    pub(super) fn open(&mut self, format: StreamFormat) {
        *self = Self { format: Some(format), ..Self::new() };
    }

    /// The stream has ended.
    pub(super) fn close(&mut self) {
        *self = Self::new();
    }
}

/// All endpoints of a device.
pub(super) struct Lanes<D: SoundDevice> {
    lanes: [Option<PoolBox<Lane<D>>>; MAX_ENDPOINTS],
    /// A bit for each endpoint that may run: no other one does, but those in `mapped`.
    running: u32,
    /// The same for endpoints whose streams have mappings.
    mapped: u32,
}

impl<D: SoundDevice> Lanes<D> {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { lanes: [const { None }; MAX_ENDPOINTS], running: 0, mapped: 0 }
    }

    /// Puts the lane of `endpoint` in its place.
    pub(super) fn put(&mut self, endpoint: usize, lane: PoolBox<Lane<D>>) {
        if let Some(place) = self.lanes.get_mut(endpoint) {
            *place = Some(lane);
        }
    }

    /// The lane of `endpoint`.
    pub(super) fn get(&mut self, endpoint: usize) -> Option<&mut Lane<D>> {
        self.lanes.get_mut(endpoint)?.as_deref_mut()
    }

    /// `endpoint` runs from now on.
    pub(super) fn runs(&mut self, endpoint: usize) {
        if self.get(endpoint).is_some_and(|lane| lane.account.mapped) {
            self.mapped |= bit(endpoint);
        } else {
            self.running |= bit(endpoint);
        }
    }

    /// The endpoints that may run with mappings, a bit for each.
    #[inline(always)]
    pub(super) fn mapped(&self) -> u32 {
        self.mapped
    }

    /// Calls `f` for each endpoint that runs with mappings.
    pub(super) fn each_mapped(&mut self, mut f: impl FnMut(&mut D::Engine, &mut Account)) {
        for endpoint in 0..MAX_ENDPOINTS {
            if self.mapped & bit(endpoint) == 0 {
                continue;
            }
            match self.get(endpoint) {
                Some(Lane { engine: Some(engine), account, .. }) if account.stage == Stage::Running => {
                    f(engine, account);
                }
                _ => self.mapped &= !bit(endpoint),
            }
        }
    }

    /// Calls `f` for each endpoint that runs with a cyclic buffer.
    #[inline]
    pub(super) fn each_running(&mut self, mut f: impl FnMut(&mut D::Engine, &mut Account)) {
        let mut left = self.running;
        while left != 0 {
            let endpoint = left.trailing_zeros() as usize & MAX_ENDPOINTS.wrapping_sub(1);
            left &= left.wrapping_sub(1);
            let Some(lane) = self.lanes.get_mut(endpoint).and_then(Option::as_deref_mut) else { continue };
            if lane.account.stage == Stage::Running
                && let Some(engine) = &mut lane.engine
            {
                f(engine, &mut lane.account);
            } else {
                self.running &= !bit(endpoint);
            }
        }
    }
}

/// The bit of an endpoint.
const fn bit(endpoint: usize) -> u32 {
    1_u32.wrapping_shl(endpoint as u32)
}

impl<D: SoundDevice> Engines<D::Engine> for Lanes<D> {
    fn get(&mut self, endpoint: usize) -> Option<&mut D::Engine> {
        Self::get(self, endpoint)?.engine.as_mut()
    }
}

/// An endpoint whose device is there, for the time of a lock.
pub(super) struct Live<'a, D: SoundDevice> {
    pub(super) device: &'a D,
    pub(super) shared: &'a mut D::Shared,
    pub(super) engine: &'a mut D::Engine,
    pub(super) account: &'a mut Account,
}

impl<D: SoundDevice> Live<'_, D> {
    /// From PREPARED on the way to RUNNING: the engine is started.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub(super) fn start(&mut self, at: &Irql<Dispatch>) -> Result {
        let from = self.account.clock.linear();
        self.device.start(self.shared, self.engine, at, from, self.account.supply())
    }

    /// To RUNNING: the device is in motion.
    pub(super) fn began(&mut self) {
        self.device.began(self.shared, self.engine);
        self.account.stage = Stage::Running;
    }

    /// Back to PREPARED: it is not. Nobody learns that the engine was started.
    pub(super) fn take_back(&mut self, at: &Irql<Dispatch>) {
        let _ = self.device.halt(self.shared, self.engine, at);
    }

    /// From RUNNING to PREPARED; false where it does not run.
    pub(super) fn halt(&mut self, at: &Irql<Dispatch>) -> bool {
        let runs = self.account.stage == Stage::Running;
        if runs {
            let position = self.device.halt(self.shared, self.engine, at);
            self.account.place(position);
            // The DPC of what came back just now finds a stream that does not run.
            self.account.count(position.done, at);
            self.account.stage = Stage::Prepared;
        }
        runs
    }

    /// Takes in where the engine is, if it runs.
    pub(super) fn look(&mut self, at: &Irql<Dispatch>) {
        if self.account.stage == Stage::Running {
            let position = self.device.position(self.shared, self.engine, at);
            self.account.place(position);
        }
    }

    /// Takes in what the device holds, if the engine runs.
    pub(super) fn ask_owned(&mut self, at: &Irql<Dispatch>) {
        if self.account.stage == Stage::Running {
            self.account.owned = self.device.owned(self.shared, self.engine, at);
        }
    }
}
