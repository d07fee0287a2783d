//! Packets: rows 24 to 27, 30, 31 and 35, as a client comes across them. What is heard and how it is paced is in the
//! tests that play.

use waverust_rig::portcls::{KsState, Pin};

use crate::{
    DATA_LATE_ERROR, DATA_OVERRUN, DEVICE_NOT_READY, INVALID_DEVICE_STATE, INVALID_PARAMETER, NOT_SUPPORTED,
    SUCCESS, go, on_each_device, open, sleep,
};

/// `KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM`.
const END_OF_STREAM: u32 = 0x200;
/// Bytes of a packet of 20 ms.
const PACKET: u32 = 3_840;

fn buffer(pin: &Pin) {
    let buffer = pin.allocate_with_notification(2 * PACKET, 2).expect("a buffer");
    assert_eq!(buffer.len(), 2 * PACKET as usize);
}

/// Rows 24 and 25: before RUN packet 0 is due, then 1; what is done is late, what has no room is too early.
#[test]
fn packets_are_due_one_after_the_other() {
    on_each_device(|adapter| {
        let pin = open(adapter, &adapter.render_endpoint().expect("it plays"));
        buffer(&pin);
        go(&pin, KsState::Pause);
        assert_eq!(pin.set_write_packet(1, 0, 0), DATA_OVERRUN);
        assert_eq!(pin.set_write_packet(0, 0, 0), SUCCESS);
        assert_eq!(pin.set_write_packet(1, 0, 0), SUCCESS);
        assert_eq!(pin.set_write_packet(2, 0, 0), DATA_OVERRUN);
        go(&pin, KsState::Run);
        sleep(30);
        let count = pin.packet_count().expect("a count");
        assert!((1..=2).contains(&count), "{count}");
        assert_eq!(pin.set_write_packet(count - 1, 0, 0), DATA_LATE_ERROR);
        assert_eq!(pin.set_write_packet(count + 2, 0, 0), DATA_OVERRUN);
        assert_eq!(pin.set_write_packet(count + 1, 0, 0), SUCCESS);
        go(&pin, KsState::Stop);
        assert_eq!(pin.packet_count(), Ok(0));
    });
}

/// Rows 26 and 27: the last packet may be shorter, and there is none behind it.
#[test]
fn the_end_of_a_stream_is_the_end() {
    on_each_device(|adapter| {
        let pin = open(adapter, &adapter.render_endpoint().expect("it plays"));
        buffer(&pin);
        go(&pin, KsState::Pause);
        for flags in [1, END_OF_STREAM | 1, u32::MAX] {
            assert_eq!(pin.set_write_packet(0, flags, 0), INVALID_PARAMETER, "{flags:#x}");
        }
        for bytes in [PACKET + 1, PACKET + 4, u32::MAX] {
            assert_eq!(pin.set_write_packet(0, END_OF_STREAM, bytes), INVALID_PARAMETER, "{bytes}");
        }
        assert_eq!(pin.set_write_packet(0, END_OF_STREAM, 400), SUCCESS);
        assert_eq!(pin.set_write_packet(1, 0, 0), INVALID_DEVICE_STATE);
        go(&pin, KsState::Stop);
        go(&pin, KsState::Pause);
        assert_eq!(pin.set_write_packet(0, END_OF_STREAM, 0), SUCCESS);
        go(&pin, KsState::Stop);
    });
}

/// Row 31: nothing before there is something; then each packet once, in order, without flags.
#[test]
fn each_recorded_packet_is_read_once() {
    on_each_device(|adapter| {
        for endpoint in adapter.capture_endpoints() {
            let pin = open(adapter, &endpoint);
            buffer(&pin);
            go(&pin, KsState::Run);
            assert_eq!(pin.read_packet(), Err(DEVICE_NOT_READY));
            let mut next = 0;
            let mut before = 0;
            for _ in 0..10 {
                sleep(20);
                while let Ok(packet) = pin.read_packet() {
                    assert_eq!((packet.number, packet.flags), (next, 0));
                    assert!(packet.counter > before);
                    (next, before) = (next + 1, packet.counter);
                    if !packet.more {
                        assert_eq!(pin.read_packet(), Err(DEVICE_NOT_READY));
                    }
                }
            }
            assert!((8..=10).contains(&next), "{next} packets in 200 ms");
            go(&pin, KsState::Stop);
        }
    });
}

/// Row 35: packets are halves of a buffer with two notifications; without, there are none.
#[test]
fn without_two_notifications_there_are_no_packets() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for notifications in [None, Some(1)] {
                let pin = open(adapter, &endpoint);
                let buffer = match notifications {
                    None => pin.allocate(2 * PACKET),
                    Some(count) => pin.allocate_with_notification(2 * PACKET, count),
                };
                assert!(buffer.is_ok());
                go(&pin, KsState::Pause);
                if endpoint.capture {
                    assert_eq!(pin.read_packet(), Err(NOT_SUPPORTED));
                } else {
                    assert_eq!(pin.set_write_packet(0, 0, 0), NOT_SUPPORTED);
                    assert_eq!(pin.packet_count(), Err(NOT_SUPPORTED));
                }
                go(&pin, KsState::Stop);
            }
        }
    });
}
