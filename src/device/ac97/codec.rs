//! The codec at the far end of the AC-link: bring-up, rates, inputs and volume.

use core::ops::RangeInclusive;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::regs::{nabm, nam};
use crate::device::Direction;
use crate::device::formats::{PREFERRED, RateSet};
use crate::platform::io::Registers;
use crate::platform::{time, trace};

/// The AC-link comes up within 600 ms of a cold reset on the slowest codecs known to drivers; in sleeps of 10 ms.
const LINK_TRIES: u32 = 100;
/// Analog parts get ready within a second; in sleeps of 10 ms.
const READY_TRIES: u32 = 100;
/// One codec access takes a frame of the link (21 us) or two; in microseconds.
const SEMAPHORE_TRIES: u32 = 100;

/// The rates in Hz that are tried, where the codec has variable rates: those that common codecs have.
const TRIED: RangeInclusive<u32> = 8_000..=48_000;

/// The reset of the link is held for so many microseconds; one is enough (AC'97 2.3, 9.1).
const RESET_MICROSECONDS: u32 = 10;
/// Those that are quick are waited for without sleeping, so many microseconds: what sleeps, sleeps for a clock tick.
const AT_ONCE: u32 = 100;

/// No attenuation.
const UNITY_MASTER: u16 = 0x0000;
/// 0 dB for the DAC by the AC'97 specification, table 14 ("PCM Out Volume").
const UNITY_PCM: u16 = 0x0808;
/// 0 dB for the ADC by table 16 ("Record Gain").
const UNITY_RECORD: u16 = 0x0000;
/// The microphone is recorded as it is, and not heard at the line output.
const MIC_UNHEARD: u16 = 0x8008;
/// Nor is the line input.
const LINE_IN_UNHEARD: u16 = 0x8808;

/// A codec that deviates from the specification.
struct Quirk {
    /// Vendor id, both halves.
    vendor: u32,
    /// What the reset register reads.
    features: u16,
    /// What PCM_OUT_VOLUME has to be for a gain of 0 dB.
    unity_pcm: u16,
    /// What RECORD_GAIN has to be for a gain of 0 dB.
    unity_record: u16,
}

/// The STAC9700 as QEMU and its descendants emulate it: a mixer that cannot amplify and takes 0 as unity, so
/// that the 0 dB of the specification would come out 2.5 dB too low. Recording it attenuates: of the 15 steps, the
/// highest is unity and 0 is silence. It is known by its reset register, which
/// reads 0 where the chip reads 0x6940 (its 3D enhancement and headphone features); a chip taken for it by
/// mistake would play 12 dB too loud, hence both ids must match.
const QUIRKS: [Quirk; 1] =
    [Quirk { vendor: 0x8384_7600, features: 0x0000, unity_pcm: 0x0000, unity_record: 0x0F0F }];

/// The rates that a codec accepts.
pub(super) struct Rates {
    /// Played.
    pub(super) dac: RateSet,
    /// Recorded.
    pub(super) adc: RateSet,
}

/// What can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The line input.
    Line,
    /// The microphone.
    Microphone,
}

/// Both register ranges, as the codec is reached through one and guarded by the other.
pub(super) struct Codec {
    nam: Registers,
    variable_rate: AtomicBool,
    /// The line output can be attenuated and muted.
    attenuates: AtomicBool,
    /// What RECORD_GAIN amplifies by is what the specification says.
    amplifies: AtomicBool,
    /// What RECORD_GAIN is to be while an input is recorded: one for each, in the order of [`Input`].
    gains: [AtomicU16; 2],
    /// The input that is selected, as a number.
    selected: AtomicUsize,
    /// What was set last in MASTER_VOLUME: what it is to be after the codec lost its power.
    kept_master: AtomicU16,
}

impl Codec {
    /// The codec behind `nam`, not touched yet.
    pub(super) fn new(nam: Registers) -> Self {
        Self {
            nam,
            variable_rate: AtomicBool::new(false),
            attenuates: AtomicBool::new(false),
            amplifies: AtomicBool::new(false),
            gains: [const { AtomicU16::new(UNITY_RECORD) }; 2],
            selected: AtomicUsize::new(Input::Microphone as usize),
            kept_master: AtomicU16::new(UNITY_MASTER),
        }
    }

    /// Gives its registers up.
    pub(super) fn close(&self, at: &Irql<Passive>) {
        self.nam.close(at);
    }

