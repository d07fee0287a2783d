//! Events of a filter, and what is written for traces.

use core::cell::Cell;

use portcls::raw::{
    GUID, IPortClsEtwHelper, IPortEvents, IUnknown, KSEVENT_PINCAPS_JACKINFOCHANGE,
    KSEVENTSETID_PinCapsChange, NTSTATUS, PCEVENT_REQUEST, PCEVENT_VERB_ADD, STATUS_NOT_FOUND,
    STATUS_SUCCESS, STATUS_UNSUCCESSFUL, eMINIPORT_GLITCH_REPORT,
};

use super::driver::Mistake;
use super::driver::makes;
use super::objects::query;
use super::objects::release;
use super::on;
use crate::nt::ClientEvent;
use crate::portcls::Adapter;
use crate::portcls::EventId;
use crate::verify::Finding;

thread_local! {
    /// The ports, as the miniports' `Init` saw them.
    static TOPOLOGY: Cell<*mut IUnknown> = const { Cell::new(core::ptr::null_mut()) };
    static WAVE: Cell<*mut IUnknown> = const { Cell::new(core::ptr::null_mut()) };
}

pub(super) fn topology_port(port: *mut IUnknown) {
    TOPOLOGY.set(port);
}

pub(super) fn wave_port(port: *mut IUnknown) {
    WAVE.set(port);
}

/// The handler of the jack event.
pub(super) unsafe extern "efiapi" fn jack_event(request: *mut PCEVENT_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request.
    let (verb, entry) = unsafe { ((*request).Verb, (*request).EventEntry) };
    if verb != PCEVENT_VERB_ADD || makes(Mistake::ForgetEvent) {
        return STATUS_SUCCESS;
    }
    let events: *mut IPortEvents = query(TOPOLOGY.get());
    // SAFETY: the interface was just asked for.
    unsafe { ((*(*events).vtbl).AddEventToEventList)(events, entry) };
    if makes(Mistake::AddEventTwice) {
        // SAFETY: as above.
        unsafe { ((*(*events).vtbl).AddEventToEventList)(events, entry) };
    }
    release(events);
    if makes(Mistake::FailWithEvent) { STATUS_UNSUCCESSFUL } else { STATUS_SUCCESS }
}

/// The jack of that pin has changed.
fn generate(set: Option<GUID>, pin: Option<u32>) {
    let events: *mut IPortEvents = query(TOPOLOGY.get());
    let mut set = set;
    let set = set.as_mut().map_or(core::ptr::null_mut(), |set| &raw mut *set);
    let (of_pin, pin) = (u8::from(pin.is_some()), pin.unwrap_or(0));
    // SAFETY: the interface was just asked for; the set outlives the call.
    unsafe {
        let generate = (*(*events).vtbl).GenerateEventList;
        generate(events, set, KSEVENT_PINCAPS_JACKINFOCHANGE, of_pin.into(), pin, 0, 0);
    }
    release(events);
}

fn started(mistake: Mistake, test: impl FnOnce(&Adapter) + 'static) -> Vec<Finding> {
    on("26100", mistake, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        test(&adapter);
        assert!(adapter.remove() >= 0);
        adapter.unload();
    })
}

fn jack(pin: u32) -> EventId {
    EventId {
        set: KSEVENTSETID_PinCapsChange,
        id: KSEVENT_PINCAPS_JACKINFOCHANGE,
        pin: Some(pin),
        node: None,
    }
}

#[test]
fn a_client_is_told_of_the_jack_that_it_asked_for() {
    let found = started(Mistake::None, |adapter| {
        let kernel = adapter.kernel();
        let (event, other) = (ClientEvent::new(kernel), ClientEvent::new(kernel));
        let handle = adapter.enable_event("Topo", jack(1), &event).expect("an event");
        let other_handle = adapter.enable_event("Topo", jack(0), &other).expect("an event");
        generate(Some(KSEVENTSETID_PinCapsChange), Some(1));
        assert!(event.signalled() && !other.signalled());
        generate(None, None);
        assert!(other.signalled());
        let told = |clients: &[usize]| {
            let generated = adapter.generated_events();
            assert_eq!(generated.iter().map(|each| each.clients).collect::<Vec<_>>(), clients);
        };
        told(&[1, 2]);
        drop(handle);
        generate(Some(KSEVENTSETID_PinCapsChange), Some(1));
        told(&[1, 2, 0]);
        drop(other_handle);
        let unknown = EventId { id: 99, ..jack(1) };
        assert_eq!(adapter.enable_event("Topo", unknown, &event).err(), Some(STATUS_NOT_FOUND));
        assert_eq!(adapter.enable_event("Wave", jack(1), &event).err(), Some(STATUS_NOT_FOUND));
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}

#[test]
fn an_event_is_put_on_the_list_once_or_refused() {
    for (mistake, rule) in [
        (Mistake::ForgetEvent, "KsEventNotListed"),
        (Mistake::FailWithEvent, "KsEventNotListed"),
        (Mistake::AddEventTwice, "KsEventEntry"),
    ] {
        let found = started(mistake, move |adapter| {
            let event = ClientEvent::new(adapter.kernel());
            let enabled = adapter.enable_event("Topo", jack(1), &event);
            assert_eq!(enabled.is_err(), mistake == Mistake::FailWithEvent);
        });
        assert_eq!(found[0].rule, rule, "{mistake:?}");
    }
}

#[test]
fn what_a_stream_writes_for_traces_is_kept() {
    fn write(adapter: &Adapter, irql: u8, kind: i32) -> NTSTATUS {
        let helper: *mut IPortClsEtwHelper = query(WAVE.get());
        // SAFETY: the interface was just asked for.
        let status = adapter.kernel().call_driver_at("routine", irql, || unsafe {
            ((*(*helper).vtbl).MiniportWriteEtwEvent)(helper, kind, 10, 20, 1, 0)
        });
        release(helper);
        status
    }
    let found = started(Mistake::None, |adapter| {
        assert_eq!(write(adapter, 2, eMINIPORT_GLITCH_REPORT), STATUS_SUCCESS);
        assert!(write(adapter, 0, 1000) < 0);
        let traced = adapter.traced();
        let first = traced[0];
        assert_eq!((traced.len(), first.irql, first.kind), (1, 2, eMINIPORT_GLITCH_REPORT));
        assert_eq!(first.values, [10, 20, 1, 0]);
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
    let found = started(Mistake::None, |adapter| {
        write(adapter, 9, eMINIPORT_GLITCH_REPORT);
    });
    assert_eq!(found[0].rule, "PcIrqlIport");
}
