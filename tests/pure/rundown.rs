//! What is taken away while others use it, in every order and with every stale value that the memory model allows.
//!
//! The window of registers is a cell of loom's: who reads it beside the one that unmaps it ends the model. Each fault that is
//! planted must be found: then the model is known to be able to.

#[path = "../../src/platform/rundown.rs"]
#[allow(dead_code, reason = "the driver uses the rest")]
mod rundown;

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering::{self, Relaxed};
use loom::thread;

use rundown::{Rundown, Word};

/// What a faulty one lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacks {
    Nothing,
    /// What a user did is not known to be done when it has left.
    Release,
    /// Who finds nobody inside does not know what they did.
    Acquire,
    /// Users do not look whether it is closed.
    Look,
    /// The window is unmapped at once.
    Wait,
}

/// The driver's word, on loom's memory.
struct Model {
    word: AtomicU32,
    lacks: Lacks,
}

impl Word for Model {
    fn add(&self, value: u32, order: Ordering) -> u32 {
        let before = self.word.fetch_add(value, order);
        if self.lacks == Lacks::Look { 0 } else { before }
    }

    fn subtract(&self, value: u32, order: Ordering) -> u32 {
        self.word.fetch_sub(value, if self.lacks == Lacks::Release { Relaxed } else { order })
    }

    fn set(&self, bits: u32, order: Ordering) -> u32 {
        self.word.fetch_or(bits, order)
    }

    fn get(&self, order: Ordering) -> u32 {
        self.word.load(if self.lacks == Lacks::Acquire { Relaxed } else { order })
    }
}

/// A window that is mapped, and who uses it.
struct Window {
    users: Rundown<Model>,
    mapped: UnsafeCell<bool>,
}

// SAFETY: loom sees to it that nobody reads the cell beside one that writes it, or ends the model.
unsafe impl Sync for Window {}
// SAFETY: it holds no reference.
unsafe impl Send for Window {}

impl Window {
    /// An access, as late as may be.
    fn access(&self) {
        if let Some(_inside) = self.users.enter() {
            // SAFETY: as said above.
            self.mapped.with(|mapped| assert!(unsafe { *mapped }, "an access to what is not mapped"));
        }
    }

    /// The window is given up, as in `Registers::close`.
    fn close(&self, lacks: Lacks) {
        if !self.users.close() {
            return;
        }
        while lacks != Lacks::Wait && !self.users.is_empty() {
            thread::yield_now();
        }
        // SAFETY: as said above.
        self.mapped.with_mut(|mapped| unsafe { *mapped = false });
    }
}

/// Two users come at any time, one of them twice, while the window is given up by two: a teardown and a drop.
fn given_up_beside_users(lacks: Lacks) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let word = Model { word: AtomicU32::new(0), lacks };
        let window = Arc::new(Window { users: Rundown::over(word), mapped: UnsafeCell::new(true) });
        let users = [1, 2].map(|times| {
            let window = window.clone();
            thread::spawn(move || (0..times).for_each(|_| window.access()))
        });
        window.close(lacks);
        window.close(lacks);
        assert!(window.users.is_closed());
        // Whoever comes later is not let in.
        window.access();
        users.into_iter().for_each(|user| user.join().expect("a user that comes to its end"));
        assert!(window.users.is_empty());
    });
}

/// Rows 55 and 57: surprise removal and rebalance give the registers up.
#[test]
fn nobody_uses_what_was_taken_away() {
    given_up_beside_users(Lacks::Nothing);
}

/// The driver's own word, by one thread.
#[test]
fn users_are_counted_until_the_last_has_left() {
    let users = Rundown::<std::sync::atomic::AtomicU32>::new();
    assert!(users.is_empty() && !users.is_closed());
    let (first, second) = (users.enter(), users.enter());
    assert!(first.is_some() && second.is_some() && !users.is_empty());
    drop(first);
    assert!(!users.is_empty());
    assert!(users.close(), "nobody closed it before");
    assert!(!users.close(), "it is closed once");
    assert!(users.is_closed() && !users.is_empty(), "the second is inside");
    assert!(users.enter().is_none());
    drop(second);
    assert!(users.is_empty() && users.is_closed());
    assert!(users.enter().is_none());
    assert!(users.is_empty());
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_user_that_leaves_too_soon_is_found() {
    given_up_beside_users(Lacks::Release);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn an_end_that_does_not_look_right_is_found() {
    given_up_beside_users(Lacks::Acquire);
}

#[test]
#[should_panic(expected = "not mapped")]
fn a_user_that_does_not_look_is_found() {
    given_up_beside_users(Lacks::Look);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn an_end_that_does_not_wait_is_found() {
    given_up_beside_users(Lacks::Wait);
}
