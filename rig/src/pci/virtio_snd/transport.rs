//! The common configuration structure (4.1.4.3) and the protocol of the device status (2.1, 3.1), taken at their word.

use super::memory::Memory;
use super::ring::Ring;
use super::wire;
use crate::pci::Width;

/// What a write asks the device to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Reset,
    /// One queue was reset.
    QueueReset(u16),
}

/// The registers.
#[derive(Debug)]
pub(super) struct Transport {
    offered: u64,
    refuse: bool,
    vectors: u16,
    queue_size: u16,
    feature_select: u32,
    driver_select: u32,
    pub accepted: u64,
    pub status: u8,
    /// The status that is shown until a reset is over.
    resetting: Option<(u64, u8)>,
    pub config_vector: u16,
    queue_select: u16,
    pub rings: Vec<Ring>,
    pub isr: u8,
}

impl Transport {
    /// From now on `FEATURES_OK` does not stay.
    pub(super) fn refuse(&mut self) {
        self.refuse = true;
    }

    pub(super) fn new(offered: u64, refuse: bool, vectors: u16, queue_size: u16) -> Self {
        Self {
            offered: offered | wire::F_VERSION_1,
            refuse,
            vectors,
            queue_size,
            feature_select: 0,
            driver_select: 0,
            accepted: 0,
            status: 0,
            resetting: None,
            config_vector: wire::NO_VECTOR,
            queue_select: 0,
            rings: (0..wire::QUEUE_COUNT).map(|_| Ring::new(queue_size)).collect(),
            isr: 0,
        }
    }

    pub(super) fn has(&self, feature: u64) -> bool {
        self.accepted & feature != 0
    }

    /// Whether the driver has said that it is ready, and the device has not given up.
    pub(super) fn is_live(&self) -> bool {
        self.status & wire::DRIVER_OK != 0 && self.status & wire::NEEDS_RESET == 0
    }

    /// All registers as they are after power-on; the old status is shown until `over`.
    pub(super) fn reset(&mut self, now: u64, over: u64) {
        let shown = self.status;
        *self = Self::new(self.offered, self.refuse, self.vectors, self.queue_size);
        // Where there is nothing to reset, nothing takes time.
        self.resetting = (over > now && shown != 0).then_some((over, shown));
    }

    fn shown_status(&mut self, now: u64) -> u8 {
        if let Some((over, shown)) = self.resetting {
            if now < over {
                return shown;
            }
            self.resetting = None;
        }
        self.status
    }

    /// A field of the structure; `Err` if there is none of this place and width.
    pub(super) fn read(&mut self, now: u64, offset: u64, width: Width) -> Result<u64, String> {
        let ring = self.rings.get(usize::from(self.queue_select));
        let of_ring = |field: fn(&Ring) -> u64| ring.map_or(0, field);
        Ok(match (offset, width) {
            (0x00, Width::Dword) => self.feature_select.into(),
            (0x04, Width::Dword) => word(self.offered, self.feature_select).into(),
            (0x08, Width::Dword) => self.driver_select.into(),
            (0x0C, Width::Dword) => word(self.accepted, self.driver_select).into(),
            (0x10, Width::Word) => self.config_vector.into(),
            (0x12, Width::Word) => wire::QUEUE_COUNT.into(),
            (0x14, Width::Byte) => self.shown_status(now).into(),
            // The configuration never changes under way.
            (0x15, Width::Byte) => 0,
            (0x16, Width::Word) => self.queue_select.into(),
            (0x18, Width::Word) => of_ring(|ring| ring.size.into()),
            (0x1A, Width::Word) => ring.map_or(wire::NO_VECTOR.into(), |ring| ring.vector.into()),
            (0x1C, Width::Word) => of_ring(|ring| ring.enabled.into()),
            (0x1E, Width::Word) => ring.map_or(0, |_| self.queue_select.into()),
            (0x20..=0x37, Width::Dword) if offset.is_multiple_of(4) => {
                let address = ring.map_or(0, |ring| ring.addresses[((offset - 0x20) / 8) as usize]);
                word(address, (offset / 4 % 2) as u32).into()
            }
            (0x38, Width::Word) => ring.map_or(0, |_| self.queue_select.into()),
            // A queue reset is over at once.
            (0x3A, Width::Word) => 0,
            _ => {
                return Err(format!(
                    "{} bytes read at {offset:#x} of the common configuration",
                    width.bytes()
                ));
            }
        })
    }

    /// Writes a field; `Err` says which rule that breaks, and the write may still have happened.
    pub(super) fn write(
        &mut self,
        memory: &Memory,
        offset: u64,
        width: Width,
        value: u64,
    ) -> Result<Effect, String> {
        match (offset, width) {
            (0x00, Width::Dword) => self.feature_select = value as u32,
            (0x08, Width::Dword) => self.driver_select = value as u32,
            (0x0C, Width::Dword) => return self.accept(value as u32),
            (0x10, Width::Word) => self.config_vector = self.vector(value),
            (0x14, Width::Byte) => return self.set_status(value as u8),
            (0x16, Width::Word) => self.queue_select = value as u16,
            (0x18 | 0x1A | 0x1C | 0x20..=0x37 | 0x3A, _) => {
                return self.write_queue(memory, offset, width, value);
            }
            _ => {
                return Err(format!(
                    "{} bytes written at {offset:#x} of the common configuration",
                    width.bytes()
                ));
            }
        }
        Ok(Effect::None)
    }

