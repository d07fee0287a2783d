//! Each fault of the script, and that it is one.

use waverust_rig::pci::Hardware;
use waverust_rig::pci::Width;
use waverust_rig::pci::virtio_snd::Fault;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::Reset;
use waverust_rig::pci::virtio_snd::What;
use waverust_rig::pci::virtio_snd::When;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;

const PERIOD: u32 = 1920;
const TX: u16 = wire::QUEUE_TX;

/// A running stream with eight periods, and something planned.
fn running(when: When, what: What) -> Guest {
    let options = Options { faults: vec![Fault { when, what }], ..Options::default() };
    let mut guest = Guest::ready(options, u64::MAX);
    guest.prepare(0, 8 * PERIOD, PERIOD);
    for _ in 0..8 {
        guest.play(0, &[1; PERIOD as usize]);
    }
    guest.kick(TX);
    guest.command(&[wire::R_PCM_START, 0]);
    guest
}

fn at(milliseconds: u64) -> When {
    When::At(milliseconds * 1_000_000)
}

const THIRD: When = When::Completion { queue: TX, nth: 3 };

#[test]
fn everything_completes_before_anyone_can_run() {
    let mut guest = running(at(15), What::Burst);
    guest.advance(14_999);
    assert_eq!(guest.used(TX).len(), 1);
    guest.advance(1);
    assert_eq!(guest.used(TX).len(), 7);
    assert_eq!(guest.handle.heard(0).len(), 8 * PERIOD as usize);
}

#[test]
fn a_device_gives_up() {
    let mut guest = running(at(15), What::NeedsReset);
    guest.advance(20_000);
    assert_eq!(guest.status(), 0xF | wire::NEEDS_RESET);
    assert!(guest.hardware.take_message(0));
    assert_eq!(guest.used(TX).len(), 1);
    assert_eq!(guest.request(&[wire::R_PCM_STOP, 0], 4), None);
    guest.start(u64::MAX);
    guest.prepare(0, 8 * PERIOD, PERIOD);
    guest.is_content();
}

#[test]
fn a_device_is_torn_out() {
    for when in [at(15), When::Access(400)] {
        let mut guest = running(when, What::Remove);
        guest.advance(15_000);
        while !matches!(when, When::At(_)) && guest.handle.counts().accesses < 400 {
            guest.status();
        }
        assert_eq!(guest.status(), 0xFF);
        assert_eq!(guest.hardware.read_config(0, Width::Dword).expect("all ones"), u32::MAX);
        guest.used(TX);
        guest.advance(50_000);
        assert_eq!(guest.used(TX), [], "no memory is touched any more");
        assert!(!guest.hardware.interrupt_line());
    }
}

#[test]
fn a_request_is_never_answered_or_late_or_refused() {
    let start = When::Request { code: Some(wire::R_PCM_START), nth: 1 };
    let options = |what| Options { faults: vec![Fault { when: start, what }], ..Options::default() };
    let mut guest = Guest::ready(options(What::NeverAnswer), u64::MAX);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    assert_eq!(guest.request(&[wire::R_PCM_START, 0], 4), None);
    guest.advance(10_000_000);
    assert_eq!((guest.used(0), guest.handle.held(0)), (Vec::new(), 1));
    assert!(!guest.handle.truth(0).expect("a stream").running);

    let mut guest = Guest::ready(options(What::AnswerLate(3_000_000)), u64::MAX);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    assert_eq!(guest.request(&[wire::R_PCM_START, 0], 4), None);
    guest.advance(2_999);
    assert_eq!(guest.used(0), []);
    guest.advance(1);
    assert_eq!(guest.used(0).len(), 1);

    let mut guest = Guest::ready(options(What::Answer(wire::S_IO_ERR)), u64::MAX);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    assert_eq!(guest.command(&[wire::R_PCM_START, 0]), wire::S_IO_ERR);
    assert_eq!(guest.command(&[wire::R_PCM_START, 0]), wire::S_OK);
}

#[test]
fn a_completion_is_wrong_in_every_way() {
    let used = |what| {
        let mut guest = running(THIRD, what);
        guest.advance(40_000);
        guest.used(TX)
    };
    let good: Vec<(u32, u32)> = used(What::Resume);
    assert_eq!(good.len(), 4);
    assert_eq!(used(What::UsedId(999))[2], (999, 8));
    assert_eq!(used(What::UsedId(3))[2], (3, 8), "one that is in flight, and not done");
    assert_eq!(used(What::UsedLength(0xFFFF_FFFF))[2], (good[2].0, 0xFFFF_FFFF));
    let twice = used(What::Twice);
    assert_eq!((twice.len(), twice[2]), (5, twice[3]));
    assert_eq!(used(What::UsedIndex(200)).len(), 204);
}

