//! Which addresses hold driver code. The signal handler reads this table, so it has neither locks nor memory
//! to allocate.

use std::{
    cell::Cell,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use super::step;

/// Executable ranges at a time in one process: images have one to three each.
const CAPACITY: usize = 256;

/// One executable range of a driver image. Free while `end` is 0.
struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
    owner: AtomicUsize,
    writable: AtomicBool,
}

static SLOTS: [Slot; CAPACITY] = [const {
    Slot {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        owner: AtomicUsize::new(0),
        writable: AtomicBool::new(false),
    }
}; CAPACITY];

/// Held while slots are given out.
static REGISTERING: Mutex<()> = Mutex::new(());

/// An executable range of a driver image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Addresses; whole pages.
    pub range: Range<usize>,
    /// Whether it may also be written.
    pub writable: bool,
}

/// Keeps code registered; dropping it before the image is unmapped takes it off the list.
#[derive(Debug)]
#[must_use = "the code is forgotten when this is dropped"]
pub struct Registration {
    slots: Vec<usize>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        for &index in &self.slots {
            SLOTS[index].end.store(0, Ordering::Release);
        }
    }
}

/// Declares the executable ranges of an image to be driver code, run by the calling thread.
///
/// # Panics
/// If more than 256 ranges are registered in the process.
pub fn register_image(code: &[Code]) -> Registration {
    let held = REGISTERING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut registration = Registration { slots: Vec::new() };
    for part in code {
        let free = SLOTS.iter().position(|slot| slot.end.load(Ordering::Acquire) == 0);
        let index = free.expect("too many driver images at a time");
        let slot = &SLOTS[index];
        slot.start.store(part.range.start, Ordering::Relaxed);
        slot.owner.store(this_thread(), Ordering::Relaxed);
        slot.writable.store(part.writable, Ordering::Relaxed);
        slot.end.store(part.range.end, Ordering::Release);
        registration.slots.push(index);
    }
    drop(held);
    if step::is_armed() {
        set_executable(false);
    }
    registration
}

/// The code range of this thread's images that holds `address`.
pub(super) fn find(address: usize) -> Option<Range<usize>> {
    own().map(|code| code.0).find(|range| range.contains(&address))
}

/// Whether the addresses are all code of one of this thread's images.
#[must_use]
pub fn is_code(addresses: Range<usize>) -> bool {
    find(addresses.start).is_some_and(|code| addresses.end <= code.end)
}

/// Lets this thread's images be executed, or has every attempt fault. Callable from a signal handler.
pub(super) fn set_executable(executable: bool) {
    for (range, writable) in own() {
        let mut protection = libc::PROT_READ;
        if executable {
            protection |= libc::PROT_EXEC;
        }
        if writable {
            protection |= libc::PROT_WRITE;
        }
        // SAFETY: the range is a mapped image's, by the promise of whoever registered it; its bytes stay.
        unsafe { libc::mprotect(range.start as *mut libc::c_void, range.len(), protection) };
    }
}

fn own() -> impl Iterator<Item = (Range<usize>, bool)> {
    let thread = this_thread();
    SLOTS.iter().filter_map(move |slot| {
        let end = slot.end.load(Ordering::Acquire);
        let mine = end != 0 && slot.owner.load(Ordering::Relaxed) == thread;
        mine.then(|| (slot.start.load(Ordering::Relaxed)..end, slot.writable.load(Ordering::Relaxed)))
    })
}

/// A number that is this thread's own while it lives.
fn this_thread() -> usize {
    thread_local!(static MARK: Cell<u8> = const { Cell::new(0) });
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}
