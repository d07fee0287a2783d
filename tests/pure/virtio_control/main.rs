//! The control and event queues of a virtio sound device, against devices that answer, answer late, never, or nonsense.
//!
//! The driver's own modules run here on a stand-in for the kernel and for the device's registers; rings and messages are
//! real memory, which the device of this test reads and writes.

#[path = "../../../src/device"]
mod device {
    #[path = "virtio"]
    pub(crate) mod virtio {
        pub(crate) mod memory;
        #[path = "../../../tests/pure/virtio_control/stand_in/queue.rs"]
        pub(crate) mod queue;
        #[path = "../../../tests/pure/virtio_control/stand_in/regs.rs"]
        pub(crate) mod regs;
        pub(crate) mod ring;
        #[path = "../../../tests/pure/virtio_control/stand_in/transport.rs"]
        pub(crate) mod transport;

        pub(crate) use ring::Ring;
        pub(crate) use transport::{Features, Transport};
    }
    #[path = "virtio_snd"]
    pub(crate) mod virtio_snd {
        pub(crate) mod control;
        pub(crate) mod events;
        #[expect(dead_code, reason = "the driver uses the rest")]
        pub(crate) mod wire;
    }
}
mod model;
#[path = "stand_in/platform.rs"]
mod platform;

use std::ptr::NonNull;
use std::rc::Rc;

use device::virtio::memory::RingBuffer;
use device::virtio::{Features, Transport};
use device::virtio_snd::control::Control;
use device::virtio_snd::events::Events;
use device::virtio_snd::wire::{Event, command, query, request};
use model::{MODEL, Say};
use portcls::irql::{Dispatch, Irql, Passive};
use portcls::{Status, handle};
use virtqueue::RingLayout;

const OK: [u8; 4] = [0, 0x80, 0, 0];

fn passive() -> Irql<Passive> {
    // SAFETY: there are no levels here.
    unsafe { Irql::assume() }
}

fn pdo() -> handle::Device {
    // SAFETY: nobody looks at it.
    unsafe { handle::Device::new(NonNull::dangling()) }
}

/// A device in working order, and its control queue.
fn control(event_idx: bool) -> (Transport, Control) {
    MODEL.with_borrow_mut(|model| *model = model::Model::default());
    let (transport, at) = (Transport, &mut passive());
    let features = Features { event_idx };
    let control = Control::new(at, pdo(), &transport, features).unwrap();
    assert!(control.is_broken(), "nothing works before the queue is in use");
    control.enable(at, &transport, features, None).unwrap();
    (transport, control)
}

fn script(says: impl IntoIterator<Item = Say>) {
    MODEL.with_borrow_mut(|model| model.script.extend(says));
}

fn kicks() -> u32 {
    MODEL.with_borrow(|model| model.kicks)
}

fn ask((transport, control): &(Transport, Control), answer: &mut [u8]) -> Result<usize, Status> {
    control.command(&mut passive(), transport, &query(request::PCM_INFO, 0, 1, 8), answer)
}

fn with_status(status: u32, payload: &[u8]) -> Vec<u8> {
    [&status.to_le_bytes(), payload].concat()
}

#[test]
fn requests_reach_the_device_and_answers_the_driver() {
    for event_idx in [false, true] {
        let device = control(event_idx);
        // Often enough for the ring to go round.
        for turn in 0_u8..200 {
            script([Say::Now(with_status(0x8000, &[turn; 8]))]);
            let mut answer = [0; 8];
            assert_eq!(ask(&device, &mut answer), Ok(8));
            assert_eq!(answer, [turn; 8]);
        }
        let expected = query(request::PCM_INFO, 0, 1, 8).to_vec();
        MODEL.with_borrow(|model| {
            assert!(model.requests.iter().all(|(request, room)| (request, *room) == (&expected, 12)));
            assert_eq!((model.requests.len(), model.kicks), (200, 200));
        });
    }
}

#[test]
fn an_answer_may_be_shorter_than_was_asked_for() {
    let device = control(true);
    script([Say::Now(with_status(0x8000, &[1, 2, 3])), Say::Now(OK.to_vec())]);
    let mut answer = [9; 8];
    assert_eq!(ask(&device, &mut answer), Ok(3));
    assert_eq!(answer, [1, 2, 3, 9, 9, 9, 9, 9]);
    assert_eq!(ask(&device, &mut answer), Ok(0));
}

