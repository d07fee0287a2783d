//! Status, features, interrupts and configuration of a device.
#![forbid(unsafe_code)]

use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::raw::IResourceList;
use portcls::resources::MemoryRange;
use portcls::{ComPtr, Result, Status};

use super::capability::{self, CONFIG_BYTES, Capabilities, Window};
use super::regs::{common, feature, status};
use crate::platform::io::Registers;
use crate::platform::pci::ConfigSpace;
use crate::platform::{time, trace};

/// A reset takes a device that is at rest no time at all, and one that has to end transfers a while; in microseconds,
/// then in sleeps of 10 ms.
const RESET_SPINS: u32 = 20;
const RESET_SLEEPS: u32 = 200;

/// Bytes of a structure that are mapped at most: more than any has use for but that of notifications, where queues may
/// lie a page or more apart.
const MOST_MAPPED: u32 = 1 << 20;

/// How often the configuration is read again when the device changes it meanwhile.
const CONFIG_TRIES: u32 = 16;

/// What the driver can do with besides the features of the device's kind.
///
/// `ACCESS_PLATFORM` says that addresses are what the platform makes of them for this device. Rings and messages lie in
/// common buffers of the device's DMA adapter, which gives just these. The pages of a sound buffer come from the port
/// with physical addresses, and are handed on as such: that is right where the platform translates nothing for the
/// device, which on Windows is so unless the device's INF opts in to DMA remapping (`DmaRemappingCompatible`). This
/// driver's does not. `ORDER_PLATFORM` asks for barriers that order accesses for devices, too, and those of
/// `memory` are. `RING_RESET` allows to reset one queue alone and obliges to nothing; where streams share queues, a device
/// that keeps what it should give back is better reset as a whole.
const UNDERSTOOD: u64 = feature::INDIRECT_DESC
    | feature::EVENT_IDX
    | feature::VERSION_1
    | feature::ACCESS_PLATFORM
    | feature::ORDER_PLATFORM
    | feature::RING_RESET;

/// What was negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features(u64);

impl Features {
    /// `feature`, one bit of the 64, was negotiated.
    pub(crate) fn has(self, feature: u64) -> bool {
        self.0 & feature != 0
    }
}

/// What a line interrupt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Causes {
    /// A queue has something.
    pub(crate) queue: bool,
    /// The configuration changed, or the device needs a reset.
    pub(crate) configuration: bool,
}

/// A virtio device. All methods are good at any IRQL that their arguments allow.
///
/// Once the device is gone no register is touched any more. Setting a device up takes several accesses that belong
/// together: methods that ask for PASSIVE_LEVEL are for one thread at a time.
pub(crate) struct Transport {
    pub(super) common: Registers,
    pub(super) notify: Registers,
    isr: Registers,
    device: Option<Registers>,
    pub(super) notify_multiplier: u32,
    /// The status bits that were written since the reset. What is read may lag behind in a device that is slow to reset.
    written: AtomicU8,
    /// Why no register is touched: [`GONE`], [`ASLEEP`], both or neither.
    absent: AtomicU8,
}

/// The device went away, or was given back.
const GONE: u8 = 1;
/// It has no power.
const ASLEEP: u8 = 2;

impl Transport {
    /// Finds the registers of the device below `pdo` among its `resources`, and touches none of them.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if the device lacks a structure that a driver needs; what
    /// [`ConfigSpace::of`] and [`Registers::memory`] say.
    pub(crate) fn find(at: &Irql<Passive>, pdo: Device, resources: &ComPtr<IResourceList>) -> Result<Self> {
        let mut config = [0; CONFIG_BYTES];
        if !ConfigSpace::of(at, pdo)?.read(at, 0, &mut config) {
            return Err(Status::DEVICE_CONFIGURATION_ERROR);
        }
        let ranges = |bar| behind(at, resources, &config, bar);
        let found = capability::find(&config, |bar| ranges(bar).map(|range| range.length));
        let Capabilities { common, notify, notify_multiplier, isr, device } = found.map_err(|missing| {
            trace::value(c"virtio structure missing", missing as u32);
            Status::DEVICE_CONFIGURATION_ERROR
        })?;
        let map = |window: Window| {
            let range = ranges(window.bar).ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
            let start = range.start.checked_add(u64::from(window.offset));
            Registers::memory(
                at,
                start.ok_or(Status::DEVICE_CONFIGURATION_ERROR)?,
                window.length.min(MOST_MAPPED),
            )
        };
        Ok(Self {
            common: map(common)?,
            notify: map(notify)?,
            isr: map(isr)?,
            device: device.map(map).transpose()?,
            notify_multiplier,
            written: AtomicU8::new(0),
            absent: AtomicU8::new(0),
        })
    }

