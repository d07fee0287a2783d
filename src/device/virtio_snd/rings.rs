//! The queues under the device's lock: those that sound goes through, what came back of them, and the device's events.
#![forbid(unsafe_code)]

use portcls::Result;
use portcls::handle;
use portcls::irql::{Dispatch, Irql, Passive};

use super::events::Events;
use super::feed::SLOTS;
use super::slots::{Slots, Table};
use super::wire::{Event, queue};
use crate::device::MAX_ENDPOINTS;
use crate::device::virtio::regs::feature;
use crate::device::virtio::{Features, Ring, Transport};
use crate::platform::pool::PoolBox;

/// Descriptors of a queue that are used at most: with tables one for each message of at least four streams.
const MAX: usize = 64;

/// The queues. They leave the lock while the device is started over.
pub(super) struct Queues {
    /// Render, then capture.
    sound: [PoolBox<Ring<MAX>>; 2],
    events: Events,
    /// Messages may be described by tables.
    indirect: bool,
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

/// Everything that the engines share.
pub(crate) struct Rings {
    /// None while nothing may go to the device.
    queues: Option<Queues>,
    /// The device did what it must not.
    broken: bool,
    /// Something was taken of a queue since the device was last asked for an interrupt.
    took: [bool; 2],
    /// Something was added to a queue since the device was last shown it.
    added: [bool; 2],
    /// The performance counter when the device was last looked at.
    pub(super) now: u64,
    /// A bit for each endpoint that runs.
    pub(super) running: u32,
    /// A bit for each endpoint of which the device said that it ran dry, or over, or gave back something that cannot be,
    /// since this was reported.
    pub(super) xruns: u32,
    /// What came back of each endpoint and was not taken in: a bit a slot.
    came: [u32; MAX_ENDPOINTS],
    /// What the device must say that it has written to a message of each endpoint.
    wanted: [u32; MAX_ENDPOINTS],
}

/// Number of the queue of an endpoint.
pub(super) const fn ring_of(render: bool) -> usize {
    if render { 0 } else { 1 }
}

impl Rings {
    /// The queues of a device that works.
    pub(super) fn new(queues: Queues) -> Self {
        Self {
            queues: Some(queues),
            broken: false,
            took: [false; 2],
            added: [false; 2],
            now: 0,
            running: 0,
            xruns: 0,
            came: [0; MAX_ENDPOINTS],
            wanted: [0; MAX_ENDPOINTS],
        }
    }

    /// Takes the queues away: nothing goes to the device, and nothing is taken from it, until they are put back.
    pub(super) fn take(&mut self) -> Option<Queues> {
        self.running = 0;
        self.queues.take()
    }

    /// Puts the queues back, empty.
    pub(super) fn put_back(&mut self, queues: Queues) {
        self.queues = Some(queues);
        self.came = [0; MAX_ENDPOINTS];
        (self.broken, self.took, self.added) = (false, [false; 2], [false; 2]);
    }

    /// The device did what it must not, or nothing may go to it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken || self.queues.is_none()
    }

    /// What the device must say that it has written to each message of `endpoint`.
    pub(super) fn expect(&mut self, endpoint: usize, bytes: u32) {
        if let Some(place) = self.wanted.get_mut(endpoint) {
            *place = bytes;
        }
    }

    /// Takes whatever came back of all streams.
    #[inline(always)]
    pub(super) fn drain(&mut self) {
        let Some(queues) = self.queues.as_mut().filter(|_| !self.broken) else { return };
        for (ring, took) in queues.sound.iter_mut().zip(&mut self.took) {
            let queue = ring.queue();
            if queue.in_flight() == 0 {
                continue;
            }
            let taken = queue.take_all(|used| {
                *took = true;
                let endpoint = usize::from(used.token >> SLOT_BITS);
                if let Some(came) = self.came.get_mut(endpoint) {
                    *came |= 1_u32.wrapping_shl(u32::from(used.token & SLOT_MASK));
                }
                if self.wanted.get(endpoint) != Some(&used.bytes) {
                    self.xruns |= 1_u32.wrapping_shl(endpoint as u32);
                }
            });
            self.broken |= taken.is_err();
        }
    }

