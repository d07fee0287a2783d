//! A function in this process that sends messages (MSI-X) when its registers are written. For tests of the kernel,
//! which shall not need QEMU.

use std::sync::Arc;

use super::Bar;
use super::Hardware;
use super::Identity;
use super::Message;
use super::Ram;
use super::Resources;
use super::Result;
use super::Space;
use super::Width;
use super::fake::Fake;

/// Where the table of messages is.
pub const TABLE: u64 = 0xE000_0000;
/// Where the registers are: each reads as [`PATTERN`] and its own address, bit by bit.
pub const REGISTERS: u64 = 0xE000_4000;
/// See [`REGISTERS`].
pub const PATTERN: u64 = 0x0807_0605_0403_0201;

/// A write to this register sends the message of that number.
pub const SEND: u64 = REGISTERS;
/// A write to this register asserts the line, a write of zero takes it back.
pub const LINE: u64 = REGISTERS + 4;

/// Offset of the capability in configuration space.
const CAPABILITY: u16 = 0x98;

/// The function.
#[derive(Debug)]
pub struct Messenger {
    fake: Fake,
    resources: Resources,
    config: [u8; 256],
    /// Address, data and vector control of each message.
    table: Vec<[u32; 4]>,
    pending: Vec<bool>,
    sent: Vec<bool>,
    line: bool,
    removed: bool,
}

impl Messenger {
    /// A function with so many messages; with none it has its line only.
    ///
    /// # Errors
    /// No memory.
    pub fn new(vectors: u16) -> Result<Self> {
        let memory = |index, base, length| Bar {
            index,
            space: Space::Memory { prefetchable: index == 4 },
            base,
            length,
        };
        let mut config = [0; 256];
        config[0x06] = 1 << 4;
        config[0x34] = 0x40;
        // A capability of another kind, then MSI-X: its control, and its table at the start of range 1.
        let next = if vectors == 0 { 0 } else { CAPABILITY as u8 };
        config[0x40..0x44].copy_from_slice(&[0x09, next, 4, 0]);
        let [low, high] = vectors.saturating_sub(1).to_le_bytes();
        config[usize::from(CAPABILITY)..][..8].copy_from_slice(&[0x11, 0, low, high, 1, 0, 0, 0]);
        let count = usize::from(vectors);
        Ok(Self {
            fake: Fake::new()?,
            resources: Resources {
                bars: vec![memory(1, TABLE, 0x1000), memory(4, REGISTERS, 0x4000)],
                bus: 0,
                device: 5,
                function: 0,
                interrupt: Some(21),
            },
            config,
            table: vec![[0, 0, 0, 1]; count],
            pending: vec![false; count],
            sent: vec![false; count],
            line: false,
            removed: false,
        })
    }

    fn control(&self) -> u16 {
        let at = usize::from(CAPABILITY) + 2;
        u16::from_le_bytes([self.config[at], self.config[at + 1]])
    }

    fn send(&mut self, number: usize) {
        let control = self.control();
        if control >> 15 == 0 {
            return;
        }
        if control >> 14 & 1 != 0 || self.table[number][3] & 1 != 0 {
            self.pending[number] = true;
            return;
        }
        let [low, high, data, _] = self.table[number];
        let entry = Message { address: u64::from(high) << 32 | u64::from(low), data };
        // A message that leads elsewhere reaches nobody.
        self.sent[number] = self.message(number as u16) == Some(entry);
    }
}

impl Hardware for Messenger {
    fn identity(&self) -> Identity {
        self.fake.identity()
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn ram(&self) -> &Arc<Ram> {
        self.fake.ram()
    }

    fn read_config(&mut self, offset: u16, width: Width) -> Result<u32> {
        if self.removed {
            return Ok(width.all_ones() as u32);
        }
        let bytes = &self.config[usize::from(offset)..][..width.bytes()];
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn write_config(&mut self, offset: u16, width: Width, value: u32) -> Result<()> {
        let bytes = value.to_le_bytes();
        self.config[usize::from(offset)..][..width.bytes()].copy_from_slice(&bytes[..width.bytes()]);
        Ok(())
    }

    fn read_port(&mut self, port: u16, width: Width) -> Result<u32> {
        self.fake.read_port(port, width)
    }

    fn write_port(&mut self, port: u16, width: Width, value: u32) -> Result<()> {
        self.fake.write_port(port, width, value)
    }

    fn read_memory(&mut self, address: u64, width: Width) -> Result<u64> {
        if self.removed {
            return Ok(width.all_ones());
        }
        Ok((PATTERN ^ address) & width.all_ones())
    }

    fn write_memory(&mut self, address: u64, _width: Width, value: u64) -> Result<()> {
        if self.removed {
            return Ok(());
        }
        let entry = (address.wrapping_sub(TABLE) / 16) as usize;
        if entry < self.table.len() {
            self.table[entry][(address % 16 / 4) as usize] = value as u32;
            if self.table[entry][3] & 1 == 0 && core::mem::take(&mut self.pending[entry]) {
                self.send(entry);
            }
        }
        match address {
            SEND if (value as usize) < self.table.len() => self.send(value as usize),
            LINE => self.line = value != 0,
            _ => {}
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.fake.now()
    }

    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64> {
        self.fake.advance_to(nanoseconds)
    }

    fn interrupt_line(&self) -> bool {
        // A function that has messages enabled does not use its line.
        self.line && !self.removed && self.control() >> 15 == 0
    }

    fn message(&self, vector: u16) -> Option<Message> {
        (usize::from(vector) < self.table.len())
            .then_some(Message { address: 0x8000 + 4 * u64::from(vector), data: 0x4D00 | u32::from(vector) })
    }

    fn take_message(&mut self, vector: u16) -> bool {
        core::mem::take(&mut self.sent[usize::from(vector)])
    }

    /// It has no registers that could be lost, and stays where it is.
    fn set_power(&mut self, _on: bool) -> Result<()> {
        Ok(())
    }

    fn relocate(&mut self) -> Result<()> {
        Ok(())
    }

    fn remove(&mut self) -> Result<()> {
        self.removed = true;
        self.fake.remove()
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