    /// Brings link and codec up from whatever state they are in. Answers the rates that DAC and ADC accept.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_HARDWARE_ERROR` if link or codec do not get ready in time.
    pub(super) fn bring_up(&self, at: &Irql<Passive>, bus: &Registers) -> Result<Rates> {
        self.start(at, bus)?;
        let rates = self.probe_rates(bus);
        // Not every codec has what the register is for, and what it lacks reads 0.
        let all = nam::MUTE | nam::MASTER_MOST << 8 | nam::MASTER_MOST;
        self.set_master(bus, all);
        self.attenuates.store(self.master(bus) == all, Relaxed);
        let unity = self.set_unity_gain(bus);
        self.gains.iter().for_each(|gain| gain.store(unity, Relaxed));
        self.amplifies.store(unity == UNITY_RECORD, Relaxed);
        self.set_master(bus, UNITY_MASTER);
        Ok(rates)
    }

    /// Brings a codec that lost its power to where it was: as brought up for the first time, and with what was set since.
    ///
    /// # Errors
    ///
    /// As [`Codec::bring_up`].
    pub(super) fn restore(&self, at: &Irql<Passive>, bus: &Registers) -> Result {
        self.start(at, bus)?;
        if self.variable_rate.load(Relaxed) {
            let control = self.read(bus, nam::EXT_AUDIO_CTRL);
            self.write(bus, nam::EXT_AUDIO_CTRL, control | nam::VRA);
        }
        // What is recorded is selected, at its own gain, when a stream is readied.
        self.set_unity_gain(bus);
        self.set_master(bus, self.kept_master());
        Ok(())
    }

    /// Mutes the outputs: a codec whose power goes may be heard otherwise.
    pub(super) fn mute(&self, bus: &Registers) {
        self.set_master(bus, nam::MUTE);
    }

    /// Resets link and codec, and waits until both are ready.
    fn start(&self, at: &Irql<Passive>, bus: &Registers) -> Result {
        bus.write32(nabm::GLOB_CNT, 0);
        time::spin_until(RESET_MICROSECONDS, || false);
        bus.write32(nabm::GLOB_CNT, nabm::GC_COLD_RESET_DONE);
        let ready = || {
            let status = bus.read32(nabm::GLOB_STA);
            status != u32::MAX && status & nabm::GS_PRIMARY_READY != 0
        };
        if !time::spin_until(AT_ONCE, ready) && !time::sleep_until(at, LINK_TRIES, 10, ready) {
            trace::value(c"AC-link is not ready, GLOB_STA", bus.read32(nabm::GLOB_STA));
            return Err(Status::DEVICE_HARDWARE_ERROR);
        }

        self.write(bus, nam::RESET, 0);
        let ready = || {
            let status = self.read(bus, nam::POWERDOWN);
            status != u16::MAX && status & nam::POWERDOWN_READY == nam::POWERDOWN_READY
        };
        if !time::spin_until(AT_ONCE, ready) && !time::sleep_until(at, READY_TRIES, 10, ready) {
            trace::value(c"codec is not ready, POWERDOWN", u32::from(self.read(bus, nam::POWERDOWN)));
            return Err(Status::DEVICE_HARDWARE_ERROR);
        }
        Ok(())
    }

    /// Whether [`Self::master`] is more than a number.
    pub(super) fn attenuates(&self) -> bool {
        self.attenuates.load(Relaxed)
    }

    /// Attenuation and mute of the line output, see [`nam::MASTER_VOLUME`].
    pub(super) fn master(&self, bus: &Registers) -> u16 {
        self.read(bus, nam::MASTER_VOLUME)
    }

    /// What they were last said to be.
    pub(super) fn kept_master(&self) -> u16 {
        self.kept_master.load(Relaxed)
    }

    /// Says what they are to be after the codec has lost its power.
    pub(super) fn keep_master(&self, value: u16) {
        self.kept_master.store(value, Relaxed);
    }

    /// Sets them.
    pub(super) fn set_master(&self, bus: &Registers, value: u16) {
        self.write(bus, nam::MASTER_VOLUME, value);
    }

    /// Sets the sample rate, in Hz, of the DAC or the ADC, which does not run.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` if the codec does not take it.
    pub(super) fn set_rate(&self, bus: &Registers, direction: Direction, rate: u32) -> Result {
        if !self.variable_rate.load(Relaxed) {
            return if rate == 48_000 { Ok(()) } else { Err(Status::NO_MATCH) };
        }
        let rate = u16::try_from(rate).map_err(|_| Status::NO_MATCH)?;
        let register = match direction {
            Direction::Render => nam::PCM_FRONT_DAC_RATE,
            Direction::Capture => nam::PCM_LR_ADC_RATE,
        };
        self.write(bus, register, rate);
        if self.read(bus, register) == rate { Ok(()) } else { Err(Status::NO_MATCH) }
    }

