//! A client that has a pin open, and a stream in RUN, while something happens to its device: through a buffer of the
//! WaveRT port with an event, or with packets of its own through the WavePci port, whichever the driver has chosen.

use std::cell::RefCell;

use portcls::raw::PcExitLatencyFast;
use portcls::raw::PcExitLatencyInstant;
use portcls::raw::PcExitLatencyResponsive;
use portcls::raw::PowerDeviceD0;
use portcls::raw::PowerDeviceD2;
use portcls::raw::PowerDeviceD3;
use portcls::raw::PowerSystemSleeping3;

use super::SetupError;
use super::check;
use super::failed;
use crate::client::format::Shape;
use crate::client::format::data_format;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::kernel;
use crate::portcls::Adapter;
use crate::portcls::Buffer;
use crate::portcls::Cutter;
use crate::portcls::Done;
use crate::portcls::Endpoint;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::portcls::Place;
use crate::sound::Pcm;

/// Frames of half a buffer.
const HALF: u32 = 480;
/// Time for which the stream runs before anything happens: no whole number of halves, nanoseconds.
const HEAD_START_NS: u64 = 33_300_000;
/// Packets that are with the port driver at least: longer than the head start.
const AHEAD: usize = 8;
/// Draws the lengths of mappings.
const SEED: u64 = 4;
/// Longest wait for the next event.
const PATIENCE_NS: u64 = 1_000_000_000;
/// Time between two looks for packets that came back.
const LOOK_NS: u64 = 5_000_000;

/// The first Windows whose PortCls knows of rebalance under active streams (1511).
const FIRST_TO_REBALANCE: u32 = 10_586;

/// A stream of silence in RUN.
pub(super) struct Occupant {
    pin: Pin,
    means: Means,
}

/// By which its sound goes.
enum Means {
    /// A cyclic buffer, and an event for each of its halves.
    Buffer(Buffer, ClientEvent),
    /// Packets, cut into mappings.
    Packets(Packets),
}

/// Packets of a WavePci stream.
struct Packets {
    silence: Vec<u8>,
    cutter: RefCell<Cutter>,
}

impl Packets {
    fn new(pcm: &Pcm) -> Self {
        let frame = pcm.frame_bytes();
        let cutter = RefCell::new(Cutter::hostile(SEED, frame, true));
        Self { silence: vec![pcm.silence(); HALF as usize * frame], cutter }
    }

    /// Keeps enough of them with the port driver.
    fn supply(&self, pin: &Pin) -> Result<(), SetupError> {
        while pin.bytes_pending() < (AHEAD * self.silence.len()) as u64 {
            let handed = pin.submit(&self.silence, Place::default(), &mut self.cutter.borrow_mut());
            handed.map_err(failed("handing a packet over"))?;
        }
        pin.tell_available();
        Ok(())
    }
}

impl Occupant {
    /// Opens a pin of `endpoint` in the format of `pcm`, and has it run for a while.
    ///
    /// # Errors
    /// What the driver says to one of the steps.
    pub(super) fn run(adapter: &Adapter, endpoint: &Endpoint, pcm: &Pcm) -> Result<Self, SetupError> {
        let kernel = adapter.kernel();
        let shape = if pcm.channels <= 2 && pcm.bits == 16 { Shape::Plain } else { Shape::Extensible };
        let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &data_format(pcm, shape))
            .map_err(failed("opening a pin"))?;
        let means = match pin.port_class() {
            "WavePci" => Means::Packets(Packets::new(pcm)),
            _ => with_buffer(kernel, &pin, pcm)?,
        };
        if let Means::Packets(packets) = &means {
            packets.supply(&pin)?;
        }
        check("SetState(RUN)", pin.set_state(KsState::Run))?;
        pin.tell_available();
        kernel.sleep_until(kernel.now() + HEAD_START_NS);
        Ok(Self { pin, means })
    }

    /// Sound goes on: the next events come, or the next packets come back.
    fn expect_sound(&self, when: &str) -> Result<(), SetupError> {
        match &self.means {
            Means::Buffer(_, event) => {
                let before = event.count();
                while event.count() < before + 2 {
                    if !event.wait(PATIENCE_NS) {
                        return wrong(&format!("no event came {when}"));
                    }
                }
                Ok(())
            }
            Means::Packets(packets) => {
                let kernel = kernel();
                let (end, mut back) = (kernel.now() + PATIENCE_NS, 0);
                drop(self.pin.completed());
                while back < 2 {
                    if kernel.now() >= end {
                        return wrong(&format!("no packet came back {when}"));
                    }
                    packets.supply(&self.pin)?;
                    kernel.sleep_until(kernel.now() + LOOK_NS);
                    let released = |done: &Done| done.pieces.iter().all(|piece| piece.released);
                    back += self.pin.completed().iter().filter(|done| released(done)).count();
                    self.pin.check_memory();
                }
                Ok(())
            }
        }
    }

    /// PortCls has stopped the stream, and it does not run any more whatever its client asks for.
    fn expect_the_end(&self) -> Result<(), SetupError> {
        if self.pin.state() != KsState::Stop {
            return wrong("the stream is not in STOP after the device was stopped");
        }
        let position = match self.means {
            Means::Buffer(..) => self.pin.position().map(|position| position.play_offset),
            Means::Packets(_) => self.pin.linear_position(),
        };
        if position.is_ok_and(|position| position != 0) {
            return wrong("the position is not zero after the device was stopped");
        }
        if self.pin.mappings_out() != 0 {
            return wrong("the miniport has mappings after the device was stopped");
        }
        if self.pin.set_state(KsState::Run) >= 0 {
            return wrong("a stream whose device was stopped ran again");
        }
        Ok(())
    }

    /// Whether Windows can stop the device under it, if the driver takes part: since Windows 10 1511, and for "Topology
    /// and WaveRT" ports ("Implement PnP Rebalance for PortCls Audio Drivers"). Others are closed first.
    pub(super) fn may_be_moved(&self) -> bool {
        kernel().profile.build >= FIRST_TO_REBALANCE && matches!(self.means, Means::Buffer(..))
    }

    /// The client closes its pin.
    pub(super) fn leave(self) {
        let Self { pin, means } = self;
        match means {
            Means::Buffer(buffer, event) => {
                drop(buffer);
                pin.close();
                drop(pin);
                drop(event);
            }
            Means::Packets(_) => pin.close(),
        }
    }
}

