//! Jacks: what a device says of them once, and what changes while it runs.

use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::Direction;

/// What a jack is, in the words of two HD Audio registers, which is how virtio-snd tells it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Configuration Default (High Definition Audio Specification 1.0a, 7.3.3.31).
    pub(crate) configuration: u32,
    /// Pin Capabilities (7.3.4.9).
    pub(crate) capabilities: u32,
}

/// Pin Capabilities: the pin notices whether something is plugged in.
const PRESENCE_DETECT: u32 = 1 << 2;
/// Configuration Default, miscellaneous: presence detection is not wired up, whatever the capabilities say.
const NO_PRESENCE_DETECT: u32 = 1 << 8;
/// Configuration Default, port connectivity: 0 is a socket, 3 a socket beside something built in; nothing can be
/// plugged into what is 1, nothing at all, or 2, built in.
const CONNECTIVITY_SHIFT: u32 = 30;

impl Pin {
    /// A lime green 3.5 mm socket for speakers, at the rear, which cannot tell whether it is in use.
    pub(crate) const LINE_OUT: Self = Self { configuration: 0x0101_4110, capabilities: 0 };

    /// A blue one for what comes from an amplifier or a tape.
    pub(crate) const LINE_IN: Self = Self { configuration: 0x0181_3120, capabilities: 0 };

    /// A pink one for a microphone.
    pub(crate) const MICROPHONE: Self = Self { configuration: 0x01A1_9130, capabilities: 0 };

    /// What is assumed where a device has no word on its jacks: a speaker or a microphone without a socket.
    pub(crate) const fn unknown(direction: Direction) -> Self {
        let configuration = match direction {
            Direction::Render => 0x4010_0110,
            Direction::Capture => 0x40A0_0110,
        };
        Self { configuration, capabilities: 0 }
    }

    /// Whether the pin can tell that something is plugged in.
    const fn detects(self) -> bool {
        self.capabilities & PRESENCE_DETECT != 0
            && self.configuration & NO_PRESENCE_DETECT == 0
            && matches!(self.configuration >> CONNECTIVITY_SHIFT, 0 | 3)
    }
}

/// The device has told, by its registers or by an event, that it knows whether something is plugged in.
const DETECTS: u8 = 1 << 0;
/// Something is plugged in, as the device last said.
const PLUGGED: u8 = 1 << 1;
/// What Windows was told last is out of date.
const CHANGED: u8 = 1 << 2;

/// A jack. Shared by the device, which says what happens, and the filter that tells Windows; it holds no lock, so
/// that any IRQL will do.
pub(crate) struct Jack {
    pin: Pin,
    state: AtomicU8,
}

impl Jack {
    /// A jack, and whether something is plugged in there: only asked of pins that detect it.
    pub(crate) const fn new(pin: Pin, plugged: bool) -> Self {
        let detects = if pin.detects() { DETECTS } else { 0 };
        let plugged = if plugged { PLUGGED } else { 0 };
        Self { pin, state: AtomicU8::new(detects | plugged) }
    }

    /// What the jack is.
    pub(crate) const fn pin(&self) -> Pin {
        self.pin
    }

    /// Takes in that something was plugged in or pulled out. From the first such word on the jack counts as one
    /// that detects it, whatever its registers say.
    ///
    /// True if Windows does not know that yet: then a notification is due, see [`Self::take_change`].
    pub(crate) fn plug(&self, plugged: bool) -> bool {
        let plugged = if plugged { PLUGGED } else { 0 };
        let tell = |state: u8| {
            let told = (state & CHANGED) | plugged | DETECTS;
            let differs = (state ^ told) & DETECTS != 0 || is_connected(state) != is_connected(told);
            if differs { told | CHANGED } else { told }
        };
        // The closure never declines.
        let before = self.state.fetch_update(AcqRel, Acquire, |state| Some(tell(state)));
        before.is_ok_and(|state| tell(state) & CHANGED != 0)
    }

    /// Whether something is plugged in, as Windows wants to hear it: yes, where nobody can tell.
    pub(crate) fn is_connected(&self) -> bool {
        is_connected(self.state.load(Acquire))
    }

    /// Whether the device notices what is plugged in.
    pub(crate) fn detects(&self) -> bool {
        self.state.load(Acquire) & DETECTS != 0
    }

    /// Whether something changed since this was last asked.
    pub(crate) fn take_change(&self) -> bool {
        self.state.fetch_and(!CHANGED, AcqRel) & CHANGED != 0
    }
}

const fn is_connected(state: u8) -> bool {
    state & DETECTS == 0 || state & PLUGGED != 0
}