#[test]
fn what_the_device_says_comes_out_as_a_status() {
    let device = control(true);
    for (said, status) in [
        (0x8001, Status::INVALID_DEVICE_STATE),
        (0x8002, Status::NOT_SUPPORTED),
        (0x8003, Status::IO_DEVICE_ERROR),
    ] {
        script([Say::Now(with_status(said, &[]))]);
        assert_eq!(ask(&device, &mut [0; 8]), Err(status));
        assert!(!device.1.is_broken(), "that is an answer like any other");
    }
}

#[test]
fn a_device_may_take_its_time_but_no_more_than_two_seconds() {
    let device = control(true);
    script([Say::After(1_900, OK.to_vec())]);
    assert_eq!(ask(&device, &mut []), Ok(0));
    let begun = MODEL.with_borrow(|model| model.now_ms);
    script([Say::After(3_000, OK.to_vec())]);
    assert_eq!(ask(&device, &mut []), Err(Status::DEVICE_NOT_READY));
    let took = MODEL.with_borrow(|model| model.now_ms) - begun;
    assert!((2_000..2_100).contains(&took), "{took} ms");
}

#[test]
fn a_late_answer_meets_its_own_memory_and_nobody_takes_it_for_another() {
    let device = control(true);
    script([Say::After(2_500, with_status(0x8000, &[0xEE; 8]))]);
    assert_eq!(ask(&device, &mut [0; 8]), Err(Status::DEVICE_NOT_READY));
    let (before, kicked) = (MODEL.with_borrow(model::Model::snapshot), kicks());

    // Before it comes and after it has come, nothing else is tried.
    assert_eq!(ask(&device, &mut [0; 8]), Err(Status::DEVICE_NOT_READY));
    assert_eq!(MODEL.with_borrow(model::Model::snapshot), before, "the driver keeps its hands off");
    MODEL.with_borrow_mut(|model| model.pass(1_000));
    assert_ne!(MODEL.with_borrow(model::Model::snapshot), before, "the device has written");
    assert_eq!(ask(&device, &mut [0; 8]), Err(Status::DEVICE_NOT_READY));
    assert_eq!(kicks(), kicked);

    // After a reset all is new.
    MODEL.with_borrow_mut(model::Model::reset);
    device.1.enable(&mut passive(), &device.0, Features { event_idx: true }, None).unwrap();
    script([Say::Now(with_status(0x8000, &[7; 8]))]);
    let mut answer = [0; 8];
    assert_eq!((ask(&device, &mut answer), answer), (Ok(8), [7; 8]));
}

#[test]
fn memory_that_the_device_may_still_write_to_outlives_the_driver() {
    for leaked in [false, true] {
        let device = control(true);
        script([Say::After(60_000, OK.to_vec())]);
        assert!(ask(&device, &mut []).is_err());
        if leaked {
            device.1.leak(&mut passive());
        }
        drop(device);
        assert_eq!(MODEL.with_borrow(|model| model.freed), u32::from(!leaked));
    }
}

#[test]
fn a_queue_that_is_closed_gives_its_memory_back_and_is_asked_nothing() {
    let device = control(true);
    device.1.close(&mut passive());
    assert_eq!(MODEL.with_borrow(|model| model.freed), 1);
    assert_eq!(ask(&device, &mut []), Err(Status::DEVICE_REMOVED));
    assert_eq!(
        device.1.enable(&mut passive(), &device.0, Features { event_idx: true }, None),
        Err(Status::DEVICE_REMOVED)
    );
    device.1.leak(&mut passive());
    drop(device);
    assert_eq!((MODEL.with_borrow(|model| model.freed), kicks()), (1, 0));
}

#[test]
fn places_for_events_that_the_device_may_still_fill_outlive_the_driver() {
    for leaked in [false, true] {
        let device = events();
        if leaked {
            device.1.leak();
        }
        drop(device);
        assert_eq!(MODEL.with_borrow(|model| model.freed), u32::from(!leaked));
    }
}

