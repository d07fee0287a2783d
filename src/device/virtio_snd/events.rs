//! The event queue: places for notifications, which the device fills in when it has something to tell.
#![forbid(unsafe_code)]

use portcls::Result;
use portcls::handle::Device;
use portcls::irql::{Dispatch, Irql, Passive};
use virtqueue::{Bad, Segment};

use super::wire::{Event, queue};
use crate::device::virtio::{Features, Ring, Transport};
use crate::platform::pool::PoolBox;

/// Notifications under way at most. A device that has more to tell than fits waits for places.
const MAX: usize = 16;

/// The event queue. It belongs to the device's lock.
pub(crate) struct Events {
    ring: PoolBox<Ring<MAX>>,
}

impl Events {
    /// Makes the event queue of a device that has been negotiated with.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::boxed`].
    pub(crate) fn new(
        at: &Irql<Passive>,
        pdo: Device,
        transport: &Transport,
        features: Features,
    ) -> Result<Self> {
        let extra = MAX.wrapping_mul(Event::BYTES) as u32;
        Ok(Self { ring: Ring::boxed(at, pdo, transport, queue::EVENT, features, extra)? })
    }

    /// Puts the queue into use in a device that has been reset and negotiated with. The places are offered by
    /// [`Events::offer`], once the device may work.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::enable`].
    pub(crate) fn enable(
        &mut self,
        at: &Irql<Passive>,
        transport: &Transport,
        features: Features,
        vector: Option<u16>,
    ) -> Result {
        self.ring.enable(at, transport, features, vector)
    }

    /// Gives the device all places of a queue that was put into use just now.
    pub(crate) fn offer(&mut self, transport: &Transport) {
        for place in 0..self.ring.queue().size().min(MAX as u16) {
            self.add(place);
        }
        self.ring.kick(transport);
    }

    /// The device has told something, or has lied. What was asked for last still holds where it has not.
    #[inline]
    pub(crate) fn has_news(&mut self) -> bool {
        self.ring.queue().has_news()
    }

    /// Takes what the device has told, calls `tell` for each event, and gives the places back. That ends: places taken
    /// here are the device's again only afterwards.
    ///
    /// # Errors
    ///
    /// How the device broke the rules of the queue; it needs a reset.
    #[cold]
    pub(crate) fn collect(
        &mut self,
        _at: &Irql<Dispatch>,
        transport: &Transport,
        mut tell: impl FnMut(Event),
    ) -> core::result::Result<(), Bad> {
        loop {
            let Some(used) = self.ring.queue().take()? else {
                if self.ring.queue().want_interrupt() {
                    continue;
                }
                break;
            };
            let mut bytes = [0; Event::BYTES];
            self.ring.memory().load(self.place(used.token), &mut bytes);
            // One that is too short, or of a kind not known, is passed over.
            let event = Event::parse(&bytes).filter(|_| used.bytes as usize >= Event::BYTES);
            if let Some(event) = event {
                tell(event);
            }
            self.add(used.token);
        }
        self.ring.kick(transport);
        Ok(())
    }

    /// The device may still use the memory: it stays for good.
    pub(crate) fn leak(&self) {
        self.ring.leak();
    }

    /// Where place `token` is in the memory.
    fn place(&self, token: u16) -> usize {
        self.ring.messages().wrapping_add(usize::from(token).wrapping_mul(Event::BYTES))
    }

    /// Gives the device a place; tokens that come out of the queue are those that went in.
    fn add(&mut self, token: u16) {
        let address = self.ring.address(self.place(token));
        // There is a descriptor for each place.
        let _ =
            self.ring.queue().add([Segment { address, bytes: Event::BYTES as u32, writable: true }], token);
    }
}
