//! What the service thread does for the device: it gets it out of errors, and hears its events.
//!
//! ```text
//!   NEEDS_RESET, a command without an answer, a ring that makes no sense
//!     -> nothing goes out any more -> reset -> what the device had is lost -> negotiate, queues, DRIVER_OK
//!     -> each stream: SET_PARAMS, PREPARE, messages from the first one that did not come back, START
//! ```
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::VirtioSnd;
use super::bringup::Way;
use super::state::Told;
use crate::device::{MAX_ENDPOINTS, SoundDevice as _, Station};
use crate::platform::trace;

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
    }

    /// Starts the device over, and with it the streams.
    fn recover(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        trace::info(c"the device is started over");
        if let Err(status) = self.start_over(at, station) {
            trace::failure(c"the device does not come back", status);
            self.dead.store(true, Release);
            return;
        }
        for endpoint in 0..self.endpoints().len() {
            if let Err(status) = station.revive(at, endpoint) {
                trace::failure(c"a stream does not come back", status);
            }
        }
    }

    /// Resets the device, forgets what it had, and takes it to where it works.
    fn start_over(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result {
        self.lost.store(true, Release);
        let queues = station.with(at, |rings, _, _| rings.take()).flatten();
        let mut queues = queues.ok_or(Status::DEVICE_NOT_READY)?;
        let mut way = Way {
            transport: &self.transport,
            control: &self.control,
            queues: &mut queues,
            messages: self.messages,
        };
        // A device that does not reset may still use the rings and what they lead to: all of that stays where it is.
        let at_rest = self.transport.reset(at);
        self.silent.store(at_rest, Release);
        let reopened = if at_rest { way.reopen(at) } else { Err(Status::IO_DEVICE_ERROR) };
        station.with(at, |rings, engines, _| {
            for endpoint in (0..MAX_ENDPOINTS).filter(|_| at_rest) {
                if let Some(engine) = engines.get(endpoint) {
                    engine.lose();
                }
            }
            rings.put_back(queues);
        });
        reopened?;
        self.told.with(at, |told, _| *told = [Told::Fresh; MAX_ENDPOINTS]);
        self.silent.store(false, Release);
        self.lost.store(false, Release);
        Ok(())
    }
}
