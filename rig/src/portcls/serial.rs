//! How calls of the driver's follow one another (audio/usepositionlock).
//!
//! ```text
//!                                                   UsePositionLock is 0 or absent    1 or more
//!   packets, count, position, presentation          the device's lock                 the stream's own
//!   states, formats, buffers, events,               the device's lock                 the device's lock
//!   nodes, ranges, modes, and PnpStop and its kin
//! ```
//!
//! The second column is for the WaveRT and topology ports only, and of the first row a topology filter has nothing. What
//! comes at DISPATCH_LEVEL can wait for nobody, and takes no lock. Where documents are silent: both are mutexes under
//! which IRQL stays as it is, as the methods are called at PASSIVE_LEVEL; creating and closing a pin takes the lock for
//! each of its calls that are properties by themselves, and for no other.

use std::rc::Rc;

use super::Adapter;
use super::port::Class;
use super::state;
use crate::nt::Kernel;
use crate::nt::Mutex;
use crate::nt::abi::DISPATCH_LEVEL;

/// Where the device's software key has the value, which an INF file's `HKR` puts there.
const USE_POSITION_LOCK: &str = "DispatchSettings\\UsePositionLock";

/// The lock of a device, and what the registry said when the device was added: that holds until its object goes.
pub(crate) struct DeviceLock {
    kernel: &'static Kernel,
    mutex: Rc<Mutex>,
    by_position: bool,
}

impl DeviceLock {
    /// Of a device that is being added.
    pub(crate) fn read(kernel: &'static Kernel) -> Self {
        let by_position = kernel.driver_value(USE_POSITION_LOCK).is_some_and(|value| value != 0);
        state(kernel).by_position.set(by_position);
        Self { kernel, mutex: Rc::new(Mutex::new(kernel)), by_position }
    }

    /// Calls `body` under it.
    pub(crate) fn hold<R>(&self, body: impl FnOnce() -> R) -> R {
        self.mutex.hold(body)
    }

    /// How often a call had to wait for it.
    pub(crate) fn waits(&self) -> u64 {
        self.mutex.waits()
    }

    /// The locks of a new stream of a port.
    pub(crate) fn of_stream(&self, class: Class) -> StreamLocks {
        let own = self.by_position && class == Class::WaveRt;
        let position = if own { Rc::new(Mutex::new(self.kernel)) } else { self.mutex.clone() };
        StreamLocks { kernel: self.kernel, device: self.mutex.clone(), position }
    }
}

/// The locks under which a stream is called.
pub(crate) struct StreamLocks {
    kernel: &'static Kernel,
    device: Rc<Mutex>,
    /// The stream's own, or the device's again.
    position: Rc<Mutex>,
}

impl StreamLocks {
    /// Calls `body` as a request that changes the stream.
    pub(crate) fn device<R>(&self, body: impl FnOnce() -> R) -> R {
        self.device.hold(body)
    }

    /// Calls `body` as a request that asks where the stream is, or hands over a packet.
    pub(crate) fn position<R>(&self, body: impl FnOnce() -> R) -> R {
        self.position_at(self.kernel.current_irql(), body)
    }

    /// The same where the driver is to be called at `level`.
    pub(crate) fn position_at<R>(&self, level: u8, body: impl FnOnce() -> R) -> R {
        if level >= DISPATCH_LEVEL { body() } else { self.position.hold(body) }
    }

    /// How often such a request had to wait.
    pub(crate) fn position_waits(&self) -> u64 {
        self.position.waits()
    }
}

impl Adapter {
    /// Calls `body` as a request to a filter of the device.
    pub(super) fn under_lock<R>(&self, body: impl FnOnce() -> R) -> R {
        match self.fdo() {
            Some(fdo) => fdo.lock.hold(body),
            None => body(),
        }
    }

    /// How often a request had to wait until another one of the device was through.
    pub fn lock_waits(&self) -> u64 {
        self.fdo().map_or(0, |fdo| fdo.lock.waits())
    }
}
