//! The controls of an endpoint, as its topology filter uses them.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use crate::device::SoundDevice;
use crate::device::controls::{Channels, Controls, Volume};
use crate::platform::shared::Shared;
use crate::wave::hub::Hub;

/// What the device has for an endpoint, asked when nobody else waits for the device.
pub(super) struct EndpointControls<D: SoundDevice> {
    hub: Shared<Hub<D>>,
    endpoint: usize,
}

impl<D: SoundDevice> EndpointControls<D> {
    pub(super) fn new(hub: Shared<Hub<D>>, endpoint: usize) -> Self {
        Self { hub, endpoint }
    }

    fn own(&self) -> Option<impl Controls> {
        self.hub.device().controls(self.endpoint)
    }

    fn in_turn<R>(
        &self,
        irql: &mut Irql<Passive>,
        f: impl FnOnce(&dyn Controls, &mut Irql<Passive>) -> Result<R>,
    ) -> Result<R> {
        let own = self.own().ok_or(Status::NOT_SUPPORTED)?;
        self.hub.in_turn(irql, |irql| f(&own, irql))
    }
}

impl<D: SoundDevice> Controls for EndpointControls<D> {
    fn volume(&self) -> Option<Volume> {
        self.own()?.volume()
    }

    fn mute(&self) -> Option<Channels> {
        self.own()?.mute()
    }

    fn level(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<i32> {
        self.in_turn(irql, |own, irql| own.level(irql, channel))
    }

    fn set_level(&self, irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result {
        self.in_turn(irql, |own, irql| own.set_level(irql, channel, level))
    }

    fn is_muted(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<bool> {
        self.in_turn(irql, |own, irql| own.is_muted(irql, channel))
    }

    fn set_muted(&self, irql: &mut Irql<Passive>, channel: u32, muted: bool) -> Result {
        self.in_turn(irql, |own, irql| own.set_muted(irql, channel, muted))
    }
}
