//! Configuration space: the header, the base address registers, and the capabilities that say where everything is.

use super::options::Layout;
use super::wire;
use crate::pci::Bar;
use crate::pci::Space;
use crate::pci::Width;

/// Bytes of the space.
const BYTES: usize = 256;
const COMMAND: usize = 0x04;
const STATUS_CAPABILITIES: u8 = 1 << 4;
const BAR_0: usize = 0x10;
const CAPABILITIES: usize = 0x34;
const FIRST_CAPABILITY: u8 = 0x40;
const VENDOR_SPECIFIC: u8 = 0x09;
const MSIX: u8 = 0x11;

/// `COMMAND` bits.
const MEMORY: u16 = 1 << 1;
const MASTER: u16 = 1 << 2;
const NO_INTX: u16 = 1 << 10;

/// The BAR of the MSI-X table, as in QEMU.
pub(super) const MSIX_BAR: u8 = 1;
/// Where the table and the pending bits lie in it.
pub(super) const MSIX_TABLE: u64 = 0;
/// See [`MSIX_TABLE`].
pub(super) const MSIX_PENDING: u64 = 0x800;

/// Types of virtio structures (4.1.4).
const COMMON: u8 = 1;
const NOTIFY: u8 = 2;
const ISR: u8 = 3;
const DEVICE: u8 = 4;
const PCI_CFG: u8 = 5;

/// Where the structures of virtio lie in the BAR that has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub bar: u8,
    pub common: u64,
    pub isr: u64,
    pub device: u64,
    pub notify: u64,
    /// Bytes from the notification address of one queue to the next one's.
    pub multiplier: u32,
}

impl Places {
    pub(super) const fn of(layout: Layout) -> Self {
        match layout {
            Layout::Plain => {
                Self { bar: 4, common: 0, isr: 0x1000, device: 0x2000, notify: 0x3000, multiplier: 4 }
            }
            Layout::Odd => {
                Self { bar: 0, common: 0x40, isr: 0x17, device: 0x20, notify: 0x86, multiplier: 0 }
            }
        }
    }
}

/// Bytes that the structures have.
pub(super) const COMMON_BYTES: u64 = 0x3C;
/// See [`COMMON_BYTES`].
pub(super) const DEVICE_BYTES: u64 = 16;

/// Configuration space, and what can be written to it.
#[derive(Debug)]
pub(super) struct Config {
    bytes: [u8; BYTES],
    /// What of each byte the driver can change.
    writable: [u8; BYTES],
    /// Where message control of MSI-X is.
    msix: Option<usize>,
    pub bars: Vec<Bar>,
}

