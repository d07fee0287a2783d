//! Intel ICH AC'97: bus masters that walk rings of 32 buffer descriptors, one to play and one to record.
//!
//! ```text
//!   cyclic buffer --plan--> segments --ring--> descriptors (bdl) --> DMA box <--> AC-link <--> codec
//!                                        ^                              |
//!                                        +--- latch <--- interrupt -----+
//! ```
//!
//! A client of packets says what may be played (`given`): the descriptors of anything else point to silence, and the counter
//! goes on. Without packets the ring is written once, and plays what lies in the buffer.
//!
//! The codec has one ADC behind several inputs. Each of the two that people use is an endpoint of its own, and only
//! one of them can be recorded at a time.

mod attenuation;
mod bdl;
mod boxes;
mod codec;
pub(crate) mod cutter;
mod engine;
mod flow;
pub(crate) mod given;
pub(crate) mod latch;
mod mapped;
mod mixer;
pub(crate) mod plan;
mod power;
mod regs;
pub(crate) mod ring;

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::Acquire;

use portcls::irql::{Irql, Passive};
use portcls::raw::KSAUDIO_SPEAKER_STEREO;
use portcls::{Result, Status, handle};

use crate::device::formats::{Formats, RateSet, Sample, SampleSet, Speakers};
use crate::device::jack::Pin;
use crate::device::{Direction, EndpointInfo};
use crate::platform::io::Registers;
use crate::platform::trace;
use boxes::{DmaBox, reset_box};
use codec::{Codec, Input};
use regs::nabm;

/// One AC'97 controller with its codec.
pub(crate) struct Ac97 {
    pdo: handle::Device,
    bus: Registers,
    codec: Codec,
    endpoints: [EndpointInfo; ENDS.len()],
    output: DmaBox,
    input: DmaBox,
    /// The registers must not be touched any more: the device went away, or was given back.
    gone: AtomicBool,
    /// It has power, and works.
    awake: AtomicBool,
}

/// The far ends of the endpoints: what is recorded there, if anything, and its jack.
const ENDS: [(Option<Input>, Pin); 3] =
    [(None, Pin::LINE_OUT), (Some(Input::Line), Pin::LINE_IN), (Some(Input::Microphone), Pin::MICROPHONE)];

/// The endpoints that record, a bit for each: they share the ADC.
const RECORDERS: u32 = 0b110;

impl Ac97 {
    /// Resets the controller below `pdo`, behind its two register ranges, and brings the codec up.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` or `STATUS_DEVICE_HARDWARE_ERROR` if the hardware does not answer in time.
    pub(crate) fn bring_up(
        at: &Irql<Passive>,
        pdo: handle::Device,
        mixer: Registers,
        bus: Registers,
    ) -> Result<Self> {
        let codec = Codec::new(mixer);
        // One that does not reset may still use descriptors of whoever ran it before, but it does not know ours.
        reset_boxes(&bus)?;
        let rates = codec.bring_up(at, &bus)?;
        let endpoints = ENDS.map(|(input, _)| match input {
            None => EndpointInfo { direction: Direction::Render, formats: stereo(rates.dac) },
            Some(_) => EndpointInfo { direction: Direction::Capture, formats: stereo(rates.adc) },
        });
        Ok(Self {
            pdo,
            bus,
            codec,
            endpoints,
            output: DmaBox::new(nabm::PO),
            input: DmaBox::new(nabm::PI),
            gone: AtomicBool::new(false),
            awake: AtomicBool::new(true),
        })
    }

    /// Registers may be touched.
    fn is_present(&self) -> bool {
        !self.gone.load(Acquire) && self.awake.load(Acquire)
    }

    /// It is there, and has no power.
    fn is_asleep(&self) -> bool {
        !self.gone.load(Acquire) && !self.awake.load(Acquire)
    }
}

/// What a box carries: two channels of 16 bits.
fn stereo(rates: RateSet) -> Formats {
    Formats {
        samples: SampleSet::EMPTY.with(Sample::S16),
        rates,
        channels: (2, 2),
        speakers: Speakers::default().with(KSAUDIO_SPEAKER_STEREO),
    }
}

/// Resets all boxes of the controller.
///
/// # Errors
///
/// `STATUS_IO_DEVICE_ERROR` if one of them does not reset.
fn reset_boxes(bus: &Registers) -> Result {
    for base in [nabm::PO, nabm::PI, nabm::MC] {
        if !reset_box(bus, base.wrapping_add(nabm::CR)) {
            trace::value(c"AC'97 box does not reset, at", u32::from(base));
            return Err(Status::IO_DEVICE_ERROR);
        }
    }
    Ok(())
}
