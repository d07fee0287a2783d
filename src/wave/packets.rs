//! Packets: the halves of a cyclic buffer with two notifications, numbered from the start of the stream.
//!
//! ```text
//!   render    packets 0 .. c-1 done | c playing | c+1 may be handed over
//!   capture   packet c-1 may be read | c is being recorded, over what was packet c-2
//! ```
//!
//! Numbers are told and taken modulo 2^32; here they are counted on without wrapping. Source: the pages of
//! `IMiniportWaveRTOutputStream` and `IMiniportWaveRTInputStream`.

use portcls::raw::KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM as END_OF_STREAM;
use portcls::{Result, Status};

/// Packets in a cyclic buffer.
const IN_BUFFER: u64 = 2;

/// What a stream is when its client asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// It is in RUN.
    pub(crate) running: bool,
    /// Bytes surely transferred.
    pub(crate) done: u64,
    /// The end of what the device holds.
    pub(crate) owned: u64,
}

/// Packets completed after `done` bytes, in packets of `bytes`.
pub(crate) fn completed(done: u64, bytes: u32) -> u64 {
    done.checked_div(u64::from(bytes)).unwrap_or(0)
}

/// What the client of a render stream has handed over since STOP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    used: bool,
    upto: u64,
    ended: bool,
}

impl Written {
    /// Nothing yet.
    pub(crate) const NONE: Self = Self { used: false, upto: 0, ended: false };

    /// The byte up to which was handed over, and whether that is the end of the stream; none if the client has handed
    /// over no packet.
    pub(crate) fn limit(&self) -> Option<(u64, bool)> {
        self.used.then_some((self.upto, self.ended))
    }

    /// Takes over packet `number`, in packets of `bytes` and frames of `frame` bytes. With the flag
    /// `KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM`, the only one, it is the last one, and has `last` bytes.
    ///
    /// In RUN the next packet is due: the one behind the packet that is playing, or this itself, as long as the device
    /// has nothing of it. In other states the first packet that is not done may be written, and the next one after it.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_DEVICE_STATE` after the end of the stream. `STATUS_INVALID_PARAMETER` for other flags, and for a
    /// last packet that is longer than a packet or not whole frames. `STATUS_DATA_LATE_ERROR` if the device is done with
    /// the packet, or has some of it; `STATUS_DATA_OVERRUN` if there is no room for it yet. Nothing is changed then.
    pub(crate) fn take(
        &mut self,
        (bytes, frame): (u32, u32),
        now: Moment,
        number: u32,
        flags: u32,
        last: u32,
    ) -> Result {
        if self.ended {
            return Err(Status::INVALID_DEVICE_STATE);
        }
        // Mostly there are none.
        let ends = flags != 0;
        if ends && (flags != END_OF_STREAM || last > bytes || last.checked_rem(frame) != Some(0)) {
            return Err(Status::INVALID_PARAMETER);
        }

        let count = completed(now.done, bytes);
        let ahead = number.wrapping_sub(count as u32).cast_signed();
        let ahead = u64::try_from(ahead).map_err(|_| Status::DATA_LATE_ERROR)?;
        // The current one begins within 64 bits, which are never used up, and it is less than 2^63 bytes from there.
        let current = count.wrapping_mul(u64::from(bytes));
        let start = current.saturating_add(ahead.wrapping_mul(u64::from(bytes)));
        let current_is_given = self.upto.max(now.owned) > current;
        if now.running && start < now.owned {
            return Err(Status::DATA_LATE_ERROR);
        }
        if ahead >= IN_BUFFER || (ahead > 0 && !now.running && !current_is_given) {
            return Err(Status::DATA_OVERRUN);
        }

        let length = if ends { last } else { bytes };
        self.used = true;
        self.upto = self.upto.max(start.saturating_add(length.into()));
        self.ended = ends;
        Ok(())
    }
}

/// What the client of a capture stream has read since STOP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    next: u64,
}

/// A packet to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Its number, counted without wrapping.
    pub(crate) packet: u64,
    /// Another one is complete, too.
    pub(crate) more: bool,
}

impl Read {
    /// Nothing yet.
    pub(crate) const NONE: Self = Self { next: 0 };

    /// The packet to be read next, after `done` bytes, in packets of `bytes`. A client that comes too late finds the
    /// oldest packets gone: the device is recording over them.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` if there is none.
    pub(crate) fn take(&mut self, bytes: u32, done: u64) -> Result<Ready> {
        let count = completed(done, bytes);
        let oldest = count.saturating_sub(IN_BUFFER.wrapping_sub(1));
        let packet = self.next.max(oldest);
        if packet >= count {
            return Err(Status::DEVICE_NOT_READY);
        }
        self.next = packet.saturating_add(1);
        Ok(Ready { packet, more: self.next < count })
    }
}

/// The frame that leaves the machine when the clock stands at frame `clock`: behind by `delay`, in 100 ns, at `rate`.
pub(crate) fn presented(clock: u64, rate: u32, delay: u32) -> u64 {
    // Both factors have 32 bits.
    let frames = u64::from(delay).wrapping_mul(u64::from(rate)) / 10_000_000;
    clock.saturating_sub(frames)
}

/// The performance counter, of `frequency` ticks a second, when a stream of `pace` bytes a second was `bytes` bytes
/// behind where it is at `now`.
pub(crate) fn time_before(now: u64, bytes: u64, pace: u64, frequency: u64) -> u64 {
    let ticks = u128::from(bytes).wrapping_mul(frequency.into()).checked_div(pace.into()).unwrap_or(0);
    now.saturating_sub(u64::try_from(ticks).unwrap_or(u64::MAX))
}
