//! The controller's DMA boxes: one plays, one records, and they share an interrupt.
#![forbid(unsafe_code)]

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use portcls::irql::{Device, Irql};

use super::Ac97;
use super::latch::Latch;
use super::regs::nabm;
use crate::device::Direction;
use crate::platform::interrupt::Claim;
use crate::platform::io::Registers;
use crate::platform::time;

/// Microseconds until a box is reset or halted: a few bus cycles and the burst that is under way.
pub(super) const BOX_TRIES: u32 = 100;

/// How often the boxes are looked at in one interrupt, where both run and go on asking.
const LOOKS: u32 = 4;

/// One box.
pub(super) struct DmaBox {
    /// Where its registers begin.
    base: u16,
    latch: Latch,
    /// It was started: the service routine has to look at it.
    runs: AtomicBool,
    /// Its FIFO ran dry, or over, since this was last asked.
    slipped: AtomicBool,
    /// It did not stop when it was told to.
    stuck: AtomicBool,
}

impl DmaBox {
    /// The box whose registers begin at `base`, at rest.
    pub(super) const fn new(base: u16) -> Self {
        Self {
            base,
            latch: Latch::new(),
            runs: AtomicBool::new(false),
            slipped: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
        }
    }

    /// The number of one of its registers.
    pub(super) const fn register(&self, offset: u16) -> u16 {
        self.base.wrapping_add(offset)
    }

    /// What its interrupts tell the DPC.
    pub(super) const fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Takes note that it runs from now on, or does not any more.
    pub(super) fn set_running(&self, runs: bool) {
        self.runs.store(runs, Release);
    }

    /// Whether its FIFO ran dry, or over, since this was last asked.
    pub(super) fn has_slipped(&self) -> bool {
        self.slipped.load(Acquire) && self.slipped.swap(false, AcqRel)
    }

    /// It may still use its descriptors and the buffer.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Relaxed)
    }
}

/// One read of a box.
#[derive(Clone, Copy)]
pub(super) struct IndexAndStatus {
    pub(super) civ: u8,
    pub(super) status: u16,
}

impl IndexAndStatus {
    /// The DMA stands at the end of the last valid descriptor.
    pub(super) fn is_halted(self) -> bool {
        self.status & (nabm::SR_DCH | nabm::SR_CELV) == nabm::SR_DCH | nabm::SR_CELV
    }
}

impl Ac97 {
    /// The box of a direction.
    pub(super) const fn of(&self, direction: Direction) -> &DmaBox {
        match direction {
            Direction::Render => &self.output,
            Direction::Capture => &self.input,
        }
    }

    /// Index, last valid index and status of a box, in one read; none if the device is gone.
    pub(super) fn index_and_status(&self, own: &DmaBox) -> Option<IndexAndStatus> {
        if !self.is_present() {
            return None;
        }
        let value = self.bus.read32(own.register(nabm::CIV));
        if value == u32::MAX {
            // One that lost its power between the two looks is not gone.
            if self.is_present() {
                self.gone.store(true, Release);
            }
            return None;
        }
        let [civ, _lvi, status, _] = value.to_le_bytes();
        Some(IndexAndStatus { civ, status: u16::from(status) })
    }

    /// Claims what the boxes that run ask for: with one read and one write where one of them runs.
    ///
    /// Where both run, another read tells whether one of them has asked once more: QEMU's controller lets go of its line
    /// as soon as either box is silenced, and what the other one asks for is never heard again.
    pub(super) fn claim_interrupt(&self, _at: &Irql<Device>) -> Claim {
        let mut claim = Claim::NotMine;
        for _ in 0..LOOKS {
            let (mut running, mut asked) = (0_u32, false);
            for own in [&self.output, &self.input] {
                if own.runs.load(Acquire) {
                    running = running.wrapping_add(1);
                    asked |= self.claim_box(own);
                }
            }
            if asked {
                claim = Claim::Mine;
            }
            if !asked || running < 2 || self.bus.read32(nabm::GLOB_STA) & nabm::GS_BOX_INTERRUPTS == 0 {
                break;
            }
        }
        claim
    }

    /// Claims what one box asks for, with one read and one write.
    ///
    /// Only what was read is written back, so that a cause which comes up in between stays. A second descriptor with
    /// the same cause in between leaves no trace: its successor announces both.
    fn claim_box(&self, own: &DmaBox) -> bool {
        let opened = own.latch.open();
        let Some(now) = self.index_and_status(own) else {
            return false;
        };
        let causes = now.status & nabm::SR_CAUSES;
        if causes == 0 {
            return false;
        }
        self.bus.write16(own.register(nabm::SR), causes);
        if causes & nabm::SR_FIFOE != 0 {
            own.slipped.store(true, Release);
        }
        own.latch.publish(opened, now.civ, now.is_halted());
        true
    }

    /// Resets a box, after which its DMA does nothing; remembers if that is not possible. A device that is gone does no
    /// DMA either, though it does not answer: that may be noticed here first.
    pub(super) fn reset(&self, own: &DmaBox) -> bool {
        own.set_running(false);
        let done = self.is_present() && reset_box(&self.bus, own.register(nabm::CR));
        own.stuck.store(!done && self.index_and_status(own).is_some(), Relaxed);
        done
    }
}

/// Resets the box with that control register: stops its DMA, clears its registers, disables its interrupts.
pub(super) fn reset_box(bus: &Registers, control: u16) -> bool {
    bus.write8(control, 0);
    bus.write8(control, nabm::CR_RR);
    time::spin_until(BOX_TRIES, || bus.read8(control) & nabm::CR_RR == 0)
}
