//! Trace events of a stream, as PortCls writes them for performance tools.
//!
//! Each event begins with two numbers, where the device is and how far the client had written; what follows
//! depends on its type. Sources: the WDK's pages of `IPortClsEtwHelper` and `EPcMiniportEngineEvent`; the
//! samples write from a DPC, which the pages leave open.

use crate::com::ComPtr;
use crate::irql::{AtMostDispatch, Irql, Passive};
use crate::raw::{
    EPcMiniportEngineEvent, IPortClsEtwHelper, Interface, KSSTATE, eMINIPORT_BUFFER_COMPLETE,
    eMINIPORT_GLITCH_REPORT, eMINIPORT_PIN_STATE,
};
use crate::status::{Result, Status};

/// The trace of a WaveRT port (`IPortClsEtwHelper`).
///
/// It holds a reference to the port. The port holds its miniport, and a miniport or stream that owns one of
/// these closes the circle: whoever owns it lets go of it when the device stops.
#[derive(Clone)]
pub struct EtwHelper(ComPtr<IPortClsEtwHelper>);

/// Where a stream is, in bytes counted linearly since it was last in STOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPlace {
    /// What the device played or recorded.
    pub position: u64,
    /// How far the client had written, as far as the driver knows; of capture, what it had read.
    pub written: u64,
}

/// What went wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glitch {
    /// The buffer ran dry; of capture, it ran over, for which there is no code of its own.
    Underrun,
    /// What was to be decoded could not be.
    Decoder,
    /// The client set this write position twice in a row.
    SamePosition(u64),
}

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// So many bytes of the buffer are done.
    BufferComplete(u64),
    /// The stream is in this state now.
    State(KSSTATE),
    /// Something was audible that should not have been.
    Glitch(Glitch),
}

impl StreamEvent {
    /// Type, third and fourth number of the event.
    const fn numbers(self) -> (EPcMiniportEngineEvent, u64, u64) {
        match self {
            Self::BufferComplete(bytes) => (eMINIPORT_BUFFER_COMPLETE, bytes, 0),
            Self::State(state) => (eMINIPORT_PIN_STATE, state as u64, 0),
            Self::Glitch(Glitch::Underrun) => (eMINIPORT_GLITCH_REPORT, 1, 0),
            Self::Glitch(Glitch::Decoder) => (eMINIPORT_GLITCH_REPORT, 2, 0),
            Self::Glitch(Glitch::SamePosition(position)) => (eMINIPORT_GLITCH_REPORT, 3, position),
        }
    }
}

impl EtwHelper {
    /// The trace of a port; none if it is no WaveRT port.
    #[must_use]
    pub fn of<I: Interface>(irql: &Irql<Passive>, port: &ComPtr<I>) -> Option<Self> {
        port.query(irql).ok().map(Self)
    }

    /// Reports a glitch. Nothing depends on whether anybody listens, so that there is no answer.
    pub fn glitch<L: AtMostDispatch>(&self, at: &Irql<L>, glitch: Glitch, place: StreamPlace) {
        let _ = self.write(at, StreamEvent::Glitch(glitch), place);
    }

    /// Writes an event.
    ///
    /// # Errors
    ///
    /// What the port says.
    pub fn write<L: AtMostDispatch>(&self, _at: &Irql<L>, event: StreamEvent, place: StreamPlace) -> Result {
        let (kind, third, fourth) = event.numbers();
        let write = self.0.vtbl().MiniportWriteEtwEvent;
        // SAFETY: a method of a live object, up to DISPATCH_LEVEL, with numbers only.
        let status = unsafe { write(self.0.as_raw(), kind, place.position, place.written, third, fourth) };
        Status::check(status)
    }
}
