//! Accesses: configuration space, and the structures in the BARs.

use super::config::COMMON_BYTES;
use super::config::DEVICE_BYTES;
use super::config::MSIX_BAR;
use super::config::MSIX_PENDING;
use super::device::Device;
use super::transport::Effect;
use super::wire;
use crate::pci::Width;

/// What an address belongs to, with the offset in it.
enum Place {
    Table(u64),
    Pending(u64),
    Common(u64),
    Isr,
    Configuration(u64),
    Notify(u64),
    Nothing,
}

impl Device {
    /// Counts an access, and lets happen what the script has planned for it.
    fn access(&mut self) {
        for what in self.script.access() {
            self.happen(what);
        }
    }

    pub(super) fn read_config(&mut self, offset: u16, width: Width) -> u32 {
        self.access();
        if self.removed { width.all_ones() as u32 } else { self.config.read(offset, width) }
    }

    pub(super) fn write_config(&mut self, offset: u16, width: Width, value: u32) {
        self.access();
        if !self.removed {
            self.config.write(offset, width, value);
            self.send_messages();
        }
    }

    fn place(&self, address: u64, width: Width) -> Option<Place> {
        let (bar, offset) = self.config.find(address, width.bytes())?;
        let places = &self.places;
        if bar == MSIX_BAR && self.msix.vectors() > 0 {
            let table = u64::from(self.msix.vectors()) * 16;
            return Some(match offset {
                _ if offset < table => Place::Table(offset),
                MSIX_PENDING.. => Place::Pending(offset - MSIX_PENDING),
                _ => Place::Nothing,
            });
        }
        let within =
            |start: u64, bytes: u64| (start..start + bytes).contains(&offset).then(|| offset - start);
        let notify_bytes = u64::from(places.multiplier) * 4;
        Some(if let Some(at) = within(places.common, COMMON_BYTES) {
            Place::Common(at)
        } else if within(places.isr, 1).is_some() {
            Place::Isr
        } else if let Some(at) = within(places.device, DEVICE_BYTES) {
            Place::Configuration(at)
        } else if let Some(at) = within(places.notify, notify_bytes.max(2)) {
            Place::Notify(at)
        } else {
            Place::Nothing
        })
    }

    pub(super) fn read_register(&mut self, address: u64, width: Width) -> u64 {
        self.access();
        if self.removed {
            return width.all_ones();
        }
        let Some(place) = self.place(address, width) else { return width.all_ones() };
        match place {
            Place::Table(at) => self.msix.read_table(at, width),
            Place::Pending(at) => self.msix.pending(at, width),
            Place::Common(at) => self.transport.read(self.now, at, width).unwrap_or_else(|why| {
                self.complain(why);
                0
            }),
            Place::Isr => {
                if width != Width::Byte {
                    self.complain("the interrupt status was read by more than a byte");
                }
                // Reading takes the interrupt back (4.1.4.5).
                std::mem::take(&mut self.transport.isr).into()
            }
            Place::Configuration(at) => self.configuration(at, width),
            Place::Notify(_) => 0,
            Place::Nothing => {
                self.complain(format!("{} bytes read at {address:#x}, where nothing is", width.bytes()));
                0
            }
        }
    }

    fn configuration(&mut self, at: u64, width: Width) -> u64 {
        const CONTROLS: u64 = 12;
        if width != Width::Dword || !at.is_multiple_of(4) {
            self.complain(format!("{} bytes read at {at} of the device configuration", width.bytes()));
        }
        if at >= CONTROLS && !self.transport.has(wire::F_SND_CTLS) {
            self.complain("the number of control elements was read without VIRTIO_SND_F_CTLS");
        }
        let word = self.sound.configuration()[(at / 4) as usize];
        u64::from(word) >> (8 * (at % 4)) & width.all_ones()
    }

    pub(super) fn write_register(&mut self, address: u64, width: Width, value: u64) {
        self.access();
        if self.removed {
            return;
        }
        match self.place(address, width) {
            Some(Place::Table(at)) => {
                if width < Width::Dword || !at.is_multiple_of(width.bytes() as u64) {
                    self.complain(format!("{} bytes written at {at:#x} of the MSI-X table", width.bytes()));
                }
                self.msix.write_table(at, width, value);
                self.send_messages();
            }
            Some(Place::Common(at)) => match self.transport.write(&self.memory, at, width, value) {
                Ok(Effect::None) => {}
                Ok(Effect::Reset) => self.reset(),
                Ok(Effect::QueueReset(queue)) => self.queue_reset(queue),
                Err(why) => self.complain(why),
            },
            Some(Place::Notify(at)) => self.notify(at, width, value),
            Some(Place::Isr | Place::Configuration(_) | Place::Pending(_) | Place::Nothing) => {
                self.complain(format!("{} bytes written to {address:#x}, which is read-only", width.bytes()));
            }
            None => {}
        }
    }

    fn notify(&mut self, at: u64, width: Width, value: u64) {
        let queue = value as u16;
        let expected = u64::from(queue) * u64::from(self.places.multiplier);
        if width != Width::Word || at != expected || value >= u64::from(wire::QUEUE_COUNT) {
            let bytes = width.bytes();
            return self
                .complain(format!("{value:#x} in {bytes} bytes at {at:#x} is no notification of a queue"));
        }
        if self.transport.status & wire::DRIVER_OK == 0 {
            return self.complain(format!("queue {queue} notified before DRIVER_OK"));
        }
        if !self.transport.rings[usize::from(queue)].enabled {
            return self.complain(format!("queue {queue} notified, and it is not enabled"));
        }
        self.kick(queue);
        self.interrupt();
    }

    /// A queue was reset: what was in it is nobody's any more (2.6.1).
    fn queue_reset(&mut self, queue: u16) {
        let is_output = queue == wire::QUEUE_TX;
        if matches!(queue, wire::QUEUE_TX | wire::QUEUE_RX) {
            for stream in self.sound.streams.iter_mut().filter(|stream| stream.options.is_output == is_output)
            {
                stream.queue.clear();
            }
        }
        self.forget_chains(queue);
    }
}
