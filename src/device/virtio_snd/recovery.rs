//! Getting the device out of errors: by the service thread, or by a client that needs it.
//!
//! ```text
//!   NEEDS_RESET, a command without an answer, a ring that makes no sense
//!     -> nothing goes out any more
//!     -> reset -> negotiate, queues, DRIVER_OK -> RELEASE each stream -> reset: the device has nothing of ours now
//!     -> negotiate, queues, DRIVER_OK
//!     -> control elements as they were
//!     -> each stream: SET_PARAMS, PREPARE, messages from the first one that nobody can have heard, START
//! ```
//!
//! One reset is not enough: some devices keep messages through it, and complete them into the rings that come next; see
//! `bringup`. Until the second one no page of a client is given back.
//!
//! A device that does not come back in so many [`TRIES`] ends what its streams play or record. It is tried again
//! whenever a client has one of them go on, or takes its buffer back.
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::bringup::Way;
use super::engine::Engine;
use super::queues::Queues;
use super::state::Told;
use super::wire::{self, Item as _, JackInfo};
use super::{VirtioSnd, bit};
use crate::device::{MAX_ENDPOINTS, Stage, Station};
use crate::platform::{time, trace};

/// How often the device is started over for one trouble.
const TRIES: u32 = 2;

impl VirtioSnd {
    /// Looks what is the matter, and sees to it.
    pub(super) fn see_to_it(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        self.changed.store(false, Release);
        if !self.transport.is_present() || self.dead.load(Acquire) {
            return;
        }
        let broken = station.with(at, |rings, _, _| rings.is_broken()).unwrap_or(false);
        if broken || self.lost.load(Acquire) || self.transport.needs_reset() {
            self.recover(at, station);
        }
        self.learn_controls(at);
    }

