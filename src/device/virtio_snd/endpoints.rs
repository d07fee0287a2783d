//! The streams that became endpoints, and the jacks and controls behind them.
#![forbid(unsafe_code)]

use portcls::Result;

use super::inventory::Inventory;
use super::panel::Panel;
use crate::device::formats::{Formats, RateSet, SampleSet, Speakers};
use crate::device::jack::{Jack, Pin};
use crate::device::{Direction, EndpointInfo, MAX_ENDPOINTS};
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;

/// The endpoints of a device.
pub(super) struct Endpoints {
    infos: [EndpointInfo; MAX_ENDPOINTS],
    /// Numbers of the streams for the device.
    streams: [u32; MAX_ENDPOINTS],
    /// The features that are selected of each stream.
    features: [u32; MAX_ENDPOINTS],
    count: usize,
    /// The jack behind each endpoint, and the number by which the device knows it, if it does.
    jacks: [Option<(Shared<Jack>, Option<usize>)>; MAX_ENDPOINTS],
    /// The controls of each endpoint that has any.
    panels: [Option<PoolBox<Panel>>; MAX_ENDPOINTS],
}

impl Endpoints {
    const NONE: Self = {
        let formats = Formats {
            samples: SampleSet::EMPTY,
            rates: RateSet::EMPTY,
            channels: (0, 0),
            speakers: Speakers::UNKNOWN,
        };
        Self {
            infos: [EndpointInfo { direction: Direction::Render, formats }; MAX_ENDPOINTS],
            streams: [u32::MAX; MAX_ENDPOINTS],
            features: [0; MAX_ENDPOINTS],
            count: 0,
            jacks: [const { None }; MAX_ENDPOINTS],
            panels: [const { None }; MAX_ENDPOINTS],
        }
    };

    /// Those of an inventory. They are large, and hence in the pool from the beginning.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn new(inventory: &Inventory) -> Result<PoolBox<Self>> {
        let mut all = PoolBox::new(Self::NONE)?;
        let endpoints = &mut *all;
        let places = endpoints.infos.iter_mut().zip(&mut endpoints.streams).zip(&mut endpoints.features);
        let places = places.zip(&mut endpoints.jacks).zip(&mut endpoints.panels);
        for (found, ((((info, stream), features), jack), panel)) in inventory.endpoints().zip(places) {
            (*info, *stream, *features) = (found.info, found.stream, found.features);
            let socket = found.jack.and_then(|number| inventory.jack(number));
            let (pin, plugged) = socket.unwrap_or((Pin::unknown(found.info.direction), true));
            *jack = Some((Shared::new(Jack::new(pin, plugged))?, found.jack));
            if found.elements.iter().any(Option::is_some) {
                *panel = Some(Panel::boxed(found)?);
            }
            endpoints.count = endpoints.count.wrapping_add(1);
        }
        Ok(all)
    }

    /// What they are.
    pub(super) fn infos(&self) -> &[EndpointInfo] {
        self.infos.get(..self.count).unwrap_or_default()
    }

    /// The number by which the device knows the stream of `endpoint`.
    pub(super) fn stream(&self, endpoint: usize) -> u32 {
        self.streams.get(endpoint).copied().unwrap_or(u32::MAX)
    }

    /// The features of the stream of `endpoint` that are selected.
    pub(super) fn features(&self, endpoint: usize) -> u32 {
        self.features.get(endpoint).copied().unwrap_or(0)
    }

    /// The endpoint of a stream.
    pub(super) fn of_stream(&self, stream: u32) -> Option<usize> {
        self.streams.iter().take(self.count).position(|own| *own == stream)
    }

    /// The jack behind an endpoint.
    pub(super) fn jack(&self, endpoint: usize) -> Option<&Shared<Jack>> {
        self.jacks.get(endpoint)?.as_ref().map(|(jack, _)| jack)
    }

    /// The numbers of the jacks that notice what is plugged in.
    pub(super) fn detecting_jacks(&self) -> impl Iterator<Item = u32> {
        let known = self.jacks.iter().flatten();
        known.filter(|(jack, _)| jack.detects()).filter_map(|(_, number)| u32::try_from((*number)?).ok())
    }

    /// Something was plugged into jack `number` of the device, or pulled out. True if Windows is to be told.
    pub(super) fn plug(&self, number: u32, plugged: bool) -> bool {
        let own = |place: &&(Shared<Jack>, Option<usize>)| place.1 == usize::try_from(number).ok();
        self.jacks.iter().flatten().filter(own).fold(false, |news, (jack, _)| jack.plug(plugged) || news)
    }

    /// The controls of `endpoint`, if it has any.
    pub(super) fn panel(&self, endpoint: usize) -> Option<&Panel> {
        self.panels.get(endpoint)?.as_deref()
    }

    /// All controls.
    pub(super) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.panels.iter().flatten().map(|panel| &**panel)
    }

    /// The value of control element `number` was changed. True if Windows is to be told.
    pub(super) fn turned(&self, number: u16) -> bool {
        // It is at one panel at most.
        self.panels().any(|panel| panel.turned(number.into()))
    }
}
