//! What the device does where streams have mappings.
#![forbid(unsafe_code)]

use portcls::irql::{Dispatch, Irql, Passive};
use portcls::{Result, Status, handle};

use super::flow::Flow;
use super::slots::Layout;
use super::{Engine, Rings, VirtioSnd};
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::mapped::{Mapped, Mappings};
use crate::device::{Progress, SoundDevice};
use crate::platform::pool::PoolBox;
use crate::platform::time;

/// What a stream plays or fills.
#[expect(clippy::large_enum_variant, reason = "it is handed over once a stream, and kept in neither shape")]
pub(crate) enum Buffer {
    /// A cyclic buffer.
    Cyclic(Layout),
    /// Mappings, by way of memory that is the stream's own.
    Mapped(PoolBox<Flow>),
}

impl Mapped for VirtioSnd {
    type Shared = Rings;
    type Engine = Engine;
    type Layout = Buffer;

    fn lay_out_mappings(
        &self,
        at: &Irql<Passive>,
        pdo: handle::Device,
        endpoint: usize,
        format: &StreamFormat,
    ) -> Result<(Buffer, Cut)> {
        let info = self.endpoints().get(endpoint).ok_or(Status::INVALID_PARAMETER)?;
        let stream = (endpoint, self.endpoints.stream(endpoint), info.direction);
        let (flow, cut) = Flow::new(at, pdo, stream, format, self.frequency)?;
        Ok((Buffer::Mapped(PoolBox::new(flow)?), cut))
    }

    fn mappings<'a>(&self, engine: &'a mut Engine) -> Option<&'a mut Mappings> {
        engine.flow.as_deref_mut().map(Flow::mappings)
    }

    fn feed(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) {
        if let Some(flow) = &mut engine.flow {
            shared.now = time::counter();
            flow.feed(shared);
            shared.kick(flow.ring(), &self.transport);
        }
    }

    fn advance_mappings(&self, shared: &mut Rings, engine: &mut Engine, _at: &Irql<Dispatch>) -> Progress {
        engine.flow.as_mut().map_or(Progress::NONE, |flow| flow.advance(shared))
    }

    /// The device has copies: there is nothing to be taken from it.
    fn revoke(
        &self,
        _shared: &mut Rings,
        engine: &mut Engine,
        _at: &Irql<Dispatch>,
        (first, last): (u32, u32),
    ) -> u32 {
        self.mappings(engine).map_or(0, |mappings| mappings.revoke(first, last))
    }
}
