//! The qtest protocol: accesses to the machine's buses, and the levels of its interrupt lines.
//!
//! One line for each command and one for its answer. Changes of interrupt lines come in lines of their own,
//! always before the answer to the command that caused them.

use super::channel::Channel;
use crate::pci::{HardwareError, Result, Width};

/// The machine's buses.
#[derive(Debug)]
pub(super) struct Qtest {
    channel: Channel,
    /// Level of each interrupt line.
    lines: u64,
}

impl Qtest {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, lines: 0 }
    }

    /// Has the machine report the lines of its I/O APIC, by global system interrupt, instead of raising them.
    pub(super) fn intercept_interrupts(&mut self) -> Result<()> {
        self.command("irq_intercept_in ioapic\n")
    }

    /// The machine was reset: all lines are low, or will be reported.
    pub(super) fn forget_lines(&mut self) {
        self.lines = 0;
    }

    /// Level of global system interrupt `number` as last reported.
    pub(super) fn line(&self, number: u32) -> bool {
        self.lines >> number & 1 != 0
    }

    pub(super) fn read_port(&mut self, port: u16, width: Width) -> Result<u32> {
        let command = format!("in{} {port:#x}\n", port_letter(width));
        self.value(&command).map(|value| value as u32)
    }

    pub(super) fn write_port(&mut self, port: u16, width: Width, value: u32) -> Result<()> {
        let value = u64::from(value) & width.all_ones();
        self.command(&format!("out{} {port:#x} {value:#x}\n", port_letter(width)))
    }

    pub(super) fn read_memory(&mut self, address: u64, width: Width) -> Result<u64> {
        self.value(&format!("read{} {address:#x}\n", memory_letter(width)))
    }

    pub(super) fn write_memory(&mut self, address: u64, width: Width, value: u64) -> Result<()> {
        let value = value & width.all_ones();
        self.command(&format!("write{} {address:#x} {value:#x}\n", memory_letter(width)))
    }

    /// Writes dwords one after the other, for the price of one answer.
    pub(super) fn write_dwords(&mut self, writes: &[(u64, u32)]) -> Result<()> {
        let commands: String =
            writes.iter().map(|(address, value)| format!("writel {address:#x} {value:#x}\n")).collect();
        self.channel.send(&commands, DOING)?;
        writes.iter().try_for_each(|_| self.answer().map(drop))
    }

    fn command(&mut self, line: &str) -> Result<()> {
        self.channel.send(line, DOING)?;
        self.answer().map(drop)
    }

    fn value(&mut self, line: &str) -> Result<u64> {
        self.channel.send(line, DOING)?;
        self.answer()
    }

    /// Takes lines up to and including the next answer; the value in it, 0 if it has none.
    fn answer(&mut self) -> Result<u64> {
        loop {
            let line = self.channel.line(DOING)?;
            let unexpected = || HardwareError::Protocol { doing: DOING.into(), answer: line.into() };
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("OK"), None, None) => return Ok(0),
                (Some("OK"), Some(value), None) => {
                    let digits = value.strip_prefix("0x").ok_or_else(unexpected)?;
                    return u64::from_str_radix(digits, 16).map_err(|_| unexpected());
                }
                (Some("IRQ"), Some(edge @ ("raise" | "lower")), Some(number)) => {
                    let number: u32 = number.parse().map_err(|_| unexpected())?;
                    let bit = 1_u64.checked_shl(number).ok_or_else(unexpected)?;
                    self.lines = if edge == "raise" { self.lines | bit } else { self.lines & !bit };
                }
                _ => return Err(unexpected()),
            }
        }
    }
}

const DOING: &str = "accessing the machine";

fn port_letter(width: Width) -> char {
    match width {
        Width::Byte => 'b',
        Width::Word => 'w',
        Width::Dword | Width::Qword => 'l',
    }
}

fn memory_letter(width: Width) -> char {
    if width == Width::Qword { 'q' } else { port_letter(width) }
}
