//! Which control elements are an endpoint's volume and mute.
//!
//! The specification has roles for that. Devices that have elements at all often get the roles wrong: they forget that
//! the lowest bit is the direction. But they name the elements as ALSA does, because Linux goes by the names. So an
//! element is what its role and its type say together, and where these do not fit, what its name says:
//!
//! | name | type | what it is |
//! |---|---|---|
//! | `... Playback Volume`, `... Capture Volume` | INTEGER | the volume |
//! | `... Playback Switch`, `... Capture Switch` | BOOLEAN | 1 is sound, 0 is none |
//! | `... Playback Mute`, `... Capture Mute` | BOOLEAN | 1 is no sound |
//!
//! A switch without a name that tells which way round it is has it as ALSA's switches: 1 is sound.

use super::info::direction_of;
use super::scale::Scale;
use super::wire::{PcmInfo, direction};
use super::wire_ctl::{CtlInfo, Decibels, MOST, Values, access, kind, role};
use crate::device::Direction;
use crate::device::controls::Control;

/// An element that a driver may read and write, and that is a volume or a mute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The number by which the device knows it.
    pub(crate) number: u32,
    /// Function group.
    group: u32,
    direction: Direction,
    /// How many numbers its value has; at most [`MOST`], and not 0.
    pub(crate) count: usize,
    /// What they mean.
    pub(crate) sense: Sense,
}

/// What the numbers of an element mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// Levels.
    Level(Scale),
    /// 0 or 1.
    Switch {
        /// Which of them is no sound.
        mute: bool,
    },
}

impl Element {
    /// What element `number` is; `decibels` asks for its metadata, where there are any. None if it is nothing that the
    /// driver has use for, or if what the device says of it makes no sense.
    pub(crate) fn judge(number: u32, info: &CtlInfo, decibels: impl FnOnce() -> Decibels) -> Option<Self> {
        let name = info.name()?;
        let (control, direction) = purpose(info, name)?;
        let usable = access::READ | access::WRITE;
        if info.access & (usable | access::INACTIVE) != usable {
            return None;
        }
        let count = usize::try_from(info.count).ok().filter(|count| (1..=MOST).contains(count))?;
        let sense = match control {
            Control::Volume => {
                let decibels =
                    if info.access & access::TLV_READ != 0 { decibels() } else { Decibels::Unknown };
                Sense::Level(Scale::new(info.least, info.most, info.step, decibels)?)
            }
            Control::Mute => Sense::Switch { mute: has(name, b"Mute") },
        };
        Some(Self { number, group: info.group, direction, count, sense })
    }

    /// The device can have this value.
    pub(crate) fn takes(&self, values: &Values) -> bool {
        values.iter().take(self.count).all(|value| match &self.sense {
            Sense::Level(scale) => scale.contains(*value),
            Sense::Switch { .. } => matches!(value, 0 | 1),
        })
    }

    /// Which control it is.
    pub(crate) fn control(&self) -> Control {
        match self.sense {
            Sense::Level(_) => Control::Volume,
            Sense::Switch { .. } => Control::Mute,
        }
    }
}

/// The element that is `control` of stream `index`, and of no other one: of the function group's elements for its
/// direction the one whose turn it is when the streams of that group and direction are counted out. Where there are
/// fewer elements than streams, some work on several streams at once: they are nobody's.
pub(crate) fn element_of<'a>(
    streams: impl Iterator<Item = &'a PcmInfo> + Clone,
    index: usize,
    elements: impl Iterator<Item = &'a Element> + Clone,
    control: Control,
) -> Option<Element> {
    let stream = streams.clone().nth(index)?;
    let direction = direction_of(stream.direction)?;
    let alike = |other: &&PcmInfo| other.group == stream.group && other.direction == stream.direction;
    let own = |element: &&Element| {
        element.group == stream.group && element.direction == direction && element.control() == control
    };
    let turn = streams.clone().take(index).filter(alike).count();
    if elements.clone().filter(own).count() < streams.filter(alike).count() {
        return None;
    }
    elements.filter(own).nth(turn).copied()
}

/// What an element is for: by role and type, or else by its name.
fn purpose(info: &CtlInfo, name: &[u8]) -> Option<(Control, Direction)> {
    let of_role =
        if info.role & 1 == u32::from(direction::OUTPUT) { Direction::Render } else { Direction::Capture };
    match (info.role >> 1, info.kind) {
        (role::VOLUME, kind::INTEGER) => return Some((Control::Volume, of_role)),
        (role::MUTE, kind::BOOLEAN) => return Some((Control::Mute, of_role)),
        _ => {}
    }
    let direction = match (has(name, b"Playback"), has(name, b"Capture")) {
        (true, false) => Direction::Render,
        (false, true) => Direction::Capture,
        _ => return None,
    };
    match info.kind {
        kind::INTEGER if has(name, b"Volume") => Some((Control::Volume, direction)),
        kind::BOOLEAN if has(name, b"Switch") || has(name, b"Mute") => Some((Control::Mute, direction)),
        _ => None,
    }
}

/// Whether a word stands in a name.
fn has(name: &[u8], word: &[u8]) -> bool {
    name.split(|byte| *byte == b' ').any(|own| own == word)
}
