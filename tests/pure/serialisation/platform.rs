//! A kernel whose locks are loom's: as much of one as the hub needs. What it lacks is what a faulty one would.

use std::cell::Cell;

#[path = "../../../src/platform/ending.rs"]
#[allow(dead_code, reason = "the driver uses the rest")]
pub(crate) mod ending;

/// What a faulty platform lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacks {
    Nothing,
    /// The spin lock is let go as soon as it is taken.
    Hold,
    /// The gate lets everybody in.
    Gate,
    /// The end of a timer does not wait until it does not ring any more.
    Wait,
}

thread_local! {
    /// Loom runs all threads of a model on the one that it was called on.
    pub(crate) static LACKS: Cell<Lacks> = const { Cell::new(Lacks::Nothing) };
}

fn lacks(what: Lacks) -> bool {
    LACKS.get() == what
}

/// Spin locks.
pub(crate) mod lock {
    use loom::cell::UnsafeCell;
    use loom::sync::Mutex;
    use portcls::irql::{AtMostDispatch, Dispatch, Irql};

    use super::{Lacks, lacks};

    pub(crate) struct SpinLock<T> {
        lock: Mutex<()>,
        data: UnsafeCell<T>,
    }

    impl<T> SpinLock<T> {
        pub(crate) fn new(data: T) -> Self {
            Self { lock: Mutex::new(()), data: UnsafeCell::new(data) }
        }

        pub(crate) fn with<L: AtMostDispatch, R>(
            &self,
            _at: &mut Irql<L>,
            f: impl FnOnce(&mut T, &mut Irql<Dispatch>) -> R,
        ) -> R {
            // SAFETY: there are no levels here.
            self.with_at_dispatch(&mut unsafe { Irql::assume() }, f)
        }

        pub(crate) fn with_at_dispatch<R>(
            &self,
            at: &mut Irql<Dispatch>,
            f: impl FnOnce(&mut T, &mut Irql<Dispatch>) -> R,
        ) -> R {
            let mut held = Some(self.lock.lock().expect("nobody panics under it"));
            if lacks(Lacks::Hold) {
                held = None;
            }
            // SAFETY: loom sees to it that nobody else is there, or ends the model.
            let result = self.data.with_mut(|data| f(unsafe { &mut *data }, at));
            drop(held);
            result
        }
    }

    // SAFETY: the lock hands the data to one at a time, or loom finds it.
    unsafe impl<T: Send> Sync for SpinLock<T> {}
}

/// Locks that one may wait under.
pub(crate) mod gate {
    use std::marker::PhantomData;

    use loom::sync::Mutex;
    use portcls::irql::{Irql, Passive};

    use super::{Lacks, lacks};

    pub(crate) struct Gate<T>(Mutex<()>, PhantomData<T>);

    impl Gate<()> {
        pub(crate) fn new(_at: &Irql<Passive>, (): ()) -> portcls::Result<Self> {
            Ok(Self(Mutex::new(()), PhantomData))
        }

        pub(crate) fn with<R>(
            &self,
            at: &mut Irql<Passive>,
            f: impl FnOnce(&mut (), &mut Irql<Passive>) -> R,
        ) -> R {
            let inside = (!lacks(Lacks::Gate)).then(|| self.0.lock().expect("nobody panics inside"));
            let result = f(&mut (), at);
            drop(inside);
            result
        }
    }
}

/// Shared ownership, of which loom need not know: it is told nothing by it.
pub(crate) mod shared {
    use std::ops::Deref;
    use std::sync::Arc;

    pub(crate) struct Shared<T>(Arc<T>);

    impl<T> Shared<T> {
        pub(crate) fn keep(value: T) -> Result<Self, T> {
            Ok(Self(Arc::new(value)))
        }
    }

    impl<T> Clone for Shared<T> {
        fn clone(&self) -> Self {
            Self(Arc::clone(&self.0))
        }
    }

    impl<T> Deref for Shared<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }
}

/// Memory of the pool.
pub(crate) mod pool {
    use std::ops::{Deref, DerefMut};

    pub(crate) struct PoolBox<T>(Box<T>);

    impl<T> PoolBox<T> {
        pub(crate) fn new(value: T) -> portcls::Result<Self> {
            Ok(Self(Box::new(value)))
        }
    }

