//! One device instance: everything between the start of a device and its stop or removal.
#![forbid(unsafe_code)]

mod controls;
mod endpoint;
mod interrupt;
mod kind;
mod resources;
mod started;
mod stream_resources;
mod subdevices;

use portcls::Result;
use portcls::irql::{Irql, Passive};

use crate::device::ac97::Ac97;
use crate::device::virtio_snd::VirtioSnd;
use crate::platform::pnp::{Instance, StartRequest};
use kind::Kind;
use resources::Resources;
use started::{Started, Wire};
use subdevices::MOST;

/// A started device, of a kind that this driver knows.
pub(crate) enum Adapter {
    /// Intel ICH AC'97.
    Ac97 {
        /// Its drop is the teardown.
        _started: Started<Ac97>,
    },
    /// virtio-snd.
    VirtioSnd {
        /// Its drop is the teardown.
        _started: Started<VirtioSnd>,
    },
}

impl Instance for Adapter {
    /// Two filters for each endpoint.
    const MAX_SUBDEVICES: u32 = 4 * MOST as u32;

    fn start(irql: &mut Irql<Passive>, request: &StartRequest<'_>) -> Result<Self> {
        match Kind::of(irql, request.pdo)? {
            Kind::Ac97 => {
                let resources = Resources::pick(irql, request.resources)?;
                let device = Ac97::bring_up(irql, resources.mixer, resources.bus)?;
                let started = Started::new(irql, request, device, (), Wire::Line(resources.line))?;
                Ok(Self::Ac97 { _started: started })
            }
            Kind::VirtioSnd => {
                let (device, rings) = VirtioSnd::bring_up(irql, request.pdo, request.resources)?;
                let started = Started::new(irql, request, device, rings, Wire::Messages)?;
                Ok(Self::VirtioSnd { _started: started })
            }
        }
    }
}
