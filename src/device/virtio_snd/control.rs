//! Requests to the device, one at a time, each waited for within a bound.
//!
//! ```text
//!   request ---> [ring | request | answer] ---> device
//!                   ^                              |
//!                   +--- wake <--- interrupt ------+
//! ```
//!
//! There is one place for a request and one for an answer. If an answer does not come in time, the device still has both:
//! from then on every request fails at once, and nothing writes to these places, until the device was reset. A late
//! answer therefore meets the memory that it was meant for, and nobody takes it for the answer to something else.
#![forbid(unsafe_code)]

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Release, SeqCst};

use portcls::handle::Device;
use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::{Result, Status};
use virtqueue::Segment;

use super::wire::{HEADER, queue, status};
use crate::device::virtio::{Features, Ring, Transport};
use crate::platform::event::Event;
use crate::platform::gate::Gate;
use crate::platform::pool::PoolBox;
use crate::platform::{time, trace};

/// Descriptors that are kept track of: two are used.
const MAX: usize = 16;

/// Bytes of the longest request, and of the longest answer with its header.
const REQUEST_BYTES: usize = 1024;
const ANSWER_BYTES: usize = 4096;

/// How long a device may take. Most answer within microseconds; one that plays out what it has before it answers a
/// RELEASE may take as long as the longest buffer.
const PATIENCE_MS: u32 = 2_000;

/// The device is asked anew after so many milliseconds, in case it can't interrupt yet: twice as many each time.
const FIRST_LOOK_MS: u32 = 1;
const LAST_LOOK_MS: u32 = 64;

/// The control queue.
pub(crate) struct Control {
    ring: Gate<Option<PoolBox<Ring<MAX>>>>,
    /// Somebody waits for an answer.
    waiting: AtomicBool,
    answered: Event,
    /// The device has not answered, or not sensibly: it must be reset.
    broken: AtomicBool,
}

impl Control {
    /// The longest payload of an answer: what follows its header.
    pub(crate) const MAX_ANSWER: usize = ANSWER_BYTES.wrapping_sub(HEADER);

    /// Makes the control queue of a device that has been negotiated with.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::boxed`].
    pub(crate) fn new(
        at: &Irql<Passive>,
        pdo: Device,
        transport: &Transport,
        features: Features,
    ) -> Result<Self> {
        let extra = REQUEST_BYTES.wrapping_add(ANSWER_BYTES) as u32;
        let ring = Ring::boxed(at, pdo, transport, queue::CONTROL, features, extra)?;
        Ok(Self {
            ring: Gate::new(at, Some(ring))?,
            waiting: AtomicBool::new(false),
            answered: Event::new()?,
            broken: AtomicBool::new(true),
        })
    }

    /// Puts the queue into use in a device that has been reset and negotiated with.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::enable`].
    pub(crate) fn enable(
        &self,
        at: &mut Irql<Passive>,
        transport: &Transport,
        features: Features,
        vector: Option<u16>,
    ) -> Result {
        self.ring.with(at, |ring, at| {
            let ring = ring.as_mut().ok_or(Status::DEVICE_REMOVED)?;
            ring.enable(at, transport, features, vector)
        })?;
        self.broken.store(false, Release);
        Ok(())
    }

    /// An interrupt has come: if somebody waits for an answer, it may be there. Any number of times, for any cause.
    pub(crate) fn wake<L: AtMostDispatch>(&self, at: &Irql<L>) {
        if self.waiting.load(SeqCst) {
            self.answered.set(at);
        }
    }

    /// Nobody waits for an answer any more, if it is not there: the device has to be reset in any case.
    pub(crate) fn abandon<L: AtMostDispatch>(&self, at: &Irql<L>) {
        self.broken.store(true, Release);
        self.wake(at);
    }

