//! Event handlers and event lists.

use std::ptr::{NonNull, null_mut};
use std::sync::Mutex;

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::descriptor::Automation;
use portcls::event::{EventItem, EventRequest, EventVerb};
use portcls::irql::{Irql, Passive};
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::{Result, Status};

use crate::fakes::pointer;

/// A port's event lists; it notes what is done.
#[derive(Default)]
struct Lists(Mutex<Vec<String>>);

impl ComClass for Lists {
    type Interfaces = (IPortEvents,);
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Lists, N> for IPortEvents {
    const VTBL: &'static IPortEventsVtbl = &IPortEventsVtbl {
        base: unknown_vtbl::<Lists, N>(),
        AddEventToEventList: add::<N>,
        GenerateEventList: generate::<N>,
    };
}

unsafe extern "efiapi" fn add<const N: usize>(this: *mut IPortEvents, entry: *mut KSEVENT_ENTRY) {
    // SAFETY: called on a live fake.
    unsafe { value::<Lists, _, N>(this) }.0.lock().unwrap().push(format!("add {entry:?}"));
}

unsafe extern "efiapi" fn generate<const N: usize>(
    this: *mut IPortEvents,
    set: *mut GUID,
    event: u32,
    of_pin: BOOL,
    pin: u32,
    of_node: BOOL,
    node: u32,
) {
    // SAFETY: called on a live fake, with a set or null.
    let (lists, set) = unsafe { (value::<Lists, _, N>(this), set.as_ref()) };
    let jack = set == Some(&KSEVENTSETID_PinCapsChange);
    lists.0.lock().unwrap().push(format!("generate {jack} {event} {of_pin} {pin} {of_node} {node}"));
}

struct Miniport {
    events: ComPtr<IPortEvents>,
}

impl ComClass for Miniport {
    type Interfaces = (IUnknown,);
}

static EVENTS: [EventItem; 1] = [EventItem::new(
    &KSEVENTSETID_PinCapsChange,
    KSEVENT_PINCAPS_JACKINFOCHANGE,
    PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
    jack_info,
)];
static AUTOMATION: Automation = Automation::new(&[], &EVENTS);

fn jack_info(irql: &mut Irql<Passive>, request: &EventRequest<'_>) -> Result {
    let miniport = request.miniport::<Miniport>(irql).ok_or(Status::INVALID_PARAMETER)?;
    match request.verb() {
        EventVerb::Add => {
            let entry = request.entry().ok_or(Status::INVALID_PARAMETER)?;
            miniport.events.add(irql, &entry);
            Ok(())
        }
        EventVerb::Remove => Ok(()),
        EventVerb::Other(_) => Err(Status::NOT_SUPPORTED),
    }
}

fn call(verb: u32, entry: usize) -> (NTSTATUS, Vec<String>) {
    let (lists, events): (Com<Lists>, _) = pointer(Lists::default());
    let (_miniport, target) = pointer::<IUnknown, _>(Miniport { events });
    let mut request = PCEVENT_REQUEST {
        MajorTarget: target.as_raw(),
        Verb: verb,
        EventEntry: entry as *mut KSEVENT_ENTRY,
        ..PCEVENT_REQUEST::ZERO
    };
    let table = AUTOMATION.raw();
    assert_eq!((table.EventCount, table.EventItemSize, table.PropertyCount), (1, 24, 0));
    // SAFETY: the one item of the table.
    let handler = unsafe { (*table.Events).Handler }.unwrap();
    // SAFETY: a whole request.
    let status = unsafe { handler(&mut request) };
    let calls = lists.0.lock().unwrap().clone();
    (status, calls)
}

#[test]
fn an_enabled_event_reaches_the_list() {
    assert_eq!(call(PCEVENT_VERB_ADD, 0x1000), (STATUS_SUCCESS, vec!["add 0x1000".to_owned()]));
}

#[test]
fn other_verbs_do_not() {
    assert_eq!(call(PCEVENT_VERB_REMOVE, 0x1000), (STATUS_SUCCESS, vec![]));
    assert_eq!(call(PCEVENT_VERB_SUPPORT, 0x1000), (STATUS_NOT_SUPPORTED, vec![]));
    assert_eq!(call(PCEVENT_VERB_ADD, 0), (STATUS_INVALID_PARAMETER, vec![]));
    // SAFETY: null is refused.
    assert_eq!(unsafe { (EVENTS[0].raw().Handler.unwrap())(null_mut()) }, STATUS_INVALID_PARAMETER);
}

#[test]
fn events_are_generated_by_pin() {
    let (lists, events) = pointer::<IPortEvents, _>(Lists::default());
    events.generate(Some(&KSEVENTSETID_PinCapsChange), 1, Some(3), None);
    events.generate(None, 2, None, Some(4));
    assert_eq!(*lists.0.lock().unwrap(), ["generate true 1 1 3 0 0", "generate false 2 0 0 1 4"]);
    assert!(NonNull::new(events.as_raw()).is_some());
}
