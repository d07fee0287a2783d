//! portcls.sys as documented: the port drivers, the adapter's side of them, and what drives both through PnP.
//!
//! ```text
//!   client -- Pin                                      Adapter -- IRPs --> top of the device stack
//!              |                                                                | the driver's dispatch
//!              v                                                                v
//!   endpoint walk -- Subdevice -- Port -- miniport and stream (the driver's)   PcDispatchIrp -- Fdo
//!                                  ^
//!                                  +-- PcNewPort, PcRegisterSubdevice ... (exports)
//! ```
//!
//! Page names in comments are those of Microsoft's driver documentation.

mod adapter;
mod basic_support;
mod binding;
mod buffer;
mod bus;
mod bus_interface;
mod com;
mod endpoint;
mod events;
mod exports;
mod fdo;
mod filter;
mod filter_check;
mod guarded;
mod interrupt_sync;
mod intersection;
mod io_timeout;
mod irp;
mod managers;
mod map;
mod map_check;
mod notifications;
mod packet_sizes;
mod pin;
mod pnp;
mod port;
mod port_helpers;
mod port_stream;
mod power;
mod property;
mod resource_list;
mod rules;
mod serial;
mod stream;
mod subdevice;
mod theirs;
mod wavepci;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

pub use adapter::Adapter;
pub use adapter::Image;
pub use buffer::Buffer;
pub use endpoint::Endpoint;
pub use events::EventHandle;
pub use events::EventId;
pub use events::Generated;
pub(crate) use exports::EXPORTS;
pub use filter::AudioRange;
pub use filter::DataRange;
pub use intersection::Intersection;
pub use packet_sizes::ModePacket;
pub use packet_sizes::PacketSizes;
pub use pin::HwLatency;
pub use pin::KsAudioPosition;
pub use pin::KsState;
pub use pin::Pin;
pub use pin::ReadPacket;
pub use port_helpers::Traced;
pub use property::Request;
pub use property::Target;
pub use wavepci::Cutter;
pub use wavepci::Done;
pub use wavepci::Figures as MappingFigures;
pub use wavepci::Piece;
pub use wavepci::Place;
pub use wavepci::Schedule;

use crate::nt::Kernel;

/// What PortCls knows on one machine.
struct State {
    kernel: &'static Kernel,
    objects: com::Registry,
    adapters: RefCell<Vec<Rc<fdo::Fdo>>>,
    payloads: notifications::Payloads,
    /// Events that clients have enabled, and those that miniports have signalled.
    events: RefCell<Vec<Rc<events::Enabled>>>,
    generated: RefCell<Vec<Generated>>,
    /// Events that miniports have written for traces.
    traced: RefCell<Vec<Traced>>,
    /// References that the driver holds to the bus driver's interface.
    bus_references: Cell<u32>,
    /// Positions have locks of their own: so it was when a device was added last.
    by_position: Cell<bool>,
}

/// Whether `UsePositionLock` was set when a device was added last.
pub(crate) fn uses_position_lock(kernel: &'static Kernel) -> bool {
    state(kernel).by_position.get()
}

thread_local! {
    static STATE: Cell<Option<&'static State>> = const { Cell::new(None) };
}

/// PortCls of this machine: made with the first use, and never taken down, as driver objects refer to it.
fn state(kernel: &'static Kernel) -> &'static State {
    if let Some(state) = STATE.get().filter(|state| core::ptr::eq(state.kernel, kernel)) {
        return state;
    }
    let state: &'static State = Box::leak(Box::new(State {
        kernel,
        objects: com::Registry::default(),
        adapters: RefCell::default(),
        payloads: notifications::Payloads::default(),
        events: RefCell::default(),
        generated: RefCell::default(),
        traced: RefCell::default(),
        bus_references: Cell::new(0),
        by_position: Cell::new(false),
    }));
    STATE.set(Some(state));
    state
}
