//! What is done before the controller loses its power, and after it got it back.

use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::{Ac97, reset_boxes};

impl Ac97 {
    /// Silences codec and controller. No register is touched from then on: the service routine declines.
    pub(super) fn power_down(&self) {
        if self.is_present() {
            self.codec.mute(&self.bus);
            // Nothing runs. A box that does not reset has lost its DMA with its power.
            let _ = reset_boxes(&self.bus);
        }
        self.awake.store(false, Release);
    }

    /// Brings the controller to where it was after its first bring-up.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`, and those of [`Ac97::bring_up`]. It is left alone then.
    pub(super) fn power_up(&self, at: &Irql<Passive>) -> Result {
        if self.gone.load(Acquire) {
            return Err(Status::DEVICE_REMOVED);
        }
        reset_boxes(&self.bus)?;
        self.codec.restore(at, &self.bus)?;
        self.awake.store(true, Release);
        Ok(())
    }
}
