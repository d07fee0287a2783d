//! The order in which the queue loads and stores, and which fence stands where: the models of `loom.rs` show that these
//! fences suffice, this one that they are all asked for, through a reference to the memory, too.

#[path = "support/cells.rs"]
mod cells;

use std::cell::RefCell;

use cells::Cells;
use virtqueue::{Features, Queue, RingMemory, Segment};

/// What was asked of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Load(usize),
    Store(usize),
    Release,
    Acquire,
    Full,
}

use Access::{Acquire, Full, Load, Release, Store};

/// Memory that remembers how it was used.
struct Log {
    cells: Cells,
    seen: RefCell<Vec<Access>>,
}

impl Log {
    fn note(&self, access: Access) {
        self.seen.borrow_mut().push(access);
    }
}

impl RingMemory for Log {
    fn load16(&self, at: usize) -> u16 {
        self.note(Load(at));
        self.cells.load16(at)
    }

    fn load32(&self, at: usize) -> u32 {
        self.note(Load(at));
        self.cells.load32(at)
    }

    fn store16(&self, at: usize, value: u16) {
        self.note(Store(at));
        self.cells.store16(at, value);
    }

    fn store32(&self, at: usize, value: u32) {
        self.note(Store(at));
        self.cells.store32(at, value);
    }

    fn store64(&self, at: usize, value: u64) {
        self.note(Store(at));
        self.cells.store64(at, value);
    }

    fn fence_release(&self) {
        self.note(Release);
    }

    fn fence_acquire(&self) {
        self.note(Acquire);
    }

    fn fence_full(&self) {
        self.note(Full);
    }
}

#[test]
fn each_step_has_its_fence() {
    let log = Log { cells: Cells::new(4, 4), seen: RefCell::default() };
    let layout = log.cells.layout;
    let (available_index, used_index) = (layout.available + 2, layout.used + 2);
    let (used_event, available_event) = (layout.available + 4 + 2 * 4, layout.used + 4 + 8 * 4);
    let features = Features { event_idx: true, indirect: false };
    let mut queue: Queue<&Log, 4> = Queue::new(&log, 4, features).expect("4 is a size");
    queue.add([Segment { address: 0x1000, bytes: 8, writable: true }], 7).expect("it is empty");

    log.seen.take();
    assert!(queue.publish());
    assert_eq!(log.seen.take(), [Release, Store(available_index), Full, Load(available_event)]);
    assert!(!queue.want_interrupt());
    assert_eq!(log.seen.take(), [Store(used_event), Full, Load(used_index)]);

    // The device is done with descriptor 0.
    log.cells.store32(layout.used + 4, 0);
    log.cells.store16(used_index, 1);
    assert_eq!(queue.take().expect("no lie").map(|used| used.token), Some(7));
    assert_eq!(log.seen.take(), [Load(used_index), Acquire, Load(layout.used + 4), Load(layout.used + 8)]);
}
