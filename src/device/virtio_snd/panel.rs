//! The volume and the mute of an endpoint: control elements of the device, read and written as clients ask for it.
//!
//! Values are asked of the device each time, as others may change them. They are also kept, so that a device that has
//! to be started over, and forgets them, gets them back. When it tells of a change, the service thread asks what has
//! become of them.
//!
//! An element with which a request was not answered is asked nothing any more: the recovery that follows is not to end
//! at the same element.
#![forbid(unsafe_code)]

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicBool, AtomicI32};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};

use super::VirtioSnd;
use super::element::{Element, Sense};
use super::inventory;
use super::scale::Scale;
use super::wire_ctl::{self, MOST, VALUE_BYTES, Values};
use crate::device::controls::{Channels, Controls, News, Volume};
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;
use crate::platform::trace;

/// One control element.
struct Knob {
    element: Element,
    /// A request about it was not answered.
    dead: AtomicBool,
    /// The values below are those that the device had last.
    known: AtomicBool,
    /// It said that it has other ones.
    stale: AtomicBool,
    values: [AtomicI32; MOST],
}

impl Knob {
    fn new(element: Element) -> Self {
        Self {
            element,
            dead: AtomicBool::new(false),
            known: AtomicBool::new(false),
            stale: AtomicBool::new(false),
            values: [const { AtomicI32::new(0) }; MOST],
        }
    }

    fn keep(&self, values: &Values) {
        for (place, value) in self.values.iter().zip(values) {
            place.store(*value, Relaxed);
        }
        self.known.store(true, Release);
    }

    fn kept(&self) -> Option<Values> {
        self.known.load(Acquire).then(|| self.values.each_ref().map(|value| value.load(Relaxed)))
    }
}

/// The controls of an endpoint, of which there is at least one.
pub(super) struct Panel {
    /// The volume, then the mute.
    knobs: [Option<Knob>; 2],
    /// Channels of the endpoint, for what is one for all of them.
    channels: u32,
    news: Shared<News>,
}

impl Panel {
    /// The controls of an endpoint.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn boxed(found: &inventory::Endpoint) -> Result<PoolBox<Self>> {
        PoolBox::new(Self {
            knobs: found.elements.map(|element| element.map(Knob::new)),
            channels: found.info.formats.channels_within(u32::MAX).unwrap_or(1).into(),
            news: Shared::new(News::new())?,
        })
    }

    /// What changes by other hands.
    pub(super) fn news(&self) -> &Shared<News> {
        &self.news
    }

    /// The value of element `number` was changed, by whomever. True if Windows is to be told.
    pub(super) fn turned(&self, number: u32) -> bool {
        let Some(knob) = self.knobs.iter().flatten().find(|knob| knob.element.number == number) else {
            return false;
        };
        knob.stale.store(true, Release);
        self.news.tell(knob.element.control());
        true
    }

    fn volume(&self) -> Option<(&Knob, &Scale)> {
        self.knobs.iter().flatten().find_map(|knob| match &knob.element.sense {
            Sense::Level(scale) => Some((knob, scale)),
            Sense::Switch { .. } => None,
        })
    }

    /// The mute, and which of 0 and 1 is no sound.
    fn mute(&self) -> Option<(&Knob, i32)> {
        self.knobs.iter().flatten().find_map(|knob| match knob.element.sense {
            Sense::Switch { mute } => Some((knob, mute.into())),
            Sense::Level(_) => None,
        })
    }

    /// What an element's numbers are for.
    fn channels(&self, knob: &Knob) -> Channels {
        match knob.element.count {
            1 => Channels { count: self.channels, uniform: true },
            count => Channels { count: count as u32, uniform: false },
        }
    }
}

/// A device, and the controls of one of its endpoints.
pub(super) struct Desk<'a> {
    device: &'a VirtioSnd,
    panel: &'a Panel,
}

impl<'a> Desk<'a> {
    pub(super) fn new(device: &'a VirtioSnd, panel: &'a Panel) -> Self {
        Self { device, panel }
    }

    fn get(&self, at: &mut Irql<Passive>, knob: &Knob, channel: u32) -> Result<i32> {
        number_of(&self.device.read(at, knob)?, channel)
    }

    /// Sets one of an element's numbers, and leaves the other ones as they are.
    fn set(&self, at: &mut Irql<Passive>, knob: &Knob, channel: u32, number: i32) -> Result {
        let mut values = if knob.element.count == 1 { [0; MOST] } else { self.device.read(at, knob)? };
        let place = usize::try_from(channel).ok().and_then(|channel| values.get_mut(channel));
        *place.ok_or(Status::INVALID_PARAMETER)? = number;
        self.device.write(at, knob, &values)
    }
}

