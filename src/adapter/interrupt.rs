//! From the interrupt to the stream.
#![forbid(unsafe_code)]

use portcls::irql::{Device, Dispatch, Irql, Passive};

use crate::device::SoundDevice;
use crate::platform::interrupt::{Claim, Handler};
use crate::platform::shared::Shared;
use crate::platform::thread::{Service, Waker};
use crate::wave::channel::{Aftermath, Channel};

/// The adapter's interrupt: the channel does the work, and wakes the service thread for what must wait.
pub(super) struct Wiring<D: SoundDevice> {
    channel: Shared<Channel<D>>,
    waker: Waker,
}

impl<D: SoundDevice> Wiring<D> {
    pub(super) fn new(channel: Shared<Channel<D>>, waker: Waker) -> Self {
        Self { channel, waker }
    }
}

impl<D: SoundDevice> Handler for Wiring<D> {
    fn isr(&self, irql: &mut Irql<Device>, _message: Option<u32>) -> Claim {
        self.channel.claim(irql)
    }

    fn dpc(&self, irql: &mut Irql<Dispatch>) {
        if self.channel.advance(irql) == Aftermath::Attend {
            self.waker.wake(irql);
        }
    }
}

/// What the service thread does: it sees to a device that had run dry.
pub(super) struct Attendant<D: SoundDevice>(pub(super) Shared<Channel<D>>);

impl<D: SoundDevice> Service for Attendant<D> {
    fn serve(&self, irql: &mut Irql<Passive>) {
        self.0.attend(irql);
    }
}