#[test]
fn nonsense_ends_it_until_a_reset() {
    let cases = [
        ("no status", Say::Now(vec![0; 4])),
        ("nothing, where the answer before is still to be seen", Say::Claiming(vec![], 4)),
        ("an unknown status", Say::Now(with_status(0x8004, &[]))),
        ("a status cut short", Say::Claiming(OK.to_vec(), 3)),
        ("more than there is room for", Say::Claiming(OK.to_vec(), 13)),
        ("far more", Say::Claiming(OK.to_vec(), u32::MAX)),
        ("a chain that is none", Say::Chain(1)),
        ("a descriptor that is none", Say::Chain(0xFFFF)),
        ("an index that ran ahead", Say::Ahead(9)),
        ("a device in need of a reset", Say::NeedsReset),
    ];
    for (name, say) in cases {
        let device = control(true);
        script([Say::Now(OK.to_vec()), say, Say::Now(OK.to_vec())]);
        assert_eq!(ask(&device, &mut [0; 8]), Ok(0));
        assert_eq!(ask(&device, &mut [0; 8]), Err(Status::DEVICE_NOT_READY), "{name}");
        assert!(device.1.is_broken(), "{name}");
        assert_eq!(ask(&device, &mut [0; 8]), Err(Status::DEVICE_NOT_READY), "{name}");
        assert_eq!(kicks(), 2, "{name}");
        assert!(MODEL.with_borrow(|model| model.now_ms) < 100, "{name}: that was known at once");
    }
}

#[test]
fn a_device_that_is_gone_is_not_waited_for() {
    let device = control(true);
    script([Say::Gone]);
    assert_eq!(ask(&device, &mut []), Err(Status::DEVICE_REMOVED));
    assert_eq!(ask(&device, &mut []), Err(Status::DEVICE_REMOVED));
    assert!(MODEL.with_borrow(|model| model.now_ms) < 100);
}

#[test]
fn what_is_too_long_is_refused_before_the_device_sees_it() {
    let device = control(true);
    let (transport, queue) = &device;
    let at = &mut passive();
    assert_eq!(queue.command(at, transport, &[0; 1025], &mut []), Err(Status::INVALID_PARAMETER));
    let mut answer = [0; Control::MAX_ANSWER + 1];
    assert_eq!(queue.command(at, transport, &[0; 8], &mut answer), Err(Status::INVALID_PARAMETER));
    assert_eq!(kicks(), 0);
    script([Say::Now(OK.to_vec())]);
    assert_eq!(queue.command(at, transport, &[0; 1024], &mut []), Ok(0));
    script([Say::Now(with_status(0x8000, &[1; Control::MAX_ANSWER]))]);
    let written = queue.command(at, transport, &command(request::PCM_STOP, 0), &mut answer[1..]);
    assert_eq!(written, Ok(Control::MAX_ANSWER));
}

#[test]
fn an_interrupt_wakes_only_who_waits() {
    let device = control(true);
    device.1.wake(&passive());
    // The event is not set: a wait takes its full time.
    script([Say::After(1, OK.to_vec())]);
    assert_eq!(ask(&device, &mut []), Ok(0));
    assert_eq!(MODEL.with_borrow(|model| model.early), 0);
}

#[test]
fn the_driver_says_of_which_answer_it_wants_to_hear_where_that_was_agreed() {
    for (event_idx, last) in [(false, 0), (true, 4)] {
        let device = control(event_idx);
        for _ in 0..5 {
            script([Say::After(1, OK.to_vec())]);
            assert_eq!(ask(&device, &mut []), Ok(0));
        }
        assert_eq!(MODEL.with_borrow(model::Model::used_event), last);
    }
}

#[test]
fn a_buffer_has_room_for_its_ring_and_no_ring_is_longer_than_a_ring_can_be() {
    let ring = RingLayout::of(16, 16).unwrap();
    assert_eq!(RingBuffer::<16>::BYTES, ring.bytes.next_power_of_two());
    assert_eq!(RingBuffer::<{ (1 << 16) + 16 }>::BYTES, 0, "which is no extent");
}

#[test]
fn what_the_device_sees_and_writes_is_fenced_off_from_it() {
    let device = control(true);
    let before = MODEL.with_borrow(|model| model.barriers);
    script([Say::Now(OK.to_vec())]);
    assert_eq!(ask(&device, &mut []), Ok(0));
    // Before the index of what is offered, behind it, and behind the index of what came back.
    assert_eq!(MODEL.with_borrow(|model| model.barriers) - before, 3);
}

