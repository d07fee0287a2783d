//! What the device has: its streams as endpoints, its jacks, and its control elements.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::control::Control;
use super::element::{Element, element_of};
use super::info;
use super::probe::{self, Streams, Word};
use super::state::Command;
use super::wire::{self, ChmapInfo, Item, JackInfo, Params, PcmInfo, config, stream_feature};
use super::wire_ctl::{self, CtlInfo, Decibels, METADATA_BYTES};
use crate::device::controls;
use crate::device::jack::Pin;
use crate::device::virtio::Transport;
use crate::device::{EndpointInfo, MAX_ENDPOINTS};
use crate::platform::pool::PoolBox;
use crate::platform::trace;

/// Jacks and channel maps that are looked at; what a device has beyond them is not used.
const MAX_JACKS: usize = 16;
const MAX_MAPS: usize = 32;

/// Control elements that are looked at, and those of them that are kept.
const MAX_CONTROLS: u32 = 128;
const MAX_ELEMENTS: usize = 32;

/// Bytes of items that are asked for at a time.
const BATCH_BYTES: usize = 512;
const _: () = assert!(BATCH_BYTES <= Control::MAX_ANSWER);

/// An endpoint and the stream behind it.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// What it is.
    pub(crate) info: EndpointInfo,
    /// The number of the stream.
    pub(crate) stream: u32,
    /// The number of the jack behind it, if the device says.
    pub(crate) jack: Option<usize>,
    /// The features to select of those that the stream has: that the device tells of underruns and overruns.
    pub(crate) features: u32,
    /// Its own volume and mute.
    pub(crate) elements: [Option<Element>; 2],
}

/// All that was found. It is large, and hence in the pool from the beginning.
#[derive(Clone, Copy)]
pub(crate) struct Inventory {
    endpoints: [Option<Endpoint>; MAX_ENDPOINTS],
    streams: [Option<PcmInfo>; MAX_ENDPOINTS],
    jacks: [Option<JackInfo>; MAX_JACKS],
    maps: [Option<ChmapInfo>; MAX_MAPS],
    elements: [Option<Element>; MAX_ELEMENTS],
    answer: [u8; BATCH_BYTES],
}

impl Inventory {
    const EMPTY: Self = Self {
        endpoints: [None; MAX_ENDPOINTS],
        streams: [None; MAX_ENDPOINTS],
        jacks: [None; MAX_JACKS],
        maps: [None; MAX_MAPS],
        elements: [None; MAX_ELEMENTS],
        answer: [0; BATCH_BYTES],
    };

    /// Asks a device that works and has been told nothing of its streams yet. With `may_try` it is also tried out how
    /// many channels they can have, see [`probe`]; otherwise the device is taken at its word. With `has_controls` it
    /// is also asked for its control elements.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if there is no stream that can be used; `STATUS_INSUFFICIENT_RESOURCES`; those
    /// of [`Control::command`]. If the control queue is broken then, the device does not stand being tried out, and may
    /// be asked again after a reset.
    pub(crate) fn take(
        at: &mut Irql<Passive>,
        transport: &Transport,
        control: &Control,
        may_try: bool,
        has_controls: bool,
    ) -> Result<PoolBox<Self>> {
        let mut inventory = PoolBox::copy_of(&Self::EMPTY)?;
        let Self { endpoints, streams, jacks, maps, elements, answer } = &mut *inventory;
        let [jack_count, stream_count, map_count] = transport.configuration::<3>(config::JACKS)?;
        let mut device = Device { at, transport, control };
        device.query(stream_count, streams, answer)?;
        device.query_if_known(jack_count, jacks, answer)?;
        device.query_if_known(map_count, maps, answer)?;
        if has_controls {
            device.find_elements(elements)?;
        }

        let mut word = if may_try { Word::Unheard } else { Word::Kept };
        let mut free = endpoints.iter_mut();
        for (stream, index) in (0_u32..).zip(0..MAX_ENDPOINTS) {
            let Some(found) = streams.get(index).and_then(Option::as_ref) else { break };
            let channels = probe::channels(&mut device, stream, found, &mut word);
            if device.control.is_broken() {
                return Err(Status::DEVICE_NOT_READY);
            }
            let formats = info::formats(found, channels, maps.iter().flatten());
            let (Some(formats), Some(direction)) = (formats, info::direction_of(found.direction)) else {
                trace::value(c"stream of no use", stream);
                continue;
            };
            let jack = info::jack_of(streams.iter().flatten(), index, jacks.iter().flatten());
            let features = found.features & stream_feature::EVT_XRUNS;
            let elements = controls::Control::ALL.map(|control| {
                element_of(streams.iter().flatten(), index, elements.iter().flatten(), control)
            });
            if let Some(place) = free.next() {
                let info = EndpointInfo { direction, formats };
                *place = Some(Endpoint { info, stream, jack, features, elements });
            }
        }
        if inventory.endpoints().next().is_none() {
            return Err(Status::DEVICE_CONFIGURATION_ERROR);
        }
        Ok(inventory)
    }

