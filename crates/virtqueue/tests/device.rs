//! The queue against a device side by other people: rust-vmm's `virtio-queue`, over `vm-memory`.
//!
//! Neither side does anything without being told: the driver looks at the used ring only after an interrupt, until it
//! has asked for the next one; the device looks at the available ring only after a kick, until it has asked for the
//! next one. What either should have been told and was not is found at once.

#[path = "support/device.rs"]
mod device;
#[path = "support/guest.rs"]
mod guest;
#[path = "support/random.rs"]
mod random;

use std::collections::HashMap;

use device::{Device, answer, digest};
use guest::{Fault, Memory};
use random::Random;
use virtio_queue::QueueT;
use virtqueue::{Features, Queue, RingLayout, Segment, descriptor};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// Chains added and tokens taken, in each kind of queue; there are 32 kinds.
const OPERATIONS: u64 = 40_000;
/// Enough of them for the indices to begin anew.
const LAP: u64 = 2 * 65536 + OPERATIONS;
/// Each chain's indirect table and, behind it, its buffers.
const SLOTS: u64 = 0x10_0000;
const SLOT: u64 = 0x2000;
const BUFFERS: u64 = 0x1000;
const MOST_SEGMENTS: usize = 16;

#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// The device sleeps, and nobody told it of a chain.
    KickLost,
    /// The driver sleeps, and nobody told it of a completion.
    InterruptLost,
    /// A token came back that is not in flight, or the device was found to lie, which it doesn't.
    Token,
    /// The device read other bytes than the driver wrote, or the other way round.
    Data,
    /// Something is in flight, or some descriptor is not free, when all has come back.
    Remains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Client,
    Driver,
    Device,
}

#[derive(Debug, Default)]
struct Tally {
    added: u64,
    kicks: u64,
    returned: u64,
    interrupts: u64,
    /// Chains were refused for want of room.
    full: u64,
    /// The index of the used ring began anew.
    wraps: u64,
}

/// A chain that the driver has added.
struct Chain {
    slot: u16,
    segments: Vec<Segment>,
    sent: u64,
}

struct World {
    random: Random,
    /// Who takes its time, for a while: so that the queue is full, or empty, or waits.
    lazy: Option<Part>,
    memory: Memory,
    features: Features,
    tally: Tally,

    driver: Queue<Memory, 256>,
    chains: HashMap<u16, Chain>,
    free_slots: Vec<u16>,
    driver_awake: bool,
    interrupt: bool,
    published: u16,
    taken: u16,

    device: Device,
}

