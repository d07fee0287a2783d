//! What a sound device must do.
//!
//! A device is two things: the part that anybody may ask at any time ([`SoundDevice`] itself, shared), and what
//! its DMA engine has to remember ([`SoundDevice::Engine`]), which belongs to one lock and is passed in.
#![forbid(unsafe_code)]

pub(crate) mod ac97;
pub(crate) mod rates;
pub(crate) mod run;

use portcls::irql::{Device, Dispatch, Irql, Passive};

use crate::platform::interrupt::Claim;
use portcls::Result;
use rates::RateSet;
use run::Run;

/// How far the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes that are surely played, counted without wrapping since the stream was at zero.
    pub(crate) played: u64,
    /// The DMA had stopped because nobody served it for too long.
    pub(crate) starved: bool,
}

/// A sound device with one render engine that loops over a cyclic buffer.
pub(crate) trait SoundDevice: Send + Sync + 'static {
    /// What the render engine remembers from call to call.
    type Engine: Send;
    /// A cyclic buffer, cut up the way the engine needs it.
    type Layout: Send;

    /// Bytes of one frame.
    const FRAME_BYTES: u32;
    /// The longest cyclic buffer, in bytes.
    const MAX_BUFFER_BYTES: u32;
    /// How many bytes beyond its position the engine may have fetched already.
    const FETCH_AHEAD_BYTES: u32;
    /// From the end of the engine to the jack, in 100 ns.
    const CODEC_DELAY: u32;

    /// The sample rates.
    fn rates(&self) -> RateSet;

    /// Sets the sample rate, in Hz, while nothing plays.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_MATCH` if the device cannot do it.
    fn set_rate(&self, at: &Irql<Passive>, rate: u32) -> Result;

    /// Cuts up the buffer made of `runs`, with a notification every `period` bytes, or none if `notify` is not
    /// set.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if the buffer is in too many pieces.
    fn lay_out(runs: &[Run], period: u32, notify: bool) -> Result<Self::Layout>;

    /// Gives the engine, which does not run, the buffer to play next.
    fn attach(&self, engine: &mut Self::Engine, layout: Self::Layout);

    /// Starts the engine at byte `from` of the linear count. IRQL: DISPATCH_LEVEL.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_NOT_READY` without a buffer, `STATUS_IO_DEVICE_ERROR` if the device does not answer.
    fn start(&self, engine: &mut Self::Engine, at: &Irql<Dispatch>, from: u64) -> Result;

    /// Stops the engine for good or until [`SoundDevice::start`], and says how far it came. No DMA takes place
    /// afterwards, unless [`SoundDevice::is_stuck`].
    fn halt(&self, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> u64;

    /// Linear byte count of a running engine, from the registers.
    fn position(&self, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> u64;

    /// Claims or declines an interrupt, and takes the claim of the device back. IRQL: DIRQL.
    fn claim(&self, at: &Irql<Device>) -> Claim;

    /// What follows an interrupt: takes in how far a running engine came, and keeps it supplied.
    fn advance(&self, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> Progress;

    /// A running engine stands still although it is supplied.
    fn is_stalled(&self, engine: &mut Self::Engine, at: &Irql<Dispatch>) -> bool;

    /// The device did not stop when told to: memory that it knows of must not be freed.
    fn is_stuck(&self) -> bool;

    /// Ends the engine: resets the device within a bound, forgets its registers, and frees what it used, or
    /// leaks that if the device does not answer. The device ignores everything from then on.
    fn shut_down(&self, at: &Irql<Passive>, engine: Self::Engine);
}
