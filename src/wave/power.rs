//! A device that loses its power, and gets it back.
//!
//! ```text
//!   D0    PortCls: streams to PAUSE -> PowerChangeState(D3): sleep
//!                                        what the device has is taken back, the registers are left alone
//!   D3    positions stand; buffers stay; streams may go down their states, and be closed
//!   D0    PowerChangeState(D0): wake
//!           the device is brought up, each stream readied as it was -> PortCls: streams to RUN
//! ```

use portcls::irql::{Irql, Passive};
use portcls::stream::State;

use super::hub::Hub;
use crate::device::{MAX_ENDPOINTS, SoundDevice, Stage, Station};
use crate::platform::trace;

impl<D: SoundDevice> Hub<D> {
    /// The device is about to lose its power. Streams that run nevertheless stand still, and go on when it wakes.
    pub(crate) fn sleep(&self, at: &mut Irql<Passive>) {
        self.in_turn(at, |at| {
            if self.with(at, |state, _| state.is_asleep()) {
                return;
            }
            for endpoint in 0..MAX_ENDPOINTS {
                self.stand(at, endpoint, false);
            }
            if self.with(at, |state, _| state.is_there()) {
                self.device().sleep(at, self);
            }
            self.with(at, |state, _| state.set_asleep(true));
        });
    }

    /// The device has power again. It cannot fail: a stream whose device does not come up finds out when it goes on.
    pub(crate) fn wake(&self, at: &mut Irql<Passive>) {
        self.in_turn(at, |at| {
            let due = self.with(at, |state, _| {
                let asleep = state.is_asleep();
                state.set_asleep(false);
                asleep && state.is_there() && !state.is_barred()
            });
            if !due {
                return;
            }
            let woken = self.device().wake(at, self);
            if let Err(status) = woken {
                trace::failure(c"waking the device", status);
            }
            for endpoint in 0..MAX_ENDPOINTS {
                let stage = self.stage_to_wake_in(at, endpoint);
                if let Err(status) = woken.and_then(|()| self.revive(at, endpoint, stage)) {
                    trace::failure(c"waking a stream", status);
                    self.fail(at, endpoint);
                }
            }
        });
    }

    /// Where the stream of `endpoint` was before the device fell asleep.
    fn stage_to_wake_in(&self, at: &mut Irql<Passive>, endpoint: usize) -> Stage {
        self.with(at, |state, _| match state.account(endpoint) {
            Some(account) if account.stage == Stage::Prepared && account.state == State::Run => {
                Stage::Running
            }
            Some(account) => account.stage,
            None => Stage::Idle,
        })
    }
}
