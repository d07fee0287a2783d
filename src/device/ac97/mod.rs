//! Intel ICH AC'97: a bus master that walks a ring of 32 buffer descriptors.
//!
//! ```text
//!   cyclic buffer --plan--> segments --ring--> descriptors (bdl) --> DMA engine --> AC-link --> codec
//!                                        ^                              |
//!                                        +--- latch <--- interrupt -----+
//! ```

mod attenuation;
mod bdl;
mod codec;
mod engine;
pub(crate) mod latch;
mod mixer;
pub(crate) mod plan;
mod regs;
pub(crate) mod ring;

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use portcls::irql::{Device, Irql, Passive};
use portcls::raw::KSAUDIO_SPEAKER_STEREO;
use portcls::{Result, Status};

use crate::device::formats::{Formats, Sample, SampleSet, Speakers};
use crate::device::{Direction, EndpointInfo};
use crate::platform::interrupt::Claim;
use crate::platform::io::Registers;
use crate::platform::{time, trace};
use codec::Codec;
use latch::Latch;
use regs::nabm;

/// Microseconds until a box is reset or halted: a few bus cycles and the burst that is under way.
const BOX_TRIES: u32 = 100;

/// One AC'97 controller with its codec.
pub(crate) struct Ac97 {
    bus: Registers,
    codec: Codec,
    /// The PCM output.
    endpoints: [EndpointInfo; 1],
    latch: Latch,
    /// The registers must not be touched any more: the device went away, or was given back.
    gone: AtomicBool,
    /// The DMA engine did not stop when it was told to.
    stuck: AtomicBool,
}

impl Ac97 {
    /// Resets the controller behind its two register ranges, and brings the codec up.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` or `STATUS_DEVICE_HARDWARE_ERROR` if the hardware does not answer in time.
    pub(crate) fn bring_up(at: &Irql<Passive>, mixer: Registers, bus: Registers) -> Result<Self> {
        let codec = Codec::new(mixer);
        for control in [nabm::PO_CR, nabm::PI_CR, nabm::MC_CR] {
            if !reset_box(&bus, control) {
                trace::value(c"AC'97 box does not reset, at", u32::from(control));
                // It may still use descriptors of whoever ran it before, but it does not know ours.
                return Err(Status::IO_DEVICE_ERROR);
            }
        }
        let rates = codec.bring_up(at, &bus)?;
        let formats = Formats {
            samples: SampleSet::EMPTY.with(Sample::S16),
            rates,
            channels: (2, 2),
            speakers: Speakers::default().with(KSAUDIO_SPEAKER_STEREO),
        };
        Ok(Self {
            bus,
            codec,
            endpoints: [EndpointInfo { direction: Direction::Render, formats }],
            latch: Latch::new(),
            gone: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
        })
    }

    /// Registers may be touched.
    fn is_present(&self) -> bool {
        !self.gone.load(Acquire)
    }

    /// Index, last valid index and status of the PCM out box, in one read; none if the device is gone.
    fn index_and_status(&self) -> Option<IndexAndStatus> {
        if !self.is_present() {
            return None;
        }
        let value = self.bus.read32(nabm::PO_CIV);
        if value == u32::MAX {
            self.gone.store(true, Release);
            return None;
        }
        let [civ, _lvi, status, _] = value.to_le_bytes();
        Some(IndexAndStatus { civ, status: u16::from(status) })
    }

    /// Claims what the PCM out box asks for, with one read and one write.
    ///
    /// Only what was read is written back, so that a cause which comes up in between stays. A second descriptor with
    /// the same cause in between leaves no trace: its successor announces both.
    fn claim_interrupt(&self, _at: &Irql<Device>) -> Claim {
        let opened = self.latch.open();
        let Some(now) = self.index_and_status() else {
            return Claim::NotMine;
        };
        let causes = now.status & nabm::SR_CAUSES;
        if causes == 0 {
            return Claim::NotMine;
        }
        self.bus.write16(nabm::PO_SR, causes);
        self.latch.publish(opened, now.civ, now.is_halted());
        Claim::Mine
    }

    /// Resets the PCM out box, after which no DMA takes place; remembers if that is not possible. A device that is gone
    /// does no DMA either, though it does not answer: that may be noticed here first.
    fn reset_output(&self) -> bool {
        let done = self.is_present() && reset_box(&self.bus, nabm::PO_CR);
        self.stuck.store(!done && self.index_and_status().is_some(), Relaxed);
        done
    }
}

/// One read of the PCM out box.
#[derive(Clone, Copy)]
struct IndexAndStatus {
    civ: u8,
    status: u16,
}

impl IndexAndStatus {
    /// The DMA stands at the end of the last valid descriptor.
    fn is_halted(self) -> bool {
        self.status & (nabm::SR_DCH | nabm::SR_CELV) == nabm::SR_DCH | nabm::SR_CELV
    }
}

/// Resets one box: stops its DMA, clears its registers, disables its interrupts.
fn reset_box(bus: &Registers, control: u16) -> bool {
    bus.write8(control, 0);
    bus.write8(control, nabm::CR_RR);
    time::spin_until(BOX_TRIES, || bus.read8(control) & nabm::CR_RR == 0)
}
