//! The PCM out engine: start, halt, position, and its supply with descriptors.

use core::sync::atomic::Ordering::{Relaxed, Release};

use portcls::irql::{Device, Dispatch, Irql, Passive};
use portcls::{Result, Status};

use super::bdl::DescriptorList;
use super::plan::{MAX_BUFFER_BYTES, Plan, RING};
use super::regs::nabm;
use super::ring::{Registers, Ring};
use super::{Ac97, BOX_TRIES};
use crate::device::rates::RateSet;
use crate::device::run::Run;
use crate::device::{Progress, SoundDevice};
use crate::platform::interrupt::Claim;
use crate::platform::{time, trace};

/// A buffer as the engine plays it.
pub(crate) struct Layout {
    plan: Plan,
    notify: bool,
}

/// What the engine remembers.
pub(crate) struct Engine {
    descriptors: DescriptorList,
    layout: Option<Layout>,
    ring: Option<Ring>,
    /// Descriptor 0 is short for the first lap, and not yet put right.
    short: bool,
}

impl Engine {
    pub(super) fn new(descriptors: DescriptorList) -> Self {
        Self { descriptors, layout: None, ring: None, short: false }
    }
}

/// The PCM out box, as far as the position goes.
struct Output<'a>(&'a Ac97);

impl Registers for Output<'_> {
    fn samples_left(&mut self) -> (u16, u8) {
        if !self.0.is_present() {
            return (0, u8::MAX);
        }
        let [low, high, piv, _] = self.0.bus.read32(nabm::PO_PICB).to_le_bytes();
        (u16::from_le_bytes([low, high]), piv)
    }

    fn index(&mut self) -> Option<(u8, bool)> {
        self.0.index_and_status().map(|now| (now.civ, now.is_halted()))
    }
}

impl SoundDevice for Ac97 {
    type Engine = Engine;
    type Layout = Layout;

    const FRAME_BYTES: u32 = 4;
    const MAX_BUFFER_BYTES: u32 = MAX_BUFFER_BYTES;
    /// The FIFO: PICB counts samples not yet fetched, so that what lies before the position is past all change,
    /// and a burst that is under way takes this much more.
    const FETCH_AHEAD_BYTES: u32 = 64;
    /// An AC-link frame and the DAC's digital filter, of some 20 samples in the codecs of the time.
    const CODEC_DELAY: u32 = 5_000;

    fn rates(&self) -> RateSet {
        self.rates
    }

    fn set_rate(&self, _at: &Irql<Passive>, rate: u32) -> Result {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.codec.set_rate(&self.bus, rate)
    }

    fn lay_out(runs: &[Run], period: u32, notify: bool) -> Result<Layout> {
        let plan = Plan::new(runs, period, Self::FRAME_BYTES).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        Ok(Layout { plan, notify })
    }

    fn attach(&self, engine: &mut Engine, layout: Layout) {
        engine.layout = Some(layout);
        engine.ring = None;
    }

    /// Lays out the ring from byte `from` on and starts it from a reset.
    ///
    /// A pause is resumed this way, too: where RPBM is set again after it was cleared, the hardware goes on in
    /// the middle of the descriptor, but QEMU goes on with the next one. From a reset both start at descriptor
    /// 0, which therefore begins with the rest of the segment that was interrupted.
    fn start(&self, engine: &mut Engine, _at: &Irql<Dispatch>, from: u64) -> Result {
        let layout = engine.layout.as_ref().ok_or(Status::DEVICE_NOT_READY)?;
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        if !self.reset_output() {
            return Err(Status::IO_DEVICE_ERROR);
        }
        let ring = Ring::starting_at(layout.plan, from);
        engine.descriptors.set(0, ring.first_segment(), layout.notify);
        for index in 1..RING {
            engine.descriptors.set(index, ring.segment(index as u64), layout.notify);
        }
        engine.short = ring.starts_short();
        engine.ring = Some(ring);
        self.latch.restart();

        self.bus.write32(nabm::PO_BDBAR, engine.descriptors.address());
        self.bus.write8(nabm::PO_LVI, ring.last_valid_index());
        let interrupts = nabm::CR_IOCE | nabm::CR_LVBIE | nabm::CR_FEIE;
        self.bus.write8(nabm::PO_CR, nabm::CR_RPBM | interrupts);
        Ok(())
    }

    fn halt(&self, engine: &mut Engine, at: &Irql<Dispatch>) -> u64 {
        let mut halted = true;
        if self.is_present() {
            self.bus.write8(nabm::PO_CR, 0);
            let stands = || self.index_and_status().is_none_or(|now| now.status & nabm::SR_DCH != 0);
            halted = time::spin_until(BOX_TRIES, stands);
        }
        let played = self.position(engine, at);
        if !halted {
            self.reset_output();
        } else if self.is_present() {
            self.bus.write16(nabm::PO_SR, nabm::SR_CAUSES);
        }
        engine.ring = None;
        played
    }

    fn position(&self, engine: &mut Engine, _at: &Irql<Dispatch>) -> u64 {
        engine.ring.as_mut().map_or(0, |ring| ring.position(&mut Output(self)))
    }

    fn claim(&self, at: &Irql<Device>) -> Claim {
        self.claim_interrupt(at)
    }

    /// Touches no register, but for moving the last valid index every 14 descriptors or more.
    fn advance(&self, engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        let Some(ring) = engine.ring.as_mut() else {
            return Progress { played: 0, starved: false };
        };
        let seen = self.latch.seen();
        let played = ring.reached(seen);
        if engine.short && seen > 0 {
            // The device has left descriptor 0, and comes back to it only if the last valid index is moved.
            if let Some(layout) = &engine.layout {
                engine.descriptors.set(0, ring.segment(0), layout.notify);
            }
            engine.short = false;
        }
        let starved = ring.is_exhausted(seen);
        if let Some(last_valid) = ring.refill(seen) {
            // This also restarts a DMA that had come to the end.
            if self.is_present() {
                self.bus.write8(nabm::PO_LVI, last_valid);
            }
        }
        Progress { played, starved }
    }

    fn is_stalled(&self, engine: &mut Engine, _at: &Irql<Dispatch>) -> bool {
        engine.ring.is_some() && self.index_and_status().is_some_and(|now| now.status & nabm::SR_DCH != 0)
    }

    fn is_stuck(&self) -> bool {
        self.stuck.load(Relaxed)
    }

    fn shut_down(&self, _at: &Irql<Passive>, engine: Engine) {
        self.reset_output();
        self.gone.store(true, Release);
        if self.is_stuck() {
            trace::info(c"the device does not stop: its descriptors are left to it");
            engine.descriptors.leak();
        }
    }
}
