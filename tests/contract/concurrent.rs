//! Several threads at one stream: rows 22, 44 and 56. Interrupts, DPCs and other threads come wherever a call of the
//! driver's waits, calls the kernel or touches the device; PortCls holds no lock around any of these calls here, which is
//! what it does where `UsePositionLock` is set, and more.

use std::cell::Cell;
use std::rc::Rc;

use waverust_rig::nt::{self, ClientEvent, Context, ThreadRef};
use waverust_rig::portcls::{Adapter, Endpoint, KsState, Pin};

use crate::{
    DATA_LATE_ERROR, DATA_OVERRUN, DEVICE_NOT_READY, INVALID_DEVICE_STATE, SUCCESS, go, on, on_each_device,
    open, random::Random,
};

/// Bytes of a millisecond in the usual format.
const BYTES_A_MS: u32 = 192;

fn sleep_us(microseconds: u64) {
    let kernel = nt::kernel();
    kernel.sleep_until(kernel.now() + microseconds * 1_000);
}

fn spawn(body: impl FnOnce() + 'static) -> ThreadRef {
    nt::kernel().spawn("client", Context::Client, false, body)
}

/// The first endpoint of each direction.
fn both(adapter: &Adapter) -> Vec<Endpoint> {
    adapter.render_endpoint().into_iter().chain(adapter.capture_endpoint()).collect()
}

/// Row 22: an event is not signalled any more once unregistering has returned, wherever the DPC was then.
#[test]
fn an_event_that_was_taken_off_is_not_signalled() {
    on_each_device(|adapter| {
        for endpoint in both(adapter) {
            let pin = open(adapter, &endpoint);
            pin.allocate_with_notification(4 * BYTES_A_MS, 2).expect("a buffer");
            let mut random = Random(0x5EED_0022);
            go(&pin, KsState::Run);
            let mut signalled = 0;
            for _ in 0..300 {
                let event = ClientEvent::new(nt::kernel());
                assert_eq!(pin.register_event(&event), SUCCESS);
                sleep_us(random.below(15_000));
                assert_eq!(pin.unregister_event(&event), SUCCESS);
                let seen = event.count();
                sleep_us(random.below(15_000));
                assert_eq!(event.count(), seen);
                signalled += seen;
            }
            assert!(signalled > 300, "{signalled} signals");
            go(&pin, KsState::Stop);
        }
    });
}

/// What a thread asks of a stream, over and over, until it is told to end. Answers must make sense whenever they come.
fn ask(pin: &Pin, capture: bool, bytes: u64, mut random: Random, done: &Cell<bool>) -> u64 {
    let mut asked = 0;
    while !done.get() {
        let position = if random.below(2) == 0 { pin.position() } else { pin.position_at_dispatch() };
        let position = position.expect("a position");
        assert!(position.play_offset < bytes && position.write_offset < bytes);
        if capture {
            let packet = pin.read_packet();
            // Below PAUSE there is nothing to be read.
            assert!(matches!(packet, Ok(_) | Err(DEVICE_NOT_READY | INVALID_DEVICE_STATE)), "{packet:?}");
        } else {
            let count = pin.packet_count().expect("a count");
            let written = pin.set_write_packet(count + random.below(3) as u32, 0, 0);
            assert!([SUCCESS, DATA_LATE_ERROR, DATA_OVERRUN].contains(&written), "{written:#x}");
            pin.presentation_position().expect("a position");
        }
        asked += 1;
        sleep_us(random.below(900));
    }
    asked
}

/// Row 44: everything that is asked of a running stream may be asked beside SetState.
#[test]
fn every_call_of_a_stream_beside_set_state() {
    on_each_device(|adapter| {
        for endpoint in both(adapter) {
            let pin = Rc::new(open(adapter, &endpoint));
            let buffer = pin.allocate_with_notification(10 * BYTES_A_MS, 2).expect("a buffer");
            let (done, asked) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
            let threads: Vec<ThreadRef> = (0..3)
                .map(|number| {
                    let (pin, done, asked) = (pin.clone(), done.clone(), asked.clone());
                    let (capture, bytes) = (endpoint.capture, buffer.len() as u64);
                    let random = Random(0x5EED_0044 + number);
                    spawn(move || asked.set(asked.get() + ask(&pin, capture, bytes, random, &done)))
                })
                .collect();
            let mut random = Random(0x5EED_0440);
            let states = [KsState::Stop, KsState::Acquire, KsState::Pause, KsState::Run, KsState::Run];
            for _ in 0..200 {
                go(&pin, states[random.below(5) as usize]);
                sleep_us(random.below(6_000));
            }
            go(&pin, KsState::Stop);
            done.set(true);
            threads.iter().for_each(|thread| nt::kernel().join(thread));
            assert!(asked.get() > 1_000, "{} rounds", asked.get());
            assert_eq!(pin.position().expect("a position").play_offset, 0);
        }
    });
}

/// Row 56: a client closes its stream while the device is torn out, at different times. Both come to their end, and what
/// either does is done once.
#[test]
fn a_close_beside_a_surprise_removal() {
    for device in ["virtio-snd", "ac97"] {
        for after in [0, 1, 40, 150, 600, 2_500] {
            on(&["--device", device], move |adapter| {
                let threads: Vec<ThreadRef> = both(adapter)
                    .iter()
                    .map(|endpoint| {
                        let pin = open(adapter, endpoint);
                        pin.allocate_with_notification(20 * BYTES_A_MS, 2).expect("a buffer");
                        go(&pin, KsState::Run);
                        sleep_us(31_000);
                        spawn(move || {
                            sleep_us(300);
                            pin.close();
                        })
                    })
                    .collect();
                sleep_us(after);
                assert!(adapter.surprise_remove() >= 0);
                threads.iter().for_each(|thread| nt::kernel().join(thread));
            });
        }
    }
}
