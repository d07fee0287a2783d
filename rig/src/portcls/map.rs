//! All filters of a device and the physical connections between them: what Windows' endpoint builder walks through.

use std::rc::Rc;

use portcls::raw::GUID;
use portcls::raw::KSPIN_COMMUNICATION_BOTH;
use portcls::raw::KSPIN_COMMUNICATION_NONE;
use portcls::raw::KSPIN_COMMUNICATION_SINK;
use portcls::raw::KSPIN_COMMUNICATION_SOURCE;
use portcls::raw::KSPIN_DATAFLOW_IN;

use super::endpoint::reachable;
use super::fdo::Fdo;
use super::filter::Filter;
use super::filter::FilterPin;
use super::port::Class;
use super::subdevice::Connection;
use super::subdevice::End;
use super::subdevice::categories;

/// A filter that is registered.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    /// Whether its port is a topology port.
    pub(crate) topology: bool,
    /// The interface classes in which clients find it.
    pub(crate) classes: Vec<GUID>,
}

/// Where a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    /// At a filter of the map.
    Part(usize),
    /// At a port of the device that is not registered.
    Unregistered,
    /// At a filter of another device.
    Elsewhere,
}

/// A physical connection: for each end a filter and its pin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) from: (Far, u32),
    pub(crate) to: (Far, u32),
}

/// A pin: number of the filter, and of the pin in it.
pub(crate) type Place = (usize, u32);

/// All of it.
#[derive(Clone)]
pub(crate) struct Map {
    pub(crate) parts: Vec<Part>,
    pub(crate) links: Vec<Link>,
}

/// Whether clients open the pin.
pub(crate) fn is_for_clients(pin: &FilterPin) -> bool {
    [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_SOURCE, KSPIN_COMMUNICATION_BOTH]
        .contains(&pin.raw.KsPinDescriptor.Communication)
}

/// Whether sound flows into the filter at the pin.
pub(crate) fn takes_sound(pin: &FilterPin) -> bool {
    pin.raw.KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_IN
}

impl Map {
    /// What the driver of a device has registered.
    pub(crate) fn of(fdo: &Fdo) -> Self {
        let subdevices = fdo.subdevices.borrow();
        let far = |end: &End| match end {
            End::External(_) => Far::Elsewhere,
            End::Port { port, .. } => subdevices
                .iter()
                .position(|each| Rc::ptr_eq(&each.port, port))
                .map_or(Far::Unregistered, Far::Part),
        };
        let connections = fdo.connections.borrow();
        let link = |each: &Connection| Link {
            from: (far(&each.from), each.from_pin),
            to: (far(&each.to), each.to_pin),
        };
        let links = connections.iter().map(link).collect();
        let part = |port: &super::port::Port, name: &str| {
            let filter = port.binding()?.filter.clone();
            let topology = port.class == Class::Topology;
            Some(Part { name: name.to_owned(), filter, topology, classes: categories(port) })
        };
        // A port is registered once it has its filter: none is left out, and the numbers are the subdevices'.
        let parts = subdevices.iter().filter_map(|each| part(&each.port, &each.name)).collect();
        Self { parts, links }
    }

    /// A pin that exists.
    pub(crate) fn pin(&self, (part, pin): Place) -> Option<&FilterPin> {
        self.parts.get(part)?.filter.pins.get(pin as usize)
    }

    /// All pins for which `wanted` holds.
    pub(crate) fn pins(&self, wanted: impl Fn(Place, &FilterPin) -> bool) -> Vec<Place> {
        let numbered = self.parts.iter().enumerate().flat_map(|(part, each)| {
            each.filter.pins.iter().enumerate().map(move |(pin, raw)| ((part, pin as u32), raw))
        });
        numbered.filter(|(place, pin)| wanted(*place, pin)).map(|(place, _)| place).collect()
    }

    /// The pins that lead out of the device: bridge pins without a physical connection.
    pub(crate) fn jacks(&self) -> Vec<Place> {
        self.pins(|place, pin| {
            pin.raw.KsPinDescriptor.Communication == KSPIN_COMMUNICATION_NONE && self.links_of(place) == 0
        })
    }

    /// Ends of physical connections at a pin.
    pub(crate) fn links_of(&self, (part, pin): Place) -> usize {
        let ends = self.links.iter().flat_map(|link| [link.from, link.to]);
        ends.filter(|end| *end == (Far::Part(part), pin)).count()
    }

    /// The pins for clients from which sound comes to a jack, or to which it goes from there.
    pub(crate) fn clients_of(&self, jack: Place) -> Vec<Place> {
        let Some(pin) = self.pin(jack) else { return Vec::new() };
        let capture = takes_sound(pin);
        let (mut seen, mut found, mut next) = (vec![jack], Vec::new(), 0);
        while let Some((part, pin)) = seen.get(next).copied() {
            next += 1;
            for other in reachable(&self.parts[part].filter, pin, capture) {
                let place = (part, other);
                let Some(pin) = self.pin(place) else { continue };
                if is_for_clients(pin) {
                    if takes_sound(pin) != capture && !found.contains(&place) {
                        found.push(place);
                    }
                    continue;
                }
                for far in self.across(place, capture) {
                    if self.pin(far).is_some() && !seen.contains(&far) {
                        seen.push(far);
                    }
                }
            }
        }
        found
    }

    /// The other ends of the connections of a pin, with the flow of sound or against it.
    fn across(&self, (part, pin): Place, forward: bool) -> impl Iterator<Item = Place> {
        self.links.iter().filter_map(move |link| {
            let (near, far) = if forward { (link.from, link.to) } else { (link.to, link.from) };
            match far {
                (Far::Part(other), other_pin) if near == (Far::Part(part), pin) => Some((other, other_pin)),
                _ => None,
            }
        })
    }
}
