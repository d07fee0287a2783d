//! A device of any kind, started.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::callbacks::Registered;
use super::endpoint::{Endpoints, Heralds};
use super::interrupt::{Attendant, Wiring};
use super::stream_resources::StreamResources;
use crate::device::SoundDevice;
use crate::platform::ending::{End, Ending};
use crate::platform::interrupt::{Interrupt, Line};
use crate::platform::pnp::StartRequest;
use crate::platform::shared::Shared;
use crate::platform::thread::{ServiceThread, Waker};
use crate::wave::Ticking;
use crate::wave::hub::Hub;

/// The interrupt of a device.
pub(super) enum Wire {
    /// A line.
    Line(Line),
    /// As many messages as the system grants, or a line if there are none.
    Messages,
}

/// A started device.
///
/// Each field is one step of the start, and undoes it in its drop. The fields are dropped from top to bottom, which
/// is the teardown: stop the streams and mask the device, take back the stream resources, end thread and timer,
/// disconnect the interrupt and flush its DPC, take the filters away, and last reset the device and free the memory
/// that it knows of.
pub(crate) struct Started<D: SoundDevice> {
    _sealed: Ending<Sealed<D>>,
    _stream_resources: StreamResources,
    _thread: ServiceThread,
    _ticking: Ending<Ticking<D>>,
    _interrupt: Interrupt<Wiring<D>>,
    _endpoints: Endpoints<D>,
    _powered: Ending<Powered<D>>,
}

impl<D: SoundDevice> Started<D> {
    /// Takes the steps of the start for the device of `hub`, which was brought up; `waker` is the hub's. One that fails
    /// leaves the earlier ones to their drops, the last one first.
    ///
    /// The filters come once the interrupt is there: a client may open them at once. What the thread is woken for
    /// meanwhile waits for it.
    ///
    /// # Errors
    ///
    /// The status of the step that failed; `STATUS_DEVICE_CONFIGURATION_ERROR` for a device without endpoints.
    pub(super) fn new(
        irql: &mut Irql<Passive>,
        request: &StartRequest<'_>,
        hub: Shared<Hub<D>>,
        waker: Waker,
        wire: Wire,
    ) -> Result<(Self, Registered)> {
        let powered = Ending::new(Powered(hub.clone()));
        hub.make_lanes(irql, request.pdo)?;
        let heralds = Heralds::new(irql, &hub)?;
        let wiring = Wiring(hub.clone());
        let interrupt = match wire {
            Wire::Line(line) => Interrupt::connect(irql, request.pdo, line, wiring)?,
            Wire::Messages => Interrupt::connect_messages(irql, request.pdo, wiring)?,
        };
        let ticking = Ending::new(Ticking::new(irql, hub.clone())?);
        let endpoints = Endpoints::new(irql, request, &hub, &heralds)?;
        let attendant = Attendant::new(irql, hub.clone(), heralds, &endpoints)?;
        let thread = ServiceThread::start(irql, waker, attendant)?;
        let (_, port) = endpoints.ports().next().ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
        let stream_resources =
            StreamResources::register(irql, request.pdo, port, &interrupt, thread.object());

        // Last: power may be taken away as soon as it is known whom to tell.
        let sealed = Ending::new(Sealed(hub.clone()));
        let ties = Registered::new(irql, request.fdo, port, hub)?;
        let started = Self {
            _sealed: sealed,
            _stream_resources: stream_resources,
            _thread: thread,
            _ticking: ticking,
            _interrupt: interrupt,
            _endpoints: endpoints,
            _powered: powered,
        };
        Ok((started, ties))
    }
}

/// The device may play. At its end it is silent, and asks for no interrupt any more.
struct Sealed<D: SoundDevice>(Shared<Hub<D>>);

impl<D: SoundDevice> End for Sealed<D> {
    fn end(&self, irql: &mut Irql<Passive>) {
        self.0.seal(irql);
    }
}

/// The device is up. At its end it is reset, and its memory is freed.
struct Powered<D: SoundDevice>(Shared<Hub<D>>);

impl<D: SoundDevice> End for Powered<D> {
    fn end(&self, irql: &mut Irql<Passive>) {
        self.0.shut_down(irql);
    }
}
