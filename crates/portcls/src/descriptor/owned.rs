//! Filters that are made at run time.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

use super::{Attributes, AudioRange, Automation, Connection, DataRange, Filter, Node, Pin};
use crate::raw::{GUID, KSPIN_DATAFLOW};
use crate::status::{Result, Status};

/// A filter whose tables were made at run time, and live as long as it does.
///
/// It may be moved: its tables have memory of their own. A miniport keeps it as a field, and lends it out in
/// [`Miniport::description`](crate::miniport::Miniport::description).
///
/// ```
/// use portcls::descriptor::{AudioRange, Connection, End, Node, OwnedFilter, OwnedParts, OwnedPin, Pin};
/// use portcls::raw::*;
///
/// let rates = [48_000, 44_100];
/// let ranges = rates.into_iter().map(|rate| AudioRange::pcm(2, (16, 16), (rate, rate)));
/// let filter = OwnedFilter::new(
///     OwnedParts {
///         automation: None,
///         pins: &[
///             OwnedPin::Host(KSPIN_DATAFLOW_IN, 1),
///             OwnedPin::Fixed(Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO)),
///         ],
///         nodes: &[Node::new(&KSNODETYPE_DAC)],
///         connections: &[
///             Connection::new(End::Pin(0), End::Node(0, 1)),
///             Connection::new(End::Node(0, 0), End::Pin(1)),
///         ],
///         categories: &[KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_REALTIME],
///     },
///     ranges,
///     None,
/// )?;
/// assert_eq!(filter.filter().raw().PinCount, 2);
/// # Ok::<(), portcls::Status>(())
/// ```
pub struct OwnedFilter {
    filter: Filter,
    _pins: Table<Pin>,
    _nodes: Table<Node>,
    _connections: Table<Connection>,
    _categories: Table<GUID>,
    _list: Table<DataRange>,
    _ranges: Table<AudioRange>,
}

/// What an [`OwnedFilter`] is made of; all of it is copied.
pub struct OwnedParts<'a> {
    /// Properties and events of the filter itself.
    pub automation: Option<&'static Automation>,
    /// Pins, by number.
    pub pins: &'a [OwnedPin],
    /// Nodes, by number.
    pub nodes: &'a [Node],
    /// What connects pins and nodes.
    pub connections: &'a [Connection],
    /// The interfaces that the filter is found by; none leaves them to the port.
    pub categories: &'a [GUID],
}

/// A pin of an [`OwnedFilter`].
#[derive(Clone, Copy)]
pub enum OwnedPin {
    /// As it stands.
    Fixed(Pin),
    /// One that clients open, with the ranges of the filter: see [`Pin::host`] for data flow and instances.
    Host(KSPIN_DATAFLOW, u32),
}

impl OwnedFilter {
    /// Makes a filter. The host pins have `ranges`, each of them followed by `attributes`, if there are some.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(
        parts: OwnedParts<'_>,
        ranges: impl Iterator<Item = AudioRange> + Clone,
        attributes: Option<&'static Attributes>,
    ) -> Result<Self> {
        let ranges = Table::new(
            ranges.map(|range| if attributes.is_some() { range.with_attributes() } else { range }),
        )?;
        let entries = |range| [Some(DataRange::of(range)), attributes.map(DataRange::attributes)];
        let list = Table::new(ranges.as_slice().iter().flat_map(entries).flatten())?;
        let pins = Table::new(parts.pins.iter().map(|pin| match *pin {
            OwnedPin::Fixed(pin) => pin,
            OwnedPin::Host(flow, instances) => Pin::host_of(flow, instances, list.as_slice()),
        }))?;
        let nodes = Table::new(parts.nodes.iter().copied())?;
        let connections = Table::new(parts.connections.iter().copied())?;
        let categories = Table::new(parts.categories.iter().copied())?;
        let filter = Filter::of(
            parts.automation,
            pins.as_slice(),
            nodes.as_slice(),
            connections.as_slice(),
            categories.as_slice(),
        );
        Ok(Self {
            filter,
            _pins: pins,
            _nodes: nodes,
            _connections: connections,
            _categories: categories,
            _list: list,
            _ranges: ranges,
        })
    }

    /// The filter.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }
}

/// Records in memory of their own, which stay where they are.
///
/// # Invariants
///
/// `records` leads to `count` records, allocated with the layout of as many if there are any.
struct Table<T: Copy> {
    records: NonNull<T>,
    count: usize,
}

impl<T: Copy> Table<T> {
    /// A table of `records`, of which there are as many each time they are counted.
    fn new(records: impl Iterator<Item = T> + Clone) -> Result<Self> {
        let room = records.clone().count();
        let layout = Layout::array::<T>(room).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        if layout.size() == 0 {
            return Ok(Self { records: NonNull::dangling(), count: 0 });
        }
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(layout) }.cast::<T>();
        let memory = NonNull::new(memory).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let mut written = 0;
        for (index, record) in records.take(room).enumerate() {
            // SAFETY: less than `room`.
            let place = unsafe { memory.add(index) };
            // SAFETY: within the memory just allocated.
            unsafe { place.write(record) };
            written = index.wrapping_add(1);
        }
        if written != room {
            // SAFETY: allocated above with this layout.
            unsafe { dealloc(memory.as_ptr().cast(), layout) };
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        // INVARIANT: allocated for `room` records, and all of them written.
        Ok(Self { records: memory, count: room })
    }

    const fn as_slice(&self) -> &[T] {
        // SAFETY: by the invariant; the records are not changed as long as the table lives.
        unsafe { core::slice::from_raw_parts(self.records.as_ptr(), self.count) }
    }
}

impl<T: Copy> Drop for Table<T> {
    fn drop(&mut self) {
        if let Ok(layout) = Layout::array::<T>(self.count)
            && layout.size() != 0
        {
            // SAFETY: by the invariant allocated with this layout.
            unsafe { dealloc(self.records.as_ptr().cast(), layout) };
        }
    }
}

// SAFETY: it owns its records, and never changes them.
unsafe impl<T: Copy + Send> Send for Table<T> {}
// SAFETY: as above.
unsafe impl<T: Copy + Sync> Sync for Table<T> {}