impl Controls for Desk<'_> {
    fn volume(&self) -> Option<Volume> {
        self.panel.volume().map(|(knob, scale)| scale.volume(self.panel.channels(knob)))
    }

    fn mute(&self) -> Option<Channels> {
        self.panel.mute().map(|(knob, _)| self.panel.channels(knob))
    }

    fn level(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<i32> {
        let (knob, scale) = self.panel.volume().ok_or(Status::NOT_SUPPORTED)?;
        self.get(irql, knob, channel).map(|number| scale.level(number))
    }

    fn set_level(&self, irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result {
        let (knob, scale) = self.panel.volume().ok_or(Status::NOT_SUPPORTED)?;
        self.set(irql, knob, channel, scale.value(level))
    }

    fn is_muted(&self, irql: &mut Irql<Passive>, channel: u32) -> Result<bool> {
        let (knob, silent) = self.panel.mute().ok_or(Status::NOT_SUPPORTED)?;
        self.get(irql, knob, channel).map(|number| number == silent)
    }

    fn set_muted(&self, irql: &mut Irql<Passive>, channel: u32, muted: bool) -> Result {
        let (knob, silent) = self.panel.mute().ok_or(Status::NOT_SUPPORTED)?;
        self.set(irql, knob, channel, if muted { silent } else { 1_i32.saturating_sub(silent) })
    }
}

impl VirtioSnd {
    /// Reads the numbers of an element; without power, what they will be.
    ///
    /// # Errors
    ///
    /// `STATUS_IO_DEVICE_ERROR` for numbers that it cannot have, or if it is dead; those of
    /// [`Control::command`](super::control::Control::command).
    fn read(&self, at: &mut Irql<Passive>, knob: &Knob) -> Result<Values> {
        if self.transport.is_asleep() {
            return knob.kept().ok_or(Status::DEVICE_NOT_READY);
        }
        let mut answer = [0; VALUE_BYTES];
        let written = self.ask_about(at, knob, &wire_ctl::read(knob.element.number), &mut answer)?;
        let values = answer.get(..written).and_then(|bytes| wire_ctl::values(bytes, knob.element.count));
        let values = values.filter(|values| knob.element.takes(values)).ok_or(Status::IO_DEVICE_ERROR)?;
        knob.keep(&values);
        Ok(values)
    }

    /// Writes the numbers of an element; without power, as soon as there is some.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    fn write(&self, at: &mut Irql<Passive>, knob: &Knob, values: &Values) -> Result {
        if !self.transport.is_asleep() {
            self.ask_about(at, knob, &wire_ctl::write(knob.element.number, values), &mut [])?;
        }
        knob.keep(values);
        Ok(())
    }

    fn ask_about(
        &self,
        at: &mut Irql<Passive>,
        knob: &Knob,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        let lost = self.is_lost();
        if !lost && knob.dead.load(Acquire) {
            return Err(Status::IO_DEVICE_ERROR);
        }
        let said = self.ask(at, request, answer);
        if !lost && self.is_lost() && self.transport.is_present() {
            knob.dead.store(true, Release);
        }
        said.inspect_err(|status| trace::failure(c"control element", *status))
    }

    /// Asks what has become of the values that were changed, if the device can be asked.
    pub(super) fn learn_controls(&self, at: &mut Irql<Passive>) {
        if self.is_lost() {
            return;
        }
        for knob in self.knobs() {
            if knob.stale.swap(false, AcqRel) && self.read(at, knob).is_err() {
                knob.known.store(false, Release);
            }
        }
    }

    /// Gives a device that was started over, or lost its power, the values that it had. Streams come after that: none is to sound louder
    /// than it did.
    ///
    /// # Errors
    ///
    /// If the device is lost once more.
    pub(super) fn restore_controls(&self, at: &mut Irql<Passive>) -> Result {
        for knob in self.knobs() {
            if let Some(values) = knob.kept() {
                let restored = self.write(at, knob, &values);
                if self.is_lost() {
                    return restored;
                }
            }
        }
        Ok(())
    }

    fn knobs(&self) -> impl Iterator<Item = &Knob> {
        self.endpoints.panels().flat_map(|panel| panel.knobs.iter().flatten())
    }
}

/// One of an element's numbers.
///
/// # Errors
///
/// `STATUS_INVALID_PARAMETER` if it has not so many.
fn number_of(values: &Values, channel: u32) -> Result<i32> {
    let place = usize::try_from(channel).ok().and_then(|channel| values.get(channel));
    place.copied().ok_or(Status::INVALID_PARAMETER)
}
