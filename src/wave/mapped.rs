//! A channel whose sound lies in mappings of its client's memory.

use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::channel::Channel;
use crate::device::mapped::Mappings;
use crate::device::{SoundDevice, Stage};

impl<D: SoundDevice> Channel<D> {
    /// Readies the channel for mappings, in place of a cyclic buffer. Its port's bell is rung from now on.
    ///
    /// # Errors
    ///
    /// Those of [`SoundDevice::lay_out_mappings`] and [`Channel::attach`]; `STATUS_INVALID_DEVICE_STATE` without a stream.
    pub(crate) fn attach_mappings(&self, at: &mut Irql<Passive>, pdo: handle::Device) -> Result {
        let format = self.format(at)?;
        let (layout, cut) = self.device().lay_out_mappings(at, pdo, self.endpoint(), &format)?;
        self.attach(at, layout, cut)?;
        self.hub().with(at, |state, _| {
            if let Some(account) = state.account(self.endpoint()) {
                account.mapped = true;
            }
        });
        Ok(())
    }

    /// Calls `f` on the stream's mappings, under the lock, whether its device is there or not.
    pub(crate) fn with_mappings<L: AtMostDispatch, R>(
        &self,
        at: &mut Irql<L>,
        f: impl FnOnce(&mut Mappings) -> R,
    ) -> Option<R> {
        self.hub().with(at, |state, _| {
            if let Some(live) = state.live(self.device(), self.endpoint()) {
                return live.device.mappings(live.engine).map(f);
            }
            state.account(self.endpoint())?.orphans.as_mut().map(f)
        })
    }

    /// There are more mappings: hands the device what it can take, if the stream runs.
    pub(crate) fn feed<L: AtMostDispatch>(&self, at: &mut Irql<L>) {
        self.hub().with(at, |state, at| {
            if let Some(live) = state.live(self.device(), self.endpoint())
                && live.account.stage == Stage::Running
            {
                live.device.feed(live.shared, live.engine, at);
                state.set_timer(self.device(), at);
            }
        });
    }

    /// Takes mappings out, from tag `first` to tag `last`; says how many those were.
    pub(crate) fn revoke<L: AtMostDispatch>(&self, at: &mut Irql<L>, first: u32, last: u32) -> u32 {
        self.hub().with(at, |state, at| {
            if let Some(live) = state.live(self.device(), self.endpoint()) {
                return live.device.revoke(live.shared, live.engine, at, (first, last));
            }
            let orphans = state.account(self.endpoint()).and_then(|account| account.orphans.as_mut());
            orphans.map_or(0, |mappings| mappings.revoke(first, last))
        })
    }

    /// Has the port serve the stream soon.
    pub(crate) fn ring<L: AtMostDispatch>(&self, at: &mut Irql<L>) {
        self.hub().ring_bells(at, 1_u32.wrapping_shl(self.endpoint() as u32));
    }

    /// Where the stream is, in bytes of all mappings that were got since it was last stopped.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if the device failed while the stream had it, until STOP or until it has it again.
    pub(crate) fn linear(&self, at: &mut Irql<Passive>) -> Result<u64> {
        self.position(at)?;
        let clock = self
            .hub()
            .with(at, |state, _| state.account(self.endpoint()).map(|account| account.clock.linear()));
        clock.ok_or(Status::INVALID_DEVICE_STATE)
    }
}
