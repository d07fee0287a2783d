//! The streams that became endpoints, and the jacks and controls behind them.
#![forbid(unsafe_code)]

use portcls::Result;

use super::inventory::Inventory;
use super::panel::Panel;
use crate::device::formats::{Formats, RateSet, SampleSet, Speakers};
use crate::device::jack::{Jack, Pin};
use crate::device::{Direction, EndpointInfo};
use crate::platform::pool::{PoolBox, PoolSlice};
use crate::platform::shared::Shared;

/// The endpoints of a device.
pub(super) struct Endpoints {
    infos: PoolSlice<EndpointInfo>,
    lines: PoolSlice<Line>,
}

/// What is behind an endpoint.
struct Line {
    /// Number of the stream for the device.
    stream: u32,
    /// The features that are selected of the stream.
    features: u32,
    /// The jack, and the number by which the device knows it, if it does.
    jack: Option<(Shared<Jack>, Option<usize>)>,
    /// The controls, if it has any.
    panel: Option<PoolBox<Panel>>,
}

impl Line {
    const NONE: Self = Self { stream: u32::MAX, features: 0, jack: None, panel: None };
}

/// Nothing to play on.
const NOTHING: EndpointInfo = EndpointInfo {
    direction: Direction::Render,
    formats: Formats {
        samples: SampleSet::EMPTY,
        rates: RateSet::EMPTY,
        channels: (0, 0),
        speakers: Speakers::UNKNOWN,
    },
};

impl Endpoints {
    /// Those of an inventory, of which there is one at least.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(inventory: &Inventory) -> Result<Self> {
        let count = inventory.endpoints().count();
        let mut infos = PoolSlice::new(count, || NOTHING)?;
        let mut lines = PoolSlice::new(count, || Line::NONE)?;
        for (found, (info, line)) in inventory.endpoints().zip(infos.iter_mut().zip(lines.iter_mut())) {
            (*info, line.stream, line.features) = (found.info, found.stream, found.features);
            let socket = found.jack.and_then(|number| inventory.jack(number));
            let (pin, plugged) = socket.unwrap_or((Pin::unknown(found.info.direction), true));
            line.jack = Some((Shared::new(Jack::new(pin, plugged))?, found.jack));
            if found.elements.iter().any(Option::is_some) {
                line.panel = Some(Panel::boxed(found)?);
            }
        }
        Ok(Self { infos, lines })
    }

    /// What they are.
    pub(super) fn infos(&self) -> &[EndpointInfo] {
        &self.infos
    }

    /// The number by which the device knows the stream of `endpoint`.
    pub(super) fn stream(&self, endpoint: usize) -> u32 {
        self.lines.get(endpoint).map_or(u32::MAX, |line| line.stream)
    }

    /// The features of the stream of `endpoint` that are selected.
    pub(super) fn features(&self, endpoint: usize) -> u32 {
        self.lines.get(endpoint).map_or(0, |line| line.features)
    }

    /// The endpoint of a stream.
    pub(super) fn of_stream(&self, stream: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.stream == stream)
    }

    /// The jack behind an endpoint.
    pub(super) fn jack(&self, endpoint: usize) -> Option<&Shared<Jack>> {
        self.lines.get(endpoint)?.jack.as_ref().map(|(jack, _)| jack)
    }

    /// The numbers of the jacks that notice what is plugged in.
    pub(super) fn detecting_jacks(&self) -> impl Iterator<Item = u32> {
        let known = self.lines.iter().filter_map(|line| line.jack.as_ref());
        known.filter(|(jack, _)| jack.detects()).filter_map(|(_, number)| u32::try_from((*number)?).ok())
    }

    /// Something was plugged into jack `number` of the device, or pulled out. True if Windows is to be told.
    pub(super) fn plug(&self, number: u32, plugged: bool) -> bool {
        let own = |place: &&(Shared<Jack>, Option<usize>)| place.1 == usize::try_from(number).ok();
        self.lines
            .iter()
            .filter_map(|line| line.jack.as_ref())
            .filter(own)
            .fold(false, |news, (jack, _)| jack.plug(plugged) || news)
    }

    /// The controls of `endpoint`, if it has any.
    pub(super) fn panel(&self, endpoint: usize) -> Option<&Panel> {
        self.lines.get(endpoint)?.panel.as_deref()
    }

    /// All controls.
    pub(super) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.lines.iter().filter_map(|line| line.panel.as_deref())
    }

    /// The value of control element `number` was changed. True if Windows is to be told.
    pub(super) fn turned(&self, number: u16) -> bool {
        // It is at one panel at most.
        self.panels().any(|panel| panel.turned(number.into()))
    }
}
