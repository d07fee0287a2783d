//! One device instance: everything between the start of a device and its stop or removal.
#![forbid(unsafe_code)]

mod callbacks;
mod controls;
mod endpoint;
mod interrupt;
mod kind;
mod packet_sizes;
mod resources;
mod started;
mod stream_resources;
mod subdevices;
mod wave_port;

use portcls::Result;
use portcls::irql::{Irql, Passive};

use crate::device::ac97::Ac97;
use crate::device::virtio_snd::VirtioSnd;
use crate::platform::interrupt::Line;
use crate::platform::pnp::{Instance, StartRequest};
use crate::platform::shared::Shared;
use crate::platform::thread::Waker;
use crate::wave::hub::Hub;
use callbacks::Registered;
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
    type Ties = Registered;

    /// Two filters for each endpoint.
    const MAX_SUBDEVICES: u32 = 2 * MOST as u32;

    fn start(irql: &mut Irql<Passive>, request: &StartRequest<'_>) -> Result<(Self, Registered)> {
        let waker = Waker::new()?;
        match Kind::of(irql, request.pdo)? {
            Kind::Ac97 => {
                let (hub, line) = bring_up_ac97(irql, request, waker.clone())?;
                let (started, ties) = Started::new(irql, request, hub, waker, Wire::Line(line))?;
                Ok((Self::Ac97 { _started: started }, ties))
            }
            Kind::VirtioSnd => {
                let hub = bring_up_virtio_snd(irql, request, waker.clone())?;
                let (started, ties) = Started::new(irql, request, hub, waker, Wire::Messages)?;
                Ok((Self::VirtioSnd { _started: started }, ties))
            }
        }
    }
}

// Functions of their own: what a device is made of passes through the stack, and is gone from it when its filters are
// made.

#[inline(never)]
fn bring_up_ac97(
    irql: &mut Irql<Passive>,
    request: &StartRequest<'_>,
    waker: Waker,
) -> Result<(Shared<Hub<Ac97>>, Line)> {
    let resources = Resources::pick(irql, request.resources)?;
    let device = Ac97::bring_up(irql, request.pdo, resources.mixer, resources.bus)?;
    Ok((Hub::share(irql, device, (), waker)?, resources.line))
}

#[inline(never)]
fn bring_up_virtio_snd(
    irql: &mut Irql<Passive>,
    request: &StartRequest<'_>,
    waker: Waker,
) -> Result<Shared<Hub<VirtioSnd>>> {
    let (device, rings) = VirtioSnd::bring_up(irql, request.pdo, request.resources)?;
    Hub::share(irql, device, rings, waker)
}