impl World {
    fn new(size: u16, features: Features, fault: Fault, seed: u64) -> Self {
        let layout = RingLayout::of(size, 256).expect("a size");
        let bytes = SLOTS + SLOT * u64::from(size);
        let guest = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), bytes as usize)]).expect("memory");
        let memory = Memory { guest, layout, fault };
        let driver = Queue::new(memory.clone(), size, features).expect("a size up to 256");
        let device = Device::new(memory.clone(), features.event_idx);
        Self {
            random: Random::new(seed),
            lazy: None,
            memory,
            features,
            tally: Tally::default(),
            driver,
            chains: HashMap::new(),
            free_slots: (0..size).collect(),
            driver_awake: false,
            interrupt: false,
            published: 0,
            taken: 0,
            device,
        }
    }

    /// Resets the device, forgets all, and begins anew.
    fn restart(&mut self) {
        self.device.reset();
        self.driver.restart(self.features);
        self.chains.clear();
        self.free_slots = (0..self.driver.size()).collect();
        (self.driver_awake, self.interrupt, self.published, self.taken) = (false, false, 0, 0);
    }

    // ---- driver ----

    /// One to four chains of the driver's client.
    fn add(&mut self) {
        for _ in 0..=self.random.below(4) {
            let most = MOST_SEGMENTS.min(usize::from(self.driver.size()));
            let count = 1 + self.random.below(most);
            let indirect = self.features.indirect && self.random.one_in(2);
            if self.driver.room() < if indirect { 1 } else { count as u16 } {
                self.tally.full += 1;
                return;
            }
            let slot = self.free_slots.swap_remove(self.random.below(self.free_slots.len()));
            let token = slot ^ 0xA5A5;
            let base = SLOTS + SLOT * u64::from(slot);
            let readable = self.random.below(count + 1);
            let (mut segments, mut sent, mut at) = (Vec::new(), Vec::new(), base + BUFFERS);
            for index in 0..count {
                let bytes = 1 + self.random.below(48);
                let content: Vec<u8> = (0..bytes).map(|_| self.random.bits() as u8).collect();
                self.memory.guest.write_slice(&content, GuestAddress(at)).expect("within the slot");
                segments.push(Segment { address: at, bytes: bytes as u32, writable: index >= readable });
                if index < readable {
                    sent.extend(content);
                }
                at += 64;
            }
            if indirect {
                for (index, &segment) in segments.iter().enumerate() {
                    let next = (index + 1 < count).then_some(index as u16 + 1);
                    let bytes: Vec<u8> =
                        descriptor(segment, next).iter().flat_map(|word| word.to_le_bytes()).collect();
                    let entry = GuestAddress(base + 16 * index as u64);
                    self.memory.guest.write_slice(&bytes, entry).expect("within the slot");
                }
                self.driver.add_indirect(base, count as u16, token).expect("there is room");
            } else {
                self.driver.add(segments.iter().copied(), token).expect("there is room");
            }
            self.tally.added += 1;
            self.chains.insert(token, Chain { slot, segments, sent: digest(sent) });
        }
    }

    fn publish(&mut self) {
        let kick = self.driver.publish();
        self.device.kick |= kick;
        self.tally.kicks += u64::from(kick);
        self.published = u16::from_le(self.memory.load(self.memory.layout.available + 2));
    }

    /// One step of the driver's interrupt routine, if it runs.
    fn serve(&mut self) -> Result<(), Trouble> {
        // Now and then it is run for an interrupt of somebody else's.
        if !self.driver_awake && (self.interrupt || self.random.one_in(100)) {
            self.interrupt = false;
            self.driver_awake = true;
            if self.random.one_in(2) {
                self.driver.want_no_interrupt();
            }
        }
        if !self.driver_awake {
            return Ok(());
        }
        match self.driver.take() {
            Ok(Some(used)) => {
                let chain = self.chains.remove(&used.token).ok_or(Trouble::Token)?;
                self.taken = self.taken.wrapping_add(1);
                self.tally.returned += 1;
                self.tally.wraps += u64::from(self.taken == 0);
                self.check(&chain, used.bytes)?;
                self.free_slots.push(chain.slot);
            }
            Ok(None) if self.random.one_in(4) => {}
            Ok(None) => self.driver_awake = self.driver.want_interrupt(),
            Err(_) => return Err(Trouble::Token),
        }
        Ok(())
    }

    /// The device has read what was sent, and has filled everything that it may fill.
    fn check(&mut self, chain: &Chain, written: u32) -> Result<(), Trouble> {
        let heard = self.device.heard.remove(&chain.segments[0].address);
        let mut received = Vec::new();
        for segment in chain.segments.iter().filter(|segment| segment.writable) {
            let mut bytes = vec![0; segment.bytes as usize];
            self.memory.guest.read_slice(&mut bytes, GuestAddress(segment.address)).expect("within the slot");
            received.extend(bytes);
        }
        let right = heard == Some(chain.sent)
            && received.len() == written as usize
            && received.iter().copied().eq(answer(chain.sent, received.len()));
        if right { Ok(()) } else { Err(Trouble::Data) }
    }

    // ---- both ----

    fn step(&mut self) -> Result<(), Trouble> {
        if self.random.one_in(2000) {
            self.lazy =
                [None, Some(Part::Client), Some(Part::Driver), Some(Part::Device)][self.random.below(4)];
        }
        let part =
            [Part::Client, Part::Driver, Part::Driver, Part::Device, Part::Device][self.random.below(5)];
        if self.lazy == Some(part) && !self.random.one_in(8) {
            return Ok(());
        }
        match (part, self.random.below(12)) {
            (Part::Client, 0..3) => self.publish(),
            (Part::Client, 3..6) => self.add(),
            (Part::Client, _) => {
                self.add();
                self.publish();
            }
            (Part::Driver, _) => self.serve()?,
            (Part::Device, 0..5) => self.device.run(&mut self.random),
            (Part::Device, 5..9) => self.device.complete(&mut self.random),
            (Part::Device, _) => self.announce(),
        }
        self.nobody_waits_in_vain()
    }

    fn announce(&mut self) {
        let interrupt = self.device.announce();
        self.interrupt |= interrupt;
        self.tally.interrupts += u64::from(interrupt);
    }

    fn nobody_waits_in_vain(&self) -> Result<(), Trouble> {
        let device = &self.device;
        if !device.awake && !device.kick && device.queue.next_avail() != self.published {
            return Err(Trouble::KickLost);
        }
        let asleep = !self.driver_awake && !self.interrupt;
        if asleep && !device.unannounced && device.queue.next_used() != self.taken {
            Err(Trouble::InterruptLost)
        } else {
            Ok(())
        }
    }
}

