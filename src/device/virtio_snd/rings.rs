//! What is under the device's lock: its queues, and what came back of them.
#![forbid(unsafe_code)]

use portcls::irql::{Dispatch, Irql};
use virtqueue::{Parked, Used};

use super::feed::SLOTS;
use super::queues::{MAX, Queues};
use super::slots::{Table, segments_of};
use super::wire::Event;
use crate::device::MAX_ENDPOINTS;
use crate::device::virtio::{Ring, Transport};
use crate::platform::dma::CommonBuffer;

/// Everything that the engines share.
pub(crate) struct Rings {
    /// None while nothing may go to the device.
    queues: Option<Queues>,
    /// How often there were other queues, from 1 on.
    age: u32,
    /// The device did what it must not.
    broken: bool,
    /// A bit for each queue to which something was added since the device was last shown it.
    added: u8,
    /// The performance counter when the device was last looked at.
    pub(super) now: u64,
    /// A bit for each endpoint that runs.
    pub(super) running: u32,
    returns: Returns,
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
            age: 1,
            broken: false,
            added: 0,
            now: 0,
            running: 0,
            returns: Returns {
                took: 0,
                xruns: 0,
                messages: [Messages { came: 0, wanted: 0 }; MAX_ENDPOINTS],
            },
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
        self.age = self.age.wrapping_add(1).max(1);
        self.returns.messages.iter_mut().for_each(|messages| messages.came = 0);
        (self.broken, self.returns.took, self.added) = (false, 0, 0);
    }

    /// The device did what it must not, or nothing may go to it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken || self.queues.is_none()
    }

    /// What the device must say that it has written to each message of `endpoint`.
    pub(super) fn expect(&mut self, endpoint: usize, bytes: u32) {
        if let Some(messages) = self.returns.messages.get_mut(endpoint) {
            messages.wanted = bytes;
        }
    }

    /// Takes whatever came back of all streams.
    #[inline(never)]
    pub(super) fn drain(&mut self) {
        if let (Some(queues), false) = (&mut self.queues, self.broken) {
            self.broken = !self.returns.drain(queues);
        }
    }

    /// Takes whatever came back of all streams. Whether there is nothing else to do: else [`Rings::hear`].
    #[inline(always)]
    pub(super) fn collect(&mut self) -> bool {
        if self.broken {
            return false;
        }
        let Some(queues) = &mut self.queues else { return false };
        if !self.returns.drain(queues) {
            self.broken = true;
            return false;
        }
        !queues.events.has_news()
    }

    /// Takes the events that the device has told. False if it does not work, as far as that can be seen.
    pub(super) fn hear(
        &mut self,
        at: &Irql<Dispatch>,
        transport: &Transport,
        tell: impl FnMut(Event),
    ) -> bool {
        if let (Some(queues), false) = (&mut self.queues, self.broken) {
            self.broken = queues.events.collect(at, transport, tell).is_err();
        }
        !self.is_broken()
    }

    /// Something was taken since the device was last asked for an interrupt.
    pub(super) fn has_taken(&self) -> bool {
        self.returns.took != 0
    }

    /// What came back of `endpoint` and was not taken in: a bit a slot.
    #[inline(always)]
    pub(super) fn came(&mut self, endpoint: usize) -> u32 {
        let messages = self.returns.messages.get_mut(endpoint & MAX_ENDPOINTS.wrapping_sub(1));
        messages.map_or(0, |messages| core::mem::take(&mut messages.came))
    }

    /// A bit for each endpoint of which the device said that it ran dry, or over, or gave back something that cannot be,
    /// since this was reported.
    #[inline]
    pub(super) fn xruns(&mut self) -> &mut u32 {
        &mut self.returns.xruns
    }

    /// Changes whenever the queues forget what was parked in them; never 0.
    pub(super) fn age(&self) -> u32 {
        self.age
    }

    /// Makes a message that has a place of its own in a queue; none if that takes none, or if less than half of the queue
    /// would be left to others.
    pub(super) fn park(&mut self, ring: usize, table: u64, entries: u16, token: u16) -> Option<Parked> {
        let queues = self.queues.as_mut().filter(|queues| queues.indirect)?;
        let queue = queues.sound.get_mut(ring)?.queue();
        if queue.room() <= queue.size() / 2 {
            return None;
        }
        queue.park(table, entries, token).ok()
    }

    /// Gives back a place of such an age. The device does not have the message.
    pub(super) fn unpark(&mut self, ring: usize, age: u32, parked: Parked) {
        if let Some(queues) = self.queues.as_mut().filter(|_| self.age == age)
            && let Some(ring) = queues.sound.get_mut(ring)
        {
            // It stays taken if it is under way after all: then the device is started over.
            let _ = ring.queue().unpark(parked);
        }
    }

    /// Adds a message that has a place of its own, which the device sees with the next [`Rings::kick`]. False if nothing may
    /// go to the device.
    #[inline(always)]
    pub(super) fn send(&mut self, ring: usize, parked: Parked) -> bool {
        if self.broken {
            return false;
        }
        let Some(queues) = &mut self.queues else { return false };
        let Some(queue) = queues.sound.get_mut(ring) else { return false };
        self.added |= bit(ring);
        if queue.queue().add_parked(parked).is_err() {
            self.broken = true;
        }
        true
    }

    /// Where a message is added whose table has so many entries at most; none while nothing may go to the device, or where
    /// there is no room.
    #[inline(always)]
    pub(super) fn outlet(&mut self, ring: usize, entries: u16) -> Option<Outlet<'_>> {
        if self.broken {
            return None;
        }
        let queues = self.queues.as_mut()?;
        let queue = queues.sound.get_mut(ring)?;
        let needed = if queues.indirect { 1 } else { entries };
        let added = &mut self.added;
        (queue.queue().room() >= needed).then_some(Outlet {
            queue,
            indirect: queues.indirect,
            bit: bit(ring),
            added,
            broken: &mut self.broken,
        })
    }

    /// Shows the device what was added to a queue, and tells it if it wants to be told.
    #[inline(always)]
    pub(super) fn kick(&mut self, ring: usize, transport: &Transport) {
        if self.added & bit(ring) == 0 || self.broken {
            return;
        }
        self.added &= !bit(ring);
        let queue = self.queues.as_mut().and_then(|queues| queues.sound.get_mut(ring));
        if let Some(queue) = queue {
            queue.kick(transport);
        }
    }

    /// [`Rings::kick`] for each queue; then asks for the next interrupt of each queue of which the last one is through.
    /// Whether there is something to take already, or something is amiss.
    #[inline(always)]
    pub(super) fn flush(&mut self, transport: &Transport) -> bool {
        if self.added != 0 {
            let added = core::mem::take(&mut self.added);
            if self.broken {
                return true;
            }
            let Some(queues) = &mut self.queues else { return false };
            let [render, capture] = &mut queues.sound;
            if added & bit(0) != 0 {
                render.kick(transport);
            }
            if added & bit(1) != 0 {
                capture.kick(transport);
            }
        }
        let took = core::mem::take(&mut self.returns.took);
        took != 0 && self.ask(took)
    }

    /// Asks for the next interrupt of these queues. Whether there is something to take already.
    #[inline(always)]
    fn ask(&mut self, took: u8) -> bool {
        let Some(queues) = &mut self.queues else { return false };
        let [render, capture] = &mut queues.sound;
        let rendered = took & bit(0) != 0 && render.queue().want_interrupt();
        let captured = took & bit(1) != 0 && capture.queue().want_interrupt();
        rendered || captured
    }
}

