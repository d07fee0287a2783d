//! What calls of a stream share with SetState, with the DPC, the timer, the service thread and a teardown, in every order in
//! which their locks can follow one another.
//!
//! The driver's own hub, lanes, channels and packets run here on a platform whose spin lock and gate are loom's, with a
//! device that watches how it is called. What lies under a lock is a cell of loom's, which nobody may reach without it.
//! A fault is planted in each kind of model, which it must find: then it is known to be able to.

#[path = "../../../src/device"]
#[allow(dead_code, reason = "the driver uses the rest")]
mod device {
    pub(crate) mod controls;
    pub(crate) mod cut;
    pub(crate) mod formats;
    pub(crate) mod jack;
    pub(crate) mod mapped;
    pub(crate) mod mappings;
    pub(crate) mod run;
    mod sound;

    pub(crate) use sound::{
        Direction, EndpointInfo, Engines, Latency, MAX_ENDPOINTS, NEVER, Position, Progress, SoundDevice,
        Stage, Station, Supplied, Supply,
    };
}
mod platform;
mod player;
#[path = "../../../src/wave"]
#[allow(dead_code, reason = "the driver uses the rest")]
mod wave {
    mod bell;
    pub(crate) mod channel;
    #[path = "../../tests/pure/serialisation/client.rs"]
    pub(crate) mod client;
    mod clock;
    mod events;
    mod handover;
    pub(crate) mod hub;
    mod lane;
    mod look;
    mod mapped;
    mod packets;
    mod power;
    pub(crate) mod wake;
    mod ways;
}

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use loom::model::Builder;
use loom::thread;
use portcls::irql::{Dispatch, Irql, Passive};
use portcls::stream::State;
use portcls::{Status, handle};

use platform::ending::End;
use platform::event::{GONE, SIGNALLED};
use platform::shared::Shared;
use platform::thread::Waker;
use platform::{LACKS, Lacks, time, timer};
use player::{HALTED_AT, PACKET, Player, SEALED, UNTIMED};
use wave::channel::Offsets;
use wave::client::Client;
use wave::hub::Hub;
use wave::wake::Ticking;

/// Times that a thread is made to give way although it could go on: more find nothing here that these do not.
const PREEMPTIONS: usize = 4;

fn passive() -> Irql<Passive> {
    // SAFETY: there are no levels here.
    unsafe { Irql::assume() }
}

fn dispatch() -> Irql<Dispatch> {
    // SAFETY: there are no levels here.
    unsafe { Irql::assume() }
}

fn event() -> handle::Event {
    // SAFETY: nobody looks behind the handle here.
    unsafe { handle::Event::new(NonNull::dangling()) }
}

fn hub() -> Shared<Hub<Player>> {
    // SAFETY: nobody looks at it.
    let pdo = unsafe { handle::Device::new(NonNull::dangling()) };
    let hub = Hub::share(&mut passive(), Player::new(), 0, Waker).expect("memory");
    hub.make_lanes(&mut passive(), pdo).expect("memory");
    hub
}

fn explore(lacks: Lacks, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.max_branches = 10_000;
    builder.preemption_bound = Some(PREEMPTIONS);
    let orders = Arc::new(AtomicUsize::new(0));
    let count = orders.clone();
    builder.check(move || {
        count.fetch_add(1, SeqCst);
        LACKS.set(lacks);
        time::NOW.set(0);
        SIGNALLED.take();
        GONE.take();
        SEALED.set(false);
        UNTIMED.set(false);
        HALTED_AT.set(0);
        model();
        timer::forget();
    });
    println!("{} orders", orders.load(SeqCst));
}

fn beside(f: impl FnOnce() + 'static) -> thread::JoinHandle<()> {
    thread::spawn(f)
}

fn all_end(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("a thread that comes to its end"));
}

// ---- a client that asks --------------------------------------------------------------------------------------------

/// A stream that runs is stopped; meanwhile it is asked all that a render stream can be, and a DPC comes.
fn asked_beside_set_state(lacks: Lacks) {
    explore(lacks, || {
        let hub = hub();
        let client = Client::open(&hub, 0);
        client.register(event());
        client.go(State::Run).expect("a device that runs");
        let stopping = Arc::new(AtomicBool::new(false));
        let changer = {
            let (client, stopping) = (client.clone(), stopping.clone());
            beside(move || {
                assert_eq!(client.go(State::Pause), Ok(()));
                stopping.store(true, SeqCst);
                assert_eq!(client.go(State::Stop), Ok(()));
                assert_eq!(client.position(), Ok(Offsets::default()), "STOP is not zero");
                assert_eq!(client.packet_count(), 0, "STOP is not zero");
            })
        };
        let asker = {
            let client = client.clone();
            beside(move || {
                let before = client.presented();
                let written = client.write_packet(client.packet_count().wrapping_add(1));
                assert!(matches!(written, Ok(()) | Err(Status::DATA_LATE_ERROR | Status::DATA_OVERRUN)));
                let after = client.presented();
                assert!(after >= before || stopping.load(SeqCst), "what is heard runs backwards");
            })
        };
        hub.advance(&mut dispatch());
        all_end([changer, asker]);
        // No period was announced twice, and none forgotten.
        let signalled = SIGNALLED.with_borrow(Vec::len) as u64;
        assert_eq!(signalled, HALTED_AT.get() / u64::from(PACKET), "notifications");
        client.close();
    });
}

