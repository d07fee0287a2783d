//! Where a device has its virtio registers: the vendor capabilities in its PCI configuration space.
//!
//! Source: virtio 1.2, section 4.1.4 ("Virtio Structure PCI Capabilities"). Everything here comes from the device and
//! is checked: what does not fit is passed over, and of each kind the first one that can be used is taken.

/// Bytes of the configuration space that hold capabilities: all of a conventional function.
pub(crate) const CONFIG_BYTES: usize = 256;

/// Base address registers of a function.
pub(crate) const BARS: u8 = 6;

/// Status register: there is a list of capabilities.
const STATUS: usize = 0x06;
const STATUS_CAPABILITIES: u16 = 0x10;
/// Layout of the header: the one of devices is 0; the top bit tells of other functions.
const HEADER_TYPE: usize = 0x0E;
/// The first base address register.
const BASE_ADDRESS: usize = 0x10;
/// The first capability.
const FIRST: usize = 0x34;
/// Capabilities lie behind the header, at multiples of four, each of at least four bytes: this many at most.
const HEADER_BYTES: usize = 0x40;
const MOST: usize = CONFIG_BYTES.wrapping_sub(HEADER_BYTES) >> 2;
/// Capability id of vendors.
const VENDOR: u8 = 0x09;

/// Bytes of a virtio capability, and of one with the multiplier behind it.
const BYTES: u8 = 16;
const NOTIFY_BYTES: u8 = 20;

/// `cfg_type` of each structure.
const COMMON: u8 = 1;
const NOTIFY: u8 = 2;
const ISR: u8 = 3;
const DEVICE: u8 = 4;

/// Common configuration up to `queue_device`, which every virtio 1.x device has.
pub(crate) const COMMON_BYTES: u32 = 0x38;

/// A piece of the memory behind a base address register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Base address register, 0 to 5.
    pub(crate) bar: u8,
    /// First byte.
    pub(crate) offset: u32,
    /// Bytes, not zero; all of them are behind the register.
    pub(crate) length: u32,
}

/// The structures of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Common configuration: at least [`COMMON_BYTES`], aligned to 4.
    pub(crate) common: Window,
    /// Notifications, aligned to 2.
    pub(crate) notify: Window,
    /// Bytes between the notification addresses of queues: 0, or a power of two of 2 or more.
    pub(crate) notify_multiplier: u32,
    /// Interrupt status: a byte.
    pub(crate) isr: Window,
    /// The device's own configuration, aligned to 4, if it has one.
    pub(crate) device: Option<Window>,
}

/// What is missing of a virtio device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// No list of capabilities, or not the header of a device.
    List,
    /// No usable common configuration.
    Common,
    /// No usable place for notifications.
    Notify,
    /// No usable interrupt status.
    Isr,
}

/// Finds the structures. `config` is the configuration space as far as it could be read; `bar_bytes` says how much
/// memory there is behind a base address register, none if there is none.
///
/// # Errors
///
/// The first structure that a driver cannot do without and the device does not have.
pub(crate) fn find(
    config: &[u8; CONFIG_BYTES],
    bar_bytes: impl Fn(u8) -> Option<u64>,
) -> Result<Capabilities, Missing> {
    if u16_at(config, STATUS).unwrap_or(0) & STATUS_CAPABILITIES == 0
        || u8_at(config, HEADER_TYPE).unwrap_or(u8::MAX) & 0x7F != 0
    {
        return Err(Missing::List);
    }
    let (mut common, mut notify, mut isr, mut device) = (None, None, None, None);
    let mut next = u8_at(config, FIRST);
    // A list that leads back to itself ends with the count.
    for _ in 0..MOST {
        let Some(at) = next.map(|next| usize::from(next & !3)).filter(|at| *at >= HEADER_BYTES) else {
            break;
        };
        next = u8_at(config, at.wrapping_add(1));
        let Some((kind, bytes, window)) = structure(config, at, &bar_bytes) else { continue };
        match kind {
            COMMON if window.length >= COMMON_BYTES && window.offset & 3 == 0 => {
                common = common.or(Some(window));
            }
            NOTIFY if window.length >= 2 && window.offset & 1 == 0 && bytes >= NOTIFY_BYTES => {
                let multiplier = u32_at(config, at.wrapping_add(usize::from(BYTES)));
                let usable = multiplier.filter(|value| *value == 0 || value.is_power_of_two() && *value > 1);
                notify = notify.or(usable.map(|multiplier| (window, multiplier)));
            }
            ISR => isr = isr.or(Some(window)),
            DEVICE if window.offset & 3 == 0 => device = device.or(Some(window)),
            // PCI configuration access is for firmware; the other numbers are reserved, or shared memory.
            _ => {}
        }
    }
    let common = common.ok_or(Missing::Common)?;
    let (notify, notify_multiplier) = notify.ok_or(Missing::Notify)?;
    Ok(Capabilities { common, notify, notify_multiplier, isr: isr.ok_or(Missing::Isr)?, device })
}

/// Kind, length of the capability, and window of the virtio structure that the capability at `at` tells of; none if it
/// tells of something else, or of what is not there.
fn structure(
    config: &[u8; CONFIG_BYTES],
    at: usize,
    bar_bytes: &impl Fn(u8) -> Option<u64>,
) -> Option<(u8, u8, Window)> {
    let field = |offset: usize| at.checked_add(offset);
    let bytes = u8_at(config, field(2)?)?;
    if u8_at(config, at)? != VENDOR || bytes < BYTES {
        return None;
    }
    // A capability that says to be longer than it can be is truncated.
    if at.checked_add(usize::from(bytes))? > CONFIG_BYTES {
        return None;
    }
    let kind = u8_at(config, field(3)?)?;
    let bar = u8_at(config, field(4)?)?;
    let window = Window { bar, offset: u32_at(config, field(8)?)?, length: u32_at(config, field(12)?)? };
    let end = u64::from(window.offset).checked_add(u64::from(window.length))?;
    let there = bar < BARS && window.length > 0 && bar_bytes(bar).is_some_and(|behind| end <= behind);
    there.then_some((kind, bytes, window))
}

/// The address in base address register `bar`, if it is one of memory.
pub(crate) fn memory_address(config: &[u8; CONFIG_BYTES], bar: u8) -> Option<u64> {
    const IO: u32 = 1;
    const WIDTH: u32 = 6;
    const WIDE: u32 = 4;
    let low_of = |bar: u8| {
        let at = BASE_ADDRESS.checked_add(usize::from(bar).checked_mul(4)?)?;
        (bar < BARS).then_some(())?;
        u32_at(config, at)
    };
    // The upper half of a wide register is none of its own.
    let mut first = 0;
    while first < bar {
        let low = low_of(first)?;
        let registers = if low & IO == 0 && low & WIDTH == WIDE { 2 } else { 1 };
        first = first.checked_add(registers)?;
    }
    let low = low_of(bar).filter(|low| first == bar && low & IO == 0)?;
    let high = if low & WIDTH == WIDE { low_of(bar.checked_add(1)?)? } else { 0 };
    let address = u64::from(high) << 32 | u64::from(low & !0xF);
    (address != 0).then_some(address)
}

fn u8_at(config: &[u8; CONFIG_BYTES], at: usize) -> Option<u8> {
    config.get(at).copied()
}

fn u16_at(config: &[u8; CONFIG_BYTES], at: usize) -> Option<u16> {
    config.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(config: &[u8; CONFIG_BYTES], at: usize) -> Option<u32> {
    config.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
