//! From a device in whatever state to one that works.
//!
//! A predecessor that ended badly may have left messages with the device. Some devices (QEMU 10 among them) keep them
//! through a reset and complete them into the rings of whoever comes next. So the device is first taken to where it
//! works with rings that nobody looks at, told to release every stream, and reset once more: then it has nothing.
#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicBool, AtomicU32};

use portcls::irql::{Irql, Passive};
use portcls::raw::IResourceList;
use portcls::{ComPtr, Result, Status, handle};

use super::VirtioSnd;
use super::control::Control;
use super::endpoints::Endpoints;
use super::inventory::Inventory;
use super::queues::{Queues, vector};
use super::rings::Rings;
use super::state::{Command, Told};
use super::wire::{self, config, queue};
use super::wire_ctl;
use crate::device::MAX_ENDPOINTS;
use crate::device::virtio::{Features, Transport};
use crate::platform::lock::SpinLock;
use crate::platform::time;

/// The features of a sound device that are accepted, besides those of any device.
const WANTED: u64 = wire_ctl::FEATURE;

impl VirtioSnd {
    /// Takes the device below `pdo` to where it works, and asks it what it has.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the device does not reset; `STATUS_DEVICE_NOT_READY` if it does not answer;
    /// those of [`Transport::find`], [`Transport::negotiate`], of the queues and of [`Inventory::take`].
    pub(crate) fn bring_up(
        at: &mut Irql<Passive>,
        pdo: handle::Device,
        resources: &ComPtr<IResourceList>,
    ) -> Result<(Self, Rings)> {
        let transport = Transport::find(at, pdo, resources)?;
        let messages = messages(at, resources);
        reset(at, &transport)?;
        let features = transport.negotiate(at, WANTED)?;
        let mut queues = Queues::new(at, pdo, &transport, features)?;
        let control = Control::new(at, pdo, &transport, features)?;
        let mut way = Way { transport: &transport, control: &control, queues: &mut queues, messages };
        let endpoints = match way.open(at, features).and_then(|()| way.settle(at)) {
            Ok(endpoints) => endpoints,
            Err(status) => {
                if !transport.reset(at) {
                    // It may still write to the memory.
                    control.leak(at);
                    queues.leak();
                }
                return Err(status);
            }
        };
        let device = Self {
            transport,
            control,
            messages,
            frequency: time::counter_frequency(),
            endpoints,
            told: SpinLock::new([Told::Fresh; MAX_ENDPOINTS]),
            stopped: AtomicU32::new(0),
            changed: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            dead: AtomicBool::new(false),
        };
        Ok((device, Rings::new(queues)))
    }
}

/// What it takes to get a device to work.
pub(super) struct Way<'a> {
    pub(super) transport: &'a Transport,
    pub(super) control: &'a Control,
    pub(super) queues: &'a mut Queues,
    /// Messages that the device may interrupt with.
    pub(super) messages: u16,
}

impl Way<'_> {
    /// From a reset to where the device works, with empty queues. Says what was negotiated.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the device does not reset; those of [`Transport::negotiate`] and of the queues.
    pub(super) fn reopen(&mut self, at: &mut Irql<Passive>) -> Result<Features> {
        reset(at, self.transport)?;
        let features = self.transport.negotiate(at, WANTED)?;
        self.open(at, features)?;
        self.queues.listen(self.transport);
        Ok(features)
    }

    /// From whatever state to a reset, with nothing left of what the device was given: it is taken to where it works,
    /// releases every stream into rings that nobody looks at, and is reset once more. Where it does not get as far as
    /// that, or answers nothing, the reset has to do: it obliges the device to let go of everything (2.4.2), and those
    /// that do not keep to that do answer. Says whether it answered.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the device does not reset: then it may have something still.
    pub(super) fn empty(&mut self, at: &mut Irql<Passive>) -> Result<bool> {
        reset(at, self.transport)?;
        let features = self.transport.negotiate(at, WANTED);
        let released =
            features.and_then(|features| self.open(at, features)).and_then(|()| self.release_all(at));
        reset(at, self.transport)?;
        Ok(released.is_ok() && !self.control.is_broken())
    }

    /// Empties a device that works, and asks what it has.
    fn settle(&mut self, at: &mut Irql<Passive>) -> Result<Endpoints> {
        self.release_all(at)?;
        let features = self.reopen(at)?;
        match self.take_stock(at, true, features.has(wire_ctl::FEATURE)) {
            Err(_) if self.control.is_broken() => {
                // It does not stand being tried out, nor, perhaps, being asked for its control elements.
                self.reopen(at)?;
                self.take_stock(at, false, false)
            }
            endpoints => endpoints,
        }
    }

    /// Asks what the device has.
    #[inline(never)]
    fn take_stock(&self, at: &mut Irql<Passive>, may_try: bool, has_controls: bool) -> Result<Endpoints> {
        Endpoints::new(&*Inventory::take(at, self.transport, self.control, may_try, has_controls)?)
    }

    /// From negotiation to where the device works.
    fn open(&mut self, at: &mut Irql<Passive>, features: Features) -> Result {
        if self.messages > 0 {
            self.transport.set_config_vector(at, 0)?;
        }
        self.control.enable(at, self.transport, features, vector(queue::CONTROL, self.messages))?;
        self.queues.enable(at, self.transport, features, self.messages)?;
        self.transport.driver_ok(at)
    }

    /// Has the device give back whatever it may have of a predecessor. What it says to that does not matter: a stream
    /// that was never used cannot be released, for example, and one that says nothing is reset next.
    fn release_all(&self, at: &mut Irql<Passive>) -> Result {
        let [_, streams] = self.transport.configuration::<2>(config::JACKS)?;
        for stream in 0..streams.min(MAX_ENDPOINTS as u32) {
            let request = wire::command(Command::Release.code(), stream);
            let _ = self.control.command(at, self.transport, &request, &mut []);
        }
        Ok(())
    }
}

/// How many messages the device was given to interrupt with.
fn messages(at: &Irql<Passive>, resources: &ComPtr<IResourceList>) -> u16 {
    let is_message = |index: &u32| resources.interrupt(at, *index).is_some_and(|found| found.message);
    let count = (0..resources.interrupt_count(at)).filter(is_message).count();
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn reset(at: &Irql<Passive>, transport: &Transport) -> Result {
    if transport.reset(at) { Ok(()) } else { Err(Status::IO_DEVICE_ERROR) }
}
