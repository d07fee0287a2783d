//! Endpoints: where a topology filter leads out of the device, and the client's pin that leads there
//! (audio/audio-endpoint-builder-algorithm).

use std::rc::Rc;

use portcls::raw::GUID;
use portcls::raw::KSPIN_COMMUNICATION_BOTH;
use portcls::raw::KSPIN_COMMUNICATION_NONE;
use portcls::raw::KSPIN_COMMUNICATION_SINK;
use portcls::raw::KSPIN_DATAFLOW_IN;
use portcls::raw::KSPIN_DATAFLOW_OUT;
use portcls::raw::PCFILTER_NODE;

use super::fdo::Fdo;
use super::filter::Filter;
use super::port::Port;
use super::subdevice::End;

/// A way from a client's pin to a jack, or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name of the filter with the client's pin.
    pub wave: String,
    /// The client's pin.
    pub wave_pin: u32,
    /// Name of the filter with the jack.
    pub topology: String,
    /// The bridge pin that is the jack.
    pub bridge_pin: u32,
    /// What is plugged in there: a `KSNODETYPE`.
    pub category: GUID,
    /// Whether sound goes from the device to the client.
    pub capture: bool,
}

/// One place on the way: a filter and one of its pins.
type Place = (Rc<Port>, u32);

/// All endpoints of a device, in the order in which their filters were registered.
pub(crate) fn endpoints(fdo: &Fdo) -> Vec<Endpoint> {
    let subdevices: Vec<(String, Rc<Port>)> =
        fdo.subdevices.borrow().iter().map(|each| (each.name.clone(), each.port.clone())).collect();
    let mut found = Vec::new();
    for (topology, port) in &subdevices {
        let Some(binding) = port.binding() else { continue };
        for (number, pin) in binding.filter.pins.iter().enumerate() {
            let number = number as u32;
            let bridge = pin.raw.KsPinDescriptor.Communication == KSPIN_COMMUNICATION_NONE;
            let (true, Some(category)) = (bridge && !connected(fdo, port, number), pin.category) else {
                continue;
            };
            let capture = pin.raw.KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_IN;
            let Some((wave, wave_pin)) = walk(fdo, (port.clone(), number), capture) else { continue };
            let Some((name, _)) = subdevices.iter().find(|(_, each)| Rc::ptr_eq(each, &wave)) else {
                continue;
            };
            found.push(Endpoint {
                wave: name.clone(),
                wave_pin,
                topology: topology.clone(),
                bridge_pin: number,
                category,
                capture,
            });
        }
    }
    found
}

fn is(end: &End, port: &Rc<Port>) -> bool {
    matches!(end, End::Port { port: other, .. } if Rc::ptr_eq(other, port))
}

fn connected(fdo: &Fdo, port: &Rc<Port>, pin: u32) -> bool {
    fdo.connections.borrow().iter().any(|each| {
        (each.from_pin == pin && is(&each.from, port)) || (each.to_pin == pin && is(&each.to, port))
    })
}

/// From a jack against the flow of sound (render) or with it (capture), to the nearest pin for clients.
fn walk(fdo: &Fdo, jack: Place, capture: bool) -> Option<Place> {
    let mut places = vec![jack];
    let mut next = 0;
    while let Some((port, pin)) = places.get(next).cloned() {
        next += 1;
        let binding = port.binding()?;
        for other in reachable(&binding.filter, pin, capture) {
            let ks = &binding.filter.pins.get(other as usize)?.raw.KsPinDescriptor;
            let flow = if capture { KSPIN_DATAFLOW_OUT } else { KSPIN_DATAFLOW_IN };
            let client = [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&ks.Communication);
            if client && ks.DataFlow == flow {
                return Some((port, other));
            }
            let further = across(fdo, &port, other, capture);
            places.extend(further.into_iter().filter(|place| next < 64 && place.0.binding().is_some()));
        }
    }
    None
}

/// The filter pins to which a pin is connected inside its filter.
pub(super) fn reachable(filter: &Filter, pin: u32, forward: bool) -> Vec<u32> {
    let (mut nodes, mut pins) = (Vec::new(), Vec::new());
    let mut here = vec![(PCFILTER_NODE, Some(pin))];
    while let Some((node, pin)) = here.pop() {
        for each in &filter.connections {
            let (near, near_pin, far, far_pin) = if forward {
                (each.FromNode, each.FromNodePin, each.ToNode, each.ToNodePin)
            } else {
                (each.ToNode, each.ToNodePin, each.FromNode, each.FromNodePin)
            };
            if near != node || pin.is_some_and(|pin| pin != near_pin) {
                continue;
            }
            if far == PCFILTER_NODE {
                pins.push(far_pin);
            } else if !nodes.contains(&far) {
                nodes.push(far);
                here.push((far, None));
            }
        }
    }
    pins
}

/// The other ends of the physical connections of a pin.
fn across(fdo: &Fdo, port: &Rc<Port>, pin: u32, forward: bool) -> Vec<Place> {
    let connections = fdo.connections.borrow();
    let ends = connections.iter().filter_map(|each| {
        let (near, near_pin, far, far_pin) = if forward {
            (&each.from, each.from_pin, &each.to, each.to_pin)
        } else {
            (&each.to, each.to_pin, &each.from, each.from_pin)
        };
        match far {
            End::Port { port: far, .. } if near_pin == pin && is(near, port) => Some((far.clone(), far_pin)),
            _ => None,
        }
    });
    ends.collect()
}
