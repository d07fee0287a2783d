//! Capabilities, status protocol, features, configuration, interrupts.

use waverust_rig::pci::Hardware;
use waverust_rig::pci::Width;
use waverust_rig::pci::virtio_snd::Layout;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;

const ALL: u64 = u64::MAX;

#[test]
fn a_good_driver_gets_what_it_asked_for() {
    for (layout, vectors, features) in [(Layout::Plain, 5, ALL), (Layout::Odd, 5, ALL), (Layout::Odd, 0, 0)] {
        let options = Options { layout, vectors, jacks: vec![true, false], ..Options::default() };
        let mut guest = Guest::ready(options, features);
        assert!(guest.handle.is_live());
        assert_eq!([0, 1, 2].map(|word| guest.configuration(word)), [2, 2, 0]);
        let reply = guest.request(&[wire::R_PCM_INFO, 0, 2, 32], 68).expect("an answer");
        assert_eq!(reply.len(), 68);
        assert_eq!((reply[4 + 24], reply[36 + 24]), (0, 1), "an output and an input");
        assert_eq!(reply[4 + 25..4 + 27], [1, 8]);
        let jacks = guest.request(&[wire::R_JACK_INFO, 0, 2, 24], 52).expect("an answer");
        assert_eq!((jacks[4 + 16], jacks[28 + 16]), (1, 0), "plugged and unplugged");
        guest.is_content();
    }
}

/// Row 12: no DMA before RUN.
#[test]
fn a_status_out_of_order_is_noticed() {
    let wrong: [(&[u8], &str); 4] = [
        (&[1, 3, 0xF], "DRIVER_OK before FEATURES_OK"),
        (&[8], "FEATURES_OK before ACKNOWLEDGE"),
        (&[1, 3, 2], "cleared without a reset"),
        (&[1, 3, 0xB, 0xF, 3], "cleared without a reset"),
    ];
    for (statuses, words) in wrong {
        let mut guest = Guest::find(Options::default());
        for status in statuses {
            if *status == 0xB {
                guest.accept(wire::F_VERSION_1);
            }
            guest.set_status(*status);
        }
        let complaints = guest.handle.complaints();
        assert!(complaints.last().is_some_and(|last| last.contains(words)), "{words}: {complaints:?}");
    }
}

#[test]
fn features_are_refused_by_silence() {
    let without_version = |guest: &mut Guest| guest.accept(0);
    let refused = [Options { refuse_features: true, ..Options::default() }, Options::default()];
    for (number, options) in refused.into_iter().enumerate() {
        let mut guest = Guest::find(options);
        guest.set_status(1);
        guest.set_status(3);
        if number == 0 {
            guest.accept(wire::F_VERSION_1);
        } else {
            without_version(&mut guest);
        }
        guest.set_status(0xB);
        assert_eq!(guest.status(), 3);
        guest.is_content();
    }
    let platform = wire::F_ACCESS_PLATFORM;
    let mut guest = Guest::find(Options { features: platform, ..Options::default() });
    guest.set_status(1);
    guest.set_status(3);
    guest.accept(wire::F_VERSION_1);
    guest.set_status(0xB);
    assert_eq!(guest.status(), 3, "a device behind an IOMMU needs ACCESS_PLATFORM");
    guest.accept(wire::F_VERSION_1 | platform);
    guest.set_status(0xB);
    assert_eq!(guest.status(), 0xB);
}

#[test]
fn a_register_has_one_width() {
    let mut guest = Guest::find(Options::default());
    guest.read(0x14, Width::Dword);
    guest.complains("4 bytes read at 0x14");
    let mut guest = Guest::find(Options::default());
    guest.write(0x20, Width::Qword, 0);
    assert_eq!(guest.handle.complaints().len(), 1);
}

#[test]
fn control_elements_are_not_counted_without_the_feature() {
    let mut guest = Guest::ready(Options::default(), ALL);
    guest.configuration(3);
    guest.complains("VIRTIO_SND_F_CTLS");
}

