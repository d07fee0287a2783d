//! Volume and mute of the line output, and of what is recorded.
//!
//! Each channel of the output is attenuated by 0 to 31 steps of 1.5 dB, each channel of an input amplified by 0 to 15;
//! a mute is one for both. A codec that was brought up does neither, so that what comes out is what went in until
//! somebody asks for something else.
//!
//! The inputs share one register: each has a value of its own, which is the register's while the input is recorded.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::Ac97;
use super::attenuation::{MASTER, RECORD, STEP, Scale};
use super::codec::Input;
use super::regs::nam;
use crate::device::controls::{Channels, Controls, Volume};

/// The controls of an endpoint.
pub(super) struct Mixer<'a> {
    device: &'a Ac97,
    /// None for the line output.
    input: Option<Input>,
}

impl<'a> Mixer<'a> {
    /// Those of the line output, or of an input, if the codec has them.
    pub(super) fn new(device: &'a Ac97, input: Option<Input>) -> Option<Self> {
        let there = input.is_some() || device.codec.attenuates();
        there.then_some(Self { device, input })
    }

    const fn scale(&self) -> Scale {
        match self.input {
            None => MASTER,
            Some(_) => RECORD,
        }
    }

    /// The value of the register, which need not be the register's at the moment; without power, what it will be.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_REMOVED`.
    fn read(&self) -> Result<u16> {
        let device = self.device;
        if device.is_asleep() {
            return Ok(self.input.map_or(device.codec.kept_master(), |input| device.codec.gain(input)));
        }
        if !device.is_present() {
            return Err(Status::DEVICE_REMOVED);
        }
        let value = match self.input {
            None => device.codec.master(&device.bus),
            Some(input) => device.codec.gain(input),
        };
        // What is not there any more reads as ones; the bus master tells for sure.
        if value == u16::MAX && device.index_and_status(&device.output).is_none() {
            return Err(Status::DEVICE_REMOVED);
        }
        Ok(value)
    }

    /// Notes what the value is to be when there is power again.
    fn keep(&self, value: u16) {
        match self.input {
            None => self.device.codec.keep_master(value),
            Some(input) => self.device.codec.keep_gain(input, value),
        }
    }

    /// Changes it.
    ///
    /// # Errors
    ///
    /// As [`Self::read`]; `STATUS_IO_DEVICE_ERROR` if the codec does not take it.
    fn change(&self, change: impl FnOnce(u16) -> u16) -> Result {
        let value = change(self.read()?);
        let device = self.device;
        if device.is_asleep() {
            self.keep(value);
            return Ok(());
        }
        match self.input {
            None => device.codec.set_master(&device.bus, value),
            Some(input) => device.codec.set_gain(&device.bus, input, value)?,
        }
        if self.read()? != value {
            return Err(Status::IO_DEVICE_ERROR);
        }
        self.keep(value);
        Ok(())
    }
}

impl Controls for Mixer<'_> {
    fn volume(&self) -> Option<Volume> {
        // Where the greatest gain is none at all, it is not in decibels.
        if self.input.is_some() && !self.device.codec.amplifies() {
            return None;
        }
        let (channels, scale) = (Channels { count: 2, uniform: false }, self.scale());
        Some(Volume { channels, lowest: scale.lowest(), highest: scale.highest(), step: STEP })
    }

    fn mute(&self) -> Option<Channels> {
        Some(Channels { count: 2, uniform: true })
    }

    fn level(&self, _irql: &mut Irql<Passive>, channel: u32) -> Result<i32> {
        self.read().map(|value| self.scale().level(value, channel))
    }

    fn set_level(&self, _irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result {
        self.change(|value| self.scale().with_level(value, channel, level))
    }

    fn is_muted(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<bool> {
        self.read().map(|value| value & nam::MUTE != 0)
    }

    fn set_muted(&self, _irql: &mut Irql<Passive>, _channel: u32, muted: bool) -> Result {
        self.change(|value| {
            let others = value & !nam::MUTE;
            if muted { others | nam::MUTE } else { others }
        })
    }
}
