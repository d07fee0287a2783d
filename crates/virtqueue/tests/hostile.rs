//! A device that writes whatever it likes, against what a driver must be able to rely on.

#[path = "support/cells.rs"]
mod cells;
#[path = "support/random.rs"]
mod random;
#[path = "support/watched.rs"]
mod watched;

use random::Random;
use virtqueue::{Features, Queue, RingMemory, Segment};
use watched::Watched;

/// Steps of driver or device, over all seeds.
const STEPS: u64 = 20_000_000;
const SEEDS: u64 = 200;
const MAX: usize = 16;

// ---- drivers ------------------------------------------------------------------------------------------------------

/// What is tested: the queue, and one that trusts its device.
trait Driver {
    fn add(&mut self, segments: u16, indirect: bool, token: u16) -> bool;
    fn publish(&mut self);
    /// A token, or none; an error if the device is found to lie.
    fn take(&mut self) -> Result<Option<u16>, ()>;
    fn want_interrupt(&mut self, want: bool);
    fn in_flight(&self) -> u16;
    fn room(&self) -> u16;
    fn restart(&mut self);
}

const SEGMENT: Segment = Segment { address: 0x1000, bytes: 1, writable: true };

struct Ours<'a> {
    queue: Queue<&'a Watched, MAX>,
    features: Features,
}

impl Driver for Ours<'_> {
    fn add(&mut self, segments: u16, indirect: bool, token: u16) -> bool {
        if indirect {
            self.queue.add_indirect(0x1000, 1, token).is_ok()
        } else {
            self.queue.add((0..segments).map(|_| SEGMENT), token).is_ok()
        }
    }

    fn publish(&mut self) {
        let _ = self.queue.publish();
    }

    fn take(&mut self) -> Result<Option<u16>, ()> {
        self.queue.take().map(|used| used.map(|used| used.token)).map_err(drop)
    }

    fn want_interrupt(&mut self, want: bool) {
        if want {
            let _ = self.queue.want_interrupt();
        } else {
            self.queue.want_no_interrupt();
        }
    }

    fn in_flight(&self) -> u16 {
        self.queue.in_flight()
    }

    fn room(&self) -> u16 {
        self.queue.room()
    }

    fn restart(&mut self) {
        self.queue.restart(self.features);
    }
}

/// What a faulty driver does from its thousandth chain on.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Gives out a token twice.
    TokenTwice,
    /// Puts a descriptor into a chain that is in another one.
    DescriptorTwice,
    /// Does not count a chain.
    LosesCount,
    /// Loses a descriptor.
    LosesDescriptor,
    /// Refuses a chain that it has room for.
    Refuses,
    /// Looks at every entry of the used ring.
    Searches,
}

struct Faulty<'a> {
    ours: Ours<'a>,
    fault: Fault,
    added: u32,
    last_token: Option<u16>,
}

impl Faulty<'_> {
    fn is(&self, wanted: fn(&Fault) -> bool) -> bool {
        self.added >= 1000 && wanted(&self.fault)
    }
}

impl Driver for Faulty<'_> {
    fn add(&mut self, segments: u16, indirect: bool, token: u16) -> bool {
        self.added += 1;
        if self.is(|fault| matches!(fault, Fault::Refuses)) {
            return false;
        }
        let added = self.ours.add(segments, indirect, token);
        if added && self.is(|fault| matches!(fault, Fault::DescriptorTwice)) {
            self.ours.queue.memory().store64(0, 0);
        }
        added
    }

    fn publish(&mut self) {
        self.ours.publish();
    }

    fn take(&mut self) -> Result<Option<u16>, ()> {
        if self.is(|fault| matches!(fault, Fault::TokenTwice)) && self.last_token.is_some() {
            return Ok(self.last_token);
        }
        if self.is(|fault| matches!(fault, Fault::Searches)) {
            let memory = self.ours.queue.memory();
            for entry in 0..4 {
                let _ = memory.load32(memory.cells.layout.used + 4 + 8 * entry);
            }
        }
        let taken = self.ours.take();
        self.last_token = taken.ok().flatten();
        taken
    }

    fn want_interrupt(&mut self, want: bool) {
        self.ours.want_interrupt(want);
    }

    fn in_flight(&self) -> u16 {
        self.ours.in_flight() + u16::from(self.is(|fault| matches!(fault, Fault::LosesCount)))
    }

    fn room(&self) -> u16 {
        self.ours.room()
            - u16::from(self.is(|fault| matches!(fault, Fault::LosesDescriptor)) && self.ours.room() > 0)
    }

    fn restart(&mut self) {
        self.ours.restart();
    }
}

