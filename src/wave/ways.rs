//! The way up of a stream: what SetState asks of the device.

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::hub::Hub;
use crate::device::{SoundDevice, Stage};

/// All of these are called in turn.
impl<D: SoundDevice> Hub<D> {
    /// From IDLE to PREPARED, for a stream that has a buffer; true if that was to be done.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` without a buffer, `STATUS_DEVICE_NOT_READY` while the device is taken
    /// down or has no power, `STATUS_DEVICE_REMOVED` afterwards, and those of the device. The stream is then as before.
    pub(super) fn prepare(&self, at: &mut Irql<Passive>, endpoint: usize) -> Result<bool> {
        let wanted = self.with(at, |state, _| {
            let barred = state.is_barred();
            let there = state.live(self.device(), endpoint).is_some();
            let account = state.account(endpoint).ok_or(Status::INVALID_DEVICE_STATE)?;
            let (Some(format), Some(cut)) = (account.format, account.cut) else {
                return Err(Status::INVALID_DEVICE_STATE);
            };
            if account.stage != Stage::Idle {
                return Ok(None);
            }
            match (there, barred) {
                (false, _) => Err(Status::DEVICE_REMOVED),
                (true, true) => Err(Status::DEVICE_NOT_READY),
                (true, false) => Ok(Some((format, cut))),
            }
        })?;
        let Some((format, cut)) = wanted else { return Ok(false) };
        self.device().prepare(at, endpoint, &format, cut)?;
        self.with(at, |state, _| {
            if let Some(account) = state.account(endpoint) {
                (account.stage, account.failed) = (Stage::Prepared, false);
            }
        });
        Ok(true)
    }

    /// From PREPARED to RUNNING: starts the engine under the lock, then sets the device in motion.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` while the device is taken down or has no power, `STATUS_DEVICE_REMOVED` afterwards, and
    /// those of the device. The stream is then as before.
    pub(super) fn start(&self, at: &mut Irql<Passive>, endpoint: usize) -> Result {
        self.with(at, |state, at| {
            if state.is_barred() {
                return Err(Status::DEVICE_NOT_READY);
            }
            state.live(self.device(), endpoint).ok_or(Status::DEVICE_REMOVED)?.start(at)
        })?;
        let begun = self.device().begin(at, endpoint);
        self.with(at, |state, at| {
            if let Some(mut live) = state.live(self.device(), endpoint) {
                if begun.is_ok() { live.began() } else { live.take_back(at) }
            }
            state.look_at(self.device(), endpoint, at);
        });
        begun
    }
}
