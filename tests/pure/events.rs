//! The events of a stream: who is in the list is signalled, and nobody else.

#[path = "../../src/wave/events.rs"]
mod events;

use std::ptr::NonNull;

use events::{Events, MAX_EVENTS};
use portcls::Status;
use portcls::handle::Event;
use proptest::prelude::*;

/// An event that is nothing but its number.
fn event(number: usize) -> Event {
    let address = NonNull::without_provenance((number + 1).try_into().unwrap());
    // SAFETY: nobody looks behind the handle here.
    unsafe { Event::new(address) }
}

/// Row 23: events twice or unknown.
#[test]
fn an_event_is_there_once() {
    let mut events = Events::new();
    assert_eq!(events.register(event(1)), Ok(()));
    assert_eq!(events.register(event(1)), Err(Status::UNSUCCESSFUL));
    assert_eq!(events.iter().count(), 1);
    assert_eq!(events.unregister(event(1)), Ok(()));
    assert_eq!(events.unregister(event(1)), Err(Status::NOT_FOUND));
    assert_eq!(events.iter().count(), 0);
}

#[test]
fn there_is_room_for_so_many() {
    let mut events = Events::new();
    for number in 0..MAX_EVENTS {
        assert_eq!(events.register(event(number)), Ok(()));
    }
    assert_eq!(events.register(event(99)), Err(Status::INSUFFICIENT_RESOURCES));
    assert_eq!(events.unregister(event(3)), Ok(()));
    assert_eq!(events.register(event(99)), Ok(()));
    assert!(events.iter().any(|each| each == event(99)));
}

proptest! {
    /// Rows 22 and 23: events and the DPC; events twice or unknown.
    #[test]
    fn the_list_is_a_set(moves in proptest::collection::vec((any::<bool>(), 0_usize..12), 0..200)) {
        let (mut events, mut model) = (Events::new(), std::collections::BTreeSet::new());
        for (comes, number) in moves {
            if comes {
                let expected = match (model.contains(&number), model.len()) {
                    (true, _) => Err(Status::UNSUCCESSFUL),
                    (false, MAX_EVENTS) => Err(Status::INSUFFICIENT_RESOURCES),
                    _ => Ok(()),
                };
                prop_assert_eq!(events.register(event(number)), expected);
                if expected.is_ok() {
                    model.insert(number);
                }
            } else {
                let expected = if model.remove(&number) { Ok(()) } else { Err(Status::NOT_FOUND) };
                prop_assert_eq!(events.unregister(event(number)), expected);
            }
            let mut now: Vec<Event> = events.iter().collect();
            now.sort_by_key(|event| event.as_ptr().addr());
            prop_assert_eq!(now, model.iter().map(|number| event(*number)).collect::<Vec<_>>());
        }
    }
}
