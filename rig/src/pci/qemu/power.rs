//! The function without its power, and at other addresses.
//!
//! Power comes back as a reset of the machine: the function is then as it was when the machine was switched on. What the
//! firmware does after a sleep is done once more; memory and time stay as they are.

use super::{COMMAND, Qemu, SOUND_SLOT, machine};
use crate::pci::{Result, Width};

impl Qemu {
    /// The function does not answer any more.
    pub(super) fn switch_off(&mut self) -> Result<()> {
        if self.powered && !self.removed {
            machine::write_config(&mut self.qtest, SOUND_SLOT, COMMAND, Width::Word, 0)?;
        }
        self.powered = false;
        Ok(())
    }

    /// The function is as it was at first, at the addresses that it had.
    pub(super) fn switch_on(&mut self) -> Result<()> {
        if self.powered {
            return Ok(());
        }
        self.powered = true;
        if self.removed {
            return Ok(());
        }
        self.qmp.reset()?;
        self.qtest.forget_lines();
        self.qtest.intercept_interrupts()?;
        machine::place_panic_device(&mut self.qtest)?;
        self.time = self.time.after_reset(&mut self.qtest)?;
        machine::assign(&mut self.qtest, self.moves)?;
        self.restore_command()
    }

    /// The function moves to the next free addresses.
    pub(super) fn move_on(&mut self) -> Result<()> {
        if self.removed {
            return Ok(());
        }
        self.moves += 1;
        self.resources = machine::assign(&mut self.qtest, self.moves)?;
        self.restore_command()
    }

    /// COMMAND as the driver of the bus left it.
    fn restore_command(&mut self) -> Result<()> {
        machine::write_config(&mut self.qtest, SOUND_SLOT, COMMAND, Width::Word, self.command.into())
    }
}
