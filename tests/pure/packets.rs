//! Packets: what a client may write when, what it reads, and the times that it is told.

#[path = "../../src/wave/packets.rs"]
mod packets;

use packets::{Moment, Read, Ready, Written, completed, presented, time_before};
use portcls::Status;
use portcls::raw::KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM as LAST;
use proptest::prelude::*;

/// Bytes of a packet, and of a frame.
const SIZE: (u32, u32) = (1920, 4);
const PACKET: u64 = 1920;

type Answer = Result<(), Status>;
const OK: Answer = Ok(());
const LATE: Answer = Err(Status::DATA_LATE_ERROR);
const OVERRUN: Answer = Err(Status::DATA_OVERRUN);
const STATE: Answer = Err(Status::INVALID_DEVICE_STATE);
const PARAMETER: Answer = Err(Status::INVALID_PARAMETER);

const fn at(running: bool, done: u64, owned: u64) -> Moment {
    Moment { running, done, owned }
}

/// In STOP or PAUSE, before anything was played.
const START: Moment = at(false, 0, 0);
/// Halfway through packet `packet`, on a device that fetches 64 bytes ahead.
const fn playing(packet: u64) -> Moment {
    at(true, packet * PACKET, packet * PACKET + PACKET / 2 + 64)
}
/// At the start of packet `packet`, on a device that was handed all of it.
const fn holding(packet: u64) -> Moment {
    at(true, packet * PACKET, (packet + 1) * PACKET)
}
/// In PAUSE, halfway through packet `packet`.
const fn paused(packet: u64) -> Moment {
    at(false, packet * PACKET, packet * PACKET + PACKET / 2)
}

/// One after the other, by one client: when, which packet, flags, length of the last packet, answer.
type Course = &'static [(Moment, u32, u32, u32, Answer)];

const COURSES: &[(&str, Course)] = &[
    ("before RUN the first packet is due", &[(START, 0, 0, 0, OK)]),
    ("before RUN the second one is too far", &[(START, 1, 0, 0, OVERRUN), (START, 2, 0, 0, OVERRUN)]),
    ("once the first one is there, the second one fits", &[(START, 0, 0, 0, OK), (START, 1, 0, 0, OK)]),
    ("and the third one does not", &[(START, 0, 0, 0, OK), (START, 1, 0, 0, OK), (START, 2, 0, 0, OVERRUN)]),
    ("before RUN a packet may be written again", &[(START, 0, 0, 0, OK), (START, 0, 0, 0, OK)]),
    ("a packet from before the start is late", &[(START, u32::MAX, 0, 0, LATE)]),
    ("in RUN the next packet is due", &[(START, 0, 0, 0, OK), (playing(0), 1, 0, 0, OK)]),
    ("in RUN the packet that plays is late", &[(playing(5), 5, 0, 0, LATE), (holding(5), 5, 0, 0, LATE)]),
    ("in RUN a packet that is done is late", &[(playing(5), 4, 0, 0, LATE), (playing(5), 0, 0, 0, LATE)]),
    (
        "in RUN the one after the next is too far",
        &[(playing(5), 7, 0, 0, OVERRUN), (holding(5), 7, 0, 0, OVERRUN)],
    ),
    (
        "far too far",
        &[(playing(5), 5 + (1 << 31) - 1, 0, 0, OVERRUN), (playing(5), 5 + (1 << 31), 0, 0, LATE)],
    ),
    ("numbers may be left out", &[(playing(5), 6, 0, 0, OK), (playing(8), 9, 0, 0, OK)]),
    ("a device that has some of a packet makes it late", &[(at(true, 0, PACKET + 4), 1, 0, 0, LATE)]),
    ("a device that has nothing of a packet does not", &[(at(true, 5 * PACKET, 5 * PACKET), 5, 0, 0, OK)]),
    ("nor one that has all up to it", &[(at(true, 5 * PACKET, 6 * PACKET), 6, 0, 0, OK)]),
    ("after a pause in the middle the packet may come again", &[(paused(3), 3, 0, 0, OK)]),
    (
        "and the next one as well, as the middle one is there",
        &[(paused(3), 4, 0, 0, OK), (paused(3), 5, 0, 0, OVERRUN)],
    ),
    (
        "flags that nobody knows",
        &[(START, 0, 1, 0, PARAMETER), (START, 0, LAST | 1, 0, PARAMETER), (START, 0, 0, 0, OK)],
    ),
    ("a length counts for the last packet only", &[(START, 0, 0, u32::MAX, OK)]),
    ("the last packet may be empty", &[(START, 0, LAST, 0, OK)]),
    ("or full", &[(START, 0, LAST, 1920, OK)]),
    ("but not longer", &[(START, 0, LAST, 1924, PARAMETER), (START, 0, LAST, u32::MAX, PARAMETER)]),
    ("nor break off in a frame", &[(START, 0, LAST, 2, PARAMETER), (START, 0, LAST, 4, OK)]),
    (
        "nothing comes after the end",
        &[(START, 0, LAST, 960, OK), (START, 1, 0, 0, STATE), (playing(0), 1, LAST, 0, STATE)],
    ),
    ("a late end is none", &[(playing(5), 4, LAST, 0, LATE), (playing(5), 6, LAST, 0, OK)]),
];

