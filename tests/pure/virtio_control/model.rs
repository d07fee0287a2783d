//! The device's side: a split ring in the driver's memory, read and written as the specification has it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::device::virtio::queue::Place;

/// Where the device finds the driver's memory.
pub(crate) const BASE: u64 = 0x12_3456_0000;

thread_local! {
    /// The device of this test.
    pub(crate) static MODEL: RefCell<Model> = RefCell::default();
}

/// What the device does about one request.
pub(crate) enum Say {
    /// Answers at once.
    Now(Vec<u8>),
    /// Answers after so many milliseconds.
    After(u64, Vec<u8>),
    /// Answers, and claims to have written so many bytes.
    Claiming(Vec<u8>, u32),
    /// Gives back this chain.
    Chain(u32),
    /// Says to have given back so many chains more than it has.
    Ahead(u16),
    /// Breaks down.
    NeedsReset,
    /// Goes away.
    Gone,
}

/// The device.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) script: VecDeque<Say>,
    /// Requests and the room for their answers.
    pub(crate) requests: Vec<(Vec<u8>, u32)>,
    pub(crate) kicks: u32,
    pub(crate) now_ms: u64,
    /// Waits that ended before their time.
    pub(crate) early: u32,
    /// All waits.
    pub(crate) waits: u32,
    /// Barriers against other processors' accesses.
    pub(crate) barriers: u32,
    /// What follows each kick.
    pub(crate) interrupt: Option<Rc<dyn Fn()>>,
    /// Memory that the driver has given back.
    pub(crate) freed: u32,
    pub(crate) needs_reset: bool,
    pub(crate) gone: bool,
    pub(crate) memory: Weak<RefCell<Vec<u8>>>,
    place: Option<(Place, u16)>,
    seen: u16,
    used: u16,
    late: Option<(u64, Vec<u8>)>,
}

impl Model {
    /// The driver puts a queue into use.
    pub(crate) fn enable(&mut self, place: Place, size: u16) {
        (self.place, self.seen, self.used) = (Some((place, size)), 0, 0);
    }

    /// A reset: the device forgets everything.
    pub(crate) fn reset(&mut self) {
        (self.place, self.late, self.needs_reset) = (None, None, false);
    }

    /// The driver's memory as it is.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.bytes().borrow().clone()
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.now_ms += milliseconds;
        if let Some((_, bytes)) = self.late.take_if(|(due, _)| *due <= self.now_ms) {
            self.answer(&bytes, bytes.len() as u32);
        }
    }

    /// The driver has notified the queue.
    pub(crate) fn kick(&mut self) {
        self.kicks += 1;
        // The next chain is to be told of, too.
        let event = self.place().used + 4 + 8 * u64::from(self.size());
        self.put16(event, self.get16(self.place().available + 2));
        let Some(say) = self.script.pop_front() else { return };
        let [readable, writable] = self.chain();
        let (at, length) = readable;
        self.requests.push((self.bytes().borrow()[at..at + length as usize].to_vec(), writable.1));
        match say {
            Say::Now(bytes) => self.answer(&bytes, bytes.len() as u32),
            Say::After(milliseconds, bytes) => self.late = Some((self.now_ms + milliseconds, bytes)),
            Say::Claiming(bytes, length) => self.answer(&bytes, length),
            Say::Chain(head) => self.give_back(head, 4),
            Say::Ahead(count) => self.ahead(count),
            Say::NeedsReset => self.needs_reset = true,
            Say::Gone => self.gone = true,
        }
    }

    /// Writes to the next chain's last descriptor, and gives the chain back as if `length` bytes were written.
    pub(crate) fn answer(&mut self, bytes: &[u8], length: u32) {
        let (at, room) = self.chain().into_iter().rfind(|segment| segment.1 > 0).unwrap();
        let written = bytes.len().min(room as usize);
        self.bytes().borrow_mut()[at..at + written].copy_from_slice(&bytes[..written]);
        let head = self.head();
        self.seen = self.seen.wrapping_add(1);
        self.give_back(u32::from(head), length);
    }

    /// Says to have given back so many chains more than it has.
    pub(crate) fn ahead(&mut self, count: u16) {
        self.used = self.used.wrapping_add(count);
        self.put16(self.place().used + 2, self.used);
    }

    /// Chains that the driver has offered and not got back.
    pub(crate) fn offered(&self) -> u16 {
        self.get16(self.place().available + 2).wrapping_sub(self.seen)
    }

    /// The completion of which the driver wants to hear, where it says so by number.
    pub(crate) fn used_event(&self) -> u16 {
        self.get16(self.place().available + 4 + 2 * u64::from(self.size()))
    }

    fn give_back(&mut self, head: u32, length: u32) {
        let at = self.place().used + 4 + 8 * u64::from(self.used % self.size());
        for (offset, word) in [(0, head), (4, length)] {
            self.put16(at + offset, word as u16);
            self.put16(at + offset + 2, (word >> 16) as u16);
        }
        self.used = self.used.wrapping_add(1);
        self.put16(self.place().used + 2, self.used);
    }

    fn head(&self) -> u16 {
        assert!(self.offered() > 0, "nothing is offered");
        self.get16(self.place().available + 4 + 2 * u64::from(self.seen % self.size()))
    }

    /// Offset and length of what is readable and of what is writable of the next chain: a descriptor each at most.
    fn chain(&self) -> [(usize, u32); 2] {
        let mut chain = [(0, 0); 2];
        let mut index = self.head();
        loop {
            let at = self.place().descriptors + 16 * u64::from(index);
            let half = |offset| u64::from(self.get16(at + offset));
            let address = half(0) | half(2) << 16 | half(4) << 32 | half(6) << 48;
            let length = (half(8) | half(10) << 16) as u32;
            let flags = half(12);
            chain[usize::from(flags & 2 != 0)] = ((address - BASE) as usize, length);
            if flags & 1 == 0 {
                return chain;
            }
            index = half(14) as u16;
        }
    }

    fn place(&self) -> Place {
        self.place.expect("no queue is in use").0
    }

    fn size(&self) -> u16 {
        self.place.expect("no queue is in use").1
    }

    fn bytes(&self) -> Rc<RefCell<Vec<u8>>> {
        self.memory.upgrade().expect("the memory of a queue in use is there")
    }

    fn get16(&self, address: u64) -> u16 {
        let at = (address - BASE) as usize;
        u16::from_le_bytes(self.bytes().borrow()[at..at + 2].try_into().unwrap())
    }

    fn put16(&self, address: u64, value: u16) {
        let at = (address - BASE) as usize;
        self.bytes().borrow_mut()[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
}
