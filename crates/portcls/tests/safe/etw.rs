//! Trace events, as they arrive at the port.

use std::sync::Mutex;

use portcls::com::{Com, ComClass, Head, unknown_vtbl, value};
use portcls::etw::{EtwHelper, Glitch, StreamEvent, StreamPlace};
use portcls::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use portcls::raw::{
    IPortClsEtwHelper, IPortClsEtwHelperVtbl, IUnknown, KSSTATE_RUN, NTSTATUS, eMINIPORT_BUFFER_COMPLETE,
    eMINIPORT_GLITCH_REPORT, eMINIPORT_PIN_STATE,
};
use portcls::{ComPtr, Status};

use crate::fakes::{passive, pointer};

/// A port's trace; it notes what is written, and refuses it if told to.
#[derive(Default)]
struct Trace {
    events: Mutex<Vec<(i32, [u64; 4])>>,
    full: bool,
}

impl ComClass for Trace {
    type Interfaces = (IPortClsEtwHelper,);
}

// SAFETY: the method expects place `N` of this class.
unsafe impl<const N: usize> Head<Trace, N> for IPortClsEtwHelper {
    const VTBL: &'static IPortClsEtwHelperVtbl =
        &IPortClsEtwHelperVtbl { base: unknown_vtbl::<Trace, N>(), MiniportWriteEtwEvent: write::<N> };
}

unsafe extern "efiapi" fn write<const N: usize>(
    this: *mut IPortClsEtwHelper,
    kind: i32,
    first: u64,
    second: u64,
    third: u64,
    fourth: u64,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    let trace = unsafe { value::<Trace, _, N>(this) };
    let mut events = trace.events.lock().unwrap();
    events.push((kind, [first, second, third, fourth]));
    if trace.full { STATUS_INVALID_PARAMETER } else { STATUS_SUCCESS }
}

const PLACE: StreamPlace = StreamPlace { position: 0x1_0000_0010, written: 0x2_0000_0020 };

fn helper(trace: Trace) -> (Com<Trace>, EtwHelper) {
    let (object, port): (_, ComPtr<IUnknown>) = pointer(trace);
    let helper = EtwHelper::of(&passive(), &port).expect("the port has a trace");
    (object, helper)
}

/// Row 81: glitch reports.
#[test]
fn a_glitch_has_its_documented_numbers() {
    let (trace, helper) = helper(Trace::default());
    helper.glitch(&passive(), Glitch::Underrun, PLACE);
    helper.glitch(&passive(), Glitch::Decoder, PLACE);
    helper.glitch(&passive(), Glitch::SamePosition(7), PLACE);
    let glitch = |code, minor| (eMINIPORT_GLITCH_REPORT, [0x1_0000_0010, 0x2_0000_0020, code, minor]);
    assert_eq!(*trace.events.lock().unwrap(), [glitch(1, 0), glitch(2, 0), glitch(3, 7)]);
}

#[test]
fn so_have_the_other_events() {
    let (trace, helper) = helper(Trace::default());
    helper.write(&passive(), StreamEvent::BufferComplete(1920), PLACE).unwrap();
    helper.write(&passive(), StreamEvent::State(KSSTATE_RUN), PLACE).unwrap();
    let events = trace.events.lock().unwrap();
    let numbers = |event: &(i32, [u64; 4])| (event.0, event.1[2], event.1[3]);
    assert_eq!(numbers(&events[0]), (eMINIPORT_BUFFER_COMPLETE, 1920, 0));
    assert_eq!(numbers(&events[1]), (eMINIPORT_PIN_STATE, 3, 0));
}

#[test]
fn what_the_port_refuses_is_told_or_passed_over() {
    let (trace, helper) = helper(Trace { full: true, ..Trace::default() });
    let refused = helper.write(&passive(), StreamEvent::BufferComplete(1), PLACE);
    assert_eq!(refused, Err(Status::INVALID_PARAMETER));
    helper.glitch(&passive(), Glitch::Underrun, PLACE);
    assert_eq!(trace.events.lock().unwrap().len(), 2);
}

#[test]
fn a_port_without_a_trace_has_none() {
    struct Plain;
    impl ComClass for Plain {
        type Interfaces = (IUnknown,);
    }
    let (_object, port): (_, ComPtr<IUnknown>) = pointer(Plain);
    assert!(EtwHelper::of(&passive(), &port).is_none());
}