impl Config {
    pub(super) fn new(layout: Layout, vectors: u16, interrupt: u8) -> Self {
        let mut config = Self { bytes: [0; BYTES], writable: [0; BYTES], msix: None, bars: Vec::new() };
        config.put(0, &wire::VENDOR.to_le_bytes());
        config.put(2, &wire::DEVICE.to_le_bytes());
        config.put(6, &[STATUS_CAPABILITIES]);
        // Revision 1, class 0401: multimedia audio.
        config.put(8, &[1, 0, 1, 4]);
        config.put(0x2C, &wire::VENDOR.to_le_bytes());
        config.put(0x2E, &0x1100_u16.to_le_bytes());
        config.put(0x3C, &[interrupt, 1]);
        config.writable[0x3C] = 0xFF;
        config.writable[COMMAND] = (MEMORY | MASTER | 1) as u8;
        config.writable[COMMAND + 1] = (NO_INTX >> 8) as u8;
        config.put(COMMAND, &(MEMORY | MASTER).to_le_bytes());
        let places = Places::of(layout);
        let wide = layout == Layout::Plain;
        config.bar(places.bar, 0xE000_0000, 0x4000, wide);
        if vectors > 0 {
            config.bar(MSIX_BAR, 0xE001_0000, 0x1000, false);
        }
        config.bars.sort_by_key(|bar| bar.index);
        config.capabilities(layout, &places, vectors);
        config
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn bar(&mut self, index: u8, base: u64, length: u64, wide: bool) {
        let at = BAR_0 + 4 * usize::from(index);
        let kind: u32 = if wide { 0b1100 } else { 0 };
        self.put(at, &(base as u32 | kind).to_le_bytes());
        let mask = !(length - 1);
        self.writable[at..at + 4].copy_from_slice(&(mask as u32).to_le_bytes());
        if wide {
            self.put(at + 4, &((base >> 32) as u32).to_le_bytes());
            self.writable[at + 4..at + 8].fill(0xFF);
        }
        self.bars.push(Bar { index, space: Space::Memory { prefetchable: wide }, base, length });
    }

    fn capabilities(&mut self, layout: Layout, places: &Places, vectors: u16) {
        let structure = |kind: u8, bar: u8, offset: u64, length: u64| {
            let mut body = vec![kind, bar, 0, 0, 0];
            body.extend((offset as u32).to_le_bytes());
            body.extend((length as u32).to_le_bytes());
            body
        };
        let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
        if layout == Layout::Odd {
            // To be passed over: a type nobody knows, a BAR that cannot be, and vendor data.
            all.push((VENDOR_SPECIFIC, structure(0x55, places.bar, 0, 16)));
            all.push((VENDOR_SPECIFIC, structure(COMMON, 7, 0x1000, COMMON_BYTES)));
            all.push((VENDOR_SPECIFIC, structure(9, places.bar, 0, 4)));
            all.push((0x01, vec![0; 6]));
        }
        let notify_bytes = if places.multiplier == 0 { 2 } else { u64::from(places.multiplier) * 4 };
        let mut notify = structure(NOTIFY, places.bar, places.notify, notify_bytes);
        notify.extend(places.multiplier.to_le_bytes());
        all.push((VENDOR_SPECIFIC, structure(COMMON, places.bar, places.common, COMMON_BYTES)));
        all.push((VENDOR_SPECIFIC, notify));
        all.push((VENDOR_SPECIFIC, structure(ISR, places.bar, places.isr, 1)));
        all.push((VENDOR_SPECIFIC, structure(DEVICE, places.bar, places.device, DEVICE_BYTES)));
        let mut window = structure(PCI_CFG, 0, 0, 0);
        window.extend([0; 4]);
        all.push((VENDOR_SPECIFIC, window));
        if layout == Layout::Odd {
            // Drivers shall use the first instance that they can: this one is a trap.
            all.push((VENDOR_SPECIFIC, structure(COMMON, places.bar, 0x3000, COMMON_BYTES)));
        }
        if vectors > 0 {
            let mut body = (vectors - 1).to_le_bytes().to_vec();
            body.extend((MSIX_TABLE as u32 | u32::from(MSIX_BAR)).to_le_bytes());
            body.extend((MSIX_PENDING as u32 | u32::from(MSIX_BAR)).to_le_bytes());
            all.push((MSIX, body));
        }
        self.put(CAPABILITIES, &[FIRST_CAPABILITY]);
        let mut at = usize::from(FIRST_CAPABILITY);
        let last = all.len() - 1;
        for (number, (id, body)) in all.into_iter().enumerate() {
            // Those of virtio say their own length; each begins at a multiple of four.
            let is_virtio = id == VENDOR_SPECIFIC;
            let length = 2 + usize::from(is_virtio) + body.len();
            let next = (at + length).next_multiple_of(4);
            self.put(at, &[id, if number == last { 0 } else { next as u8 }]);
            if is_virtio {
                self.put(at + 2, &[length as u8]);
            }
            self.put(at + 2 + usize::from(is_virtio), &body);
            if id == MSIX {
                self.msix = Some(at + 2);
                self.writable[at + 3] = 0xC0;
            }
            at = next;
        }
        assert!(at <= BYTES, "the capabilities do not fit");
    }

    pub(super) fn read(&self, offset: u16, width: Width) -> u32 {
        let mut dword = [0; 4];
        for (byte, at) in dword.iter_mut().zip(usize::from(offset)..).take(width.bytes()) {
            *byte = self.bytes.get(at).copied().unwrap_or(0);
        }
        u32::from_le_bytes(dword)
    }

    pub(super) fn write(&mut self, offset: u16, width: Width, value: u32) {
        for (byte, at) in value.to_le_bytes().into_iter().zip(usize::from(offset)..).take(width.bytes()) {
            if let (Some(old), Some(mask)) = (self.bytes.get_mut(at), self.writable.get(at)) {
                *old = *old & !mask | byte & mask;
            }
        }
    }

    fn command(&self) -> u16 {
        u16::from_le_bytes([self.bytes[COMMAND], self.bytes[COMMAND + 1]])
    }

    /// Whether the device may reach memory.
    pub(super) fn is_master(&self) -> bool {
        self.command() & MASTER != 0
    }

    /// Whether the line is allowed.
    pub(super) fn has_line(&self) -> bool {
        self.command() & NO_INTX == 0
    }

    fn message_control(&self) -> u8 {
        self.msix.map_or(0, |at| self.bytes[at + 1])
    }

    /// Whether messages are on.
    pub(super) fn messages_enabled(&self) -> bool {
        self.message_control() & 0x80 != 0
    }

    /// Whether all messages are held back.
    pub(super) fn messages_masked(&self) -> bool {
        self.message_control() & 0x40 != 0
    }

    /// The BAR, and the offset in it, that `bytes` bytes at a physical address belong to.
    pub(super) fn find(&self, address: u64, bytes: usize) -> Option<(u8, u64)> {
        if self.command() & MEMORY == 0 {
            return None;
        }
        let bar = self.bars.iter().map(|bar| Bar { base: self.base(bar), ..*bar });
        bar.into_iter().find(|bar| bar.holds(address, bytes)).map(|bar| (bar.index, address - bar.base))
    }

    /// Where a register has been told to be by now.
    fn base(&self, bar: &Bar) -> u64 {
        let at = BAR_0 as u16 + 4 * u16::from(bar.index);
        let low = u64::from(self.read(at, Width::Dword) & !0xF);
        let wide = matches!(bar.space, Space::Memory { prefetchable: true });
        let high = if wide { u64::from(self.read(at + 4, Width::Dword)) } else { 0 };
        high << 32 | low
    }
}
