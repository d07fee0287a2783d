//! The order of memory accesses, in every interleaving and with every stale value that the memory model allows.
//!
//! Loom runs driver and device as two threads over atomics without order of their own, so that only fences order
//! anything. Each model is run with a fault planted, too, which it must find: then it is known to be able to.

use loom::{
    model::Builder,
    sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering, Ordering::Relaxed, fence},
    thread,
};
use std::sync::Arc;
use virtqueue::{Features, Queue, RingLayout, RingMemory, Segment};

const SIZE: u16 = 2;
const SEGMENT: Segment = Segment { address: 0x1122_3344_5566_7788, bytes: 0x99AA, writable: true };

/// What a faulty driver lacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Nothing,
    Release,
    Acquire,
    Full,
    /// The second look, after the wish for an interrupt.
    Look,
}

/// The ring's memory, a buffer's content, and whether each side was told something.
struct Shared {
    lacks: Lacks,
    layout: RingLayout,
    words: Vec<AtomicU16>,
    content: AtomicU32,
    kicked: AtomicBool,
    interrupted: AtomicBool,
}

impl Shared {
    fn new(lacks: Lacks) -> Arc<Self> {
        let layout = RingLayout::of(SIZE, SIZE).expect("2 is a size");
        Arc::new(Self {
            lacks,
            layout,
            words: (0..layout.bytes / 2).map(|_| AtomicU16::new(0)).collect(),
            content: AtomicU32::new(0),
            kicked: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
        })
    }

    fn available(&self, field: usize) -> usize {
        self.layout.available + field
    }

    fn used(&self, field: usize) -> usize {
        self.layout.used + field
    }

    fn available_event(&self) -> usize {
        self.used(4 + 8 * usize::from(SIZE))
    }

    fn used_event(&self) -> usize {
        self.available(4 + 2 * usize::from(SIZE))
    }
}

impl RingMemory for Shared {
    fn load16(&self, at: usize) -> u16 {
        self.words[at / 2].load(Relaxed)
    }

    fn load32(&self, at: usize) -> u32 {
        u32::from(self.load16(at)) | u32::from(self.load16(at + 2)) << 16
    }

    fn store16(&self, at: usize, value: u16) {
        self.words[at / 2].store(value, Relaxed);
    }

    fn store32(&self, at: usize, value: u32) {
        self.store16(at, value as u16);
        self.store16(at + 2, (value >> 16) as u16);
    }

    fn store64(&self, at: usize, value: u64) {
        // The ring is made of zeros already. To clear it again would only make the models larger.
        if value != 0 {
            self.store32(at, value as u32);
            self.store32(at + 4, (value >> 32) as u32);
        }
    }

    fn fence_release(&self) {
        if self.lacks != Lacks::Release {
            fence(Ordering::Release);
        }
    }

    fn fence_acquire(&self) {
        if self.lacks != Lacks::Acquire {
            fence(Ordering::Acquire);
        }
    }

    fn fence_full(&self) {
        if self.lacks != Lacks::Full {
            fence(Ordering::SeqCst);
        }
    }
}

type Driver<'a> = Queue<&'a Shared, 2>;

fn driver(shared: &Shared, event_idx: bool) -> Driver<'_> {
    Queue::new(shared, SIZE, Features { event_idx, indirect: false }).expect("a queue of 2")
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.max_branches = 10_000;
    builder.check(model);
}

// ---- what is published is there -----------------------------------------------------------------------------------

/// The device looks once, at any time: where it sees an index, it sees all that stands behind it.
fn publication(lacks: Lacks) {
    explore(move || {
        let shared = Shared::new(lacks);
        let mut driver = driver(&shared, true);
        let device = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let index = shared.load16(shared.available(2));
                fence(Ordering::Acquire);
                for entry in 0..index {
                    let head = shared.load16(shared.available(4 + 2 * usize::from(entry)));
                    let at = usize::from(head) * 16;
                    assert_eq!(head, entry, "the device saw an index ahead of the entry");
                    assert_eq!(
                        shared.load32(at),
                        0x5566_7788,
                        "the device saw an index ahead of a descriptor"
                    );
                    assert_eq!(
                        shared.load32(at + 8),
                        0x99AA,
                        "the device saw an index ahead of a descriptor"
                    );
                    assert_eq!(shared.content.load(Relaxed), 1, "the device saw an index ahead of a buffer");
                }
            })
        };
        shared.content.store(1, Relaxed);
        for token in [7, 8] {
            driver.add([SEGMENT], token).expect("room for two");
            let _ = driver.publish();
        }
        device.join().expect("a device that finds all in order");
    });
}

#[test]
fn what_is_published_is_there() {
    publication(Lacks::Nothing);
}

#[test]
#[should_panic(expected = "the device saw an index ahead of")]
fn publishing_without_its_release_fence_is_found() {
    publication(Lacks::Release);
}

// ---- what is returned is there ------------------------------------------------------------------------------------

/// The device's side of a completion, all but the wish for interrupts.
fn complete(shared: &Shared, index: u16, head: u16) {
    let entry = shared.used(4 + 8 * usize::from(index));
    shared.store16(entry, head);
    shared.store16(entry + 4, 40 + head);
    fence(Ordering::Release);
    shared.store16(shared.used(2), index + 1);
}

