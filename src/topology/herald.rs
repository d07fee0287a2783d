//! Tells Windows that a jack or a control changed.

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::event::{EventEntry, EventRequest, EventVerb};
use portcls::irql::{Irql, Passive};
use portcls::raw::{
    IPortEvents, IPortTopology, KSEVENT_CONTROL_CHANGE, KSEVENT_PINCAPS_JACKINFOCHANGE,
    KSEVENTSETID_AudioControlChange, KSEVENTSETID_PinCapsChange,
};
use portcls::{Com, ComPtr, Result, Status};

use super::filter::{jack_pin, node_of};
use super::miniport::TopologyMiniport;
use crate::device::Direction;
use crate::device::controls::{Control, Controls, News};
use crate::device::jack::Jack;
use crate::platform::ending::End;
use crate::platform::lock::SpinLock;
use crate::platform::shared::Shared;

/// Stands between a jack, the controls on the way there, and the port whose clients want to hear of it. The filter's
/// miniport, the service thread and the adapter share it.
///
/// While the device is started it holds a reference to the port, which holds the miniport, which holds this: the
/// adapter lets go ([`Watch`]) when the device stops.
pub(crate) struct Herald {
    direction: Direction,
    jack: Shared<Jack>,
    /// What changes of the controls, if the device has any that do.
    news: Option<Shared<News>>,
    /// One of the controls is a volume.
    has_volume: AtomicBool,
    port: SpinLock<Option<ComPtr<IPortEvents>>>,
}

impl Herald {
    /// Tells of `jack`, the end of an endpoint of that direction, and of its controls, once a miniport has brought the
    /// port.
    pub(crate) fn new(direction: Direction, jack: Shared<Jack>, news: Option<Shared<News>>) -> Self {
        Self { direction, jack, news, has_volume: AtomicBool::new(false), port: SpinLock::new(None) }
    }

    /// The filter has the node of a volume, or has not.
    pub(super) fn set_volume(&self, there: bool) {
        self.has_volume.store(there, Release);
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

    /// Signals the events of all clients for what changed since the last time. For the service thread.
    pub(crate) fn notify(&self, irql: &mut Irql<Passive>) {
        if self.jack.take_change() {
            let pin = Some(jack_pin(self.direction));
            // Without a port there is no client either; those to come ask for the state of the jack first.
            if let Some(port) = self.port(irql) {
                port.generate(Some(&KSEVENTSETID_PinCapsChange), KSEVENT_PINCAPS_JACKINFOCHANGE, pin, None);
            }
        }
        for control in Control::ALL {
            if !self.news.as_ref().is_some_and(|news| news.take(control)) {
                continue;
            }
            let node = Some(node_of(control, self.has_volume.load(Acquire)));
            if let Some(port) = self.port(irql) {
                port.generate(Some(&KSEVENTSETID_AudioControlChange), KSEVENT_CONTROL_CHANGE, None, node);
            }
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

/// Enables an event of the filter or of a node for a client: `KSEVENT_PINCAPS_JACKINFOCHANGE`, `KSEVENT_CONTROL_CHANGE`.
///
/// # Errors
///
/// `STATUS_INVALID_DEVICE_REQUEST` if the request is not for this filter, `STATUS_DEVICE_NOT_READY` if the device
/// is going away, `STATUS_INVALID_PARAMETER` if there is no event to enable.
pub(super) fn enable<C: Controls + 'static>(irql: &mut Irql<Passive>, request: &EventRequest<'_>) -> Result {
    if request.verb() != EventVerb::Add {
        // PortCls takes the event off its list by itself; and that it is supported is all there is to say.
        return Ok(());
    }
    let miniport: Com<TopologyMiniport<C>> = request.miniport(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    let entry = request.entry().ok_or(Status::INVALID_PARAMETER)?;
    miniport.herald().add(irql, &entry)
}
