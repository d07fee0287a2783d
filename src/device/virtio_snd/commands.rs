//! What the device is told of its streams, one command at a time.
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::{Acquire, Release};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::VirtioSnd;
use super::info::{format_of, rate_of};
use super::state::{Command, Told};
use super::wire::{self, Params};
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::platform::trace;

/// No way from one state of a stream to another one has more commands.
const MOST_COMMANDS: u32 = 5;

impl VirtioSnd {
    /// Sends the stream of `endpoint` whatever commands lead to `goal`; `params` are for SET_PARAMS.
    ///
    /// A device that does not answer is asked nothing any more until it was started over. What it has it keeps till
    /// then: a reset alone does not take that from every device.
    ///
    /// # Errors
    ///
    /// Those of [`Control::command`](super::control::Control::command).
    pub(super) fn tell(
        &self,
        at: &mut Irql<Passive>,
        endpoint: usize,
        goal: Told,
        params: Option<&Params>,
    ) -> Result {
        for _ in 0..MOST_COMMANDS {
            let told = self.told(at, endpoint);
            let Some(command) = told.towards(goal) else { return Ok(()) };
            let after = told.after(command).ok_or(Status::INVALID_DEVICE_STATE)?;
            let said = match (command, params) {
                (Command::SetParams, Some(params)) => self.send(at, &params.request()),
                (Command::SetParams, None) => Err(Status::INVALID_DEVICE_STATE),
                _ => self.send(at, &wire::command(command.code(), self.endpoints.stream(endpoint))),
            };
            said.inspect_err(|status| trace::failure(c"command of a stream", *status))?;
            self.set_told(at, endpoint, after);
        }
        Err(Status::INVALID_DEVICE_STATE)
    }

    /// Sends a request whose answer is a status alone.
    fn send(&self, at: &mut Irql<Passive>, request: &[u8]) -> Result {
        self.ask(at, request, &mut []).map(|_| ())
    }

    /// Sends a request; says how much of the answer's payload there is.
    pub(super) fn ask(&self, at: &mut Irql<Passive>, request: &[u8], answer: &mut [u8]) -> Result<usize> {
        if self.is_lost() {
            return Err(self.refusal());
        }
        let said = self.control.command(at, &self.transport, request, answer);
        if self.control.is_broken() {
            trace::info(c"the device does not answer");
            self.lost.store(true, Release);
        }
        said
    }

    /// The parameters of a stream whose messages have `message` bytes.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` for a rate without a number.
    pub(super) fn parameters(
        &self,
        endpoint: usize,
        format: &StreamFormat,
        cut: Cut,
        message: u32,
    ) -> Result<Params> {
        let rate = rate_of(format.rate).ok_or(Status::NO_MATCH)?;
        Ok(Params {
            stream: self.endpoints.stream(endpoint),
            buffer_bytes: cut.bytes,
            period_bytes: message,
            features: self.endpoints.features(endpoint),
            channels: format.channels,
            format: format_of(format.sample),
            rate,
        })
    }

    /// Nothing can be asked of the device at present.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Acquire) || !self.transport.is_present()
    }

    /// The device was emptied and reset, and has none of our memory.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Acquire) || self.transport.is_gone()
    }

    /// Why.
    pub(super) fn refusal(&self) -> Status {
        if self.transport.is_present() { Status::DEVICE_NOT_READY } else { Status::DEVICE_REMOVED }
    }

    /// What the stream of `endpoint` was told last.
    pub(super) fn told(&self, at: &mut Irql<Passive>, endpoint: usize) -> Told {
        self.told.with(at, |told, _| told.get(endpoint).copied().unwrap_or_default())
    }

    fn set_told(&self, at: &mut Irql<Passive>, endpoint: usize, now: Told) {
        self.told.with(at, |told, _| {
            if let Some(place) = told.get_mut(endpoint) {
                *place = now;
            }
        });
    }
}
