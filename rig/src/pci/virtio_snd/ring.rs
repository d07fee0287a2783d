//! The device's side of one split queue: rust-vmm's `virtio-queue`, and before it a look at every descriptor with the
//! rules that a driver has to keep (2.7), which that crate passes over in silence.

use std::sync::atomic::Ordering;

use virtio_queue::Queue;
use virtio_queue::QueueT;
use vm_memory::GuestAddress;

use super::memory::Memory;
use super::memory::Span;
use super::memory::total;
use super::wire;

const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// One descriptor chain that the driver made available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub head: u16,
    pub readable: Vec<Span>,
    pub writable: Vec<Span>,
}

/// The ring, and the registers that describe it.
#[derive(Debug)]
pub(super) struct Ring {
    queue: Queue,
    pub vector: u16,
    /// Addresses as written: descriptors, available, used.
    pub addresses: [u64; 3],
    pub size: u16,
    pub enabled: bool,
    /// Whether the next enabling is one after a queue reset.
    pub was_reset: bool,
    /// Which descriptors the device holds, by the head of their chain.
    held: Vec<Option<u16>>,
    /// Completions since the driver was last told.
    untold: bool,
    /// Something that the crate does not know of is in the used ring: tell the driver anyway.
    forged: bool,
}

impl Ring {
    pub(super) fn new(max_size: u16) -> Self {
        let queue = Queue::new(max_size).expect("a queue's size is a power of two");
        Self {
            queue,
            vector: wire::NO_VECTOR,
            addresses: [0; 3],
            size: max_size,
            enabled: false,
            was_reset: false,
            held: Vec::new(),
            untold: false,
            forged: false,
        }
    }

    pub(super) fn max_size(&self) -> u16 {
        self.queue.max_size()
    }

    /// Puts it into use; what is wrong with its addresses, if anything is.
    pub(super) fn enable(&mut self, memory: &Memory, event_idx: bool) -> Result<(), String> {
        let [descriptors, available, used] = self.addresses;
        let size = u64::from(self.size);
        let parts = [
            ("descriptor table", descriptors, 16 * size, 16),
            ("available ring", available, 6 + 2 * size, 2),
            ("used ring", used, 6 + 8 * size, 4),
        ];
        for (number, (name, address, bytes, alignment)) in parts.into_iter().enumerate() {
            if address % alignment != 0 {
                return Err(format!("the {name} at {address:#x} is not aligned to {alignment} bytes"));
            }
            if address == 0 || !memory.holds(address, bytes) {
                return Err(format!("the {name} at {address:#x} does not lie in memory"));
            }
            for (other, from, length, _) in parts.iter().skip(number + 1) {
                if address < from + length && *from < address + bytes {
                    return Err(format!("the {name} and the {other} overlap"));
                }
            }
        }
        let set = self
            .queue
            .try_set_size(self.size)
            .and_then(|()| self.queue.try_set_desc_table_address(GuestAddress(descriptors)))
            .and_then(|()| self.queue.try_set_avail_ring_address(GuestAddress(available)))
            .and_then(|()| self.queue.try_set_used_ring_address(GuestAddress(used)));
        set.map_err(|error| error.to_string())?;
        self.queue.set_event_idx(event_idx);
        self.queue.set_ready(true);
        self.held = vec![None; usize::from(self.size)];
        self.enabled = true;
        Ok(())
    }

    /// Takes the next chain. `Err` says which rule it breaks: the queue can't be used any more.
    pub(super) fn take(&mut self, memory: &Memory, indirect: bool) -> Result<Option<Chain>, String> {
        if !self.enabled {
            return Ok(None);
        }
        let index =
            self.queue.avail_idx(&memory.guest, Ordering::Acquire).map_err(|error| error.to_string())?.0;
        let waiting = index.wrapping_sub(self.queue.next_avail());
        if waiting > self.size {
            return Err(format!("the available index went on by {waiting} in a queue of {}", self.size));
        }
        if waiting == 0 {
            return Ok(None);
        }
        let slot = u64::from(self.queue.next_avail() % self.size);
        let head = memory.read16(self.addresses[1] + 4 + 2 * slot);
        let links = self.walk(memory, head, indirect)?;
        let popped = self
            .queue
            .pop_descriptor_chain(&memory.guest)
            .ok_or_else(|| format!("chain {head} is none to rust-vmm"))?;
        let mut chain = Chain { head: popped.head_index(), readable: Vec::new(), writable: Vec::new() };
        for descriptor in popped {
            let span = Span { address: descriptor.addr().0, bytes: descriptor.len() };
            if descriptor.is_write_only() { chain.writable.push(span) } else { chain.readable.push(span) }
        }
        if chain.readable.len() + chain.writable.len() != links.data {
            return Err(format!(
                "chain {head} has {} descriptors to rust-vmm, not {}",
                chain.readable.len(),
                links.data
            ));
        }
        for link in links.table {
            self.held[usize::from(link)] = Some(head);
        }
        Ok(Some(chain))
    }