/// What came back.
struct Returns {
    /// A bit for each queue of which something was taken since the device was last asked for an interrupt.
    took: u8,
    /// A bit for each endpoint of which the device said that it ran dry, or over, or gave back something that cannot be,
    /// since this was reported.
    xruns: u32,
    /// By endpoint.
    messages: [Messages; MAX_ENDPOINTS],
}

/// The messages of an endpoint.
#[derive(Clone, Copy)]
struct Messages {
    /// Those that came back and were not taken in: a bit a slot.
    came: u32,
    /// What the device must say that it has written to each.
    wanted: u32,
}

impl Returns {
    /// Takes whatever came back of all streams. False if the device did what it must not.
    #[inline(always)]
    fn drain(&mut self, queues: &mut Queues) -> bool {
        let [render, capture] = &mut queues.sound;
        if render.queue().take_all(|used| self.note(used, bit(0))).is_err() {
            return false;
        }
        capture.queue().take_all(|used| self.note(used, bit(1))).is_ok()
    }

    /// A message came back of the queue with this bit.
    #[inline(always)]
    fn note(&mut self, used: Used, bit: u8) {
        self.took |= bit;
        // Tokens are what they were added with: of endpoints that there are.
        let endpoint = usize::from(used.token >> SLOT_BITS) & MAX_ENDPOINTS.wrapping_sub(1);
        let Some(messages) = self.messages.get_mut(endpoint) else { return };
        messages.came |= 1_u32.wrapping_shl(u32::from(used.token & SLOT_MASK));
        if messages.wanted != used.bytes {
            self.xruns |= 1_u32.wrapping_shl(endpoint as u32);
        }
    }
}

/// The way of a message to the device.
pub(super) struct Outlet<'a> {
    queue: &'a mut Ring<MAX>,
    indirect: bool,
    bit: u8,
    added: &'a mut u8,
    broken: &'a mut bool,
}

impl Outlet<'_> {
    /// Adds the message, whose table is in `memory`, and which the device sees with the next [`Rings::kick`]. What the
    /// queue refuses it never gives back: the device has to be started over then.
    #[inline(always)]
    pub(super) fn add(self, memory: &CommonBuffer, table: Table, token: u16) {
        let done = if self.indirect {
            self.queue.queue().add_indirect(table.address(memory), table.entries, token)
        } else {
            add_direct(self.queue, memory, table, token)
        };
        *self.added |= self.bit;
        if done.is_err() {
            *self.broken = true;
        }
    }
}

/// The bit of a queue.
const fn bit(ring: usize) -> u8 {
    1_u8.wrapping_shl(ring as u32)
}

/// Adds a message as a chain of the ring's own descriptors.
#[cold]
#[inline(never)]
fn add_direct(
    ring: &mut Ring<MAX>,
    memory: &CommonBuffer,
    table: Table,
    token: u16,
) -> core::result::Result<(), virtqueue::Error> {
    ring.queue().add(segments_of(memory, table), token)
}

/// Bits of a token that name the slot; the rest is the endpoint.
const SLOT_BITS: u16 = 4;
const SLOT_MASK: u16 = SLOTS as u16 - 1;
const _: () = assert!(SLOTS as u16 == 1 << SLOT_BITS && MAX_ENDPOINTS.is_power_of_two());

/// The token of a message.
pub(super) const fn token(endpoint: usize, slot: u8) -> u16 {
    ((endpoint as u16) << SLOT_BITS) | (slot as u16 & SLOT_MASK)
}
