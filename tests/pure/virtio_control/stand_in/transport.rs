//! The registers of the device of this test.

use portcls::Result;
use portcls::irql::{Irql, Passive};

use super::queue::{Notify, Place};
use super::regs::feature;
use crate::model::MODEL;

/// What was negotiated.
#[derive(Clone, Copy)]
pub(crate) struct Features {
    pub(crate) event_idx: bool,
}

impl Features {
    pub(crate) fn has(self, bit: u64) -> bool {
        self.event_idx && bit == feature::EVENT_IDX
    }
}

/// The registers.
pub(crate) struct Transport;

impl Transport {
    pub(crate) fn queue_size(&self, _at: &Irql<Passive>, _queue: u16, most: u16) -> Result<u16> {
        Ok(most.min(64))
    }

    pub(crate) fn enable_queue(
        &self,
        _at: &Irql<Passive>,
        _queue: u16,
        size: u16,
        place: Place,
        _vector: Option<u16>,
    ) -> Result<Notify> {
        MODEL.with_borrow_mut(|model| model.enable(place, size));
        Ok(Notify)
    }

    pub(crate) fn notify(&self, _notify: Notify) {
        MODEL.with_borrow_mut(crate::model::Model::kick);
        if let Some(interrupt) = MODEL.with_borrow(|model| model.interrupt.clone()) {
            interrupt();
        }
    }

    pub(crate) fn is_present(&self) -> bool {
        !MODEL.with_borrow(|model| model.gone)
    }

    pub(crate) fn needs_reset(&self) -> bool {
        MODEL.with_borrow(|model| model.needs_reset)
    }
}
