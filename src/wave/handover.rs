//! Packets, as the client of a channel hands them over and takes them.

use portcls::irql::{Dispatch, Irql, Passive};
use portcls::packets::ReadPacket;
use portcls::stream::State;
use portcls::{Result, Status};

use super::channel::Channel;
use super::{hub, packets};
use crate::device::{SoundDevice, Stage};
use crate::platform::time;

/// A frame, and when it left the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presented {
    /// Counted since STOP.
    pub(super) frame: u64,
    /// The performance counter.
    pub(super) counter: u64,
}

impl<D: SoundDevice> Channel<D> {
    /// Takes over packet `number` of a render stream; `flags` may say that it is the last one, of `last` bytes.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` unless the buffer has two notifications, and those of
    /// [`Written::take`](packets::Written::take).
    pub(super) fn write_packet(&self, at: &mut Irql<Passive>, number: u32, flags: u32, last: u32) -> Result {
        self.hub().with(at, |state, at| {
            let mut live = state.live(self.device(), self.endpoint()).ok_or(Status::DEVICE_REMOVED)?;
            live.ask_owned(at);
            let account = &mut *live.account;
            let (Some(bytes), Some(format)) = (account.packet(), account.format) else {
                return Err(Status::NOT_SUPPORTED);
            };
            let now = account.moment();
            account.written.take((bytes, format.frame_bytes()), now, number, flags, last)?;
            if now.running {
                let supply = live.account.supply();
                let counter = if D::TIMED { time::counter() } else { 0 };
                let wake = live.device.hand_over(live.shared, live.engine, at, counter, supply);
                if D::TIMED {
                    state.wake.by(at, counter, wake);
                }
            }
            Ok(())
        })
    }

    /// How many packets were transferred completely.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` unless the buffer has two notifications.
    pub(super) fn packet_count(&self, at: &mut Irql<Passive>) -> Result<u32> {
        self.hub().with(at, |state, _| {
            let account = state.account(self.endpoint()).ok_or(Status::NOT_SUPPORTED)?;
            let bytes = account.packet().ok_or(Status::NOT_SUPPORTED)?;
            // Modulo 2^32, as packets are numbered.
            Ok(packets::completed(account.periods.done(), bytes) as u32)
        })
    }

    /// The frame that leaves the machine now.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` without a stream.
    pub(super) fn presented(&self, at: &mut Irql<Passive>) -> Result<Presented> {
        self.hub().with(at, |state, at| {
            let delay = match state.live(self.device(), self.endpoint()) {
                Some(mut live) => {
                    live.look(at);
                    live.device.latency(live.engine).codec
                }
                None => 0,
            };
            let counter = time::counter();
            let account = state.account(self.endpoint()).ok_or(Status::INVALID_DEVICE_STATE)?;
            let format = account.format.ok_or(Status::INVALID_DEVICE_STATE)?;
            let clock = account.clock.linear().checked_div(format.frame_bytes().into()).unwrap_or(0);
            account.presented = account.presented.max(packets::presented(clock, format.rate, delay));
            Ok(Presented { frame: account.presented, counter })
        })
    }

    /// The packet of a capture stream that is to be read next.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` unless the buffer has two notifications; `STATUS_INVALID_DEVICE_STATE` below PAUSE;
    /// `STATUS_DEVICE_NOT_READY` if there is none.
    pub(super) fn read_packet(&self, at: &mut Irql<Passive>) -> Result<ReadPacket> {
        self.hub().with(at, |state, at| {
            let account = state.account(self.endpoint()).ok_or(Status::NOT_SUPPORTED)?;
            let bytes = account.packet().ok_or(Status::NOT_SUPPORTED)?;
            if account.state < State::Pause {
                return Err(Status::INVALID_DEVICE_STATE);
            }
            let ready = account.read.take(bytes, account.periods.done())?;
            let first = ready.packet.saturating_mul(bytes.into());
            let running = account.stage == Stage::Running;
            let from_device = match state.live(self.device(), self.endpoint()) {
                Some(live) if running => live.device.time_of(live.engine, first),
                _ => None,
            };
            let first_sample = match from_device {
                Some(time) => time,
                None => self.time_before(state, at, first)?,
            };
            // Modulo 2^32, as packets are numbered.
            Ok(ReadPacket { number: ready.packet as u32, first_sample, more: ready.more })
        })
    }

    /// When the stream was at byte `first`, if it has kept an even pace up to where it is.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_SUPPORTED` without a format.
    #[cold]
    #[inline(never)]
    fn time_before(&self, state: &mut hub::State<D>, at: &Irql<Dispatch>, first: u64) -> Result<u64> {
        if let Some(mut live) = state.live(self.device(), self.endpoint()) {
            live.look(at);
        }
        let account = state.account(self.endpoint()).ok_or(Status::NOT_SUPPORTED)?;
        let format = account.format.ok_or(Status::NOT_SUPPORTED)?;
        let since = account.clock.linear().saturating_sub(first);
        Ok(packets::time_before(time::counter(), since, format.bytes_a_second(), time::counter_frequency()))
    }
}
