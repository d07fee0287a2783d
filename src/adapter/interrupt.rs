//! From the interrupt to the streams.
#![forbid(unsafe_code)]

use portcls::irql::{Device, Dispatch, Irql, Passive};

use super::endpoint::Heralds;
use crate::device::SoundDevice;
use crate::platform::interrupt::{Claim, Handler};
use crate::platform::shared::Shared;
use crate::platform::thread::Service;
use crate::wave::hub::Hub;

/// The adapter's interrupt: the hub does the work.
pub(super) struct Wiring<D: SoundDevice>(pub(super) Shared<Hub<D>>);

impl<D: SoundDevice> Handler for Wiring<D> {
    fn isr(&self, irql: &mut Irql<Device>, message: Option<u32>) -> Claim {
        self.0.claim(irql, message)
    }

    fn dpc(&self, irql: &mut Irql<Dispatch>) {
        self.0.advance(irql);
    }
}

/// What the service thread does: it sees to what must wait for the device, and passes on news of the jacks.
pub(super) struct Attendant<D: SoundDevice> {
    pub(super) hub: Shared<Hub<D>>,
    pub(super) heralds: Heralds,
}

impl<D: SoundDevice> Service for Attendant<D> {
    fn serve(&self, irql: &mut Irql<Passive>) {
        self.hub.serve(irql);
        self.heralds.notify(irql);
    }
}