    /// Follows a chain, and holds it against the rules.
    fn walk(&self, memory: &Memory, head: u16, indirect: bool) -> Result<Links, String> {
        let mut links = Links { table: Vec::new(), data: 0 };
        let mut writable_seen = false;
        let (mut table, mut entries, mut index, mut inside) = (self.addresses[0], self.size, head, false);
        let mut steps = 0_u32;
        let mut bytes = 0_u64;
        loop {
            if index >= entries {
                return Err(format!("chain {head}: descriptor {index} of {entries}"));
            }
            steps += 1;
            if steps > u32::from(self.size) + 1 {
                return Err(format!("chain {head} is longer than the queue, or runs in a circle"));
            }
            if !inside {
                if let Some(other) = self.held[usize::from(index)] {
                    return Err(format!("chain {head}: descriptor {index} still belongs to chain {other}"));
                }
                links.table.push(index);
            }
            let mut raw = [0; 16];
            memory.read(table + 16 * u64::from(index), &mut raw);
            let field16 = |at: usize| u16::from_le_bytes([raw[at], raw[at + 1]]);
            let address = u64::from_le_bytes(raw[..8].try_into().unwrap_or_default());
            let length = u32::from_le_bytes(raw[8..12].try_into().unwrap_or_default());
            let (flags, next) = (field16(12), field16(14));
            if flags & INDIRECT != 0 {
                if !indirect {
                    return Err(format!("chain {head}: an indirect table that was not negotiated"));
                }
                if inside || flags & NEXT != 0 {
                    return Err(format!("chain {head}: an indirect table with a successor, or in a table"));
                }
                if length == 0 || length % 16 != 0 || !memory.holds(address, length.into()) {
                    return Err(format!("chain {head}: an indirect table of {length} bytes at {address:#x}"));
                }
                if length / 16 > u32::from(self.size) {
                    return Err(format!("chain {head}: an indirect table longer than the queue"));
                }
                (table, entries, index, inside) = (address, (length / 16) as u16, 0, true);
                continue;
            }
            if length == 0 || !memory.holds(address, length.into()) {
                return Err(format!("chain {head}: {length} bytes at {address:#x}"));
            }
            if flags & WRITE == 0 && writable_seen {
                return Err(format!("chain {head}: a readable descriptor after a writable one"));
            }
            writable_seen |= flags & WRITE != 0;
            bytes += u64::from(length);
            if bytes > u64::from(u32::MAX) {
                return Err(format!("chain {head} is longer than 4 GiB"));
            }
            links.data += 1;
            if flags & NEXT == 0 {
                return Ok(links);
            }
            index = next;
        }
    }

    /// Tells the driver what to tell the device next; whether something has come meanwhile.
    pub(super) fn listen(&mut self, memory: &Memory) -> bool {
        self.enabled && self.queue.enable_notification(&memory.guest).unwrap_or(false)
    }

    /// Gives a chain back, whoever's it is.
    pub(super) fn complete(&mut self, memory: &Memory, head: u16, written: u32) {
        self.put(memory, u32::from(head), written);
    }

    fn let_go(&mut self, head: u32) {
        for owner in &mut self.held {
            if owner.is_some_and(|owner| u32::from(owner) == head) {
                *owner = None;
            }
        }
    }

    /// Writes an entry into the used ring, right or wrong: the driver may use again what it says.
    pub(super) fn put(&mut self, memory: &Memory, id: u32, written: u32) {
        self.let_go(id);
        if !self.enabled {
            return;
        }
        self.untold = true;
        if id < u32::from(self.size) && self.queue.add_used(&memory.guest, id as u16, written).is_ok() {
            return;
        }
        let slot = u64::from(self.queue.next_used() % self.size);
        let mut entry = id.to_le_bytes().to_vec();
        entry.extend(written.to_le_bytes());
        memory.write(self.addresses[2] + 4 + 8 * slot, &entry);
        self.skip(memory, 1);
    }

    /// Moves the used index on, whatever the entries say.
    pub(super) fn skip(&mut self, memory: &Memory, by: u16) {
        self.untold = true;
        self.forged = true;
        let index = self.queue.next_used().wrapping_add(by);
        self.queue.set_next_used(index);
        memory.write(self.addresses[2] + 2, &index.to_le_bytes());
    }

    /// Whether the driver wants an interrupt for what was completed since it was last told.
    pub(super) fn wants_interrupt(&mut self, memory: &Memory) -> bool {
        if !self.enabled || !std::mem::take(&mut self.untold) {
            return false;
        }
        if std::mem::take(&mut self.forged) {
            return true;
        }
        if !self.queue.event_idx_enabled() {
            const NO_INTERRUPT: u16 = 1;
            return memory.read16(self.addresses[1]) & NO_INTERRUPT == 0;
        }
        self.queue.needs_notification(&memory.guest).unwrap_or(true)
    }

    /// Chains that the device holds.
    pub(super) fn held(&self) -> usize {
        let mut heads: Vec<u16> = self.held.iter().flatten().copied().collect();
        heads.sort_unstable();
        heads.dedup();
        heads.len()
    }
}

/// What a chain consists of.
struct Links {
    /// Its entries of the descriptor table.
    table: Vec<u16>,
    /// How many descriptors of data.
    data: usize,
}

/// The bytes of a chain: readable, writable.
pub(super) fn lengths(chain: &Chain) -> (u64, u64) {
    (total(&chain.readable), total(&chain.writable))
}
