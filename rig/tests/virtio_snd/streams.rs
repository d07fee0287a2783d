//! Requests, the states of a stream, messages, events.

use waverust_rig::pci::virtio_snd::ChannelMap;
use waverust_rig::pci::virtio_snd::Control;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::Reading;
use waverust_rig::pci::virtio_snd::State;
use waverust_rig::pci::virtio_snd::What;
use waverust_rig::pci::virtio_snd::source;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;
use crate::guest::noise;

const ALL: u64 = u64::MAX;
/// 10 ms of 48 kHz, S16, two channels.
const PERIOD: u32 = 1920;

/// Row 12: no DMA before RUN.
#[test]
fn each_command_in_each_state_does_what_the_specification_says() {
    use State::Fresh;
    use State::Prepared;
    use State::Released;
    use State::Running;
    use State::Set;
    use State::Stopped;
    // In the order SET_PARAMS, PREPARE, RELEASE, START, STOP.
    type Row<'a> = (State, &'a [u32], [Option<State>; 5]);
    let table: [Row<'_>; 6] = [
        (Fresh, &[], [Some(Set), None, None, None, None]),
        (Set, &[0x101], [Some(Set), Some(Prepared), None, None, None]),
        (Prepared, &[0x101, 0x102], [Some(Set), Some(Prepared), Some(Released), Some(Running), None]),
        (Running, &[0x101, 0x102, 0x104], [None, None, None, None, Some(Stopped)]),
        (Stopped, &[0x101, 0x102, 0x104, 0x105], [None, None, Some(Released), Some(Running), None]),
        (Released, &[0x101, 0x102, 0x103], [Some(Set), Some(Prepared), None, None, None]),
    ];
    for (state, way, after) in table {
        for (code, expected) in (0x101..).zip(after) {
            let mut guest = Guest::ready(Options::default(), ALL);
            let mut command = |code| match code {
                wire::R_PCM_SET_PARAMS => guest.params(0, 2 * PERIOD, PERIOD),
                _ => guest.command(&[code, 0]),
            };
            assert!(way.iter().all(|code| command(*code) == wire::S_OK));
            let status = command(code);
            let name = wire::request_name(code);
            assert_eq!(status == wire::S_OK, expected.is_some(), "{name} in {}", state.name());
            assert_eq!(guest.handle.stream(0).expect("a stream").0, expected.unwrap_or(state));
            assert_eq!(guest.handle.refused().len(), usize::from(expected.is_none()));
        }
    }
}

#[test]
fn parameters_that_were_not_offered_are_refused() {
    let format = |channels: u32, format: u32, rate: u32| channels | format << 8 | rate << 16;
    let cases = [
        ([3840, 1920, 0, format(2, 5, 7)], wire::S_OK),
        ([3840, 1920, 0, format(9, 5, 7)], wire::S_NOT_SUPP),
        ([3840, 1920, 0, format(0, 5, 7)], wire::S_NOT_SUPP),
        ([3840, 1920, 0, format(2, 6, 7)], wire::S_NOT_SUPP),
        ([3840, 1920, 0, format(2, 200, 7)], wire::S_NOT_SUPP),
        ([3840, 1920, 0, format(2, 5, 14)], wire::S_NOT_SUPP),
        ([3840, 1920, 1, format(2, 5, 7)], wire::S_NOT_SUPP),
        ([3840, 1919, 0, format(2, 5, 7)], wire::S_BAD_MSG),
        ([3840, 0, 0, format(2, 5, 7)], wire::S_BAD_MSG),
        ([3844, 1920, 0, format(2, 5, 7)], wire::S_BAD_MSG),
        ([3840, 1920, 0, format(2, 5, 7) | 1 << 24], wire::S_BAD_MSG),
    ];
    for ([buffer, period, features, format], status) in cases {
        let mut guest = Guest::ready(Options::default(), ALL);
        let words = [wire::R_PCM_SET_PARAMS, 0, buffer, period, features, format];
        assert_eq!(guest.command(&words), status, "{words:x?}");
        assert_eq!(guest.handle.complaints().is_empty(), status == wire::S_OK);
    }
}

#[test]
fn a_malformed_request_is_answered_as_such() {
    for (words, room, status) in [
        (&[wire::R_PCM_START][..], 4, wire::S_BAD_MSG),
        (&[wire::R_PCM_START, 2], 4, wire::S_BAD_MSG),
        (&[wire::R_PCM_INFO, 1, 2, 32], 68, wire::S_BAD_MSG),
        (&[wire::R_PCM_INFO, 0, 2, 32], 67, wire::S_BAD_MSG),
        (&[0x777, 0], 4, wire::S_NOT_SUPP),
        (&[wire::R_CTL_READ, 0], 516, wire::S_NOT_SUPP),
    ] {
        let mut guest = Guest::ready(Options::default(), ALL);
        let reply = guest.request(words, room).expect("an answer");
        assert_eq!(reply[..4], status.to_le_bytes(), "{words:x?}");
        assert_eq!(guest.handle.complaints().len(), 1);
    }
}

