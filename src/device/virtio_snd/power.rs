//! What is done before the device loses its power, and after it got it back.
//!
//! Power does not tell what becomes of the messages that the device has: some devices keep them through a reset. So they
//! are taken back first, as in a recovery, and afterwards the device is started as it was after that. Other than there,
//! nothing is left out: all that did not come back is submitted again, so that the client finds its packets numbered as
//! before. What the device was in the middle of is heard from its beginning.
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::Release;

use portcls::Result;
use portcls::irql::{Irql, Passive};

use super::VirtioSnd;
use crate::device::Station;
use crate::platform::trace;

impl VirtioSnd {
    /// Takes back what the device has, and touches no register from then on.
    pub(super) fn power_down(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        if self.transport.is_present()
            && let Err(status) = self.take_back(at, station, |_| false)
        {
            // It is tried once more when there is power again.
            trace::failure(c"taking back what the device has", status);
        }
        self.transport.set_asleep(true);
    }

    /// Takes the device to where streams can be prepared.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the device does not reset; `STATUS_DEVICE_NOT_READY` if it does not answer;
    /// `STATUS_DEVICE_REMOVED`.
    pub(super) fn power_up(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) -> Result {
        self.transport.set_asleep(false);
        if !self.is_silent() {
            self.take_back(at, station, |_| false)?;
        }
        self.reopen(at, station)?;
        self.dead.store(false, Release);
        self.restore_controls(at)?;
        self.ask_jacks(at)
    }
}
