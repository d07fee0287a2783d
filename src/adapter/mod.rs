//! One device instance: everything between the start of a device and its stop or removal.
#![forbid(unsafe_code)]

mod interrupt;
mod resources;
mod stream_resources;
mod subdevices;

use portcls::irql::{Irql, Passive};
use portcls::port::{PhysicalConnection, Subdevice};
use portcls::raw::{IPortTopology, IPortWaveRT, KSAUDIO_SPEAKER_STEREO};
use portcls::{Result, Status};

use crate::device::ac97::Ac97;
use crate::device::jack::{Jack, Pin};
use crate::device::{Direction, SoundDevice};
use crate::platform::ending::{End, Ending};
use crate::platform::interrupt::Interrupt;
use crate::platform::pnp::{Instance, StartRequest};
use crate::platform::shared::Shared;
use crate::platform::thread::{ServiceThread, Waker};
use crate::topology::{self, Herald, TopologyMiniport, Watch};
use crate::wave::channel::Channel;
use crate::wave::hub::Hub;
use crate::wave::{self, WaveMiniport};
use interrupt::{Attendant, Wiring};
use resources::Resources;
use stream_resources::StreamResources;
use subdevices::{RENDER, install};

/// A started device.
///
/// Each field is one step of the start, and undoes it in its drop. The fields are dropped from top to bottom, which
/// is the teardown: mask the device, take back the stream resources, end the thread, disconnect the interrupt and
/// flush its DPC, take the filters away, and last reset the device and free the memory that it knows of.
pub(crate) struct Adapter {
    _sealed: Ending<Sealed<Ac97>>,
    _stream_resources: StreamResources,
    _thread: ServiceThread,
    _interrupt: Interrupt<Wiring<Ac97>>,
    _connection: PhysicalConnection,
    _topology: Subdevice,
    _watch: Ending<Watch>,
    _wave: Subdevice,
    _powered: Ending<Powered<Ac97>>,
}

impl Instance for Adapter {
    const MAX_SUBDEVICES: u32 = 2;

    /// Takes the steps of the start. One that fails leaves the earlier ones to their drops, the last one first.
    fn start(irql: &mut Irql<Passive>, request: &StartRequest<'_>) -> Result<Self> {
        let resources = Resources::pick(irql, request.resources)?;
        let line = resources.line;
        let device = Ac97::bring_up(irql, resources.mixer, resources.bus)?;
        let waker = Waker::new()?;
        let hub = Shared::new(Hub::new(irql, device, (), request.pdo, waker.clone())?)?;
        let powered = Ending::new(Powered(hub.clone()));

        let channel = Channel::new(hub.clone(), 0).ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
        let [names, ..] = RENDER;
        let wave = install::<IPortWaveRT>(irql, request, names.wave, WaveMiniport::new(channel)?)?;
        let herald =
            Shared::new(Herald::new(Direction::Render, Shared::new(Jack::new(Pin::LINE_OUT, true))?))?;
        let watch = Ending::new(Watch(herald.clone()));
        let filter = TopologyMiniport::new(KSAUDIO_SPEAKER_STEREO, herald.clone())?;
        let topology = install::<IPortTopology>(irql, request, names.topology, filter)?;
        let connection = PhysicalConnection::register(
            irql,
            request.fdo,
            (&wave, wave::bridge_pin(Direction::Render)),
            (&topology, topology::bridge_pin(Direction::Render)),
        )?;

        let interrupt = Interrupt::connect(irql, request.pdo, line, Wiring(hub.clone()))?;
        let thread = ServiceThread::start(irql, waker, Attendant { hub: hub.clone(), herald })?;
        let stream_resources =
            StreamResources::register(irql, request.pdo, wave.port(), interrupt.object(0), thread.object());

        Ok(Self {
            _sealed: Ending::new(Sealed(hub)),
            _stream_resources: stream_resources,
            _thread: thread,
            _interrupt: interrupt,
            _connection: connection,
            _topology: topology,
            _watch: watch,
            _wave: wave,
            _powered: powered,
        })
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
