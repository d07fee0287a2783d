//! What firmware and operating system would do: find the function, give it addresses, switch it on.

use super::{qtest::Qtest, timebase::PANIC_BASE};
use crate::pci::{Bar, HardwareError, Identity, Resources, Result, Space, Width};

/// Slot of the sound function on bus 0.
pub(super) const SOUND_SLOT: u8 = 5;

/// Slot of the device that stops the machine.
pub(super) const PANIC_SLOT: u8 = 0x1e;

/// First addresses for the function's ranges; both lie in windows that the chipset forwards to the bus. Each time that
/// the function moves, it does so by a step.
const PORT_WINDOW: u64 = 0xc000;
const MEMORY_WINDOW: u64 = 0xe000_0000;
const PORT_STEP: u64 = 0x800;
const MEMORY_STEP: u64 = 0x100_0000;
/// Places to move to: as many steps as find room in the windows. A step is longer than all ranges of a function, so that
/// no old address is a new one.
const PLACES: u32 = 7;

const CONFIG_ADDRESS: u16 = 0xcf8;
const CONFIG_DATA: u16 = 0xcfc;

pub(super) const COMMAND: u16 = 0x04;
pub(super) const COMMAND_IO: u16 = 1 << 0;
pub(super) const COMMAND_MEMORY: u16 = 1 << 1;
const COMMAND_MASTER: u16 = 1 << 2;

const CLASS_REVISION: u16 = 0x08;
const BAR_0: u16 = 0x10;
const BAR_COUNT: u8 = 6;
const SUBSYSTEM: u16 = 0x2c;
const INTERRUPT_LINE: u16 = 0x3c;
const INTERRUPT_PIN: u16 = 0x3d;

/// Reads configuration space of the function in `slot`.
pub(super) fn read_config(qtest: &mut Qtest, slot: u8, offset: u16, width: Width) -> Result<u32> {
    select(qtest, slot, offset)?;
    qtest.read_port(CONFIG_DATA + offset % 4, width)
}

/// Writes configuration space of the function in `slot`.
pub(super) fn write_config(qtest: &mut Qtest, slot: u8, offset: u16, width: Width, value: u32) -> Result<()> {
    select(qtest, slot, offset)?;
    qtest.write_port(CONFIG_DATA + offset % 4, width, value)
}

fn select(qtest: &mut Qtest, slot: u8, offset: u16) -> Result<()> {
    let address = 1 << 31 | u32::from(slot) << 11 | u32::from(offset & 0xfc);
    qtest.write_port(CONFIG_ADDRESS, Width::Dword, address)
}

/// Gives the device that stops the machine its address.
pub(super) fn place_panic_device(qtest: &mut Qtest) -> Result<()> {
    if read_config(qtest, PANIC_SLOT, 0, Width::Dword)? == u32::MAX {
        return Err(HardwareError::NoFunction {
            slot: PANIC_SLOT,
            why: "the pvpanic device is missing".into(),
        });
    }
    write_config(qtest, PANIC_SLOT, BAR_0, Width::Dword, PANIC_BASE)?;
    write_config(qtest, PANIC_SLOT, COMMAND, Width::Word, COMMAND_MEMORY.into())
}

/// Who sits in the sound slot.
pub(super) fn identify(qtest: &mut Qtest) -> Result<Identity> {
    let id = read_config(qtest, SOUND_SLOT, 0, Width::Dword)?;
    if id == u32::MAX {
        return Err(HardwareError::NoFunction { slot: SOUND_SLOT, why: "the slot is empty".into() });
    }
    let class = read_config(qtest, SOUND_SLOT, CLASS_REVISION, Width::Dword)?;
    let subsystem = read_config(qtest, SOUND_SLOT, SUBSYSTEM, Width::Dword)?;
    Ok(Identity {
        vendor: id as u16,
        device: (id >> 16) as u16,
        subsystem_vendor: subsystem as u16,
        subsystem: (subsystem >> 16) as u16,
        revision: class as u8,
        class: class >> 8,
    })
}

/// Gives the sound function its addresses and its interrupt, and lets it decode and master the bus.
///
/// `moves` tells how often it was moved before.
pub(super) fn assign(qtest: &mut Qtest, moves: u32) -> Result<Resources> {
    let mut bars = Vec::new();
    let place = u64::from(moves % PLACES);
    let (mut ports, mut memory) = (PORT_WINDOW + place * PORT_STEP, MEMORY_WINDOW + place * MEMORY_STEP);
    let mut index = 0;
    while index < BAR_COUNT {
        let register = BAR_0 + 4 * u16::from(index);
        let low = probe(qtest, register)?;
        let is_wide = low & 0b111 == 0b100;
        if low != 0 {
            let (space, length) = if low & 1 != 0 {
                // Some functions leave the upper half of a port register at zero.
                (Space::Port, u64::from((!(low & !0b11)).wrapping_add(1) & 0xffff))
            } else {
                let high = if is_wide { probe(qtest, register + 4)? } else { u32::MAX };
                let mask = u64::from(high) << 32 | u64::from(low & !0xf);
                (Space::Memory { prefetchable: low & 0b1000 != 0 }, mask.wrapping_neg())
            };
            let window = if space == Space::Port { &mut ports } else { &mut memory };
            let base = window.next_multiple_of(length);
            *window = base + length;
            write_config(qtest, SOUND_SLOT, register, Width::Dword, base as u32)?;
            if is_wide {
                write_config(qtest, SOUND_SLOT, register + 4, Width::Dword, (base >> 32) as u32)?;
            }
            bars.push(Bar { index, space, base, length });
        }
        index += if is_wide { 2 } else { 1 };
    }
    let pin = read_config(qtest, SOUND_SLOT, INTERRUPT_PIN, Width::Byte)?;
    let interrupt = (pin != 0).then(|| system_interrupt(SOUND_SLOT, pin));
    if let Some(number) = interrupt {
        write_config(qtest, SOUND_SLOT, INTERRUPT_LINE, Width::Byte, number)?;
    }
    let command = COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER;
    write_config(qtest, SOUND_SLOT, COMMAND, Width::Word, command.into())?;
    Ok(Resources { bars, bus: 0, device: SOUND_SLOT, function: 0, interrupt })
}

/// What a base address register keeps of all ones.
fn probe(qtest: &mut Qtest, register: u16) -> Result<u32> {
    write_config(qtest, SOUND_SLOT, register, Width::Dword, u32::MAX)?;
    read_config(qtest, SOUND_SLOT, register, Width::Dword)
}

/// Global system interrupt of a pin (1 = INTA) of a slot below 25 on q35.
fn system_interrupt(slot: u8, pin: u32) -> u32 {
    20 + (u32::from(slot) + pin - 1) % 4
}