    /// Something was taken since the device was last asked for an interrupt.
    pub(super) fn has_taken(&self) -> bool {
        self.took.contains(&true)
    }

    /// What came back of `endpoint` and was not taken in: a bit a slot.
    pub(super) fn came(&mut self, endpoint: usize) -> u32 {
        self.came.get_mut(endpoint).map_or(0, core::mem::take)
    }

    /// How many messages can be added, of tables of so many entries at most.
    #[inline]
    pub(super) fn room(&mut self, ring: usize, entries: u16) -> u16 {
        let Some(queues) = self.queues.as_mut().filter(|_| !self.broken) else { return 0 };
        let room = queues.sound.get_mut(ring).map_or(0, |ring| ring.queue().room());
        if queues.indirect { room } else { room.checked_div(entries).unwrap_or(0) }
    }

    /// Adds a message, which the device sees with the next [`Rings::kick`]. What the queue refuses it never gives back:
    /// the device has to be started over then.
    pub(super) fn add(&mut self, ring: usize, slots: &Slots, table: Table, token: u16) {
        let Some(queues) = &mut self.queues else { return };
        let (Some(added), Some(ring)) = (self.added.get_mut(ring), queues.sound.get_mut(ring)) else {
            return;
        };
        *added = true;
        let done = if queues.indirect {
            ring.queue().add_indirect(slots.address(table), table.entries, token)
        } else {
            add_direct(ring, slots, table, token)
        };
        self.broken |= done.is_err();
    }

    /// Shows the device what was added, and tells it where it wants to be told: at most once a queue.
    #[inline(always)]
    pub(super) fn kick(&mut self, transport: &Transport) {
        let Some(queues) = self.queues.as_mut().filter(|_| !self.broken) else { return };
        for (ring, added) in queues.sound.iter_mut().zip(&mut self.added) {
            if core::mem::take(added) {
                ring.kick(transport);
            }
        }
    }

    /// [`Rings::kick`]; then asks for the next interrupt of each queue of which the last one is through. Whether there is
    /// something to take already.
    pub(super) fn flush(&mut self, transport: &Transport) -> bool {
        self.kick(transport);
        let Some(queues) = self.queues.as_mut().filter(|_| !self.broken) else { return false };
        let mut more = false;
        for (ring, took) in queues.sound.iter_mut().zip(&mut self.took) {
            if core::mem::take(took) {
                more |= ring.queue().want_interrupt();
            }
        }
        more
    }

    /// Takes the events that the device has told.
    pub(super) fn hear(&mut self, at: &Irql<Dispatch>, transport: &Transport, tell: impl FnMut(Event)) {
        let Some(queues) = self.queues.as_mut().filter(|_| !self.broken) else { return };
        self.broken |= queues.events.collect(at, transport, tell).is_err();
    }
}

/// Adds a message as a chain of the ring's own descriptors.
#[cold]
#[inline(never)]
fn add_direct(
    ring: &mut Ring<MAX>,
    slots: &Slots,
    table: Table,
    token: u16,
) -> core::result::Result<(), virtqueue::Error> {
    ring.queue().add(slots.segments(table), token)
}

/// Bits of a token that name the slot; the rest is the endpoint.
const SLOT_BITS: u16 = 4;
const SLOT_MASK: u16 = SLOTS as u16 - 1;
const _: () = assert!(SLOTS as u16 == 1 << SLOT_BITS);

/// The token of a message.
pub(super) const fn token(endpoint: usize, slot: u8) -> u16 {
    ((endpoint as u16) << SLOT_BITS) | (slot as u16 & SLOT_MASK)
}