    impl<T> Deref for PoolBox<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for PoolBox<T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }

    pub(crate) struct PoolSlice<T>(Vec<T>);

    impl<T> PoolSlice<T> {
        pub(crate) const EMPTY: Self = Self(Vec::new());

        pub(crate) fn new(count: usize, make: impl Fn() -> T) -> portcls::Result<Self> {
            Ok(Self((0..count).map(|_| make()).collect()))
        }
    }

    impl<T> Deref for PoolSlice<T> {
        type Target = [T];

        fn deref(&self) -> &[T] {
            &self.0
        }
    }

    impl<T> DerefMut for PoolSlice<T> {
        fn deref_mut(&mut self) -> &mut [T] {
            &mut self.0
        }
    }
}

/// Interrupts.
pub(crate) mod interrupt {
    pub(crate) enum Claim {
        NotMine,
    }
}

/// The service thread, which the models have themselves.
pub(crate) mod thread {
    use portcls::irql::{AtMostDispatch, Irql};

    pub(crate) struct Waker;

    impl Waker {
        pub(crate) fn wake<L: AtMostDispatch>(&self, _at: &Irql<L>) {}
    }
}

/// Events of clients.
pub(crate) mod event {
    use std::cell::RefCell;

    use portcls::handle::Event;
    use portcls::irql::{AtMostDispatch, Irql};

    thread_local! {
        /// Those that were signalled, and those whose clients took them off and may be gone.
        pub(crate) static SIGNALLED: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
        pub(crate) static GONE: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn signal<L: AtMostDispatch>(event: Event, _at: &Irql<L>) {
        assert!(!GONE.with_borrow(|gone| gone.contains(&event)), "an event is signalled that was taken off");
        SIGNALLED.with_borrow_mut(|all| all.push(event));
    }
}

/// Time: it goes on whenever one looks.
pub(crate) mod time {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static NOW: Cell<u64> = const { Cell::new(0) };
    }

    pub(crate) fn counter() -> u64 {
        NOW.set(NOW.get() + 1_000);
        NOW.get()
    }

    pub(crate) fn counter_frequency() -> u64 {
        10_000_000
    }
}

/// Timers: whoever stands in for the clock has them ring.
pub(crate) mod timer {
    use std::cell::RefCell;
    use std::sync::Arc;

    use loom::sync::Mutex;
    use portcls::irql::{AtMostDispatch, Dispatch, Irql, Passive};

    use super::{Lacks, lacks};

    pub(crate) trait Alarm: Send + Sync + 'static {
        fn ring(&self, irql: &mut Irql<Dispatch>);
    }

    trait Rings {
        fn ring(&self);
    }

    struct Inner<A> {
        alarm: A,
        /// Held while it rings. False once the timer was deleted.
        there: Mutex<bool>,
    }

    impl<A: Alarm> Rings for Inner<A> {
        fn ring(&self) {
            let there = self.there.lock().expect("nobody panics while it rings");
            if *there {
                // SAFETY: there are no levels here.
                self.alarm.ring(&mut unsafe { Irql::assume() });
            }
        }
    }

    thread_local! {
        /// The kernel has them until the model is over.
        static TIMERS: RefCell<Vec<Arc<dyn Rings>>> = const { RefCell::new(Vec::new()) };
    }

    /// The time of all timers has come, whatever they are set to.
    pub(crate) fn ring() {
        TIMERS.with_borrow(Vec::clone).iter().for_each(|timer| timer.ring());
    }

    /// The model is over.
    pub(crate) fn forget() {
        TIMERS.take();
    }

    pub(crate) struct Timer<A: Alarm>(Arc<Inner<A>>);

    impl<A: Alarm> Timer<A> {
        pub(crate) fn new(_at: &Irql<Passive>, alarm: A) -> portcls::Result<Self> {
            let inner = Arc::new(Inner { alarm, there: Mutex::new(true) });
            TIMERS.with_borrow_mut(|all| all.push(inner.clone()));
            Ok(Self(inner))
        }

        pub(crate) fn set_after<L: AtMostDispatch>(&self, _at: &Irql<L>, _delay: u64) {}

        pub(crate) fn cancel<L: AtMostDispatch>(&self, _at: &Irql<L>) {}
    }

    impl<A: Alarm> Drop for Timer<A> {
        fn drop(&mut self) {
            if !lacks(Lacks::Wait) {
                *self.0.there.lock().expect("nobody panics while it rings") = false;
            }
        }
    }
}

/// Messages to nobody.
pub(crate) mod trace {
    use std::ffi::CStr;

    pub(crate) fn state(_endpoint: usize, _state: u32) {}

    pub(crate) fn failure(_what: &CStr, _status: portcls::Status) {}
}
