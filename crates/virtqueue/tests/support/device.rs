//! The device's side of a queue: rust-vmm's, and what a device does with it.

use std::collections::HashMap;

use virtio_queue::{Queue, QueueT};
use vm_memory::{Bytes, GuestAddress};

use crate::{
    guest::{Memory, RING},
    random::Random,
};

/// A chain that the device is done with, but has not returned.
struct Held {
    head: u16,
    written: u32,
}

/// FNV-1a.
pub(crate) fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// What the device writes into a chain, given what it has read from it.
pub(crate) fn answer(sent: u64, count: usize) -> impl Iterator<Item = u8> {
    let mut random = Random::new(sent);
    (0..count).map(move |_| random.bits() as u8)
}

/// A device that returns chains in any order, at any time.
pub(crate) struct Device {
    pub(crate) queue: Queue,
    memory: Memory,
    event_idx: bool,
    held: Vec<Held>,
    /// What was read, by the address of a chain's first segment.
    pub(crate) heard: HashMap<u64, u64>,
    pub(crate) awake: bool,
    /// The driver has kicked.
    pub(crate) kick: bool,
    /// Chains were returned, and nobody has looked yet whether an interrupt is wanted.
    pub(crate) unannounced: bool,
}

impl Device {
    pub(crate) fn new(memory: Memory, event_idx: bool) -> Self {
        let queue = Queue::new(memory.layout.size).expect("a size");
        let (held, heard) = (Vec::new(), HashMap::new());
        let mut device =
            Self { queue, memory, event_idx, held, heard, awake: false, kick: false, unannounced: false };
        device.reset();
        device
    }

    /// Forgets all, and is told where the ring is.
    pub(crate) fn reset(&mut self) {
        self.held.clear();
        self.heard.clear();
        (self.awake, self.kick, self.unannounced) = (false, false, false);
        let (queue, layout) = (&mut self.queue, self.memory.layout);
        let address = |part: usize| GuestAddress(RING + part as u64);
        queue.reset();
        queue.try_set_desc_table_address(address(layout.descriptors)).expect("aligned");
        queue.try_set_avail_ring_address(address(layout.available)).expect("aligned");
        queue.try_set_used_ring_address(address(layout.used)).expect("aligned");
        queue.set_event_idx(self.event_idx);
        queue.set_ready(true);
        assert!(queue.is_valid(&self.memory.guest));
    }

    /// One step of the device's loop, if it runs.
    pub(crate) fn run(&mut self, random: &mut Random) {
        if self.kick && !self.awake {
            self.awake = true;
            if random.one_in(2) {
                self.queue.disable_notification(&self.memory.guest).expect("within the ring");
            }
        }
        if !self.awake {
            return;
        }
        self.kick = false;
        let Some(chain) = self.queue.pop_descriptor_chain(&self.memory.guest) else {
            self.awake = self.queue.enable_notification(&self.memory.guest).expect("within the ring");
            return;
        };
        let head = chain.head_index();
        let (mut first, mut read, mut writable) = (None, Vec::new(), Vec::new());
        for descriptor in chain {
            first = first.or(Some(descriptor.addr().0));
            if descriptor.is_write_only() {
                writable.push((descriptor.addr(), descriptor.len()));
            } else {
                let mut bytes = vec![0; descriptor.len() as usize];
                self.memory.guest.read_slice(&mut bytes, descriptor.addr()).expect("memory of the guest's");
                read.extend(bytes);
            }
        }
        let heard = digest(read);
        let written = writable.iter().map(|&(_, bytes)| bytes).sum();
        let mut answer = answer(heard, written as usize);
        for (address, bytes) in writable {
            let bytes: Vec<u8> = answer.by_ref().take(bytes as usize).collect();
            self.memory.guest.write_slice(&bytes, address).expect("memory of the guest's");
        }
        // A chain without a descriptor is none that the driver will ask for.
        self.heard.insert(first.unwrap_or(0), heard);
        self.held.push(Held { head, written });
    }

    /// Returns any chain; the device does that by its own clock, asleep or not.
    pub(crate) fn complete(&mut self, random: &mut Random) {
        if self.held.is_empty() {
            return;
        }
        let Held { head, written } = self.held.swap_remove(random.below(self.held.len()));
        self.queue.add_used(&self.memory.guest, head, written).expect("within the ring");
        self.unannounced = true;
    }

    /// Whether to interrupt the driver for what was returned since the last time.
    pub(crate) fn announce(&mut self) -> bool {
        if !self.unannounced {
            return false;
        }
        self.unannounced = false;
        let wanted = self.queue.needs_notification(&self.memory.guest).expect("within the ring");
        // That crate knows events, but not the flag.
        wanted && (self.event_idx || self.memory.load::<u16>(self.memory.layout.available) == 0)
    }
}
