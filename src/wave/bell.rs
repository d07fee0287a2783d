//! Telling a WavePci port that there was an interrupt.

use portcls::ComPtr;
use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::raw::{IPortWavePci, IServiceGroup};

use super::hub::Hub;
use crate::device::{MAX_ENDPOINTS, SoundDevice};
use crate::platform::ending::End;
use crate::platform::shared::Shared;

/// A port, and the group that it is to serve.
pub(crate) struct Bell {
    /// The port.
    pub(crate) port: ComPtr<IPortWavePci>,
    /// Its miniport's, and that of its streams.
    pub(crate) group: ComPtr<IServiceGroup>,
}

/// The bell of an endpoint. Its end takes it out of the hub, which the port outlives.
pub(crate) struct Hung<D: SoundDevice> {
    hub: Shared<Hub<D>>,
    endpoint: usize,
}

impl<D: SoundDevice> Hung<D> {
    /// Has the port of `endpoint` told of each interrupt while a stream of it runs.
    pub(crate) fn new(
        at: &mut Irql<Passive>,
        hub: Shared<Hub<D>>,
        endpoint: usize,
        bell: Shared<Bell>,
    ) -> Self {
        hub.put_bell(at, endpoint, Some(bell));
        Self { hub, endpoint }
    }
}

impl<D: SoundDevice> End for Hung<D> {
    fn end(&self, irql: &mut Irql<Passive>) {
        self.hub.put_bell(irql, self.endpoint, None);
    }
}

impl<D: SoundDevice> Hub<D> {
    /// Puts a bell in its place; the one that was there goes outside the lock.
    fn put_bell(&self, at: &mut Irql<Passive>, endpoint: usize, bell: Option<Shared<Bell>>) {
        let old = self.with(at, |state, _| {
            state.lane(endpoint).and_then(|lane| core::mem::replace(&mut lane.bell, bell))
        });
        drop(old);
    }

    /// Tells the ports of the endpoints with these bits, with no lock held.
    #[cold]
    pub(super) fn ring_bells<L: AtMostDispatch>(&self, at: &mut Irql<L>, bells: u32) {
        for endpoint in (0..MAX_ENDPOINTS).filter(|endpoint| bells >> (endpoint & 31) & 1 != 0) {
            let bell = self.with(at, |state, _| state.lane(endpoint).and_then(|lane| lane.bell.clone()));
            if let Some(bell) = bell {
                bell.port.notify(&bell.group);
            }
        }
    }
}
