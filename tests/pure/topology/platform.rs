//! What the filters want of the kernel.

/// As the driver's.
pub(crate) mod ending {
    use portcls::irql::{Irql, Passive};

    pub(crate) trait End {
        fn end(&self, irql: &mut Irql<Passive>);
    }
}

/// As the driver's, with a lock that notices when it is taken twice.
pub(crate) mod lock {
    use std::sync::Mutex;

    use portcls::irql::{AtMostDispatch, Dispatch, Irql};

    pub(crate) struct SpinLock<T>(Mutex<T>);

    impl<T> SpinLock<T> {
        pub(crate) const fn new(data: T) -> Self {
            Self(Mutex::new(data))
        }

        pub(crate) fn with<L: AtMostDispatch, R>(
            &self,
            _at: &mut Irql<L>,
            f: impl FnOnce(&mut T, &mut Irql<Dispatch>) -> R,
        ) -> R {
            // SAFETY: the lock is about to be held, which is what stands for DISPATCH_LEVEL here.
            let mut raised = unsafe { Irql::assume() };
            f(&mut self.0.try_lock().expect("the lock is free"), &mut raised)
        }
    }
}

/// As the driver's.
pub(crate) mod shared {
    use std::ops::Deref;
    use std::sync::Arc;

    use portcls::Result;

    pub(crate) struct Shared<T>(Arc<T>);

    impl<T> Shared<T> {
        #[allow(clippy::unnecessary_wraps, reason = "the driver's can fail")]
        pub(crate) fn new(value: T) -> Result<Self> {
            Ok(Self(Arc::new(value)))
        }
    }

    impl<T> Clone for Shared<T> {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }

    impl<T> Deref for Shared<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }
}