    /// The device is there and has power, as far as anybody has noticed.
    pub(crate) fn is_present(&self) -> bool {
        self.absent.load(Acquire) == 0
    }

    /// The device went away, or was given back.
    pub(crate) fn is_gone(&self) -> bool {
        self.absent.load(Acquire) & GONE != 0
    }

    /// It is there, and has no power.
    pub(crate) fn is_asleep(&self) -> bool {
        self.absent.load(Acquire) == ASLEEP
    }

    /// No register is touched while it is `asleep`: the device is about to lose its power, or has it again.
    pub(crate) fn set_asleep(&self, asleep: bool) {
        if asleep {
            self.absent.fetch_or(ASLEEP, AcqRel);
        } else {
            self.absent.fetch_and(!ASLEEP, AcqRel);
        }
    }

    /// No register is touched from now on: the device went away, or is given back.
    pub(crate) fn forget(&self) {
        self.absent.fetch_or(GONE, AcqRel);
    }

    /// Gives the device back, and with it the addresses of its registers: nothing of it is mapped any more.
    pub(crate) fn close(&self, at: &Irql<Passive>) {
        self.forget();
        for window in [&self.common, &self.notify, &self.isr].into_iter().chain(&self.device) {
            window.close(at);
        }
    }

    /// The device status; none if the device is gone.
    pub(crate) fn status(&self) -> Option<u8> {
        if !self.is_present() {
            return None;
        }
        let status = self.common.read8(common::DEVICE_STATUS);
        if status == u8::MAX {
            // One that lost its power between the two looks is not gone.
            if self.is_present() {
                self.forget();
            }
            return None;
        }
        Some(status)
    }

    /// The device is in an error that only a reset gets it out of.
    pub(crate) fn needs_reset(&self) -> bool {
        self.status().is_some_and(|status| status & status::DEVICE_NEEDS_RESET != 0)
    }

    /// Resets the device. Says whether it is at rest: no DMA takes place any more. A device that is gone is, too.
    #[must_use]
    pub(crate) fn reset(&self, at: &Irql<Passive>) -> bool {
        if self.is_present() {
            self.common.write8(common::DEVICE_STATUS, 0);
        }
        self.written.store(0, Release);
        let done = self.comes_to(at, |status| status.is_none_or(|status| status == 0));
        if !done {
            trace::info(c"the device does not reset");
        }
        done
    }

    /// Waits until the status is as wanted, but not for ever. Says whether it came to that.
    fn comes_to(&self, at: &Irql<Passive>, wanted: impl Fn(Option<u8>) -> bool) -> bool {
        let there = || wanted(self.status());
        time::spin_until(RESET_SPINS, there) || time::sleep_until(at, RESET_SLEEPS, 10, there)
    }

    /// Takes a device that was reset to where its queues can be set up, with those features that it offers and that
    /// are understood: `wanted` of its kind, and those of every device.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` if the device is none of virtio 1.x, or can't do with what was chosen from its own offer;
    /// `STATUS_IO_DEVICE_ERROR` if it does not come out of its reset; `STATUS_DEVICE_REMOVED`.
    pub(crate) fn negotiate(&self, at: &Irql<Passive>, wanted: u64) -> Result<Features> {
        self.raise_status(status::ACKNOWLEDGE);
        // A device whose status was 0 before the reset shows no other sign that it is over.
        if !self.comes_to(at, |status| status.is_none_or(|status| status & status::ACKNOWLEDGE != 0)) {
            trace::info(c"the device does not come out of its reset");
            return Err(Status::IO_DEVICE_ERROR);
        }
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.raise_status(status::DRIVER);
        let mut offered = 0;
        for (half, shift) in [(0_u32, 0), (1, 32)] {
            self.common.write32(common::DEVICE_FEATURE_SELECT, half);
            offered |= u64::from(self.common.read32(common::DEVICE_FEATURE)) << shift;
        }
        let accepted = offered & (wanted | UNDERSTOOD);
        if accepted & feature::VERSION_1 == 0 {
            self.give_up();
            return Err(Status::NOT_SUPPORTED);
        }
        for (half, shift) in [(0_u32, 0), (1, 32)] {
            self.common.write32(common::DRIVER_FEATURE_SELECT, half);
            self.common.write32(common::DRIVER_FEATURE, (accepted >> shift) as u32);
        }
        self.raise_status(status::FEATURES_OK);
        if self.status().ok_or(Status::DEVICE_REMOVED)? & status::FEATURES_OK == 0 {
            trace::value(c"features refused, low", accepted as u32);
            self.give_up();
            return Err(Status::NOT_SUPPORTED);
        }
        Ok(Features(accepted))
    }

