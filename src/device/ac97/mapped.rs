//! What the device does where streams have mappings.
#![forbid(unsafe_code)]

use portcls::irql::{Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::Ac97;
use super::engine::{Engine, Layout};
use super::flow::Flow;
use super::plan::MAX_SEGMENT_BYTES;
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::mapped::{Mapped, Mappings};
use crate::device::{Direction, Progress};
use crate::platform::pool::PoolBox;

/// What a stream plays or fills.
#[expect(clippy::large_enum_variant, reason = "it is handed over once a stream, and kept in neither shape")]
pub(crate) enum Buffer {
    /// A cyclic buffer.
    Cyclic(Layout),
    /// Mappings.
    Mapped(PoolBox<Flow>),
}

impl Mapped for Ac97 {
    type Shared = ();
    type Engine = Engine;
    type Layout = Buffer;

    fn lay_out_mappings(
        &self,
        at: &Irql<Passive>,
        pdo: handle::Device,
        endpoint: usize,
        format: &StreamFormat,
    ) -> Result<(Buffer, Cut)> {
        let info = self.endpoints.get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        let flow = Flow::new(at, pdo, format, info.direction == Direction::Capture)?;
        let bytes = MAX_SEGMENT_BYTES;
        Ok((Buffer::Mapped(PoolBox::new(flow)?), Cut { bytes, chunk: bytes, period: 0 }))
    }

    fn mappings<'a>(&self, engine: &'a mut Engine) -> Option<&'a mut Mappings> {
        engine.flow.as_deref_mut().map(Flow::mappings)
    }

    fn feed(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>) {
        if let Some(flow) = &mut engine.flow {
            self.feed_flow(self.of(engine.direction), flow, &engine.descriptors);
        }
    }

    fn advance_mappings(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        let own = self.of(engine.direction);
        let flow = engine.flow.as_mut();
        flow.map_or(Progress::NONE, |flow| self.advance_flow(own, flow, &engine.descriptors))
    }

    fn revoke(&self, _shared: &mut (), engine: &mut Engine, _at: &Irql<Dispatch>, tags: (u32, u32)) -> u32 {
        let own = self.of(engine.direction);
        let flow = engine.flow.as_mut();
        flow.map_or(0, |flow| self.revoke_from_flow(own, flow, &engine.descriptors, tags))
    }
}