/// Row 44: UsePositionLock.
#[test]
fn a_stream_is_asked_beside_set_state() {
    asked_beside_set_state(Lacks::Nothing);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_lock_that_is_let_go_too_soon_is_found() {
    asked_beside_set_state(Lacks::Hold);
}

// ---- packets that are read -----------------------------------------------------------------------------------------

/// Two threads read while two packets are recorded, and the stream pauses: no packet is read twice.
fn two_readers(read: fn(&Client) -> portcls::Result<u32>) {
    explore(Lacks::Nothing, move || {
        let hub = hub();
        let client = Client::open(&hub, 1);
        client.go(State::Run).expect("a device that runs");
        hub.advance(&mut dispatch());
        let other = {
            let client = client.clone();
            thread::spawn(move || read(&client))
        };
        hub.advance(&mut dispatch());
        assert_eq!(client.go(State::Pause), Ok(()));
        let (own, other) = (read(&client), other.join().expect("a reader"));
        assert!(own.is_ok() || other.is_ok(), "no packet was read");
        assert_ne!(own, other, "a packet was read twice");
        client.close();
    });
}

/// Row 44: UsePositionLock.
#[test]
fn no_packet_is_read_twice() {
    two_readers(Client::read_packet);
}

#[test]
#[should_panic(expected = "a packet was read twice")]
fn a_lock_that_is_dropped_between_reading_and_writing_is_found() {
    two_readers(Client::read_packet_in_two_steps);
}

// ---- events --------------------------------------------------------------------------------------------------------

/// An event is taken off while a DPC and a SetState signal it: afterwards nobody does. A client that is not `patient` lets
/// it go before.
fn taken_off(patient: bool) {
    explore(Lacks::Nothing, move || {
        let hub = hub();
        let client = Client::open(&hub, 0);
        client.register(event());
        client.go(State::Run).expect("a device that runs");
        let owner = {
            let client = client.clone();
            beside(move || {
                let lets_go = || GONE.with_borrow_mut(|gone| gone.push(event()));
                if !patient {
                    lets_go();
                }
                client.unregister(event());
                lets_go();
            })
        };
        let changer = {
            let client = client.clone();
            beside(move || assert_eq!(client.go(State::Pause), Ok(())))
        };
        hub.advance(&mut dispatch());
        all_end([owner, changer]);
        client.close();
    });
}

/// Row 44: UsePositionLock.
#[test]
fn an_event_that_was_taken_off_is_not_signalled() {
    taken_off(true);
}

#[test]
#[should_panic(expected = "an event is signalled that was taken off")]
fn an_event_that_goes_too_soon_is_found() {
    taken_off(false);
}

// ---- what may wait for the device ----------------------------------------------------------------------------------

/// Two streams begin and the service thread serves: the device hears of one at a time.
fn in_turn(lacks: Lacks) {
    explore(lacks, || {
        let hub = hub();
        let clients = [0, 1].map(|endpoint| Client::open(&hub, endpoint));
        let changers = clients.clone().map(|client| {
            beside(move || {
                assert_eq!(client.go(State::Run), Ok(()));
                assert!(client.position().is_ok());
            })
        });
        hub.serve(&mut passive());
        all_end(changers);
        clients.iter().for_each(Client::close);
    });
}

/// Row 44: UsePositionLock.
#[test]
fn what_waits_for_the_device_comes_alone() {
    in_turn(Lacks::Nothing);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_gate_that_is_open_is_found() {
    in_turn(Lacks::Gate);
}

// ---- the end of the device -----------------------------------------------------------------------------------------

/// The device is taken down while a stream begins and is asked: then nothing runs, and what is left can be closed. Where it
/// is not `sealed` before it goes, something may.
fn taken_down(sealed: bool) {
    explore(Lacks::Nothing, move || {
        let hub = hub();
        let client = Client::open(&hub, 0);
        client.go(State::Pause).expect("a device that is there");
        let changer = {
            let client = client.clone();
            beside(move || {
                let ran = client.go(State::Run);
                assert!(
                    matches!(ran, Ok(()) | Err(Status::DEVICE_NOT_READY | Status::DEVICE_REMOVED)),
                    "{ran:?}"
                );
                assert!(client.position().is_ok());
            })
        };
        if sealed {
            hub.seal(&mut passive());
        }
        SEALED.set(true);
        hub.advance(&mut dispatch());
        hub.shut_down(&mut passive());
        all_end([changer]);
        assert_eq!(client.go(State::Stop), Ok(()));
        client.close();
    });
}

/// Row 44: UsePositionLock.
#[test]
fn nothing_runs_after_the_end_of_the_device() {
    taken_down(true);
}

#[test]
#[should_panic(expected = "an engine is started while the device is taken down")]
fn a_device_that_is_not_sealed_is_found() {
    taken_down(false);
}

// ---- the timer -----------------------------------------------------------------------------------------------------

/// The timer rings while a stream is handed packets and pauses, and the timer's end comes: afterwards it does not ring.
fn timed(lacks: Lacks) {
    explore(lacks, || {
        let hub = hub();
        let ticking = Ticking::new(&mut passive(), hub.clone()).expect("memory");
        let client = Client::open(&hub, 0);
        client.go(State::Run).expect("a device that runs");
        let clock = beside(timer::ring);
        let writer = {
            let client = client.clone();
            beside(move || {
                let _ = client.write_packet(1);
                assert!(client.position().is_ok());
            })
        };
        ticking.end(&mut passive());
        UNTIMED.set(true);
        all_end([clock, writer]);
        client.close();
    });
}

/// Row 44: UsePositionLock.
#[test]
fn a_timer_does_not_ring_after_its_end() {
    timed(Lacks::Nothing);
}

#[test]
#[should_panic(expected = "the timer rings after its end")]
fn an_end_that_does_not_wait_is_found() {
    timed(Lacks::Wait);
}
