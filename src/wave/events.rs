//! The events that clients want signalled.

use portcls::handle::Event;
use portcls::{Result, Status};

/// Events of one stream; the audio engine registers one, two where a client double-buffers by hand.
pub(crate) const MAX_EVENTS: usize = 8;

/// The registered events, without a gap from the first place on. Lives in the lock of its channel, where register,
/// unregister and signal meet.
pub(crate) struct Events([Option<Event>; MAX_EVENTS]);

impl Events {
    /// No event.
    pub(crate) const fn new() -> Self {
        Self([None; MAX_EVENTS])
    }

    /// Adds `event`.
    ///
    /// # Errors
    ///
    /// `STATUS_UNSUCCESSFUL` if it is there already, `STATUS_INSUFFICIENT_RESOURCES` if there is no place.
    pub(crate) fn register(&mut self, event: Event) -> Result {
        if self.0.contains(&Some(event)) {
            return Err(Status::UNSUCCESSFUL);
        }
        let place = self.0.iter_mut().find(|place| place.is_none()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        *place = Some(event);
        Ok(())
    }

    /// Removes `event`; it is not signalled any more once this returns.
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_FOUND`.
    pub(crate) fn unregister(&mut self, event: Event) -> Result {
        let place = self.0.iter().position(|place| *place == Some(event)).ok_or(Status::NOT_FOUND)?;
        if let Some(rest) = self.0.get_mut(place..) {
            rest.rotate_left(1);
        }
        if let Some(last) = self.0.last_mut() {
            *last = None;
        }
        Ok(())
    }

    /// All events.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Event> {
        self.0.iter().map_while(|place| *place)
    }
}
