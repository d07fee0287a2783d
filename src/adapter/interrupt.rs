//! From the interrupt to the streams.
#![forbid(unsafe_code)]

use portcls::Result;
use portcls::etw::{EtwHelper, Glitch, StreamPlace};
use portcls::irql::{Device, Dispatch, Irql, Passive};

use super::endpoint::{Endpoints, Heralds};
use crate::device::SoundDevice;
use crate::platform::interrupt::{Claim, Handler};
use crate::platform::pool::PoolSlice;
use crate::platform::shared::Shared;
use crate::platform::thread::Service;
use crate::platform::trace;
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

/// What the service thread does: it sees to what must wait for the device, and passes on news of jacks and
/// interruptions of the sound.
pub(super) struct Attendant<D: SoundDevice> {
    hub: Shared<Hub<D>>,
    heralds: Heralds,
    /// Where the interruptions of each endpoint are reported.
    traces: PoolSlice<Option<EtwHelper>>,
}

impl<D: SoundDevice> Attendant<D> {
    /// For the endpoints of `hub`. It holds references to their ports, and goes with the thread.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(
        irql: &Irql<Passive>,
        hub: Shared<Hub<D>>,
        heralds: Heralds,
        endpoints: &Endpoints<D>,
    ) -> Result<Self> {
        let mut traces = PoolSlice::new(hub.endpoints().len(), || None)?;
        for (endpoint, port) in endpoints.ports() {
            if let Some(place) = traces.get_mut(endpoint) {
                *place = EtwHelper::of(irql, port);
            }
        }
        Ok(Self { hub, heralds, traces })
    }

    /// Reports what interrupted the sound.
    fn report(&self, irql: &mut Irql<Passive>) {
        for (endpoint, trace) in self.traces.iter().enumerate() {
            let (times, (position, written)) = self.hub.take_glitches(irql, endpoint);
            if times != 0 {
                trace::underrun(endpoint, times, position, written);
            }
            for trace in trace.iter().cycle().take(times as usize) {
                trace.glitch(irql, Glitch::Underrun, StreamPlace { position, written });
            }
        }
    }
}

impl<D: SoundDevice> Service for Attendant<D> {
    fn serve(&self, irql: &mut Irql<Passive>) {
        self.hub.serve(irql);
        self.heralds.notify(irql);
        self.report(irql);
    }
}
