//! The engines: start, halt, position, and their supply with descriptors.

use core::sync::atomic::Ordering::Release;

use portcls::irql::{Device, Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::bdl::DescriptorList;
use super::boxes::{BOX_TRIES, DmaBox};
use super::flow::Flow;
use super::given::Given;
use super::mapped::Buffer;
use super::mixer::Mixer;
use super::plan::{MAX_BUFFER_BYTES, Plan, RING};
use super::regs::nabm;
use super::ring::{Registers, Ring};
use super::{Ac97, ENDS, RECORDERS};
use crate::device::controls::Controls;
use crate::device::cut::{Chunks, Cut};
use crate::device::formats::StreamFormat;
use crate::device::jack::Jack;
use crate::device::run::Run;
use crate::device::{
    Direction, EndpointInfo, Latency, NEVER, Position, Progress, SoundDevice, Station, Supply,
};
use crate::platform::dma::{CommonBuffer, Reach};
use crate::platform::interrupt::Claim;
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;
use crate::platform::{time, trace};

/// The FIFO. Where sound is played, PICB counts samples not yet fetched: what lies before the position is past all
/// change, and a burst that is under way takes this much more. Where it is recorded, PICB counts samples not yet
/// written: what lies before the position is in memory, and this much more may be on its way.
const FETCH_AHEAD_BYTES: u32 = 64;
/// An AC-link frame and the converter's digital filter, of some 20 samples in the codecs of the time, in 100 ns.
const CODEC_DELAY: u32 = 5_000;

/// How many bytes of a packet of `packet` bytes are a segment of their own, in frames of `frame` bytes: an eighth of it, 16
/// frames at most, which fill the FIFO.
///
/// The device reads a descriptor one ahead. While it is at the last one of a packet, it has the first one of the next, and
/// it is late for that to become sound: this is how much earlier than it is played a packet has to be handed over.
fn last_of_packet(packet: u32, frame: u32) -> u32 {
    let frames = packet.checked_div(frame).unwrap_or(0);
    (frames >> 3).clamp(1, 16).wrapping_mul(frame)
}

/// A buffer as an engine goes through it.
pub(crate) struct Layout {
    plan: Plan,
    notify: bool,
    /// What is played where a packet is missing: as long as the longest segment.
    silence: Option<CommonBuffer>,
}

/// What the engine remembers.
pub(crate) struct Engine {
    pub(super) direction: Direction,
    pub(super) descriptors: DescriptorList,
    layout: Option<Layout>,
    ring: Option<Ring>,
    /// What was sound in the RUN before.
    given: Given,
    /// In place of layout and ring, a stream whose sound lies in mappings.
    pub(super) flow: Option<PoolBox<Flow>>,
}

/// A box, as far as the position goes.
pub(super) struct Place<'a>(pub(super) &'a Ac97, pub(super) &'a DmaBox);

impl Registers for Place<'_> {
    fn samples_left(&mut self) -> (u16, u8) {
        if !self.0.is_present() {
            return (0, u8::MAX);
        }
        let [low, high, piv, _] = self.0.bus.read32(self.1.register(nabm::PICB)).to_le_bytes();
        (u16::from_le_bytes([low, high]), piv)
    }

    fn index(&mut self) -> Option<(u8, bool)> {
        self.0.index_and_status(self.1).map(|now| (now.civ, now.is_halted()))
    }
}

/// The endpoints share nothing but the registers, and those that record the box and the ADC.
impl SoundDevice for Ac97 {
    /// The ring goes round by itself.
    const CHUNKS: Chunks = Chunks { silent: 1, once: 1 };

    fn endpoints(&self) -> &[EndpointInfo] {
        &self.endpoints
    }

    fn max_buffer_bytes(&self) -> u32 {
        MAX_BUFFER_BYTES
    }

    fn jack(&self, _at: &Irql<Passive>, endpoint: usize) -> Result<Shared<Jack>> {
        let (_, pin) = ENDS.get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        Shared::new(Jack::new(*pin, true))
    }

    fn controls(&self, endpoint: usize) -> Option<impl Controls> {
        let (input, _) = ENDS.get(endpoint)?;
        Mixer::new(self, *input)
    }

