//! A stream through its states: rows 1, 2, 6, 13 to 18, 21 and 23.

use portcls::raw::{IMiniportWaveRTInputStream, IMiniportWaveRTOutputStream, IMiniportWaveRTStream, IPort};
use waverust_rig::client::format::Shape;
use waverust_rig::nt::{self, ClientEvent};
use waverust_rig::portcls::{Endpoint, KsState, Pin};

use crate::{
    INSUFFICIENT_RESOURCES, INVALID_PARAMETER, NOT_SUPPORTED, SUCCESS, format, go, on, on_each_device, open,
    sleep, usual,
};

/// Bytes of a millisecond in the usual format.
const BYTES_A_MS: u32 = 192;

fn play_offset(pin: &Pin) -> u64 {
    pin.position().expect("a position").play_offset
}

/// Row 1: each direction has its own packet interface, and not the other's; nor one of a port's.
#[test]
fn each_direction_has_its_packets_and_not_the_others() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            assert!(pin.has_notification() && pin.has_packets());
            assert!(pin.answers::<IMiniportWaveRTStream>() && !pin.answers::<IPort>());
            let packets =
                (pin.answers::<IMiniportWaveRTInputStream>(), pin.answers::<IMiniportWaveRTOutputStream>());
            assert_eq!(packets, (endpoint.capture, !endpoint.capture));
            if endpoint.capture {
                assert_eq!(pin.packet_count(), Err(NOT_SUPPORTED));
                assert_eq!(pin.set_write_packet(0, 0, 0), NOT_SUPPORTED);
            } else {
                assert_eq!(pin.read_packet(), Err(NOT_SUPPORTED));
            }
        }
    });
}

/// Row 2: a new stream is in STOP, at zero.
#[test]
fn a_new_stream_stands_at_zero() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            pin.allocate_with_notification(20 * BYTES_A_MS, 2).expect("a buffer");
            assert_eq!(pin.state(), KsState::Stop);
            assert_eq!(play_offset(&pin), 0);
            if !endpoint.capture {
                assert_eq!(pin.packet_count(), Ok(0));
                assert_eq!(pin.presentation_position().expect("a position").0, 0);
            }
        }
    });
}

/// Row 6: a pin takes one stream; the next one is taken once that is closed.
#[test]
fn a_pin_takes_one_stream_at_a_time() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let again = |endpoint: &Endpoint| Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual());
            let pin = open(adapter, &endpoint);
            assert!(again(&endpoint).is_err());
            pin.close();
            assert!(again(&endpoint).is_ok());
        }
    });
}

/// Row 6: the codec has one ADC, so that one of its inputs is recorded at a time, beside what is played.
#[test]
fn the_inputs_of_the_codec_take_turns() {
    on(&["--device", "ac97"], |adapter| {
        let inputs = adapter.capture_endpoints();
        let [line, microphone] = &inputs[..] else { panic!("{} inputs", inputs.len()) };
        for (first, second) in [(line, microphone), (microphone, line)] {
            let another = || Pin::open(adapter, &second.wave, second.wave_pin, &usual());
            let pin = open(adapter, first);
            assert_eq!(another().err(), Some(INSUFFICIENT_RESOURCES));
            open(adapter, &adapter.render_endpoint().expect("it plays")).close();
            pin.close();
            assert!(another().is_ok());
        }
    });
}

/// Row 13: neither device has a position or clock register that can be mapped.
#[test]
fn there_are_no_registers_to_be_mapped() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            assert_eq!((pin.position_register(), pin.clock_register()), (NOT_SUPPORTED, NOT_SUPPORTED));
        }
    });
}

/// Row 14: what the hardware holds is no more than a buffer, and what it adds no more than a second.
#[test]
fn the_latency_is_plausible() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            let bytes = 20 * BYTES_A_MS;
            pin.allocate_with_notification(bytes, 2).expect("a buffer");
            let latency = pin.hw_latency().expect("a latency");
            assert!(latency.fifo_size <= bytes, "{latency:?}");
            assert!(latency.chipset_delay.max(latency.codec_delay) < 10_000_000, "{latency:?}");
        }
    });
}

/// Rows 15 and 16: every way up and down, again and again; each STOP is a start from nothing.
#[test]
fn every_way_through_the_states_succeeds() {
    use KsState::{Acquire, Pause, Run, Stop};
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            pin.allocate(20 * BYTES_A_MS).expect("a buffer");
            let ways: [&[KsState]; 7] = [
                &[Run, Stop],
                &[Acquire, Stop],
                &[Pause, Stop],
                &[Pause, Run, Pause, Run, Pause, Acquire, Stop],
                &[Run, Pause, Stop],
                &[Run, Acquire, Run, Stop],
                &[Acquire, Acquire, Run, Run, Stop, Stop],
            ];
            for way in ways {
                for state in way {
                    go(&pin, *state);
                    if *state == Run {
                        sleep(7);
                    }
                }
                assert_eq!(play_offset(&pin), 0, "{way:?}");
            }
        }
    });
}