/// Rows 24, 25, 26 and 27.
#[test]
fn what_may_be_written_when() {
    for (name, course) in COURSES {
        let mut written = Written::NONE;
        for (step, (now, number, flags, last, answer)) in course.iter().enumerate() {
            let before = written;
            assert_eq!(written.take(SIZE, *now, *number, *flags, *last), *answer, "{name}, step {step}");
            assert!(answer.is_ok() || written == before, "{name}, step {step}: a refusal changes nothing");
        }
    }
}

#[test]
fn what_was_handed_over_ends_where_the_packet_does() {
    let mut written = Written::NONE;
    assert_eq!(written.limit(), None);
    written.take(SIZE, START, 0, 0, 0).unwrap();
    assert_eq!(written.limit(), Some((PACKET, false)));
    written.take(SIZE, playing(0), 1, 0, 7).unwrap();
    assert_eq!(written.limit(), Some((2 * PACKET, false)));
    written.take(SIZE, playing(1), 2, LAST, 40).unwrap();
    assert_eq!(written.limit(), Some((2 * PACKET + 40, true)));
}

/// Row 27: flags and length of the last packet.
#[test]
fn a_first_packet_that_is_the_last_and_empty_is_a_packet() {
    let mut written = Written::NONE;
    written.take(SIZE, START, 0, LAST, 0).unwrap();
    assert_eq!(written.limit(), Some((0, true)));
}

/// Row 30: packet count.
#[test]
fn numbers_wrap() {
    let count = (1_u64 << 32) + 2;
    assert_eq!(completed(count * PACKET + 1, SIZE.0) as u32, 2);
    let mut written = Written::NONE;
    for number in (1_u64 << 32) - 3..count {
        let now = playing(number);
        assert_eq!(written.take(SIZE, now, number as u32, 0, 0), LATE, "{number}");
        assert_eq!(written.take(SIZE, now, (number + 2) as u32, 0, 0), OVERRUN, "{number}");
        assert_eq!(written.take(SIZE, now, (number + 1) as u32, 0, 0), OK, "{number}");
        assert_eq!(written.limit(), Some(((number + 2) * PACKET, false)));
    }
    let mut read = Read::NONE;
    let ready = read.take(SIZE.0, count * PACKET).unwrap();
    assert_eq!((ready.packet, ready.packet as u32), (count - 1, 1));
}

/// Row 31: GetReadPacket.
#[test]
fn packets_are_read_once_each() {
    let mut read = Read::NONE;
    for done in [0, 1, PACKET - 1] {
        assert_eq!(read.take(SIZE.0, done), Err(Status::DEVICE_NOT_READY));
    }
    for packet in 0..5 {
        let done = (packet + 1) * PACKET;
        assert_eq!(read.take(SIZE.0, done), Ok(Ready { packet, more: false }));
        assert_eq!(read.take(SIZE.0, done + PACKET - 1), Err(Status::DEVICE_NOT_READY));
    }
}