    fn rivals(&self, endpoint: usize) -> u32 {
        let own = 1_u32.wrapping_shl(endpoint as u32);
        if RECORDERS & own == 0 { 0 } else { RECORDERS & !own }
    }

    fn engine(&self, at: &Irql<Passive>, pdo: handle::Device, endpoint: usize) -> Result<Engine> {
        let direction = self.endpoints.get(endpoint).ok_or(Status::INVALID_PARAMETER)?.direction;
        let descriptors = DescriptorList::new(at, pdo)?;
        Ok(Engine { direction, descriptors, layout: None, ring: None, given: Given::ALL, flow: None })
    }

    fn lay_out(
        &self,
        at: &Irql<Passive>,
        endpoint: usize,
        runs: &[Run],
        cut: Cut,
        format: &StreamFormat,
    ) -> Result<Buffer> {
        let info = self.endpoints.get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        let packets = info.direction == Direction::Render && cut.has_packets();
        let last = if packets { last_of_packet(cut.chunk, format.frame_bytes()) } else { 0 };
        let plan = Plan::new(runs, cut.chunk, last, format.frame_bytes());
        let plan = plan.map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        let silence = if packets {
            Some(CommonBuffer::new(at, self.pdo, plan.longest(), Reach::Bits32)?)
        } else {
            None
        };
        Ok(Buffer::Cyclic(Layout { plan, notify: cut.period != 0, silence }))
    }

    fn prepare(&self, _at: &mut Irql<Passive>, endpoint: usize, format: &StreamFormat, _cut: Cut) -> Result {
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        let (input, _) = ENDS.get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        match input {
            None => self.codec.set_rate(&self.bus, Direction::Render, format.rate),
            Some(input) => {
                self.codec.select(&self.bus, *input)?;
                self.codec.set_rate(&self.bus, Direction::Capture, format.rate)
            }
        }
    }

    /// A DMA had come to the end of its ring: where it stands still nevertheless, it is started over.
    fn serve(&self, at: &mut Irql<Passive>, station: &impl Station<Self>) {
        for endpoint in 0..ENDS.len() {
            let stalled = station.with(at, |(), engines, _| {
                let engine = engines.get(endpoint).filter(|engine| engine.ring.is_some())?;
                let now = self.index_and_status(self.of(engine.direction))?;
                Some(now.status & nabm::SR_DCH != 0)
            });
            if stalled.flatten() == Some(true) {
                // Where that fails the stream stands still, and the client's next SetState tells.
                let stage = station.stage(at, endpoint);
                let _ = station.revive(at, endpoint, stage);
            }
        }
    }

    fn mend(&self, at: &mut Irql<Passive>, _station: &impl Station<Self>, needed: bool) -> bool {
        needed && !self.is_present() && self.power_up(at).is_ok()
    }

    fn sleep(&self, _at: &mut Irql<Passive>, _station: &impl Station<Self>) {
        self.power_down();
    }

    fn wake(&self, at: &mut Irql<Passive>, _station: &impl Station<Self>) -> Result {
        self.power_up(at)
    }

    fn attach(&self, _shared: &mut (), engine: &mut Engine, buffer: Buffer) {
        engine.ring = None;
        match buffer {
            Buffer::Cyclic(layout) => engine.layout = Some(layout),
            Buffer::Mapped(flow) => engine.flow = Some(flow),
        }
    }

    fn detach(&self, _shared: &mut (), engine: &mut Engine) -> (bool, Option<Buffer>) {
        let cyclic = engine.layout.take().map(Buffer::Cyclic);
        let buffer = cyclic.or_else(|| engine.flow.take().map(Buffer::Mapped));
        (!self.of(engine.direction).is_stuck(), buffer)
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
        supply: Supply,
    ) -> Result {
        if let Some(flow) = &mut engine.flow {
            return self.start_flow(self.of(engine.direction), flow, &engine.descriptors, from);
        }
        let layout = engine.layout.as_ref().ok_or(Status::DEVICE_NOT_READY)?;
        if !self.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        let own = self.of(engine.direction);
        if !self.reset(own) {
            return Err(Status::IO_DEVICE_ERROR);
        }
        let mut ring = Ring::starting_at(layout.plan, from);
        if let Some(silence) = &layout.silence {
            let handed_over = match supply {
                Supply::JustInTime => None,
                Supply::Packets { upto, ended } => Some((upto, ended)),
            };
            let given = engine.given.at_start(handed_over, from, layout.plan.period());
            // By its reach the address fits.
            ring = ring.playing(given, silence.address() as u32);
        }
        for number in 0..RING as u64 {
            engine.descriptors.set(number, ring.descriptor(number), layout.notify);
        }
        engine.ring = Some(ring);
        own.latch().restart();
        own.set_running(true);

        self.bus.write32(own.register(nabm::BDBAR), engine.descriptors.address());
        self.bus.write8(own.register(nabm::LVI), ring.last_valid_index());
        let interrupts = nabm::CR_IOCE | nabm::CR_LVBIE | nabm::CR_FEIE;
        self.bus.write8(own.register(nabm::CR), nabm::CR_RPBM | interrupts);
        Ok(())
    }

