//! Tells Windows that a jack changed.

use portcls::event::EventEntry;
use portcls::irql::{Irql, Passive};
use portcls::raw::{IPortEvents, IPortTopology, KSEVENT_PINCAPS_JACKINFOCHANGE, KSEVENTSETID_PinCapsChange};
use portcls::{ComPtr, Result, Status};

use super::filter::jack_pin;
use crate::device::Direction;
use crate::device::jack::Jack;
use crate::platform::ending::End;
use crate::platform::lock::SpinLock;
use crate::platform::shared::Shared;

/// Stands between a jack and the port whose clients want to hear of it. The filter's miniport, the service thread
/// and the adapter share it.
///
/// While the device is started it holds a reference to the port, which holds the miniport, which holds this: the
/// adapter lets go ([`Watch`]) when the device stops.
pub(crate) struct Herald {
    direction: Direction,
    jack: Shared<Jack>,
    port: SpinLock<Option<ComPtr<IPortEvents>>>,
}

impl Herald {
    /// Tells of `jack`, the end of an endpoint of that direction, once a miniport has brought the port.
    pub(crate) fn new(direction: Direction, jack: Shared<Jack>) -> Self {
        Self { direction, jack, port: SpinLock::new(None) }
    }

    /// Which way the sound goes.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// The jack.
    pub(super) fn jack(&self) -> &Jack {
        &self.jack
    }

    /// Takes the port at whose clients the news is aimed.
    ///
    /// # Errors
    ///
    /// What the port says if it has no events.
    pub(super) fn meet(&self, irql: &mut Irql<Passive>, port: &ComPtr<IPortTopology>) -> Result {
        let events = port.query(irql)?;
        let before = self.port.with(irql, |place, _| place.replace(events));
        drop(before);
        Ok(())
    }

    /// Adds the event of a client.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if the device is going away.
    pub(super) fn add(&self, irql: &mut Irql<Passive>, entry: &EventEntry<'_>) -> Result {
        let port = self.port(irql).ok_or(Status::DEVICE_NOT_READY)?;
        port.add(irql, entry);
        Ok(())
    }

    /// Signals the event of all clients if the jack changed since the last time. For the service thread.
    pub(crate) fn notify(&self, irql: &mut Irql<Passive>) {
        if !self.jack.take_change() {
            return;
        }
        // Without a port there is no client either; those to come ask for the state of the jack first.
        if let Some(port) = self.port(irql) {
            let set = Some(&KSEVENTSETID_PinCapsChange);
            port.generate(set, KSEVENT_PINCAPS_JACKINFOCHANGE, Some(jack_pin(self.direction)), None);
        }
    }

    /// A reference of one's own: the port is not called under the lock.
    fn port(&self, irql: &mut Irql<Passive>) -> Option<ComPtr<IPortEvents>> {
        self.port.with(irql, |port, _| port.clone())
    }
}

/// Lets go of the port at its end. Made before the miniport is, and dropped after the service thread has ended.
pub(crate) struct Watch(pub(crate) Shared<Herald>);

impl End for Watch {
    fn end(&self, irql: &mut Irql<Passive>) {
        // The reference is released outside the lock: it may be the last one.
        let port = self.0.port.with(irql, |port, _| port.take());
        drop(port);
    }
}