// ---- what a driver must be able to rely on ------------------------------------------------------------------------

#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// A token came out that is not in flight, or that the device could not have had.
    Token(u16),
    /// A descriptor is in two chains.
    Descriptor(u16),
    /// Chains in flight, or room, are not what was put in less what came out.
    Account,
    /// A chain was refused although there is room, or taken although there is none.
    Room,
    /// A call took more accesses to the ring than its arguments say.
    Work(u32),
}

/// A chain that the driver believes to be on its way.
struct Flight {
    token: u16,
    head: u16,
    descriptors: Vec<u16>,
    published: bool,
    /// The device means to be done with it.
    returned: bool,
}

/// What really happened.
#[derive(Default)]
struct Tally {
    returned: u64,
    lies: u64,
    refused: u64,
}

struct Trial<'a, D> {
    memory: &'a Watched,
    driver: D,
    size: u16,
    flights: Vec<Flight>,
    next_token: u16,
    broken: bool,
    tally: Tally,
}

impl<D: Driver> Trial<'_, D> {
    fn add(&mut self, random: &mut Random) -> Result<(), Finding> {
        let indirect = random.one_in(3);
        let segments = 1 + random.below(4) as u16;
        let token = self.next_token;
        self.next_token = token.wrapping_add(1);
        if self.flights.iter().any(|flight| flight.token == token) {
            return Ok(());
        }
        let takes = if indirect { 1 } else { segments };
        let has_room = takes <= self.driver.room();
        let (memory, driver) = (self.memory, &mut self.driver);
        let (added, work) = memory.watch(|| driver.add(segments, indirect, token));
        if added != (has_room && !self.broken) {
            return Err(Finding::Room);
        }
        if !added {
            self.tally.refused += 1;
            return Ok(());
        }
        let descriptors = self.memory.descriptors.borrow().clone();
        let of_others = self.flights.iter().flat_map(|flight| &flight.descriptors);
        if let Some(&twice) = of_others.chain(&[]).find(|taken| descriptors.contains(taken)) {
            return Err(Finding::Descriptor(twice));
        }
        let head = descriptors[0];
        self.flights.push(Flight { token, head, descriptors, published: false, returned: false });
        if work > 3 * u32::from(segments) + 1 { Err(Finding::Work(work)) } else { Ok(()) }
    }

    fn publish(&mut self) -> Result<(), Finding> {
        let (memory, driver) = (self.memory, &mut self.driver);
        let ((), work) = memory.watch(|| driver.publish());
        if !self.broken {
            self.flights.iter_mut().for_each(|flight| flight.published = true);
        }
        if work > 2 { Err(Finding::Work(work)) } else { Ok(()) }
    }

    fn take(&mut self) -> Result<(), Finding> {
        let (memory, driver) = (self.memory, &mut self.driver);
        let (taken, work) = memory.watch(|| driver.take());
        if work > 3 {
            return Err(Finding::Work(work));
        }
        match taken {
            Ok(None) => {}
            Ok(Some(token)) => {
                let place = self.flights.iter().position(|flight| flight.token == token && flight.published);
                self.flights.swap_remove(place.ok_or(Finding::Token(token))?);
                self.tally.returned += 1;
            }
            Err(()) => {
                self.tally.lies += u64::from(!self.broken);
                self.broken = true;
            }
        }
        Ok(())
    }

    fn want_interrupt(&mut self, want: bool) -> Result<(), Finding> {
        let (memory, driver) = (self.memory, &mut self.driver);
        let ((), work) = memory.watch(|| driver.want_interrupt(want));
        if work > 2 { Err(Finding::Work(work)) } else { Ok(()) }
    }

    fn restart(&mut self) {
        self.driver.restart();
        self.flights.clear();
        self.broken = false;
    }

    fn account(&self) -> Result<(), Finding> {
        let taken: usize = self.flights.iter().map(|flight| flight.descriptors.len()).sum();
        let in_flight = usize::from(self.driver.in_flight()) == self.flights.len();
        let room = usize::from(self.driver.room()) + taken == usize::from(self.size);
        if in_flight && room { Ok(()) } else { Err(Finding::Account) }
    }

    /// Something that a device can do. Often what it may do: so that lies meet every state.
    fn device(&mut self, random: &mut Random) {
        let (cells, layout) = (&self.memory.cells, self.memory.cells.layout);
        let index = cells.load16(layout.used + 2);
        let entry = |index: u16| layout.used + 4 + 8 * usize::from(index % layout.size);
        match random.below(200) {
            0 => cells.store16(layout.used + 2, random.bits() as u16),
            1 => cells.store16(layout.used + 2, index.wrapping_add(random.below(20) as u16)),
            2 => cells.store32(entry(random.bits() as u16), random.bits()),
            3 => cells.store32(entry(index), random.below(20) as u32),
            4 => cells.store16(random.below(layout.bytes / 2) * 2, random.bits() as u16),
            5 => cells.store32(random.below(layout.bytes / 4) * 4, random.bits()),
            6..40 => cells.store16(layout.used, random.bits() as u16),
            40..70 => cells.store16(layout.used + 4 + 8 * usize::from(self.size), random.bits() as u16),
            70..72 if !self.flights.is_empty() => {
                let any = &self.flights[random.below(self.flights.len())];
                cells.store32(entry(index), u32::from(any.head));
                cells.store16(layout.used + 2, index.wrapping_add(1));
            }
            _ => {
                let mut its = self.flights.iter_mut().filter(|flight| flight.published && !flight.returned);
                let Some(flight) = its.next() else { return };
                flight.returned = true;
                cells.store32(entry(index), u32::from(flight.head));
                cells.store32(entry(index) + 4, random.bits());
                cells.store16(layout.used + 2, index.wrapping_add(1));
            }
        }
    }

    fn step(&mut self, random: &mut Random) -> Result<(), Finding> {
        match random.below(12) {
            0..3 => self.add(random)?,
            3 | 4 => self.publish()?,
            5..8 => self.take()?,
            8 => self.want_interrupt(random.one_in(2))?,
            9 if self.broken || random.one_in(10_000) => self.restart(),
            _ => self.device(random),
        }
        self.account()
    }
}