/// Lets both sides do as they like, then until all has come back.
fn play(size: u16, features: Features, fault: Fault, operations: u64) -> Result<Tally, Trouble> {
    let mut world = World::new(size, features, fault, u64::from(size));
    let mut restarted = false;
    while world.tally.added + world.tally.returned < operations {
        world.step()?;
        if !restarted && world.tally.added >= OPERATIONS / 4 {
            world.restart();
            restarted = true;
        }
    }
    world.publish();
    while world.driver.in_flight() > 0 {
        world.nobody_waits_in_vain()?;
        world.device.run(&mut world.random);
        world.device.complete(&mut world.random);
        world.announce();
        world.serve()?;
    }
    let all_back = world.driver.room() == size && world.chains.is_empty() && world.device.heard.is_empty();
    if all_back { Ok(world.tally) } else { Err(Trouble::Remains) }
}

const BOTH: [bool; 2] = [false, true];

#[test]
fn everything_comes_back_once_and_nobody_sleeps_too_long() {
    for event_idx in BOTH {
        for indirect in BOTH {
            for exponent in 1..=8 {
                let features = Features { event_idx, indirect };
                let tally = play(1 << exponent, features, Fault::None, OPERATIONS)
                    .unwrap_or_else(|trouble| panic!("{} {features:?}: {trouble:?}", 1 << exponent));
                println!("{:3} {features:?} {tally:?}", 1 << exponent);
                assert!(tally.full > 0, "{tally:?}");
                // Most of what is added and returned needs no telling.
                assert!(tally.kicks < tally.added && tally.interrupts < tally.returned, "{tally:?}");
            }
        }
    }
}

#[test]
fn indices_wrap() {
    for event_idx in BOTH {
        for size in [16, 256] {
            let features = Features { event_idx, indirect: true };
            let tally = play(size, features, Fault::None, LAP)
                .unwrap_or_else(|trouble| panic!("{size} {features:?}: {trouble:?}"));
            assert!(tally.wraps > 0, "{tally:?}");
        }
    }
}

#[test]
fn faulty_memory_is_found() {
    let trouble = |event_idx, fault| {
        play(16, Features { event_idx, indirect: true }, fault, OPERATIONS)
            .expect_err("a fault that is found")
    };
    assert_eq!(trouble(true, Fault::Kicks), Trouble::KickLost);
    assert_eq!(trouble(true, Fault::Interrupts), Trouble::InterruptLost);
    for event_idx in BOTH {
        assert_eq!(trouble(event_idx, Fault::Lengths), Trouble::Data);
        assert_eq!(trouble(event_idx, Fault::Heads), Trouble::Token);
    }
}