/// Row 32: overflow of capture.
#[test]
fn the_oldest_packets_are_lost_first() {
    let mut read = Read::NONE;
    read.take(SIZE.0, PACKET).unwrap();
    // Packets 1 to 4 were recorded over, one after the other; 5 is whole, 6 is being recorded.
    assert_eq!(read.take(SIZE.0, 6 * PACKET + 8), Ok(Ready { packet: 5, more: false }));
    assert_eq!(read.take(SIZE.0, 6 * PACKET + 8), Err(Status::DEVICE_NOT_READY));
    assert_eq!(read.take(SIZE.0, 7 * PACKET), Ok(Ready { packet: 6, more: false }));
}

proptest! {
    /// A device that plays from a buffer of two packets, and a client that writes whatever it is allowed to, at any
    /// moment: nothing that the device has, or has yet to play of the packet before, is written over.
    #[test]
    fn no_byte_that_the_device_has_may_be_written(
        moves in proptest::collection::vec((0_u64..2000, 0_u64..3, any::<bool>(), 0_u32..4), 1..200)
    ) {
        let (mut written, mut clock, mut owned) = (Written::NONE, 0_u64, 0_u64);
        for (further, ahead, running, off) in moves {
            if running {
                clock += further & !3;
            }
            // The device has taken up to two packets beyond where it is, but never more than fit the buffer.
            owned = owned.max(clock + [0, 64, PACKET][ahead as usize]).min(clock + 2 * PACKET);
            let now = Moment { running, done: clock, owned };
            let number = (completed(clock, SIZE.0) as u32).wrapping_add(off).wrapping_sub(1);
            if running && written.take(SIZE, now, number, 0, 0).is_ok() {
                let start = u64::from(number) * PACKET;
                prop_assert!(start >= owned, "the device has some of it");
                prop_assert!(start + PACKET <= (clock / PACKET) * PACKET + 2 * PACKET, "there is room for it");
            }
        }
    }

    /// Row 31: GetReadPacket.
    #[test]
    fn packets_are_read_in_order_and_only_whole_ones(steps in proptest::collection::vec((0_u64..4000, any::<bool>()), 1..200)) {
        let (mut read, mut done, mut last) = (Read::NONE, 0_u64, None);
        for (further, asks) in steps {
            done += further;
            if !asks {
                continue;
            }
            match read.take(SIZE.0, done) {
                Ok(ready) => {
                    prop_assert!(last.is_none_or(|last| ready.packet > last));
                    prop_assert!((ready.packet + 1) * PACKET <= done, "it is complete");
                    prop_assert!(done < (ready.packet + 2) * PACKET, "nothing is recorded over it");
                    prop_assert!(!ready.more || read.take(SIZE.0, done).is_ok());
                    last = Some(ready.packet);
                }
                Err(status) => {
                    prop_assert_eq!(status, Status::DEVICE_NOT_READY);
                    prop_assert!(last.map_or(done < PACKET, |last| done < (last + 2) * PACKET), "there was none");
                }
            }
        }
    }

    /// Row 34: presentation position.
    #[test]
    fn what_is_heard_lags_by_the_delay(clock in 0_u64..1 << 40, rate in 5_512_u32..=384_000, delay in 0_u32..1_000_000) {
        let frames = (u128::from(delay) * u128::from(rate) / 10_000_000) as u64;
        prop_assert_eq!(presented(clock, rate, delay), clock.saturating_sub(frames));
        prop_assert!(presented(clock + 1, rate, delay) >= presented(clock, rate, delay));
    }

    /// Row 33: time of a capture packet.
    #[test]
    fn times_follow_the_pace(now in any::<u64>(), bytes in 0_u64..1 << 32, pace in 1_u64..40_000_000, frequency in 1_u64..1 << 34) {
        let ticks = u128::from(bytes) * u128::from(frequency) / u128::from(pace);
        prop_assert_eq!(u128::from(time_before(now, bytes, pace, frequency)), u128::from(now).saturating_sub(ticks));
    }
}

#[test]
fn nothing_divides_by_zero() {
    assert_eq!(completed(5, 0), 0);
    assert_eq!(time_before(9, 5, 0, 1), 9);
    let mut written = Written::NONE;
    assert_eq!(written.take((0, 0), START, 0, LAST, 0), PARAMETER);
}