fn trial<'a, D: Driver>(
    memory: &'a Watched,
    driver: D,
    random: &mut Random,
    steps: u64,
) -> Result<Tally, Finding> {
    let (flights, tally) = (Vec::new(), Tally::default());
    let size = memory.cells.layout.size;
    let mut trial: Trial<'a, D> =
        Trial { memory, driver, size, flights, next_token: 0, broken: false, tally };
    for _ in 0..steps {
        trial.step(random)?;
    }
    Ok(trial.tally)
}

fn ours<'a>(memory: &'a Watched, random: &mut Random) -> Ours<'a> {
    let features = Features { event_idx: random.one_in(2), indirect: true };
    let queue = Queue::new(memory, memory.cells.layout.size, features).expect("a size up to 16");
    Ours { queue, features }
}

#[test]
fn no_device_loses_or_doubles_a_token_or_a_descriptor() {
    let mut total = Tally::default();
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let memory = Watched::new(1 << random.below(5), MAX as u16);
        let driver = ours(&memory, &mut random);
        let tally = trial(&memory, driver, &mut random, STEPS / SEEDS)
            .unwrap_or_else(|finding| panic!("seed {seed}: {finding:?}"));
        total.returned += tally.returned;
        total.lies += tally.lies;
        total.refused += tally.refused;
    }
    println!("{} tokens came back, {} lies, {} chains refused", total.returned, total.lies, total.refused);
    // It was tried in earnest: chains came back, the device was caught time and again, the queue was full.
    assert!(total.returned > STEPS / 20, "{}", total.returned);
    assert!(total.lies > STEPS / 1000, "{}", total.lies);
    assert!(total.refused > STEPS / 1000, "{}", total.refused);
}

fn finding(fault: Fault) -> Finding {
    let mut random = Random::new(1);
    let memory = Watched::new(16, MAX as u16);
    let driver = Faulty { ours: ours(&memory, &mut random), fault, added: 0, last_token: None };
    trial(&memory, driver, &mut random, STEPS / SEEDS)
        .err()
        .unwrap_or_else(|| panic!("{fault:?} was not found"))
}

#[test]
fn faulty_drivers_are_found_out() {
    assert!(matches!(finding(Fault::TokenTwice), Finding::Token(_)));
    assert_eq!(finding(Fault::DescriptorTwice), Finding::Descriptor(0));
    assert_eq!(finding(Fault::LosesCount), Finding::Account);
    assert_eq!(finding(Fault::LosesDescriptor), Finding::Account);
    assert_eq!(finding(Fault::Refuses), Finding::Room);
    assert!(matches!(finding(Fault::Searches), Finding::Work(_)));
}