    /// Sees to a device that works no more, also if that was tried in vain. Says whether it works again.
    pub(super) fn mend_lost(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> bool {
        let lost = self.lost.load(Acquire) && self.transport.is_present();
        if lost {
            self.recover(at, station);
        }
        lost && !self.is_lost()
    }

    /// Starts the device over, and with it the streams.
    fn recover(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        let mut stages = [Stage::Idle; MAX_ENDPOINTS];
        for (endpoint, stage) in stages.iter_mut().enumerate() {
            *stage = station.stage(at, endpoint);
        }
        for _ in 0..TRIES {
            trace::info(c"the device is started over");
            let back = self.start_over(at, station);
            let back = back.and_then(|()| self.revive_all(at, station, &stages));
            let Err(status) = back else {
                self.dead.store(false, Release);
                trace::recovered(Ok(()));
                return;
            };
            trace::failure(c"the device does not come back", status);
            trace::recovered(Err(status));
            if status == Status::IO_DEVICE_ERROR {
                // It does not reset.
                break;
            }
        }
        self.lost.store(true, Release);
        self.dead.store(true, Release);
        for endpoint in 0..MAX_ENDPOINTS {
            station.fail(at, endpoint);
        }
    }

    /// Takes the streams to where they were.
    ///
    /// # Errors
    ///
    /// If the device is lost once more.
    fn revive_all(
        &self,
        at: &mut Irql<Passive>,
        station: &impl Station<Self>,
        stages: &[Stage; MAX_ENDPOINTS],
    ) -> Result {
        self.restore_controls(at)?;
        for (endpoint, stage) in stages.iter().enumerate() {
            if let Err(status) = station.revive(at, endpoint, *stage) {
                trace::failure(c"a stream does not come back", status);
                if self.is_lost() {
                    return Err(status);
                }
            }
        }
        self.ask_jacks(at)
    }

    /// Asks for the jacks that can tell what is plugged in: an event may be among what was lost.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if the device is lost once more.
    pub(super) fn ask_jacks(&self, at: &mut Irql<Passive>) -> Result {
        for number in self.endpoints.detecting_jacks() {
            let mut answer = [0; JackInfo::BYTES];
            let request = wire::query(JackInfo::QUERY, number, 1, JackInfo::BYTES as u32);
            let written = self.control.command(at, &self.transport, &request, &mut answer);
            if self.control.is_broken() {
                return Err(Status::DEVICE_NOT_READY);
            }
            let answer = written.ok().and_then(|written| answer.get(..written));
            let news = answer
                .and_then(JackInfo::parse)
                .is_some_and(|info| self.endpoints.plug(number, info.connected));
            if news {
                // Windows is told by the service thread.
                self.changed.store(true, Release);
            }
        }
        Ok(())
    }

    /// Empties the device, and takes it to where it works. The engines know then that what it had is lost.
    fn start_over(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result {
        self.take_back(at, station, |told| matches!(told, Told::Running | Told::Stopped))?;
        self.reopen(at, station)
    }

    /// Takes a device, which is asked nothing from now on, to a reset with nothing left of what it was given. The
    /// engines know then that what it had is lost; of the streams that `heard` names by what they were told last, what
    /// the device may have played of it is not played again.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if it did not answer; that of [`Way::empty`], and then it may have something still.
    pub(super) fn take_back(
        &self,
        at: &mut Irql<Passive>,
        station: &impl Station<Self>,
        heard: impl Fn(Told) -> bool,
    ) -> Result {
        self.lost.store(true, Release);
        let told = self.told.with(at, |told, _| *told);
        let stopped = self.stopped.load(Acquire);
        let (mut now, mut unreadable) = (0, false);
        let taken = station.with(at, |rings, engines, _| {
            now = time::counter();
            // What came back is not lost.
            rings.drain();
            for endpoint in 0..MAX_ENDPOINTS {
                match engines.get(endpoint) {
                    // What a stopped stream got back was flushed, and not played.
                    Some(Engine { flow: Some(flow), .. }) if stopped & bit(endpoint) == 0 => {
                        flow.absorb(rings);
                    }
                    Some(Engine { flow: Some(_), .. }) => {}
                    Some(engine) => engine.absorb(rings),
                    None => {}
                }
            }
            unreadable = rings.is_broken();
            rings.take()
        });
        let queues = taken.flatten();
        let mut queues = queues.ok_or(Status::DEVICE_NOT_READY)?;
        let emptied = self.empty(at, &mut queues);
        station.with(at, |rings, engines, _| {
            for (endpoint, told) in told.iter().enumerate().filter(|_| emptied.is_ok()) {
                if let Some(engine) = engines.get(endpoint) {
                    engine.lose(now, heard(*told), unreadable);
                }
            }
            rings.put_back(queues);
        });
        if emptied? { Ok(()) } else { Err(Status::DEVICE_NOT_READY) }
    }

    /// Takes a device that has nothing to where it works.
    ///
    /// # Errors
    ///
    /// Those of [`Way::reopen`].
    pub(super) fn reopen(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result {
        let taken = station.with(at, |rings, _, _| rings.take());
        let mut queues = taken.flatten().ok_or(Status::DEVICE_NOT_READY)?;
        let reopened = self.way(&mut queues).reopen(at);
        station.with(at, |rings, _, _| rings.put_back(queues));
        reopened?;
        self.told.with(at, |told, _| *told = [Told::Fresh; MAX_ENDPOINTS]);
        self.silent.store(false, Release);
        self.lost.store(false, Release);
        Ok(())
    }

    /// Takes from the device whatever it has.
    fn empty(&self, at: &mut Irql<Passive>, queues: &mut Queues) -> Result<bool> {
        let emptied = self.way(queues).empty(at);
        self.silent.store(emptied.is_ok(), Release);
        emptied
    }

    /// Ends the device, which has nothing of its streams unless it is lost. Says whether it is at rest.
    pub(super) fn end(&self, at: &mut Irql<Passive>, queues: Option<&mut Queues>) -> bool {
        let emptied = match queues {
            Some(queues) if self.lost.load(Acquire) && !self.is_silent() => self.empty(at, queues).is_ok(),
            _ => true,
        };
        self.transport.reset(at) && (emptied || !self.transport.is_present())
    }

    fn way<'a>(&'a self, queues: &'a mut Queues) -> Way<'a> {
        Way { transport: &self.transport, control: &self.control, queues, messages: self.messages }
    }
}