/// Row 16: packets and the end of the stream are forgotten as well.
#[test]
fn stop_forgets_packets_and_the_end() {
    const END_OF_STREAM: u32 = 0x200;
    on_each_device(|adapter| {
        let pin = open(adapter, &adapter.render_endpoint().expect("it plays"));
        pin.allocate_with_notification(20 * BYTES_A_MS, 2).expect("a buffer");
        for _ in 0..2 {
            assert_eq!(pin.packet_count(), Ok(0));
            assert_eq!(pin.set_write_packet(0, END_OF_STREAM, 0), SUCCESS);
            go(&pin, KsState::Run);
            sleep(50);
            assert!(pin.packet_count().expect("a count") > 1);
            go(&pin, KsState::Stop);
        }
    });
}

/// Row 17: in PAUSE the position is what it is, and RUN goes on from there.
#[test]
fn a_pause_stands_still_and_goes_on() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            let bytes = 1_000 * BYTES_A_MS;
            pin.allocate(bytes).expect("a buffer");
            go(&pin, KsState::Run);
            sleep(300);
            go(&pin, KsState::Pause);
            let at = play_offset(&pin);
            assert!(at > 0);
            sleep(1_000);
            assert_eq!(play_offset(&pin), at);
            go(&pin, KsState::Run);
            assert!(play_offset(&pin) >= at);
            sleep(100);
            let later = play_offset(&pin);
            // Half a second would be a jump.
            assert!(later > at && later - at < u64::from(500 * BYTES_A_MS), "{at} and then {later}");
            go(&pin, KsState::Stop);
        }
    });
}

/// Row 21: one or two signals a lap, as asked for, while the stream runs; none while it does not.
#[test]
fn events_come_as_often_as_asked_for_and_in_run_only() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for count in [1, 2] {
                let pin = open(adapter, &endpoint);
                let event = ClientEvent::new(nt::kernel());
                let bytes = 40 * BYTES_A_MS;
                let buffer = pin.allocate_with_notification(bytes, count).expect("a buffer");
                assert_eq!(buffer.len(), bytes as usize);
                assert_eq!(pin.register_event(&event), SUCCESS);
                go(&pin, KsState::Pause);
                sleep(200);
                assert_eq!(event.count(), 0);
                go(&pin, KsState::Run);
                sleep(400);
                go(&pin, KsState::Pause);
                let seen = event.count();
                // Ten laps, of which the device may not have begun or finished one.
                let (least, most) = (u64::from(9 * count - 1), u64::from(10 * count + 1));
                assert!((least..=most).contains(&seen), "{seen} signals with {count} a lap");
                sleep(200);
                assert_eq!(event.count(), seen);
                go(&pin, KsState::Stop);
                sleep(200);
                assert_eq!(event.count(), seen);
                assert_eq!(pin.unregister_event(&event), SUCCESS);
            }
        }
    });
}

/// Row 23: an event is there once, and one that is not there cannot be taken off.
#[test]
fn an_event_is_registered_once() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            pin.allocate_with_notification(20 * BYTES_A_MS, 2).expect("a buffer");
            let (event, other) = (ClientEvent::new(nt::kernel()), ClientEvent::new(nt::kernel()));
            assert!(pin.unregister_event(&other) < 0);
            assert_eq!(pin.register_event(&event), SUCCESS);
            assert!(pin.register_event(&event) < 0);
            assert!(pin.unregister_event(&other) < 0);
            assert_eq!(pin.unregister_event(&event), SUCCESS);
            assert!(pin.unregister_event(&event) < 0);
        }
    });
}

/// A pin that is not there, or leads to the other filter, is not opened.
#[test]
fn only_the_pin_for_clients_opens() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let bridge = 1 - endpoint.wave_pin;
            for pin in [bridge, 2, u32::MAX] {
                let opened = Pin::open(adapter, &endpoint.wave, pin, &usual());
                assert_eq!(opened.err(), Some(INVALID_PARAMETER));
            }
        }
    });
}

/// Row 18: the format of a running stream stays, and it runs on; of one that stands still it can be set, to one that it
/// could have been opened with.
#[test]
fn a_format_is_not_changed_under_a_running_stream() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = open(adapter, &endpoint);
            let other = format(44_100, Shape::Extensible);
            assert_eq!(pin.set_format(&format(44_101, Shape::Extensible)), INVALID_PARAMETER);
            assert_eq!(pin.set_format(&other), SUCCESS);
            assert_eq!(pin.set_format(&usual()), SUCCESS);
            pin.allocate_with_notification(40 * BYTES_A_MS, 2).expect("a buffer");
            // The buffer is cut for the format that it was asked for in.
            assert_eq!(pin.set_format(&other), NOT_SUPPORTED);
            assert_eq!(pin.set_format(&usual()), SUCCESS);
            let event = ClientEvent::new(nt::kernel());
            assert_eq!(pin.register_event(&event), SUCCESS);
            go(&pin, KsState::Run);
            sleep(200);
            let seen = event.count();
            for format in [&other, &usual()] {
                assert_eq!(pin.set_format(format), INVALID_PARAMETER);
            }
            assert_eq!(pin.state(), KsState::Run);
            sleep(200);
            // Ten periods of 20 ms, at the pace of the old format.
            assert!((9..=11).contains(&(event.count() - seen)), "{} after {seen}", event.count());
            go(&pin, KsState::Stop);
            assert_eq!(pin.unregister_event(&event), SUCCESS);
        }
    });
}
