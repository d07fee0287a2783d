//! The MSI-X capability of a function, as the bus driver uses it (PCI Local Bus Specification 3.0, 6.8.2).

use super::Hardware;
use super::Message;
use super::Result;
use super::Space;
use super::Width;

/// Status register, and its bit for a list of capabilities.
const STATUS: u16 = 0x06;
const STATUS_CAPABILITIES: u32 = 1 << 4;
/// Where the list begins.
const CAPABILITIES: u16 = 0x34;
/// The list cannot have more entries than find room in 192 bytes.
const MOST_CAPABILITIES: usize = 48;

/// The capability's id.
const MSI_X: u32 = 0x11;
/// Message control: entries less one, all masked, enabled.
const CONTROL_SIZE: u32 = 0x7ff;
const CONTROL_MASK_ALL: u32 = 1 << 14;
const CONTROL_ENABLE: u32 = 1 << 15;

/// One entry: address, data, vector control.
const ENTRY_BYTES: u64 = 16;
const ENTRY_MASKED: u64 = 1;

/// Offsets of the capabilities with an id, in the order of the list.
///
/// # Errors
/// The machine does not answer.
pub fn capabilities(hardware: &mut dyn Hardware, id: u32) -> Result<Vec<u16>> {
    let mut found = Vec::new();
    if hardware.read_config(STATUS, Width::Word)? & STATUS_CAPABILITIES == 0 {
        return Ok(found);
    }
    let mut at = hardware.read_config(CAPABILITIES, Width::Byte)? as u16 & 0xfc;
    for _ in 0..MOST_CAPABILITIES {
        if at < 0x40 {
            break;
        }
        let head = hardware.read_config(at, Width::Word)?;
        if head & 0xff == id {
            found.push(at);
        }
        at = (head >> 8) as u16 & 0xfc;
    }
    Ok(found)
}

/// Where a function keeps its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageTable {
    /// Offset of message control in configuration space.
    control: u16,
    /// Physical address of the first entry.
    base: u64,
    entries: u16,
}

impl MessageTable {
    /// The function's table; none if it has no MSI-X capability, or one that points nowhere.
    ///
    /// # Errors
    /// The machine does not answer.
    pub fn find(hardware: &mut dyn Hardware) -> Result<Option<Self>> {
        let Some(at) = capabilities(hardware, MSI_X)?.first().copied() else { return Ok(None) };
        let control = at + 2;
        let entries = (hardware.read_config(control, Width::Word)? & CONTROL_SIZE) as u16 + 1;
        let place = hardware.read_config(at + 4, Width::Dword)?;
        let (index, offset) = ((place & 7) as u8, u64::from(place & !7));
        let bars = &hardware.resources().bars;
        let bar = bars.iter().find(|bar| bar.index == index && bar.space != Space::Port);
        let bar = bar.filter(|bar| offset + u64::from(entries) * ENTRY_BYTES <= bar.length);
        Ok(bar.map(|bar| Self { control, base: bar.base + offset, entries }))
    }

    /// Messages that the function can send.
    #[must_use]
    pub fn entries(&self) -> u16 {
        self.entries
    }

    /// Whether an address lies in the table, which is the bus driver's.
    #[must_use]
    pub fn holds(&self, physical: u64) -> bool {
        (self.base..self.base + u64::from(self.entries) * ENTRY_BYTES).contains(&physical)
    }

    /// Writes the mailboxes of the first `count` messages into the table, all of it masked, and switches from the line
    /// to messages.
    ///
    /// # Errors
    /// The machine does not answer.
    pub fn enable(&self, hardware: &mut dyn Hardware, count: u16) -> Result<()> {
        let control = hardware.read_config(self.control, Width::Word)?;
        let masked = control | CONTROL_ENABLE | CONTROL_MASK_ALL;
        hardware.write_config(self.control, Width::Word, masked)?;
        for vector in 0..self.entries {
            self.mask(hardware, vector, true)?;
            if let Some(message) = hardware.message(vector).filter(|_| vector < count) {
                self.write(hardware, vector, message)?;
            }
        }
        hardware.write_config(self.control, Width::Word, masked & !CONTROL_MASK_ALL)
    }

    /// Switches messages off.
    ///
    /// # Errors
    /// The machine does not answer.
    pub fn disable(&self, hardware: &mut dyn Hardware) -> Result<()> {
        let control = hardware.read_config(self.control, Width::Word)?;
        hardware.write_config(self.control, Width::Word, control & !CONTROL_ENABLE)
    }

    /// Holds a message back, or lets it out: one that was held back comes then.
    ///
    /// # Errors
    /// The machine does not answer.
    pub fn mask(&self, hardware: &mut dyn Hardware, vector: u16, masked: bool) -> Result<()> {
        let control = if masked { ENTRY_MASKED } else { 0 };
        hardware.write_memory(self.entry(vector) + 12, Width::Dword, control)
    }

    fn write(&self, hardware: &mut dyn Hardware, vector: u16, message: Message) -> Result<()> {
        let entry = self.entry(vector);
        hardware.write_memory(entry, Width::Dword, message.address & 0xffff_ffff)?;
        hardware.write_memory(entry + 4, Width::Dword, message.address >> 32)?;
        hardware.write_memory(entry + 8, Width::Dword, message.data.into())
    }

    fn entry(&self, vector: u16) -> u64 {
        self.base + u64::from(vector) * ENTRY_BYTES
    }
}