    /// The queues are set up: the device may work.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`; `STATUS_IO_DEVICE_ERROR` if the device needs a reset at once.
    pub(crate) fn driver_ok(&self, _at: &Irql<Passive>) -> Result {
        self.raise_status(status::DRIVER_OK);
        let status = self.status().ok_or(Status::DEVICE_REMOVED)?;
        if status & status::DRIVER_OK == 0 || status & status::DEVICE_NEEDS_RESET != 0 {
            return Err(Status::IO_DEVICE_ERROR);
        }
        Ok(())
    }

    /// Tells the device that this driver can't drive it.
    pub(crate) fn give_up(&self) {
        self.raise_status(status::FAILED);
    }

    /// Reads what asked for a line interrupt, which takes the request back; none if it was not this device. IRQL: any.
    pub(crate) fn causes(&self) -> Option<Causes> {
        if !self.is_present() {
            return None;
        }
        let isr = self.isr.read8(0_u32);
        if isr == 0 || isr == u8::MAX && self.status().is_none() {
            return None;
        }
        let causes = Causes { queue: isr & 1 != 0, configuration: isr & 2 != 0 };
        (causes.queue || causes.configuration).then_some(causes)
    }

    /// Reads `N` 32-bit fields of the device's own configuration from byte `first` on, all at the same point of time.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if the device has no such fields; `STATUS_DEVICE_REMOVED`;
    /// `STATUS_IO_DEVICE_ERROR` if it changes them all the time.
    pub(crate) fn configuration<const N: usize>(&self, first: u32) -> Result<[u32; N]> {
        let device = self.device.as_ref().ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
        let bytes = u32::try_from(N.saturating_mul(4)).unwrap_or(u32::MAX);
        if first.checked_add(bytes).is_none_or(|end| end > device.bytes()) {
            return Err(Status::DEVICE_CONFIGURATION_ERROR);
        }
        for _ in 0..CONFIG_TRIES {
            if !self.is_present() {
                return Err(Status::DEVICE_REMOVED);
            }
            let before = self.common.read8(common::CONFIG_GENERATION);
            let mut fields = [0; N];
            for (index, field) in (0_u32..).zip(&mut fields) {
                *field = device.read32(first.wrapping_add(index.wrapping_mul(4)));
            }
            if self.common.read8(common::CONFIG_GENERATION) == before {
                // All ones may be a device that is gone.
                self.status().ok_or(Status::DEVICE_REMOVED)?;
                return Ok(fields);
            }
        }
        Err(Status::IO_DEVICE_ERROR)
    }

    /// Sets a bit of the status, and leaves those that are set.
    fn raise_status(&self, bit: u8) {
        let written = self.written.fetch_or(bit, AcqRel) | bit;
        if self.is_present() {
            self.common.write8(common::DEVICE_STATUS, written);
        }
    }
}

/// The memory behind base address register `bar`: the assigned range whose address on the bus the register holds.
fn behind(
    at: &Irql<Passive>,
    resources: &ComPtr<IResourceList>,
    config: &[u8; CONFIG_BYTES],
    bar: u8,
) -> Option<MemoryRange> {
    let address = capability::memory_address(config, bar)?;
    let index = (0..resources.memory_count(at))
        .find(|index| resources.raw_memory(at, *index).is_some_and(|range| range.start == address))?;
    resources.memory(at, index)
}