    /// The endpoints, in the order of their streams.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().flatten()
    }

    /// A jack by its number, and whether something is plugged in.
    pub(crate) fn jack(&self, number: usize) -> Option<(Pin, bool)> {
        let jack = self.jacks.get(number)?.as_ref()?;
        Some((info::pin(jack), jack.connected))
    }
}

/// A device that can be asked.
struct Device<'a> {
    at: &'a mut Irql<Passive>,
    transport: &'a Transport,
    control: &'a Control,
}

impl Device<'_> {
    /// Asks for as many of `count` items as there are places. The answers go through `bytes`.
    fn query<I: Item>(
        &mut self,
        count: u32,
        places: &mut [Option<I>],
        bytes: &mut [u8; BATCH_BYTES],
    ) -> Result {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(places.len());
        let batch = BATCH_BYTES.checked_div(I::BYTES).unwrap_or(1).max(1);
        let mut first = 0_u32;
        for places in places.get_mut(..count).unwrap_or_default().chunks_mut(batch) {
            let wanted = places.len().saturating_mul(I::BYTES);
            let answer = bytes.get_mut(..wanted).ok_or(Status::INVALID_PARAMETER)?;
            let request = wire::query(I::QUERY, first, places.len() as u32, I::BYTES as u32);
            let written = self.control.command(self.at, self.transport, &request, answer)?;
            let answer = bytes.get(..written).unwrap_or_default();
            for (place, bytes) in places.iter_mut().zip(answer.chunks_exact(I::BYTES)) {
                *place = I::parse(bytes);
            }
            if places.iter().any(Option::is_none) {
                // What did not come as a whole did not come, nor what would be behind it.
                break;
            }
            first = first.saturating_add(places.len() as u32);
        }
        Ok(())
    }

    /// The same for what a device may have in its configuration and yet not know how to be asked for.
    fn query_if_known<I: Item>(
        &mut self,
        count: u32,
        places: &mut [Option<I>],
        bytes: &mut [u8; BATCH_BYTES],
    ) -> Result {
        match self.query(count, places, bytes) {
            Err(status @ (Status::DEVICE_NOT_READY | Status::DEVICE_REMOVED)) => Err(status),
            Err(status) => {
                trace::failure(c"query", status);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Asks for the control elements that an endpoint may have. One that cannot be read, or has a value that it says it
    /// cannot have, is left alone.
    fn find_elements(&mut self, places: &mut [Option<Element>]) -> Result {
        let [count] = self.transport.configuration::<1>(wire_ctl::CONTROLS)?;
        let mut places = places.iter_mut();
        for number in 0..count.min(MAX_CONTROLS) {
            let found = self.element(number);
            if self.control.is_broken() {
                return Err(Status::DEVICE_NOT_READY);
            }
            if let Some(element) = found {
                let Some(place) = places.next() else { break };
                *place = Some(element);
            }
        }
        Ok(())
    }

    /// Asks for one control element.
    fn element(&mut self, number: u32) -> Option<Element> {
        let mut answer = [0; CtlInfo::BYTES];
        let request = wire::query(CtlInfo::QUERY, number, 1, CtlInfo::BYTES as u32);
        let info = CtlInfo::parse(self.ask(&request, &mut answer)?)?;
        let element = Element::judge(number, &info, || {
            let mut answer = [0; METADATA_BYTES];
            let metadata = self.ask(&wire_ctl::read_metadata(number), &mut answer);
            metadata.map_or(Decibels::Unknown, Decibels::parse)
        })?;
        let mut answer = [0; wire_ctl::VALUE_BYTES];
        let value = self.ask(&wire_ctl::read(number), &mut answer)?;
        let fits = wire_ctl::values(value, element.count).is_some_and(|values| element.takes(&values));
        if !fits {
            trace::value(c"control element of no use", number);
        }
        fits.then_some(element)
    }

    /// What the device answers; none for any kind of no.
    fn ask<'b>(&mut self, request: &[u8], answer: &'b mut [u8]) -> Option<&'b [u8]> {
        let written = self.control.command(self.at, self.transport, request, answer).ok()?;
        answer.get(..written)
    }

    fn send(&mut self, request: &[u8]) -> bool {
        self.control.command(self.at, self.transport, request, &mut []).is_ok()
    }
}

impl Streams for Device<'_> {
    fn set_params(&mut self, params: &Params) -> bool {
        self.send(&params.request())
    }

    fn send(&mut self, stream: u32, command: Command) -> bool {
        Device::send(self, &wire::command(command.code(), stream))
    }

    fn info(&mut self, stream: u32) -> Option<PcmInfo> {
        let mut answer = [0; PcmInfo::BYTES];
        let request = wire::query(PcmInfo::QUERY, stream, 1, PcmInfo::BYTES as u32);
        PcmInfo::parse(self.ask(&request, &mut answer)?)
    }
}