/// A cyclic buffer of silence, and an event that is registered.
fn with_buffer(kernel: &'static Kernel, pin: &Pin, pcm: &Pcm) -> Result<Means, SetupError> {
    let bytes = 2 * HALF * pcm.frame_bytes() as u32;
    let buffer = pin.allocate_with_notification(bytes, 2).map_err(failed("allocating a buffer"))?;
    buffer.write(0, &vec![pcm.silence(); buffer.len()]);
    let event = ClientEvent::new(kernel);
    check("registering an event", pin.register_event(&event))?;
    Ok(Means::Buffer(buffer, event))
}

fn wrong<T>(message: &str) -> Result<T, SetupError> {
    Err(SetupError::Environment(message.to_owned()))
}

/// The stop and the start of a rebalance, under a stream of `endpoint` where Windows can do that. The client is late to
/// close its pin.
///
/// # Errors
/// If the driver does not take part in it, or does not let go of the stream.
pub(super) fn rebalance(adapter: &Adapter, endpoint: &Endpoint, pcm: &Pcm) -> Result<(), SetupError> {
    let occupant = Occupant::run(adapter, endpoint, pcm)?;
    if adapter.stop() >= 0 {
        occupant.expect_the_end()?;
        move_on(adapter)?;
        adapter.kernel().sleep_until(adapter.kernel().now() + HEAD_START_NS);
        occupant.leave();
        return Ok(());
    }
    if occupant.may_be_moved() {
        return wrong(
            "a stop is refused while a stream is active: the driver does not take part in rebalance",
        );
    }
    occupant.expect_sound("after the stop was refused")?;
    occupant.leave();
    check("stopping the device", adapter.stop())?;
    move_on(adapter)
}

fn move_on(adapter: &Adapter) -> Result<(), SetupError> {
    adapter.relocate();
    check("restarting the device", adapter.start())
}

/// Rebalances in each stage of a started device's life.
///
/// # Errors
/// As [`rebalance`].
pub(super) fn rebalances(adapter: &Adapter, pcm: &Pcm) -> Result<(), SetupError> {
    // Called off, and called off without having been asked for.
    check("calling off a stop", adapter.query_and_cancel_stop())?;
    check("calling off a stop", adapter.cancel_stop())?;
    check("stopping the device", adapter.stop())?;
    move_on(adapter)?;
    for endpoint in adapter.endpoints() {
        let occupant = Occupant::run(adapter, &endpoint, pcm)?;
        check("calling off a stop", adapter.cancel_stop())?;
        occupant.expect_sound("after a stop was called off that nobody had asked for")?;
        // An older Windows refuses it by itself.
        adapter.query_and_cancel_stop();
        occupant.expect_sound("after a stop was called off")?;
        occupant.leave();
    }
    for capture in [false, true] {
        // Endpoints are made anew at each start.
        let endpoint = adapter.endpoints().into_iter().find(|endpoint| endpoint.capture == capture);
        if let Some(endpoint) = endpoint {
            rebalance(adapter, &endpoint, pcm)?;
        }
    }
    Ok(())
}

/// Sleep and idle in each stage of a started device's life.
///
/// # Errors
/// If the driver objects, or does not come back.
pub(super) fn sleeps(adapter: &Adapter, pcm: &Pcm) -> Result<(), SetupError> {
    nap(adapter, || Ok(()))?;
    // Idle: the device alone, deeper and deeper, with whatever latency is allowed.
    check("D2", adapter.set_power(PowerDeviceD2))?;
    for latency in [PcExitLatencyInstant, PcExitLatencyFast, PcExitLatencyResponsive] {
        check("D3", adapter.set_power(PowerDeviceD3))?;
        check("another exit latency", adapter.change_exit_latency(latency))?;
        check("D0", adapter.set_power(PowerDeviceD0))?;
    }
    for endpoint in adapter.endpoints() {
        let occupant = Occupant::run(adapter, &endpoint, pcm)?;
        nap(adapter, || Ok(()))?;
        occupant.expect_sound("after a sleep")?;
        occupant.leave();
        let occupant = Occupant::run(adapter, &endpoint, pcm)?;
        // Handles of a process that ends are closed whenever that is.
        nap(adapter, || {
            occupant.leave();
            Ok(())
        })?;
        let occupant = Occupant::run(adapter, &endpoint, pcm)?;
        occupant.expect_sound("from a stream that was opened after a sleep")?;
        occupant.leave();
    }
    Ok(())
}

/// S3 and back, with something that goes on meanwhile.
fn nap(adapter: &Adapter, meanwhile: impl FnOnce() -> Result<(), SetupError>) -> Result<(), SetupError> {
    let kernel = adapter.kernel();
    check("falling asleep", adapter.sleep(PowerSystemSleeping3))?;
    kernel.sleep_until(kernel.now() + HEAD_START_NS);
    meanwhile()?;
    check("waking up", adapter.wake())
}
