//! As much of a kernel as the queues need.

/// Memory that the device sees.
pub(crate) mod dma {
    use std::cell::RefCell;
    use std::marker::PhantomData;
    use std::rc::Rc;

    use super::shared::Shared;
    use portcls::handle::Device;
    use portcls::irql::{Irql, Passive};

    use crate::model::{BASE, MODEL};

    pub(crate) enum Reach {
        Bits64,
    }

    pub(crate) struct CommonBuffer(Rc<RefCell<Vec<u8>>>);

    macro_rules! accesses {
        ($( $load:ident, $store:ident: $type:ty; )*) => { $(
            #[allow(dead_code)]
            pub(crate) fn $load(&self, at: usize) -> $type {
                let bytes = self.0.borrow()[at..at + size_of::<$type>()].try_into().unwrap();
                <$type>::from_le_bytes(bytes)
            }

            #[allow(dead_code)]
            pub(crate) fn $store(&self, at: usize, value: $type) {
                self.store(at, &value.to_le_bytes());
            }
        )* };
    }

    impl CommonBuffer {
        pub(crate) fn new(
            _at: &Irql<Passive>,
            _pdo: Device,
            bytes: u32,
            _reach: Reach,
        ) -> portcls::Result<Self> {
            let memory = Rc::new(RefCell::new(vec![0; bytes as usize]));
            MODEL.with_borrow_mut(|model| model.memory = Rc::downgrade(&memory));
            Ok(Self(memory))
        }

        pub(crate) fn address(&self) -> u64 {
            BASE
        }

        accesses! {
            load16, store16: u16;
            load32, store32: u32;
            load64, store64: u64;
        }

        pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
            self.0.borrow_mut()[at..at + bytes.len()].copy_from_slice(bytes);
        }

        pub(crate) fn load(&self, at: usize, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.borrow()[at..at + bytes.len()]);
        }
    }

    pub(crate) trait Extent {
        const BYTES: usize;
    }

    pub(crate) struct Head<E: Extent>(Shared<CommonBuffer>, PhantomData<E>);

    macro_rules! heads {
        ($( $load:ident, $store:ident: $type:ty; )*) => { $(
            #[allow(dead_code)]
            pub(crate) fn $load(&self, at: usize) -> $type {
                self.0.$load(at)
            }

            #[allow(dead_code)]
            pub(crate) fn $store(&self, at: usize, value: $type) {
                self.0.$store(at, value);
            }
        )* };
    }

    impl<E: Extent> Head<E> {
        pub(crate) fn of(owner: Shared<CommonBuffer>) -> Option<Self> {
            let long = owner.0.borrow().len() >= E::BYTES;
            long.then_some(Self(owner, PhantomData))
        }

        pub(crate) fn buffer(&self) -> &CommonBuffer {
            &self.0
        }

        heads! {
            load16, store16: u16;
            load32, store32: u32;
            load64, store64: u64;
        }
    }

    impl Drop for CommonBuffer {
        fn drop(&mut self) {
            MODEL.with_borrow_mut(|model| model.freed += 1);
        }
    }
}

/// Shared ownership.
pub(crate) mod shared {
    use std::ops::Deref;
    use std::rc::Rc;

    pub(crate) struct Shared<T>(Rc<T>);

    impl<T> Shared<T> {
        pub(crate) fn new(value: T) -> portcls::Result<Self> {
            Ok(Self(Rc::new(value)))
        }
    }

    impl<T> Clone for Shared<T> {
        fn clone(&self) -> Self {
            Self(Rc::clone(&self.0))
        }
    }

    impl<T> Deref for Shared<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }
}

/// Order of accesses: there is but one thread, so that they are counted only.
pub(crate) mod io {
    use crate::model::MODEL;

    pub(crate) fn barrier() {
        MODEL.with_borrow_mut(|model| model.barriers += 1);
    }
}

/// Events.
pub(crate) mod event {
    use std::cell::Cell;

    use portcls::irql::{AtMostDispatch, Irql, Passive};

    use crate::model::MODEL;

    pub(crate) struct Event(Cell<bool>);

    impl Event {
        pub(crate) fn new() -> portcls::Result<Self> {
            Ok(Self(Cell::new(false)))
        }

        pub(crate) fn set<L: AtMostDispatch>(&self, _at: &Irql<L>) {
            self.0.set(true);
        }

        /// An event that is set ends the wait at once; otherwise its time passes.
        pub(crate) fn wait_for(&self, _at: &Irql<Passive>, milliseconds: u32) -> bool {
            MODEL.with_borrow_mut(|model| {
                let set = self.0.take();
                model.early += u32::from(set);
                model.waits += 1;
                model.pass(if set { 0 } else { u64::from(milliseconds) });
                set
            })
        }
    }
}

/// Locks.
pub(crate) mod gate {
    use std::cell::RefCell;

    use portcls::irql::{Irql, Passive};

    pub(crate) struct Gate<T>(RefCell<T>);

    impl<T> Gate<T> {
        pub(crate) fn new(_at: &Irql<Passive>, data: T) -> portcls::Result<Self> {
            Ok(Self(RefCell::new(data)))
        }

        pub(crate) fn with<R>(
            &self,
            at: &mut Irql<Passive>,
            f: impl FnOnce(&mut T, &mut Irql<Passive>) -> R,
        ) -> R {
            f(&mut self.0.borrow_mut(), at)
        }
    }
}

/// Time.
pub(crate) mod time {
    use crate::model::MODEL;

    pub(crate) fn counter() -> u64 {
        MODEL.with_borrow(|model| model.now_ms * 10_000)
    }

    pub(crate) fn counter_frequency() -> u64 {
        10_000_000
    }
}

/// Messages to a debugger that is not there.
pub(crate) mod trace {
    pub(crate) fn failure(what: &std::ffi::CStr, status: portcls::Status) {
        println!("{what:?} failed: {status:?}");
    }
}

/// Memory of the pool.
pub(crate) mod pool {
    use core::ops::{Deref, DerefMut};

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
}
