//! The queues of the device, and which message tells of which.
#![forbid(unsafe_code)]

use portcls::Result;
use portcls::handle;
use portcls::irql::{Irql, Passive};

use super::events::Events;
use super::wire::queue;
use crate::device::virtio::regs::feature;
use crate::device::virtio::{Features, Ring, Transport};
use crate::platform::pool::PoolBox;

/// Descriptors of a queue that are used at most: with tables one for each message of at least four streams.
pub(super) const MAX: usize = 64;

/// The queues. They leave the lock while the device is started over.
pub(super) struct Queues {
    /// Render, then capture.
    pub(super) sound: [PoolBox<Ring<MAX>>; 2],
    pub(super) events: Events,
    /// Messages may be described by tables.
    pub(super) indirect: bool,
}

impl Queues {
    /// Makes the queues of a device that has been negotiated with.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::boxed`].
    pub(super) fn new(
        at: &Irql<Passive>,
        pdo: handle::Device,
        transport: &Transport,
        features: Features,
    ) -> Result<Self> {
        let sound = |number| Ring::boxed(at, pdo, transport, number, features, 0);
        Ok(Self {
            sound: [sound(queue::TX)?, sound(queue::RX)?],
            events: Events::new(at, pdo, transport, features)?,
            indirect: false,
        })
    }

    /// Puts the queues, which forget all that was in them, into use in a device that has been reset and negotiated with.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::enable`].
    pub(super) fn enable(
        &mut self,
        at: &Irql<Passive>,
        transport: &Transport,
        features: Features,
        messages: u16,
    ) -> Result {
        self.indirect = features.has(feature::INDIRECT_DESC);
        self.events.enable(at, transport, features, vector(queue::EVENT, messages))?;
        for (ring, number) in self.sound.iter_mut().zip([queue::TX, queue::RX]) {
            ring.enable(at, transport, features, vector(number, messages))?;
        }
        Ok(())
    }

    /// The device may still use the memory: it stays for good.
    pub(super) fn leak(&self) {
        for ring in &self.sound {
            ring.leak();
        }
        self.events.leak();
    }

    /// Has the device tell its events. It may work by now.
    pub(super) fn listen(&mut self, transport: &Transport) {
        self.events.offer(transport);
    }
}

/// Which of `messages` messages tells of queue `number`: message 0 is for the configuration alone where there is another
/// one, sound has messages of its own where there are enough. None is the line.
pub(super) fn vector(number: u16, messages: u16) -> Option<u16> {
    match messages {
        0 => None,
        1 => Some(0),
        2 => Some(1),
        3 => Some(if number < queue::TX { 1 } else { 2 }),
        4 => Some(number.max(1)),
        _ => Some(number.wrapping_add(1)),
    }
}