#[test]
fn an_interrupt_ends_the_wait_of_who_waits() {
    let (transport, control) = control(true);
    let control = Rc::new(control);
    let woken = Rc::clone(&control);
    MODEL.with_borrow_mut(|model| model.interrupt = Some(Rc::new(move || woken.wake(&passive()))));
    script([Say::After(1, OK.to_vec())]);
    assert_eq!(control.command(&mut passive(), &transport, &[0; 8], &mut []), Ok(0));
    MODEL.with_borrow_mut(|model| {
        assert_eq!((model.early, model.waits), (1, 2));
        model.interrupt = None;
    });
}

#[test]
fn a_device_that_takes_its_time_is_looked_at_less_and_less() {
    let device = control(true);
    script([Say::After(1_900, OK.to_vec())]);
    assert_eq!(ask(&device, &mut []), Ok(0));
    // After 1, 2, 4 .. 64 ms, which are 127, and each 64 ms from then on.
    assert_eq!(MODEL.with_borrow(|model| model.waits), 7 + (1_900_u32 - 127).div_ceil(64));
}

#[test]
fn what_was_abandoned_works_again_once_the_device_was_reset() {
    let device = control(true);
    script([Say::Now(OK.to_vec())]);
    device.1.abandon(&passive());
    assert_eq!(ask(&device, &mut []), Err(Status::DEVICE_NOT_READY));
    assert_eq!(kicks(), 0);
    device.1.enable(&mut passive(), &device.0, Features { event_idx: true }, None).unwrap();
    assert_eq!(ask(&device, &mut []), Ok(0));
}

// Events.

/// A device in working order, and its event queue.
fn events() -> (Transport, Events) {
    MODEL.with_borrow_mut(|model| *model = model::Model::default());
    let (transport, at) = (Transport, &passive());
    let features = Features { event_idx: true };
    let mut events = Events::new(at, pdo(), &transport, features).unwrap();
    events.enable(at, &transport, features, None).unwrap();
    events.offer(&transport);
    (transport, events)
}

fn collect((transport, events): &mut (Transport, Events)) -> (Result<(), virtqueue::Bad>, Vec<Event>) {
    let mut told = Vec::new();
    // SAFETY: there are no levels here.
    let at: Irql<Dispatch> = unsafe { Irql::assume() };
    (events.collect(&at, transport, |event| told.push(event)), told)
}

fn tell(bytes: &[u8]) {
    MODEL.with_borrow_mut(|model| model.answer(bytes, bytes.len() as u32));
}

#[test]
fn events_come_in_order_and_their_places_go_back() {
    let mut device = events();
    assert_eq!(kicks(), 1);
    assert!(!device.1.has_news());
    for turn in 0..50_u8 {
        for jack in 0..3 {
            tell(&[0, 0x10, 0, 0, jack, turn, 0, 0]);
        }
        assert!(device.1.has_news());
        let expected = (0..3).map(|jack| Event::Jack(jack + 256 * u32::from(turn), true)).collect();
        assert_eq!(collect(&mut device), (Ok(()), expected));
        assert!(!device.1.has_news());
        assert_eq!(collect(&mut device), (Ok(()), vec![]));
    }
    MODEL.with_borrow(|model| assert_eq!(model.offered(), 16, "all places are the device's"));
}

#[test]
fn events_that_are_cut_short_or_unknown_are_passed_over() {
    let mut device = events();
    tell(&[0, 0x10, 0, 0, 5, 0, 0]);
    tell(&[0, 0x30, 0, 0, 5, 0, 0, 0]);
    tell(&[1, 0x11, 0, 0, 5, 0, 0, 0]);
    assert_eq!(collect(&mut device), (Ok(()), vec![Event::Xrun(5)]));
    MODEL.with_borrow(|model| assert_eq!(model.offered(), 16));
}

#[test]
fn as_many_events_as_there_are_places_are_taken_at_once() {
    let mut device = events();
    for _ in 0..16 {
        tell(&[0, 0x10, 0, 0, 1, 0, 0, 0]);
    }
    let (all, told) = collect(&mut device);
    assert_eq!((all, told.len(), kicks()), (Ok(()), 16, 2));
    assert_eq!(collect(&mut device), (Ok(()), vec![]));
}

#[test]
fn an_event_queue_of_nonsense_says_so() {
    let mut device = events();
    MODEL.with_borrow_mut(|model| model.ahead(17));
    assert!(collect(&mut device).0.is_err());
    assert!(collect(&mut device).0.is_err());
}
