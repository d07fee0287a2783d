//! A sleep under several streams at once, in both directions: row 48.

use portcls::raw::PowerSystemSleeping3;
use waverust_rig::nt::{self, ClientEvent};
use waverust_rig::portcls::{Adapter, KsState, Pin};

use crate::{SUCCESS, go, on, sleep, usual};

/// Bytes of two periods of 10 ms.
const BYTES: u32 = 3_840;

/// A stream of each endpoint that can have one beside the others, with an event a period.
fn streams(adapter: &Adapter) -> Vec<(Pin, ClientEvent)> {
    let opened = adapter.endpoints().into_iter().filter_map(|endpoint| {
        // The inputs of a codec take turns.
        let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual()).ok()?;
        pin.allocate_with_notification(BYTES, 2).expect("a buffer");
        let event = ClientEvent::new(nt::kernel());
        assert_eq!(pin.register_event(&event), SUCCESS);
        Some((pin, event))
    });
    opened.collect()
}

/// Positions, and how often each event was signalled.
fn stand(streams: &[(Pin, ClientEvent)]) -> Vec<(u64, u64)> {
    let of =
        |(pin, event): &(Pin, ClientEvent)| (pin.position().expect("a position").play_offset, event.count());
    streams.iter().map(of).collect()
}

/// Row 48: all that run stand still while the system sleeps, and go on when it wakes; the one that pauses does not.
#[test]
fn several_streams_go_on_after_a_sleep() {
    for machine in [&["--device", "ac97"][..], &["--device", "virtio-snd", "--streams", "3"]] {
        on(machine, |adapter| {
            let streams = streams(adapter);
            let [running @ .., (paused, _)] = &streams[..] else { panic!("no stream") };
            assert!(!running.is_empty());
            running.iter().for_each(|(pin, _)| go(pin, KsState::Run));
            go(paused, KsState::Run);
            sleep(33);
            go(paused, KsState::Pause);
            for _ in 0..2 {
                assert!(adapter.sleep(PowerSystemSleeping3) >= 0);
                let before = stand(&streams);
                sleep(100);
                assert_eq!(stand(&streams), before, "in D3");
                assert!(adapter.wake() >= 0);
                sleep(103);
                let after = stand(&streams);
                assert_eq!(after.last(), before.last(), "in PAUSE");
                for ((_, before), (_, after)) in before.iter().zip(&after).take(running.len()) {
                    // Ten periods, of which the device may not have begun or finished one.
                    assert!((8..=11).contains(&(after - before)), "{before} and then {after}");
                }
            }
            go(paused, KsState::Run);
            let (_, before) = stand(&streams).pop().expect("a stream");
            sleep(103);
            let (_, after) = stand(&streams).pop().expect("a stream");
            assert!((8..=11).contains(&(after - before)), "{before} and then {after}");
            for (pin, event) in &streams {
                go(pin, KsState::Stop);
                assert_eq!(pin.unregister_event(event), SUCCESS);
            }
        });
    }
}
