//! What follows an interrupt or a wake-up: the way that is taken once a period.

use portcls::irql::{Dispatch, Irql};

use super::hub::{Hub, State};
use crate::device::{NEVER, SoundDevice};
use crate::platform::time;

/// How often a look at the device is repeated because something came up meanwhile.
const LOOKS: u32 = 4;

/// What came of a look at the device.
#[derive(Clone, Copy, Default)]
struct Look {
    /// The service thread has something to look at.
    troubled: bool,
    /// Something came up meanwhile.
    again: bool,
    /// There are streams with mappings.
    mapped: bool,
}

impl<D: SoundDevice> State<D> {
    /// `endpoint` may run from now on.
    pub(super) fn look_at(&mut self, device: &D, endpoint: usize, at: &Irql<Dispatch>) {
        self.lanes.runs(endpoint);
        self.set_timer(device, at);
    }

    /// Sets the timer to when the first of the running engines wants it.
    pub(super) fn set_timer(&mut self, device: &D, at: &Irql<Dispatch>) {
        let Some(shared) = self.shared.as_ref().filter(|_| D::TIMED) else { return };
        let mut first = NEVER;
        self.lanes.each_running(|engine, _| first = first.min(device.next_wake(shared, engine)));
        if self.lanes.mapped() != 0 {
            self.lanes.each_mapped(|engine, _| first = first.min(device.next_wake(shared, engine)));
        }
        self.wake.at(at, time::counter(), first);
    }

    /// What [`Hub::advance`] does under the lock.
    #[inline(always)]
    fn advance(&mut self, device: &D, at: &Irql<Dispatch>) -> Look {
        if self.asleep {
            return Look::default();
        }
        let Some(shared) = &mut self.shared else { return Look::default() };
        let now = if D::TIMED { time::counter() } else { 0 };
        let mut troubled = device.collect(shared, at, now);
        let mut first = NEVER;
        self.lanes.each_running(|engine, account| {
            let progress = device.advance(shared, engine, at);
            troubled |= account.take_in(progress, at);
            first = first.min(progress.wake);
        });
        let again = device.flush(shared, at);
        if D::TIMED {
            self.wake.at(at, now, first);
        }
        Look { troubled, again, mapped: self.lanes.mapped() != 0 }
    }

    /// What [`Hub::ring`] does under the lock; false if there is more to do.
    #[inline(always)]
    fn ring(&mut self, device: &D, at: &Irql<Dispatch>) -> bool {
        self.wake.rang();
        if self.asleep {
            return true;
        }
        let Some(shared) = &mut self.shared else { return true };
        let (mut supplied, mut first) = (false, NEVER);
        let now = time::counter();
        self.lanes.each_running(|engine, _| {
            let done = device.supply(shared, engine, at, now);
            supplied |= done.any;
            first = first.min(done.wake);
        });
        if !supplied || device.flush(shared, at) {
            return false;
        }
        self.wake.at(at, now, first);
        true
    }
}

impl<D: SoundDevice> Hub<D> {
    /// What follows a claimed interrupt or a wake-up: moves the counts, signals what ended, keeps the device supplied.
    pub(crate) fn advance(&self, at: &mut Irql<Dispatch>) {
        self.look(at, LOOKS);
    }

    /// Looks at the device, so often at most.
    #[inline(never)]
    fn look(&self, at: &mut Irql<Dispatch>, looks: u32) {
        let look = self.state.with_at_dispatch(at, |state, at| state.advance(&self.device, at));
        if look.troubled {
            self.waker.wake(at);
        }
        if look.again || look.mapped {
            self.look_again(at, looks, look.again);
        }
    }

    /// Something came up meanwhile, or there are streams with mappings.
    #[cold]
    #[inline(never)]
    fn look_again(&self, at: &mut Irql<Dispatch>, looks: u32, again: bool) {
        if (self.look_at_mapped(at) || again) && looks > 1 {
            self.look(at, looks.wrapping_sub(1));
        }
    }

    /// What follows for the streams with mappings, after [`State::advance`]; their ports are told. Whether something came up
    /// meanwhile.
    fn look_at_mapped(&self, at: &mut Irql<Dispatch>) -> bool {
        let (bells, look) = self.state.with_at_dispatch(at, |state, at| {
            let bells = state.lanes.mapped();
            let Some(shared) = state.shared.as_mut().filter(|_| bells != 0 && !state.asleep) else {
                return (0, Look::default());
            };
            let mut troubled = false;
            state.lanes.each_mapped(|engine, account| {
                let progress = self.device.advance_mappings(shared, engine, at);
                troubled |= account.take_in(progress, at);
            });
            let again = self.device.flush(shared, at);
            state.set_timer(&self.device, at);
            (bells, Look { troubled, again, mapped: true })
        });
        self.ring_bells(at, bells);
        if look.troubled {
            self.waker.wake(at);
        }
        look.again
    }

    /// The timer has rung: keeps the device supplied, and looks whether it is well.
    pub(super) fn ring(&self, at: &mut Irql<Dispatch>) {
        if !self.state.with_at_dispatch(at, |state, at| state.ring(&self.device, at)) {
            self.advance(at);
        }
    }
}
