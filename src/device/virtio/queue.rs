//! The queues of a device, as its registers have them.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::regs::common;
use super::transport::Transport;
use crate::platform::trace;

/// Where the device finds the parts of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Descriptor table, aligned to 16.
    pub(crate) descriptors: u64,
    /// Available ring, aligned to 2.
    pub(crate) available: u64,
    /// Used ring, aligned to 4.
    pub(crate) used: u64,
}

/// How to notify a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notify {
    offset: u32,
    queue: u16,
}

impl Transport {
    /// How long queue `queue` can be: the largest power of two that the device and `most` allow.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_FOUND` if there is no such queue; `STATUS_DEVICE_REMOVED`.
    pub(crate) fn queue_size(&self, _at: &Irql<Passive>, queue: u16, most: u16) -> Result<u16> {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.common.write16(common::QUEUE_SELECT, queue);
        let size = self.common.read16(common::QUEUE_SIZE).min(most);
        size.checked_ilog2().and_then(|log| 1_u16.checked_shl(log)).ok_or(Status::NOT_FOUND)
    }

    /// Has message `vector` tell of configuration changes.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if the device has no room for it; `STATUS_DEVICE_REMOVED`.
    pub(crate) fn set_config_vector(&self, _at: &Irql<Passive>, vector: u16) -> Result {
        self.set_vector(common::CONFIG_MSIX_VECTOR, vector)
    }

    /// Puts queue `queue`, which was reset, into use: `size` descriptors, whose completions message `vector` tells of;
    /// none stands for the line.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if the device does not take the size, or wants to be notified where it has
    /// no register; `STATUS_INSUFFICIENT_RESOURCES` if it has no room for the message; `STATUS_DEVICE_REMOVED`.
    pub(crate) fn enable_queue(
        &self,
        _at: &Irql<Passive>,
        queue: u16,
        size: u16,
        place: Place,
        vector: Option<u16>,
    ) -> Result<Notify> {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.common.write16(common::QUEUE_SELECT, queue);
        self.common.write16(common::QUEUE_SIZE, size);
        let units = u32::from(self.common.read16(common::QUEUE_NOTIFY_OFF));
        let offset = units.checked_mul(self.notify_multiplier);
        let offset =
            offset.filter(|offset| offset.checked_add(2).is_some_and(|end| end <= self.notify.bytes()));
        let (Some(offset), true) = (offset, self.common.read16(common::QUEUE_SIZE) == size) else {
            trace::value(c"queue not usable", u32::from(queue));
            return Err(Status::DEVICE_CONFIGURATION_ERROR);
        };
        let parts = [
            (common::QUEUE_DESC, place.descriptors),
            (common::QUEUE_DRIVER, place.available),
            (common::QUEUE_DEVICE, place.used),
        ];
        for (register, address) in parts {
            self.common.write32(register, address as u32);
            self.common.write32(register.wrapping_add(4), (address >> 32) as u32);
        }
        if let Some(vector) = vector {
            self.set_vector(common::QUEUE_MSIX_VECTOR, vector)?;
        }
        self.common.write16(common::QUEUE_ENABLE, 1);
        Ok(Notify { offset, queue })
    }

    /// Tells the device that a queue has something new: one write of 16 bits. IRQL: any.
    #[inline(always)]
    pub(crate) fn notify(&self, notify: Notify) {
        if self.is_present() {
            self.notify.write16(notify.offset, notify.queue);
        }
    }

    fn set_vector(&self, register: u32, vector: u16) -> Result {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.common.write16(register, vector);
        if self.common.read16(register) == vector && vector != common::NO_VECTOR {
            return Ok(());
        }
        trace::value(c"message not taken", u32::from(vector));
        Err(Status::INSUFFICIENT_RESOURCES)
    }
}
