//! The timer of a device that must be fed just in time.

use portcls::Result;
use portcls::irql::{Dispatch, Irql, Passive};

use super::hub::Hub;
use crate::device::SoundDevice;
use crate::platform::ending::End;
use crate::platform::shared::Shared;
use crate::platform::time;
use crate::platform::timer::{Alarm, Timer};

/// The timer, and what it is set to. It lives in the hub, and keeps the hub: [`Ticking`] takes it out.
pub(super) struct Wake<D: SoundDevice> {
    timer: Option<Timer<Tick<D>>>,
    /// The performance counter at which it rings.
    set: Option<u64>,
    /// Ticks of the performance counter in a second.
    frequency: u64,
}

impl<D: SoundDevice> Wake<D> {
    /// No timer.
    pub(super) const NONE: Self = Self { timer: None, set: None, frequency: 1 };

    /// Has the timer ring when the performance counter is at `when`; not at all if none.
    pub(super) fn at(&mut self, at: &Irql<Dispatch>, when: Option<u64>) {
        let Some(timer) = self.timer.as_ref().filter(|_| when != self.set) else { return };
        match when {
            Some(when) => timer.set(at, delay(time::counter(), when, self.frequency)),
            None => timer.cancel(at),
        }
        self.set = when;
    }
}

/// From `now` to `when` in 100 ns, rounded up: the timer must not ring before there is something to do.
fn delay(now: u64, when: u64, frequency: u64) -> u64 {
    let ticks = when.saturating_sub(now).saturating_mul(10_000_000);
    let rest = u64::from(ticks.checked_rem(frequency) != Some(0));
    ticks.checked_div(frequency).unwrap_or(0).saturating_add(rest)
}

/// What the timer does when it rings.
pub(super) struct Tick<D: SoundDevice>(Shared<Hub<D>>);

impl<D: SoundDevice> Alarm for Tick<D> {
    fn ring(&self, irql: &mut Irql<Dispatch>) {
        self.0.with(irql, |state, _| state.wake.set = None);
        self.0.advance(irql);
    }
}

/// The timer of a hub. Its end takes the timer out, and waits until it does not ring any more.
pub(crate) struct Ticking<D: SoundDevice>(Shared<Hub<D>>);

impl<D: SoundDevice> Ticking<D> {
    /// Gives `hub` a timer, if its device needs one.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(at: &mut Irql<Passive>, hub: Shared<Hub<D>>) -> Result<Self> {
        if D::TIMED {
            let timer = Timer::new(at, Tick(hub.clone()))?;
            let frequency = time::counter_frequency();
            hub.with(at, |state, _| state.wake = Wake { timer: Some(timer), set: None, frequency });
        }
        Ok(Self(hub))
    }
}

impl<D: SoundDevice> End for Ticking<D> {
    fn end(&self, irql: &mut Irql<Passive>) {
        // The wait is outside the lock, which the alarm takes.
        let timer = self.0.with(irql, |state, _| state.wake.timer.take());
        drop(timer);
    }
}