    /// Whether [`Self::gain`] is in steps of 1.5 dB.
    pub(super) fn amplifies(&self) -> bool {
        self.amplifies.load(Relaxed)
    }

    /// Gain and mute of an input, see [`nam::RECORD_GAIN`].
    pub(super) fn gain(&self, input: Input) -> u16 {
        self.gains.get(input as usize).map_or(UNITY_RECORD, |gain| gain.load(Relaxed))
    }

    /// Sets them.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the codec does not take it. They are then as before.
    pub(super) fn set_gain(&self, bus: &Registers, input: Input, value: u16) -> Result {
        if self.selected.load(Relaxed) == input as usize {
            self.write(bus, nam::RECORD_GAIN, value);
            if self.read(bus, nam::RECORD_GAIN) != value {
                return Err(Status::IO_DEVICE_ERROR);
            }
        }
        self.keep_gain(input, value);
        Ok(())
    }

    /// Says what they are to be when the input is selected.
    pub(super) fn keep_gain(&self, input: Input, value: u16) {
        if let Some(gain) = self.gains.get(input as usize) {
            gain.store(value, Relaxed);
        }
    }

    /// Selects what the ADC, which does not run, records, and at which gain.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` if the codec does not take it.
    pub(super) fn select(&self, bus: &Registers, input: Input) -> Result {
        let value = match input {
            Input::Line => nam::RECORD_LINE_IN,
            Input::Microphone => nam::RECORD_MIC,
        };
        self.write(bus, nam::RECORD_SELECT, value);
        if self.read(bus, nam::RECORD_SELECT) != value {
            return Err(Status::IO_DEVICE_ERROR);
        }
        self.selected.store(input as usize, Relaxed);
        self.set_gain(bus, input, self.gain(input))
    }

    /// Finds out which rates read back as they were written; leaves the codec at 48 kHz.
    fn probe_rates(&self, bus: &Registers) -> Rates {
        let fixed = Rates { dac: RateSet::EMPTY.with(48_000), adc: RateSet::EMPTY.with(48_000) };
        if self.read(bus, nam::EXT_AUDIO_ID) & nam::VRA == 0 {
            return fixed;
        }
        let control = self.read(bus, nam::EXT_AUDIO_CTRL);
        self.write(bus, nam::EXT_AUDIO_CTRL, control | nam::VRA);
        if self.read(bus, nam::EXT_AUDIO_CTRL) & nam::VRA == 0 {
            return fixed;
        }
        self.variable_rate.store(true, Relaxed);
        let taken = |direction| {
            // Best last, so that 48 kHz is what stays.
            let tried = PREFERRED.into_iter().rev().filter(|rate| TRIED.contains(rate));
            let taken = tried.filter(|rate| self.set_rate(bus, direction, *rate).is_ok());
            taken.fold(RateSet::EMPTY, RateSet::with)
        };
        Rates { dac: taken(Direction::Render), adc: taken(Direction::Capture) }
    }

    /// Passes samples through unchanged, as far as the codec can. Answers what does that in RECORD_GAIN.
    fn set_unity_gain(&self, bus: &Registers) -> u16 {
        let high = u32::from(self.read(bus, nam::VENDOR_ID1));
        let vendor = (high << 16) | u32::from(self.read(bus, nam::VENDOR_ID2));
        let features = self.read(bus, nam::RESET);
        let quirk = QUIRKS.iter().find(|quirk| quirk.vendor == vendor && quirk.features == features);
        trace::value(c"codec", vendor);
        self.write(bus, nam::PCM_OUT_VOLUME, quirk.map_or(UNITY_PCM, |quirk| quirk.unity_pcm));
        let unity = quirk.map_or(UNITY_RECORD, |quirk| quirk.unity_record);
        self.write(bus, nam::RECORD_GAIN, unity);
        self.write(bus, nam::MIC_VOLUME, MIC_UNHEARD);
        self.write(bus, nam::LINE_IN_VOLUME, LINE_IN_UNHEARD);
        unity
    }

    fn read(&self, bus: &Registers, register: u16) -> u16 {
        take_semaphore(bus);
        self.nam.read16(register)
    }

    fn write(&self, bus: &Registers, register: u16, value: u16) {
        take_semaphore(bus);
        self.nam.write16(register, value);
    }
}

/// Waits until no other access to the codec is under way. An access without the semaphore is lost at worst, and
/// those that matter are read back.
fn take_semaphore(bus: &Registers) {
    time::spin_until(SEMAPHORE_TRIES, || bus.read8(nabm::CAS) & 1 == 0);
}