    /// The device did not answer, or not sensibly: nothing works until it was reset and [`Control::enable`]d.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Acquire)
    }

    /// Sends a request and waits for the answer, whose payload goes to the beginning of `answer`. Says how long the
    /// payload is, as the device has it: no longer than `answer`, but perhaps shorter than was asked for.
    ///
    /// # Errors
    ///
    /// - `STATUS_INVALID_DEVICE_STATE`, `STATUS_NOT_SUPPORTED`, `STATUS_IO_DEVICE_ERROR`: the device says BAD_MSG, NOT_SUPP,
    ///   IO_ERR.
    /// - `STATUS_DEVICE_NOT_READY`: no sensible answer within two seconds, now or before.
    /// - `STATUS_DEVICE_REMOVED`; `STATUS_INVALID_PARAMETER` if request or answer are too long.
    pub(crate) fn command(
        &self,
        at: &mut Irql<Passive>,
        transport: &Transport,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        if request.len() > REQUEST_BYTES || answer.len() > Self::MAX_ANSWER {
            return Err(Status::INVALID_PARAMETER);
        }
        self.ring.with(at, |ring, at| {
            let Some(ring) = ring.as_mut().filter(|_| transport.is_present()) else {
                return Err(Status::DEVICE_REMOVED);
            };
            if self.is_broken() {
                return Err(Status::DEVICE_NOT_READY);
            }
            let exchanged = self.exchange(at, transport, ring, request, answer);
            self.waiting.store(false, SeqCst);
            exchanged
        })
    }

    /// The device may still use the memory: it stays for good.
    pub(crate) fn leak(&self, at: &mut Irql<Passive>) {
        self.ring.with(at, |ring, _| ring.iter().for_each(|ring| ring.leak()));
    }

    /// Gives the memory back: the device is at rest, and is asked nothing any more.
    pub(crate) fn close(&self, at: &mut Irql<Passive>) {
        let ring = self.ring.with(at, |ring, _| ring.take());
        drop(ring);
    }

    fn exchange(
        &self,
        at: &Irql<Passive>,
        transport: &Transport,
        ring: &mut Ring<MAX>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        let request_at = ring.messages();
        let answer_at = request_at.wrapping_add(REQUEST_BYTES);
        let room = HEADER.wrapping_add(answer.len());
        ring.memory().store(request_at, request);
        // No status: an answer that was not written is none.
        ring.memory().store32(answer_at, 0);
        let segments = [
            Segment { address: ring.address(request_at), bytes: request.len() as u32, writable: false },
            Segment { address: ring.address(answer_at), bytes: room as u32, writable: true },
        ];
        let added = ring.queue().add(segments, 0);
        added.map_err(|_| self.give_up(c"control queue does not take the request"))?;
        self.waiting.store(true, SeqCst);
        ring.kick(transport);
        let written = self.answer_of(at, transport, ring)?;

        // Now both places are the driver's again.
        if written < HEADER || written > room {
            return Err(self.give_up(c"answer of impossible length"));
        }
        match ring.memory().load32(answer_at) {
            status::OK => {}
            status::BAD_MSG => return Err(Status::INVALID_DEVICE_STATE),
            status::NOT_SUPP => return Err(Status::NOT_SUPPORTED),
            status::IO_ERR => return Err(Status::IO_DEVICE_ERROR),
            _ => return Err(self.give_up(c"answer without a status")),
        }
        let payload = written.wrapping_sub(HEADER);
        if let Some(answer) = answer.get_mut(..payload) {
            ring.memory().load(answer_at.wrapping_add(HEADER), answer);
        }
        Ok(payload)
    }

    /// Waits until the device gives the request back, and says how many bytes it claims to have written.
    fn answer_of(&self, at: &Irql<Passive>, transport: &Transport, ring: &mut Ring<MAX>) -> Result<usize> {
        let patience = time::counter_frequency().saturating_mul(u64::from(PATIENCE_MS)) / 1000;
        let begun = time::counter();
        let mut look = FIRST_LOOK_MS;
        loop {
            match ring.queue().take() {
                Ok(Some(used)) => return Ok(used.bytes as usize),
                Ok(None) => {}
                Err(_) => return Err(self.give_up(c"control queue, which holds nonsense,")),
            }
            if ring.queue().want_interrupt() {
                continue;
            }
            if self.is_broken() {
                return Err(Status::DEVICE_NOT_READY);
            }
            if transport.needs_reset() {
                return Err(self.give_up(c"control request, upon which the device needs a reset,"));
            }
            if !transport.is_present() {
                // It writes nothing any more.
                self.broken.store(true, Release);
                return Err(Status::DEVICE_REMOVED);
            }
            if time::counter().wrapping_sub(begun) >= patience {
                return Err(self.give_up(c"control request, which is not answered,"));
            }
            if !self.answered.wait_for(at, look) {
                look = look.saturating_mul(2).min(LAST_LOOK_MS);
            }
        }
    }

    /// From now on nothing works.
    fn give_up(&self, what: &core::ffi::CStr) -> Status {
        self.broken.store(true, Release);
        trace::failure(what, Status::DEVICE_NOT_READY);
        Status::DEVICE_NOT_READY
    }
}