#[test]
fn sound_comes_out_as_it_went_in() {
    for reading in [Reading::AsItPlays, Reading::AtSubmission] {
        let mut guest = Guest::ready(Options { reading, ..Options::default() }, ALL);
        guest.prepare(0, 4 * PERIOD, PERIOD);
        let sound = noise(4 * PERIOD as usize, 3);
        let places: Vec<(u64, u64)> = sound.chunks(PERIOD as usize).map(|part| guest.play(0, part)).collect();
        guest.kick(wire::QUEUE_TX);
        assert_eq!(guest.command(&[wire::R_PCM_START, 0]), wire::S_OK);
        guest.advance(40_000);
        assert_eq!(guest.handle.heard(0), sound);
        assert_eq!(guest.used(wire::QUEUE_TX).iter().map(|used| used.1).collect::<Vec<u32>>(), [8; 4]);
        assert!(places.iter().all(|(_, status)| guest.words(*status) == [wire::S_OK, 0]));
        guest.is_content();
    }
}

#[test]
fn a_byte_that_changes_too_late_is_heard_or_not_and_always_counted() {
    for (reading, heard) in [(Reading::AsItPlays, 9), (Reading::AtSubmission, 7)] {
        let mut guest = Guest::ready(Options { reading, ..Options::default() }, ALL);
        guest.prepare(0, 2 * PERIOD, PERIOD);
        let (data, _) = guest.play(0, &[7; PERIOD as usize]);
        guest.kick(wire::QUEUE_TX);
        guest.ram.write(data + 100, &[9]);
        guest.command(&[wire::R_PCM_START, 0]);
        guest.advance(10_000);
        assert_eq!(guest.handle.heard(0)[100], heard);
        assert_eq!(guest.handle.truth(0).expect("a stream").changed, 1);
    }
}

#[test]
fn what_is_recorded_is_what_there_was_to_hear() {
    let mut guest = Guest::ready(Options::default(), ALL);
    guest.prepare(1, 2 * PERIOD, PERIOD);
    let places = [guest.record(1, PERIOD), guest.record(1, PERIOD)];
    guest.kick(wire::QUEUE_RX);
    guest.command(&[wire::R_PCM_START, 1]);
    guest.advance(20_000);
    assert_eq!(guest.used(wire::QUEUE_RX).iter().map(|used| used.1).collect::<Vec<u32>>(), [PERIOD + 8; 2]);
    let mut heard = vec![0; PERIOD as usize];
    guest.ram.read(places[1], &mut heard);
    let expected: Vec<u8> = (1920..3840).map(|at| source::sample(1, at)).collect();
    assert_eq!(heard, expected);
    assert_eq!(guest.words(places[1] + u64::from(PERIOD)), [wire::S_OK, 0]);
    guest.is_content();
}

#[test]
fn release_gives_everything_back_before_it_answers() {
    let mut guest = Guest::ready(Options::default(), ALL);
    guest.prepare(0, 4 * PERIOD, PERIOD);
    guest.prepare(1, 4 * PERIOD, PERIOD);
    let sent: Vec<(u64, u64)> = (0..3).map(|_| guest.play(0, &[1; PERIOD as usize])).collect();
    let room = guest.record(1, PERIOD);
    guest.kick(wire::QUEUE_TX);
    guest.kick(wire::QUEUE_RX);
    for stream in 0..2 {
        guest.command(&[wire::R_PCM_START, stream]);
    }
    guest.advance(10_000);
    guest.record(1, PERIOD);
    guest.kick(wire::QUEUE_RX);
    for stream in 0..2 {
        guest.command(&[wire::R_PCM_STOP, stream]);
    }
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 1, "STOP gives nothing back");
    assert_eq!(guest.used(wire::QUEUE_RX), [(0, PERIOD + 8)]);
    assert_eq!(guest.words(room + u64::from(PERIOD)), [wire::S_OK, 0]);
    for stream in 0..2 {
        assert_eq!(guest.command(&[wire::R_PCM_RELEASE, stream]), wire::S_OK);
    }
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 2);
    assert_eq!(guest.words(sent[2].1), [wire::S_OK, PERIOD], "the bytes that were not played");
    assert_eq!(guest.used(wire::QUEUE_RX).iter().map(|used| used.1).collect::<Vec<u32>>(), [8]);
    guest.is_content();
}