    fn halt(&self, shared: &mut (), engine: &mut Engine, at: &Irql<Dispatch>) -> Position {
        let own = self.of(engine.direction);
        if let Some(flow) = &mut engine.flow {
            return self.halt_flow(own, flow);
        }
        let mut halted = true;
        if self.is_present() {
            self.bus.write8(own.register(nabm::CR), 0);
            let stands = || self.index_and_status(own).is_none_or(|now| now.status & nabm::SR_DCH != 0);
            halted = time::spin_until(BOX_TRIES, stands);
        }
        let at_last = self.position(shared, engine, at).clock;
        if !halted {
            self.reset(own);
        } else if self.is_present() {
            self.bus.write16(own.register(nabm::SR), nabm::SR_CAUSES);
        }
        own.set_running(false);
        if let Some(ring) = engine.ring.take() {
            engine.given = ring.given();
        }
        Position { clock: at_last, owned: at_last, done: at_last }
    }

    /// Reads one register, or two where the descriptor has changed.
    fn position(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>) -> Position {
        let own = self.of(engine.direction);
        if let Some(flow) = &mut engine.flow {
            return self.position_of_flow(own, flow);
        }
        let mut place = Place(self, own);
        let (done, prefetched) = match &mut engine.ring {
            Some(ring) => (ring.position(&mut place), ring.prefetched()),
            None => (0, 0),
        };
        let ahead = match engine.direction {
            Direction::Render => FETCH_AHEAD_BYTES,
            Direction::Capture => 0,
        };
        Position { clock: done, owned: done.saturating_add(ahead.into()).max(prefetched), done }
    }

    /// Touches no register.
    fn hand_over(
        &self,
        _shared: &mut (),
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        _now: u64,
        supply: Supply,
    ) -> u64 {
        if let Supply::Packets { upto, ended } = supply
            && let (Some(ring), Some(layout)) = (&mut engine.ring, &engine.layout)
        {
            let descriptors = &engine.descriptors;
            ring.hand_over(upto, ended, |number, segment| descriptors.set(number, segment, layout.notify));
        }
        NEVER
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
            return Progress::NONE;
        };
        let own = self.of(engine.direction);
        let seen = own.latch().seen();
        let done = ring.reached(seen);
        let missing = ring.is_missing(done);
        let starved = ring.is_exhausted(seen);
        if let Some(valid) = ring.refill(seen) {
            // The device has left all of these, and comes back to them only if the last valid index is moved.
            for number in valid.filter(|number| ring.is_new(*number)) {
                if let Some(layout) = &engine.layout {
                    engine.descriptors.set(number, ring.descriptor(number), layout.notify);
                }
            }
            // This also restarts a DMA that had come to the end.
            if self.is_present() {
                self.bus.write8(own.register(nabm::LVI), ring.last_valid_index());
            }
        }
        let glitch = missing || starved || own.has_slipped();
        Progress { done, troubled: glitch, glitch, wake: NEVER }
    }

    fn shut_down(&self, at: &mut Irql<Passive>, _shared: &mut ()) -> bool {
        let own = [&self.output, &self.input];
        own.into_iter().for_each(|own| _ = self.reset(own));
        self.gone.store(true, Release);
        self.bus.close(at);
        self.codec.close(at);
        let stuck = own.into_iter().any(DmaBox::is_stuck);
        if stuck {
            trace::info(c"the device does not stop: its descriptors are left to it");
        }
        !stuck
    }
}
