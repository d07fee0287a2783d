//! Volume and mute of the line output.
//!
//! Each channel is attenuated by 0 to 31 steps of 1.5 dB; the mute is one for both. A codec that was brought up
//! attenuates nothing, so that what comes out is what went in until somebody asks for less.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::Ac97;
use super::attenuation::{self, LOWEST, STEP};
use super::regs::nam;
use crate::device::controls::{Channels, Controls, Volume};

/// The mixer of a codec that has one.
pub(super) struct Mixer<'a>(pub(super) &'a Ac97);

impl Mixer<'_> {
    /// The register.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`.
    fn read(&self) -> Result<u16> {
        if !self.0.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        let value = self.0.codec.master(&self.0.bus);
        // What is not there any more reads as ones; the bus master tells for sure.
        if value == u16::MAX && self.0.index_and_status(&self.0.output).is_none() {
            return Err(Status::DEVICE_REMOVED);
        }
        Ok(value)
    }

    /// Changes the register.
    ///
    /// # Errors
    ///
    /// As [`Self::read`]; `STATUS_IO_DEVICE_ERROR` if the codec does not take it.
    fn change(&self, change: impl FnOnce(u16) -> u16) -> Result {
        let value = change(self.read()?);
        self.0.codec.set_master(&self.0.bus, value);
        if self.read()? == value { Ok(()) } else { Err(Status::IO_DEVICE_ERROR) }
    }
}

impl Controls for Mixer<'_> {
    fn volume(&self) -> Option<Volume> {
        let channels = Channels { count: 2, uniform: false };
        Some(Volume { channels, lowest: LOWEST, highest: 0, step: STEP })
    }

    fn mute(&self) -> Option<Channels> {
        Some(Channels { count: 2, uniform: true })
    }

    fn level(&self, _irql: &mut Irql<Passive>, channel: u32) -> Result<i32> {
        self.read().map(|value| attenuation::level(value, channel))
    }

    fn set_level(&self, _irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result {
        self.change(|value| attenuation::with_level(value, channel, level))
    }

    fn is_muted(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<bool> {
        self.read().map(|value| value & nam::MASTER_MUTE != 0)
    }

    fn set_muted(&self, _irql: &mut Irql<Passive>, _channel: u32, muted: bool) -> Result {
        self.change(|value| {
            let others = value & !nam::MASTER_MUTE;
            if muted { others | nam::MASTER_MUTE } else { others }
        })
    }
}