#[test]
fn a_message_that_no_stream_can_take_comes_back_at_once() {
    let mut guest = Guest::ready(Options::default(), ALL);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    for (stream, bytes) in [(7, 1920), (1, 1920), (0, 1922), (0, 2000)] {
        let (_, status) = guest.play(stream, &vec![1; bytes]);
        guest.kick(wire::QUEUE_TX);
        assert_eq!(guest.used(wire::QUEUE_TX).len(), 1, "stream {stream}, {bytes} bytes");
        assert_eq!(guest.words(status)[0], wire::S_BAD_MSG);
    }
    assert_eq!(guest.handle.complaints().len(), 4);
    guest.play(0, &[1; 960]);
    guest.kick(wire::QUEUE_TX);
    assert_eq!(guest.used(wire::QUEUE_TX), [], "a sound may end within a period");
    guest.prepare(1, 2 * PERIOD, PERIOD);
    guest.record(1, PERIOD - 4);
    guest.kick(wire::QUEUE_RX);
    assert_eq!(guest.used(wire::QUEUE_RX).len(), 1, "room must be a period");
    assert_eq!(guest.handle.complaints().len(), 5);
}

#[test]
fn an_underrun_is_silence_and_one_event() {
    let mut guest = Guest::ready(Options::default(), ALL);
    let format = 2 | u32::from(wire::FMT_S16) << 8 | 7 << 16;
    let params = [wire::R_PCM_SET_PARAMS, 0, 3840, 1920, wire::PCM_F_EVT_XRUNS, format];
    assert_eq!(guest.command(&params), wire::S_OK);
    assert_eq!(guest.command(&[wire::R_PCM_PREPARE, 0]), wire::S_OK);
    let event = guest.allocate(8);
    guest.add(wire::QUEUE_EVENT, &[(event, 8, true)]);
    guest.kick(wire::QUEUE_EVENT);
    guest.play(0, &[5; 960]);
    guest.kick(wire::QUEUE_TX);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(20_000);
    let heard = guest.handle.heard(0);
    assert_eq!((heard.len(), heard.iter().filter(|byte| **byte == 5).count()), (3840, 960));
    let truth = guest.handle.truth(0).expect("a stream");
    assert_eq!((truth.xruns, truth.missing, truth.clock), (1, 720, 960));
    assert_eq!(guest.words(event), [wire::EVT_PCM_XRUN, 0]);
    guest.is_content();
}

#[test]
fn events_wait_for_buffers() {
    let options = Options { jacks: vec![true], controls: vec![Control::volume()], ..Options::default() };
    let mut guest = Guest::ready(options, ALL);
    guest.handle.happen(What::Jack { jack: 0, connected: false });
    guest.handle.happen(What::Turn { control: 0, value: 40 });
    let buffers = [guest.allocate(8), guest.allocate(8)];
    for buffer in buffers {
        guest.add(wire::QUEUE_EVENT, &[(buffer, 8, true)]);
    }
    guest.kick(wire::QUEUE_EVENT);
    assert_eq!(buffers.map(|buffer| guest.words(buffer)), [[0x1001, 0], [0x1200, 1 << 16]]);
    let reply = guest.request(&[wire::R_CTL_READ, 0], 516).expect("an answer");
    assert_eq!(reply[4..], [40, 0, 0, 0, 40, 0, 0, 0]);
    assert_eq!(guest.command(&[wire::R_CTL_WRITE, 0, 10, 20]), wire::S_OK);
    assert_eq!(guest.handle.control(0), [10, 20]);
    guest.is_content();
    assert_eq!(guest.command(&[wire::R_CTL_WRITE, 0, 10, 101]), wire::S_BAD_MSG);
}

#[test]
fn channel_maps_and_elements_are_told() {
    let map = ChannelMap { is_output: true, positions: vec![3, 4, 7, 8, 5, 6] };
    let options = Options { channel_maps: vec![map], controls: vec![Control::mute()], ..Options::default() };
    let mut guest = Guest::ready(options, ALL);
    assert_eq!([2, 3].map(|word| guest.configuration(word)), [1, 1]);
    let reply = guest.request(&[wire::R_CHMAP_INFO, 0, 1, 24], 28).expect("an answer");
    assert_eq!(reply[8..16], [0, 6, 3, 4, 7, 8, 5, 6]);
    let reply = guest.request(&[wire::R_CTL_INFO, 0, 1, 92], 96).expect("an answer");
    assert_eq!((reply[8], reply[12]), (4, 0), "a mute switch of the output");
    assert!(reply[28..].starts_with(b"Master Playback Switch\0"));
    guest.is_content();
}

#[test]
fn an_event_buffer_is_only_written() {
    let mut guest = Guest::ready(Options::default(), ALL);
    let buffer = guest.allocate(8);
    guest.add(wire::QUEUE_EVENT, &[(buffer, 8, false)]);
    guest.kick(wire::QUEUE_EVENT);
    guest.complains("8 readable and 0 writable");
    assert!(!guest.handle.is_live());
}
