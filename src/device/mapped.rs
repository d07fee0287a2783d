//! Streams whose sound lies in mappings of their clients' memory.

use portcls::irql::{Dispatch, Irql, Passive};
use portcls::mapping::Mapping;
use portcls::{Result, handle};

use super::Progress;
use super::cut::Cut;
use super::formats::StreamFormat;
use super::mappings::{self, Extent, MOST, Place};
use crate::platform::pool::PoolSlice;

/// What a stream gets ahead of the device, in milliseconds.
pub(crate) const AHEAD: u64 = 100;

/// The mappings of a stream.
pub(crate) type Mappings = mappings::Mappings<PoolSlice<Place<Mapping>>>;

/// What the engines of a device are made of, and what it does where streams have mappings.
pub(crate) trait Mapped: Sized + Send + Sync + 'static {
    /// What the engines share.
    type Shared: Send;
    /// What one endpoint's engine remembers from call to call.
    type Engine: Send;
    /// A cyclic buffer, cut up the way an engine needs it.
    type Layout: Send;

    /// Readies an engine to come for a stream whose sound lies in mappings, and not in a cyclic buffer; it is attached as
    /// one is. The cut is what the device makes of it, of a buffer that is not there.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    fn lay_out_mappings(
        &self,
        at: &Irql<Passive>,
        pdo: handle::Device,
        endpoint: usize,
        format: &StreamFormat,
    ) -> Result<(Self::Layout, Cut)>;

    /// The mappings of an engine that was attached for them.
    fn mappings<'a>(&self, engine: &'a mut Self::Engine) -> Option<&'a mut Mappings>;

    /// There are more mappings: hands a running engine's device what it can take.
    fn feed(&self, shared: &mut Self::Shared, engine: &mut Self::Engine, at: &Irql<Dispatch>);

    /// [`advance`](super::SoundDevice::advance) for an engine that was attached for mappings.
    fn advance_mappings(
        &self,
        shared: &mut Self::Shared,
        engine: &mut Self::Engine,
        at: &Irql<Dispatch>,
    ) -> Progress;

    /// Takes mappings out of an engine, from tag `first` to tag `last`, and goes on with the others. Neither the device
    /// nor anybody else touches their memory any more. Says how many those were.
    fn revoke(
        &self,
        shared: &mut Self::Shared,
        engine: &mut Self::Engine,
        at: &Irql<Dispatch>,
        tags: (u32, u32),
    ) -> u32;
}

impl Extent for Mapping {
    fn bytes(&self) -> u32 {
        Self::bytes(self)
    }
}

/// None yet, of a stream in `format`.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(crate) fn mappings(format: &StreamFormat) -> Result<Mappings> {
    let ahead = format.bytes_a_second().wrapping_mul(AHEAD) / 1000;
    let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
    Ok(Mappings::new(PoolSlice::new(MOST, || None)?, format.frame_bytes(), ahead))
}

/// Takes all mappings out: whoever had them has none any more, and gets none.
pub(crate) fn take(from: &mut Mappings) -> Mappings {
    core::mem::replace(from, Mappings::new(PoolSlice::EMPTY, 1, 0))
}
