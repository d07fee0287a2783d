//! The PCM out engine: start, halt, position, and its supply with descriptors.

use core::sync::atomic::Ordering::{Relaxed, Release};

use portcls::irql::{Device, Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::bdl::DescriptorList;
use super::mixer::Mixer;
use super::plan::{MAX_BUFFER_BYTES, Plan, RING};
use super::regs::nabm;
use super::ring::{Registers, Ring};
use super::{Ac97, BOX_TRIES};
use crate::device::controls::Controls;
use crate::device::cut::{Chunks, Cut};
use crate::device::formats::StreamFormat;
use crate::device::jack::{Jack, Pin};
use crate::device::run::Run;
use crate::device::{EndpointInfo, Latency, Position, Progress, SoundDevice, Station, Supply};
use crate::platform::interrupt::Claim;
use crate::platform::shared::Shared;
use crate::platform::{time, trace};

/// The FIFO: PICB counts samples not yet fetched, so that what lies before the position is past all change, and a burst
/// that is under way takes this much more.
const FETCH_AHEAD_BYTES: u32 = 64;
/// An AC-link frame and the DAC's digital filter, of some 20 samples in the codecs of the time, in 100 ns.
const CODEC_DELAY: u32 = 5_000;

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

/// There is one endpoint, the PCM output, and nothing that it shares.
impl SoundDevice for Ac97 {
    type Shared = ();
    type Engine = Engine;
    type Layout = Layout;

    /// The ring goes round by itself.
    const CHUNKS: Chunks = Chunks { silent: 1, once: 1 };

    fn endpoints(&self) -> &[EndpointInfo] {
        &self.endpoints
    }

    fn max_buffer_bytes(&self) -> u32 {
        MAX_BUFFER_BYTES
    }

    fn jack(&self, _at: &Irql<Passive>, _endpoint: usize) -> Result<Shared<Jack>> {
        Shared::new(Jack::new(Pin::LINE_OUT, true))
    }

    fn controls(&self, _endpoint: usize) -> Option<impl Controls> {
        self.codec.attenuates().then_some(Mixer(self))
    }

    fn engine(&self, at: &Irql<Passive>, pdo: handle::Device, _endpoint: usize) -> Result<Engine> {
        let descriptors = DescriptorList::new(at, pdo)?;
        Ok(Engine { descriptors, layout: None, ring: None, short: false })
    }

    fn lay_out(
        &self,
        _at: &Irql<Passive>,
        _endpoint: usize,
        runs: &[Run],
        cut: Cut,
        format: &StreamFormat,
    ) -> Result<Layout> {
        let plan =
            Plan::new(runs, cut.chunk, format.frame_bytes()).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        Ok(Layout { plan, notify: cut.period != 0 })
    }

    fn prepare(&self, _at: &mut Irql<Passive>, _endpoint: usize, format: &StreamFormat, _cut: Cut) -> Result {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        self.codec.set_rate(&self.bus, format.rate)
    }

    /// The DMA had run dry: where it stands still nevertheless, it is started over.
    fn serve(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        let stalled = station.with(at, |(), engines, _| {
            let engine = engines.get(0).filter(|engine| engine.ring.is_some());
            engine.is_some() && self.index_and_status().is_some_and(|now| now.status & nabm::SR_DCH != 0)
        });
        if stalled == Some(true) {
            // Where that fails the stream stands still, and the client's next SetState tells.
            let stage = station.stage(at, 0);
            let _ = station.revive(at, 0, stage);
        }
    }

    fn attach(&self, _shared: &mut (), engine: &mut Engine, layout: Layout) {
        engine.layout = Some(layout);
        engine.ring = None;
    }

    fn detach(&self, _shared: &mut (), engine: &mut Engine) -> bool {
        engine.layout = None;
        !self.stuck.load(Relaxed)
    }

    /// Lays out the ring from byte `from` on and starts it from a reset.
    ///
    /// A pause is resumed this way, too: where RPBM is set again after it was cleared, the hardware goes on in
    /// the middle of the descriptor, but QEMU goes on with the next one. From a reset both start at descriptor
    /// 0, which therefore begins with the rest of the segment that was interrupted.
    fn start(
        &self,
        _shared: &mut (),
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        from: u64,
        _supply: Supply,
    ) -> Result {
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

    fn halt(&self, shared: &mut (), engine: &mut Engine, at: &Irql<Dispatch>) -> Position {
        let mut halted = true;
        if self.is_present() {
            self.bus.write8(nabm::PO_CR, 0);
            let stands = || self.index_and_status().is_none_or(|now| now.status & nabm::SR_DCH != 0);
            halted = time::spin_until(BOX_TRIES, stands);
        }
        let played = self.position(shared, engine, at).clock;
        if !halted {
            self.reset_output();
        } else if self.is_present() {
            self.bus.write16(nabm::PO_SR, nabm::SR_CAUSES);
        }
        engine.ring = None;
        Position { clock: played, owned: played, done: played }
    }

    /// Reads one register, or two where the descriptor has changed.
    fn position(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        let played = engine.ring.as_mut().map_or(0, |ring| ring.position(&mut Output(self)));
        Position { clock: played, owned: played.saturating_add(FETCH_AHEAD_BYTES.into()), done: played }
    }

    fn latency(&self, _engine: &Engine) -> Latency {
        Latency { fifo: FETCH_AHEAD_BYTES, codec: CODEC_DELAY }
    }

    fn claim(&self, at: &Irql<Device>, _message: Option<u32>) -> Claim {
        self.claim_interrupt(at)
    }

    /// Touches no register, but for moving the last valid index every 14 descriptors or more.
    fn advance(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        let Some(ring) = engine.ring.as_mut() else {
            return Progress::default();
        };
        let seen = self.latch.seen();
        let done = ring.reached(seen);
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
        Progress { done, troubled: starved, glitch: starved }
    }

    fn shut_down(&self, _at: &mut Irql<Passive>, _shared: &mut ()) -> bool {
        self.reset_output();
        self.gone.store(true, Release);
        let stuck = self.stuck.load(Relaxed);
        if stuck {
            trace::info(c"the device does not stop: its descriptors are left to it");
        }
        !stuck
    }
}
