//! A device that does nothing: enough for drivers that never touch it.

use std::sync::Arc;

use crate::pci::Bar;
use crate::pci::Hardware;
use crate::pci::Identity;
use crate::pci::Message;
use crate::pci::Ram;
use crate::pci::Resources;
use crate::pci::Result;
use crate::pci::Space;
use crate::pci::Width;

pub(super) struct Idle {
    ram: Arc<Ram>,
    resources: Resources,
    now: u64,
}

impl Idle {
    pub(super) fn new() -> Self {
        let port = |index, base, length| Bar { index, space: Space::Port, base, length };
        Self {
            ram: Arc::new(Ram::new(16 << 20).expect("memory for a test")),
            resources: Resources {
                bars: vec![port(0, 0xC000, 256), port(1, 0xC400, 64)],
                bus: 0,
                device: 4,
                function: 0,
                interrupt: Some(11),
            },
            now: 0,
        }
    }
}

impl Hardware for Idle {
    fn identity(&self) -> Identity {
        Identity {
            vendor: 0x8086,
            device: 0x2415,
            subsystem_vendor: 0x1AF4,
            subsystem: 0x1100,
            revision: 1,
            class: 0x04_0100,
        }
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn ram(&self) -> &Arc<Ram> {
        &self.ram
    }

    fn read_config(&mut self, _offset: u16, _width: Width) -> Result<u32> {
        Ok(0)
    }

    fn write_config(&mut self, _offset: u16, _width: Width, _value: u32) -> Result<()> {
        Ok(())
    }

    fn read_port(&mut self, _port: u16, _width: Width) -> Result<u32> {
        Ok(0)
    }

    fn write_port(&mut self, _port: u16, _width: Width, _value: u32) -> Result<()> {
        Ok(())
    }

    fn read_memory(&mut self, _address: u64, _width: Width) -> Result<u64> {
        Ok(0)
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
        false
    }

    fn message(&self, _vector: u16) -> Option<Message> {
        None
    }

    fn take_message(&mut self, _vector: u16) -> bool {
        false
    }

    fn remove(&mut self) -> Result<()> {
        Ok(())
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
