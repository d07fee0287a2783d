//! A function in this process: registers that keep what is written to them, memory, and a clock. For tests of the
//! kernel, which shall not need QEMU.

use std::collections::HashMap;
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

/// Bytes of memory.
const MEMORY: usize = 8 << 20;

/// The function.
#[derive(Debug)]
pub struct Fake {
    ram: Arc<Ram>,
    resources: Resources,
    ports: HashMap<u16, u32>,
    now: u64,
    line: bool,
    removed: bool,
    /// A write to this port asserts the interrupt line; a write of zero takes it back.
    pub interrupt_port: u16,
}

impl Fake {
    /// A function with 256 ports at 0xC000.
    ///
    /// # Errors
    /// No memory.
    pub fn new() -> Result<Self> {
        let bar = Bar { index: 0, space: Space::Port, base: 0xC000, length: 0x100 };
        let resources = Resources { bars: vec![bar], bus: 0, device: 5, function: 0, interrupt: Some(21) };
        Ok(Self {
            ram: Arc::new(Ram::new(MEMORY)?),
            resources,
            ports: HashMap::new(),
            now: 0,
            line: false,
            removed: false,
            interrupt_port: 0xC0F0,
        })
    }
}

impl Hardware for Fake {
    fn identity(&self) -> Identity {
        Identity {
            vendor: 0x1234,
            device: 0x5678,
            subsystem_vendor: 0,
            subsystem: 0,
            revision: 0,
            class: 0x04_0100,
        }
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn ram(&self) -> &Arc<Ram> {
        &self.ram
    }

    fn read_config(&mut self, _offset: u16, width: Width) -> Result<u32> {
        Ok(width.all_ones() as u32)
    }

    fn write_config(&mut self, _offset: u16, _width: Width, _value: u32) -> Result<()> {
        Ok(())
    }

    fn read_port(&mut self, port: u16, width: Width) -> Result<u32> {
        let ours = self.resources.bars[0].holds(u64::from(port), width.bytes());
        if self.removed || !ours {
            return Ok(width.all_ones() as u32);
        }
        Ok(self.ports.get(&port).copied().unwrap_or(0) & width.all_ones() as u32)
    }

    fn write_port(&mut self, port: u16, _width: Width, value: u32) -> Result<()> {
        if !self.removed {
            self.ports.insert(port, value);
            if port == self.interrupt_port {
                self.line = value != 0;
            }
        }
        Ok(())
    }

    fn read_memory(&mut self, _address: u64, width: Width) -> Result<u64> {
        Ok(width.all_ones())
    }

    fn write_memory(&mut self, _address: u64, _width: Width, _value: u64) -> Result<()> {
        Ok(())
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64> {
        self.now = self.now.max(nanoseconds);
        Ok(self.now)
    }

    fn interrupt_line(&self) -> bool {
        self.line && !self.removed
    }

    fn message(&self, _vector: u16) -> Option<Message> {
        None
    }

    fn take_message(&mut self, _vector: u16) -> bool {
        false
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
        Ok(())
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
