//! Work that the end of an owner asks for.

use core::ops::Deref;

use portcls::irql::{Irql, Passive};

/// What has to be done at PASSIVE_LEVEL when this goes.
pub(crate) trait End {
    /// Undoes what the value stands for. Called once.
    fn end(&self, irql: &mut Irql<Passive>);
}

/// Owns a value and ends it in the drop.
///
/// Device instances and streams are what holds these, and they go at PASSIVE_LEVEL: an instance in a PnP request, a
/// stream when PortCls closes its pin.
pub(crate) struct Ending<T: End>(T);

impl<T: End> Ending<T> {
    /// Ends `value` when the owner goes.
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T: End> Deref for Ending<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: End> Drop for Ending<T> {
    fn drop(&mut self) {
        // SAFETY: owners are dropped at PASSIVE_LEVEL, as said above, and not from within a borrow of another
        // token: neither is ever held by what runs under a lock.
        let mut irql = unsafe { Irql::<Passive>::assume() };
        self.0.end(&mut irql);
    }
}