    fn vector(&self, value: u64) -> u16 {
        if value < u64::from(self.vectors) { value as u16 } else { wire::NO_VECTOR }
    }

    fn accept(&mut self, value: u32) -> Result<Effect, String> {
        if self.status & wire::DRIVER == 0 || self.status & wire::FEATURES_OK != 0 {
            return Err(format!("features accepted at status {:#x}", self.status));
        }
        let shift = match self.driver_select {
            select @ (0 | 1) => 32 * select,
            _ if value == 0 => return Ok(Effect::None),
            _ => return Err(format!("features {value:#x} of word {}", self.driver_select)),
        };
        self.accepted = self.accepted & !(0xFFFF_FFFF << shift) | u64::from(value) << shift;
        Ok(Effect::None)
    }

    fn set_status(&mut self, value: u8) -> Result<Effect, String> {
        if value == 0 {
            return Ok(Effect::Reset);
        }
        if self.resetting.is_some() {
            return Err(format!("status {value:#x} written before the reset was over"));
        }
        let old = self.status & !wire::NEEDS_RESET;
        if old & !value != 0 {
            return Err(format!("status bits {:#x} cleared without a reset", old & !value));
        }
        let new = value & !old;
        if self.status & wire::NEEDS_RESET != 0 && new & wire::FAILED == 0 {
            return Err(format!("status {value:#x} written to a device that needs a reset"));
        }
        if new & wire::DRIVER_OK != 0 && old & wire::FEATURES_OK == 0 {
            return Err("DRIVER_OK before FEATURES_OK".into());
        }
        if new & wire::FEATURES_OK != 0 {
            if old & (wire::ACKNOWLEDGE | wire::DRIVER) != wire::ACKNOWLEDGE | wire::DRIVER {
                return Err("FEATURES_OK before ACKNOWLEDGE and DRIVER".into());
            }
            let unknown = self.accepted & !self.offered;
            // Without these the device could not be driven: it says so by not taking the bit.
            let needed = wire::F_VERSION_1 | self.offered & wire::F_ACCESS_PLATFORM;
            if unknown != 0 {
                return Err(format!("features {unknown:#x} accepted that were not offered"));
            }
            if self.refuse || self.accepted & needed != needed {
                self.status |= value & !wire::FEATURES_OK;
                return Ok(Effect::None);
            }
        }
        self.status |= value;
        Ok(Effect::None)
    }

    fn write_queue(
        &mut self,
        memory: &Memory,
        offset: u64,
        width: Width,
        value: u64,
    ) -> Result<Effect, String> {
        let (number, vector) = (self.queue_select, self.vector(value));
        let (status, event_idx) = (self.status, self.has(wire::F_EVENT_IDX));
        let ring_reset = self.has(wire::F_RING_RESET);
        let Some(ring) = self.rings.get_mut(usize::from(number)) else {
            return Err(format!("queue {number} written, and there are {}", wire::QUEUE_COUNT));
        };
        if status & wire::FEATURES_OK == 0 {
            return Err(format!("queue {number} set up at status {status:#x}, before FEATURES_OK"));
        }
        if ring.enabled && !matches!(offset, 0x1A | 0x3A) {
            return Err(format!("register {offset:#x} of queue {number} written while it is in use"));
        }
        match (offset, width) {
            (0x18, Width::Word) => {
                let size = value as u16;
                if !size.is_power_of_two() || size > ring.max_size() {
                    return Err(format!("a size of {size} for queue {number}"));
                }
                ring.size = size;
            }
            (0x1A, Width::Word) => ring.vector = vector,
            (0x1C, Width::Word) if value == 1 => {
                if status & wire::DRIVER_OK != 0 && !ring.was_reset {
                    return Err(format!("queue {number} enabled after DRIVER_OK"));
                }
                ring.enable(memory, event_idx).map_err(|why| format!("queue {number}: {why}"))?;
            }
            (0x20..=0x37, Width::Dword) if offset.is_multiple_of(4) => {
                let address = &mut ring.addresses[((offset - 0x20) / 8) as usize];
                let shift = 8 * (offset % 8);
                *address = *address & !(0xFFFF_FFFF << shift) | value << shift;
            }
            (0x3A, Width::Word) if value == 1 && ring_reset => {
                let vector = ring.vector;
                *ring = Ring::new(ring.max_size());
                (ring.vector, ring.was_reset) = (vector, true);
                return Ok(Effect::QueueReset(number));
            }
            _ => {
                let bytes = width.bytes();
                return Err(format!(
                    "{value:#x} in {bytes} bytes written to register {offset:#x} of queue {number}"
                ));
            }
        }
        Ok(Effect::None)
    }
}

fn word(whole: u64, number: u32) -> u32 {
    if number < 2 { (whole >> (32 * number)) as u32 } else { 0 }
}