#[test]
fn a_reset_that_takes_its_time_is_seen_to_end() {
    let options = Options { reset_ns: 3_000_000, ..Options::default() };
    let mut guest = Guest::find(options);
    guest.set_status(1);
    guest.set_status(0);
    assert_eq!(guest.status(), 1);
    guest.advance(2_999);
    assert_eq!(guest.status(), 1);
    guest.advance(1);
    assert_eq!(guest.status(), 0);
    guest.is_content();

    // Who does not wait is told so; who resets nothing need not wait.
    let mut guest = Guest::find(Options { reset_ns: 3_000_000, ..Options::default() });
    guest.set_status(0);
    assert_eq!(guest.status(), 0);
    guest.set_status(1);
    guest.set_status(0);
    guest.set_status(1);
    guest.complains("before the reset was over");
}

#[test]
fn vectors_that_do_not_exist_read_back_as_none() {
    let mut guest = Guest::find(Options { vectors: 2, ..Options::default() });
    guest.write(0x10, Width::Word, 2);
    assert_eq!(guest.read(0x10, Width::Word), u64::from(wire::NO_VECTOR));
    guest.write(0x10, Width::Word, 1);
    assert_eq!(guest.read(0x10, Width::Word), 1);
}

#[test]
fn a_completion_sends_its_queues_message_or_pulls_the_line() {
    let mut guest = Guest::ready(Options::default(), 0);
    guest.command(&[wire::R_PCM_RELEASE, 0]);
    assert!(!guest.hardware.take_message(0));
    assert!(guest.hardware.take_message(1 + wire::QUEUE_CONTROL));
    assert!(!guest.hardware.interrupt_line());

    let mut guest = Guest::ready(Options { vectors: 0, ..Options::default() }, 0);
    guest.command(&[wire::R_PCM_RELEASE, 0]);
    assert!(guest.hardware.interrupt_line());
    assert_eq!(guest.isr(), wire::ISR_QUEUE);
    assert!(!guest.hardware.interrupt_line(), "reading takes it back");
    assert_eq!(guest.isr(), 0);
}

#[test]
fn a_message_that_is_masked_waits() {
    let mut guest = Guest::ready(Options::default(), 0);
    let table = guest.hardware.resources().bars.iter().find(|bar| bar.index == 1).expect("a table").base;
    guest.hardware.write_memory(table + 16 + 12, Width::Dword, 1).expect("a table");
    guest.command(&[wire::R_PCM_RELEASE, 0]);
    assert!(!guest.hardware.take_message(1));
    assert_eq!(guest.hardware.read_memory(table + 0x800, Width::Dword).expect("pending bits"), 2);
    guest.hardware.write_memory(table + 16 + 12, Width::Dword, 0).expect("a table");
    assert!(guest.hardware.take_message(1));
}

#[test]
fn a_device_that_is_not_master_does_nothing() {
    let mut guest = Guest::ready(Options::default(), 0);
    guest.hardware.write_config(4, Width::Word, 2).expect("COMMAND");
    assert_eq!(guest.request(&[wire::R_PCM_RELEASE, 0], 4), None);
}

#[test]
fn queues_are_notified_when_they_are_ready() {
    let mut guest = Guest::find(Options::default());
    guest.kick(0);
    guest.complains("before DRIVER_OK");
}

#[test]
fn a_queue_is_reset_alone() {
    let mut guest = Guest::ready(Options::default(), ALL);
    guest.prepare(0, 3840, 1920);
    guest.play(0, &[1; 1920]);
    guest.kick(wire::QUEUE_TX);
    assert_eq!(guest.handle.truth(0).expect("a stream").held, 1920);
    guest.write(0x16, Width::Word, wire::QUEUE_TX.into());
    guest.write(0x3A, Width::Word, 1);
    assert_eq!((guest.read(0x3A, Width::Word), guest.read(0x1C, Width::Word)), (0, 0));
    assert_eq!(guest.handle.truth(0).expect("a stream").held, 0);
    guest.enable(wire::QUEUE_TX);
    guest.play(0, &[1; 1920]);
    guest.kick(wire::QUEUE_TX);
    assert_eq!(guest.handle.truth(0).expect("a stream").held, 1920);
    guest.is_content();
}