/// Two chains published, which the device knows of.
fn two_published(shared: &Shared, event_idx: bool) -> Driver<'_> {
    let mut driver = driver(shared, event_idx);
    driver.add([SEGMENT], 100).expect("room for two");
    driver.add([SEGMENT], 101).expect("room for two");
    let _ = driver.publish();
    driver
}

/// Takes all there is.
fn drain(driver: &mut Driver<'_>) -> u16 {
    let mut taken = 0;
    while let Some(used) = driver.take().expect("an honest device") {
        let head = used.token - 100;
        assert_eq!(used.bytes, u32::from(40 + head), "the driver saw an index ahead of the entry");
        taken += 1;
    }
    taken
}

/// The driver looks at any time: where it sees an index, it sees entry and buffer behind it.
fn completion(lacks: Lacks) {
    explore(move || {
        let shared = Shared::new(lacks);
        let mut driver = two_published(&shared, true);
        let device = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.content.store(1, Relaxed);
                complete(&shared, 0, 1);
                complete(&shared, 1, 0);
            })
        };
        if drain(&mut driver) > 0 {
            assert_eq!(shared.content.load(Relaxed), 1, "the driver saw an index ahead of a buffer");
        }
        device.join().expect("a device that only writes");
        drain(&mut driver);
        assert_eq!(driver.in_flight(), 0);
    });
}

#[test]
fn what_is_returned_is_there() {
    completion(Lacks::Nothing);
}

#[test]
#[should_panic(expected = "an index ahead of")]
fn taking_without_the_acquire_fence_is_found() {
    completion(Lacks::Acquire);
}

// ---- no interrupt is lost -----------------------------------------------------------------------------------------

/// The driver drains and goes to sleep while the device completes: what it has not taken then is announced.
fn interrupts(lacks: Lacks, event_idx: bool) {
    explore(move || {
        let shared = Shared::new(lacks);
        let mut driver = two_published(&shared, event_idx);
        driver.want_no_interrupt();
        let device = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for index in [0, 1] {
                    complete(&shared, index, index);
                    fence(Ordering::SeqCst);
                    let wanted = if event_idx {
                        shared.load16(shared.used_event()) == index
                    } else {
                        shared.load16(shared.available(0)) == 0
                    };
                    if wanted {
                        shared.interrupted.store(true, Relaxed);
                    }
                }
            })
        };
        let mut taken = drain(&mut driver);
        while driver.want_interrupt() && lacks != Lacks::Look {
            taken += drain(&mut driver);
        }
        device.join().expect("a device that only writes");
        assert!(taken == 2 || shared.interrupted.load(Relaxed), "both sides sleep: an interrupt was lost");
    });
}

#[test]
fn no_interrupt_is_lost_with_the_event_index() {
    interrupts(Lacks::Nothing, true);
}

#[test]
fn no_interrupt_is_lost_with_flags() {
    interrupts(Lacks::Nothing, false);
}

#[test]
#[should_panic(expected = "an interrupt was lost")]
fn asking_for_interrupts_without_the_full_fence_is_found_with_the_event_index() {
    interrupts(Lacks::Full, true);
}

#[test]
#[should_panic(expected = "an interrupt was lost")]
fn asking_for_interrupts_without_the_full_fence_is_found_with_flags() {
    interrupts(Lacks::Full, false);
}

#[test]
#[should_panic(expected = "an interrupt was lost")]
fn asking_for_interrupts_without_a_second_look_is_found_with_the_event_index() {
    interrupts(Lacks::Look, true);
}

#[test]
#[should_panic(expected = "an interrupt was lost")]
fn asking_for_interrupts_without_a_second_look_is_found_with_flags() {
    interrupts(Lacks::Look, false);
}

// ---- no kick is lost ----------------------------------------------------------------------------------------------

/// The device empties the ring and goes to sleep while the driver publishes: what it has not seen then comes with a
/// kick.
fn kicks(lacks: Lacks, event_idx: bool) {
    explore(move || {
        let shared = Shared::new(lacks);
        let mut driver = driver(&shared, event_idx);
        let wish = if event_idx { shared.available_event() } else { shared.used(0) };
        // Awake, and no kicks wanted so far.
        shared.store16(wish, if event_idx { 0x8000 } else { 1 });
        let device = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut seen = shared.load16(shared.available(2));
                loop {
                    shared.store16(wish, if event_idx { seen } else { 0 });
                    fence(Ordering::SeqCst);
                    let index = shared.load16(shared.available(2));
                    if index == seen {
                        break seen;
                    }
                    seen = index;
                }
            })
        };
        for token in [7, 8] {
            driver.add([SEGMENT], token).expect("room for two");
            if driver.publish() {
                shared.kicked.store(true, Relaxed);
            }
        }
        let seen = device.join().expect("a device that only looks");
        assert!(seen == 2 || shared.kicked.load(Relaxed), "both sides sleep: a kick was lost");
    });
}

#[test]
fn no_kick_is_lost_with_the_event_index() {
    kicks(Lacks::Nothing, true);
}

#[test]
fn no_kick_is_lost_with_flags() {
    kicks(Lacks::Nothing, false);
}

#[test]
#[should_panic(expected = "a kick was lost")]
fn publishing_without_the_full_fence_is_found_with_the_event_index() {
    kicks(Lacks::Full, true);
}

#[test]
#[should_panic(expected = "a kick was lost")]
fn publishing_without_the_full_fence_is_found_with_flags() {
    kicks(Lacks::Full, false);
}
