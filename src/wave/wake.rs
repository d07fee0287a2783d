//! The timer of a device that must be fed just in time.

use portcls::Result;
use portcls::irql::{Dispatch, Irql, Passive};

use super::hub::Hub;
use crate::device::{NEVER, SoundDevice};
use crate::platform::ending::End;
use crate::platform::shared::Shared;
use crate::platform::time;
use crate::platform::timer::{Alarm, Timer};

/// Fractional bits of the units in a tick.
const FRACTION: u32 = 32;

/// The timer, and what it is set to. It lives in the hub, and keeps the hub: [`Ticking`] takes it out.
pub(super) struct Wake<D: SoundDevice> {
    timer: Option<Timer<Tick<D>>>,
    /// The performance counter at which it rings; [`NEVER`] if it is not set.
    set: u64,
    /// Units of 100 ns in a tick of the performance counter, with [`FRACTION`] fractional bits.
    unit: u64,
}

impl<D: SoundDevice> Wake<D> {
    /// No timer.
    pub(super) const NONE: Self = Self { timer: None, set: NEVER, unit: 0 };

    /// The timer has rung: it is not set any more.
    pub(super) fn rang(&mut self) {
        self.set = NEVER;
    }

    /// Has the timer ring when the performance counter, now at `now`, is at `when`, or before.
    #[inline(always)]
    pub(super) fn by(&mut self, at: &Irql<Dispatch>, now: u64, when: u64) {
        if when < self.set {
            self.at(at, now, when);
        }
    }

    /// Has the timer ring when the performance counter, now at `now`, is at `when`; not at all if that is [`NEVER`].
    #[inline(always)]
    pub(super) fn at(&mut self, at: &Irql<Dispatch>, now: u64, when: u64) {
        if when == self.set {
            return;
        }
        let Some(timer) = &self.timer else { return };
        if when == NEVER {
            timer.cancel(at);
        } else {
            // Rounded down; it rings after that, and must not before there is something to do.
            let units = u128::from(when.saturating_sub(now)).wrapping_mul(u128::from(self.unit)) >> FRACTION;
            timer.set_after(at, units as u64);
        }
        self.set = when;
    }
}

/// What the timer does when it rings.
pub(super) struct Tick<D: SoundDevice>(Shared<Hub<D>>);

impl<D: SoundDevice> Alarm for Tick<D> {
    fn ring(&self, irql: &mut Irql<Dispatch>) {
        self.0.ring(irql);
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
            let unit = (10_000_000_u64 << FRACTION).checked_div(time::counter_frequency()).unwrap_or(0);
            hub.with(at, |state, _| state.wake = Wake { timer: Some(timer), set: NEVER, unit });
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