#[test]
fn a_status_is_wrong() {
    let options =
        Options { faults: vec![Fault { when: THIRD, what: What::Status(0xDEAD) }], ..Options::default() };
    let mut guest = Guest::ready(options, u64::MAX);
    guest.prepare(0, 8 * PERIOD, PERIOD);
    let statuses: Vec<u64> = (0..4).map(|_| guest.play(0, &[1; PERIOD as usize]).1).collect();
    guest.kick(TX);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(40_000);
    let found: Vec<u32> = statuses.iter().map(|status| guest.words(*status)[0]).collect();
    assert_eq!(found, [wire::S_OK, wire::S_OK, 0xDEAD, wire::S_OK]);
}

#[test]
fn interrupts_are_lost_or_come_for_nothing() {
    let mut guest = running(at(5), What::LoseInterrupts(1));
    guest.used_event(TX, 0);
    guest.advance(10_000);
    assert!(!guest.hardware.take_message(1 + TX));
    assert_eq!(guest.used(TX).len(), 1);
    guest.used_event(TX, 0);
    guest.advance(10_000);
    assert!(guest.hardware.take_message(1 + TX));

    let mut guest = running(at(5), What::SpuriousInterrupts);
    guest.used_event(TX, 100);
    guest.advance(5_000);
    assert!((0..5).all(|vector| guest.hardware.take_message(vector)));
}

#[test]
fn a_device_stops_consuming_and_goes_on() {
    let mut guest = running(at(15), What::Stall);
    guest.handle.plan(Fault { when: at(55), what: What::Resume });
    guest.advance(55_000);
    assert_eq!(guest.used(TX).len(), 1);
    guest.advance(5_000);
    assert_eq!(guest.used(TX).len(), 5, "it has to make up for it");
}

#[test]
fn an_underrun_is_told_of_that_nobody_noticed() {
    let mut guest = running(at(15), What::Xrun(0));
    let buffer = guest.allocate(8);
    guest.add(wire::QUEUE_EVENT, &[(buffer, 8, true)]);
    guest.kick(wire::QUEUE_EVENT);
    guest.advance(15_000);
    assert_eq!(guest.words(buffer), [wire::EVT_PCM_XRUN, 0]);
}

#[test]
fn a_predecessors_messages_complete_into_the_new_ring() {
    let options = Options { predecessor: 3, reset: Reset::LeavesBuffers, ..Options::default() };
    let mut guest = Guest::ready(options.clone(), u64::MAX);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(10_000);
    assert_eq!(guest.used(TX), [(0, 8), (1, 8), (2, 8)], "phantoms");
    assert_eq!(guest.handle.heard(0)[..192], [0x77; 192]);

    // The cure: release, discard, reset again.
    let mut guest = Guest::ready(options, u64::MAX);
    assert_eq!(guest.command(&[wire::R_PCM_RELEASE, 0]), wire::S_OK);
    assert_eq!(guest.command(&[wire::R_PCM_RELEASE, 1]), wire::S_OK);
    assert_eq!((guest.used(TX).len(), guest.used(wire::QUEUE_RX).len()), (3, 3));
    guest.start(u64::MAX);
    guest.prepare(0, 2 * PERIOD, PERIOD);
    guest.play(0, &[1; PERIOD as usize]);
    guest.kick(TX);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(10_000);
    assert_eq!(guest.used(TX), [(0, 8)]);
    guest.is_content();
}

#[test]
fn a_reset_leaves_buffers_behind_where_it_is_told_to() {
    for (reset, left) in [(Reset::Forgets, 0), (Reset::LeavesBuffers, 1920)] {
        let mut guest = Guest::ready(Options { reset, ..Options::default() }, u64::MAX);
        guest.prepare(0, 2 * PERIOD, PERIOD);
        guest.play(0, &[1; PERIOD as usize]);
        guest.kick(TX);
        guest.start(u64::MAX);
        assert_eq!(guest.handle.truth(0).expect("a stream").held, left);
    }
}
