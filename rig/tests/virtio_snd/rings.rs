//! Chains that break the rules of split queues, and interrupts that were asked for or not.

use waverust_rig::pci::Hardware;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;
use crate::guest::descriptor;

const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// Descriptors for slots 0.. of the control queue, made available from slot 0: what the device says.
#[track_caller]
fn broken(features: u64, table: &[(u64, u32, u16, u16)], words: &str) {
    let mut guest = Guest::ready(Options::default(), features);
    for (number, (address, bytes, flags, next)) in table.iter().enumerate() {
        let at = guest.rings[0].addresses[0] + 16 * number as u64;
        guest.ram.write(at, &descriptor(*address, *bytes, *flags, *next));
    }
    guest.publish(0, 0);
    guest.kick(0);
    guest.complains(words);
    assert_eq!(guest.status() & wire::NEEDS_RESET, wire::NEEDS_RESET);
    assert!(guest.hardware.take_message(0), "the configuration's message");
}

#[test]
fn chains_that_break_a_rule_break_the_device() {
    let memory = 0x20_0000;
    let all = u64::MAX;
    broken(0, &[(memory, 16, NEXT, 64)], "descriptor 64 of 64");
    broken(0, &[(memory, 16, NEXT, 0)], "runs in a circle");
    broken(0, &[(memory, 0, 0, 0)], "0 bytes");
    broken(0, &[(1 << 40, 16, 0, 0)], "16 bytes at 0x10000000000");
    broken(0, &[(memory, 4, WRITE | NEXT, 1), (memory, 4, 0, 0)], "readable descriptor after a writable");
    broken(0, &[(memory, 32, INDIRECT, 0)], "not negotiated");
    broken(all, &[(memory, 32, INDIRECT | NEXT, 1)], "with a successor");
    broken(all, &[(memory, 24, INDIRECT, 0)], "indirect table of 24 bytes");
    broken(all, &[(memory, 16 * 65, INDIRECT, 0)], "longer than the queue");
}

#[test]
fn a_descriptor_in_use_is_not_used_again() {
    let mut guest = Guest::ready(Options::default(), 0);
    guest.prepare(0, 3840, 1920);
    guest.play(0, &[1; 1920]);
    guest.publish(wire::QUEUE_TX, 0);
    guest.kick(wire::QUEUE_TX);
    guest.complains("descriptor 0 still belongs to chain 0");
}

#[test]
fn an_index_that_runs_away_is_noticed() {
    let mut guest = Guest::ready(Options::default(), 0);
    guest.ram.write(guest.rings[0].addresses[1] + 2, &65_u16.to_le_bytes());
    guest.kick(0);
    guest.complains("went on by 65");
}

#[test]
fn rings_lie_where_they_may() {
    use waverust_rig::pci::Width;
    for (address, words) in
        [(0x10_0008, "not aligned"), (0, "does not lie in memory"), (u64::MAX - 15, "not lie in")]
    {
        let mut guest = Guest::find(Options::default());
        guest.set_status(1);
        guest.set_status(3);
        guest.accept(wire::F_VERSION_1);
        guest.set_status(0xB);
        guest.write(0x20, Width::Dword, address & 0xFFFF_FFFF);
        guest.write(0x24, Width::Dword, address >> 32);
        guest.write(0x28, Width::Dword, 0x11_0000);
        guest.write(0x30, Width::Dword, 0x12_0000);
        guest.write(0x1C, Width::Word, 1);
        guest.complains(words);
        assert_eq!(guest.read(0x1C, Width::Word), 0);
    }
}

#[test]
fn an_interrupt_comes_when_the_event_index_says_so() {
    let mut guest = Guest::ready(Options::default(), wire::F_EVENT_IDX);
    guest.prepare(0, 5760, 1920);
    for _ in 0..3 {
        guest.play(0, &[1; 1920]);
    }
    guest.used_event(wire::QUEUE_TX, 1);
    guest.kick(wire::QUEUE_TX);
    guest.command(&[wire::R_PCM_START, 0]);
    let tx = 1 + wire::QUEUE_TX;
    guest.advance(10_000);
    assert!(!guest.hardware.take_message(tx), "the first completion is not the one");
    guest.advance(10_000);
    assert!(guest.hardware.take_message(tx));
    guest.advance(10_000);
    assert!(!guest.hardware.take_message(tx));
    assert_eq!(guest.used(wire::QUEUE_TX).len(), 3);
    guest.is_content();
}

#[test]
fn without_the_event_index_the_flag_is_heeded() {
    let mut guest = Guest::ready(Options::default(), 0);
    guest.ram.write(guest.rings[0].addresses[1], &1_u16.to_le_bytes());
    guest.command(&[wire::R_PCM_RELEASE, 0]);
    assert!(!guest.hardware.take_message(1));
    guest.ram.write(guest.rings[0].addresses[1], &0_u16.to_le_bytes());
    guest.command(&[wire::R_PCM_RELEASE, 0]);
    assert!(guest.hardware.take_message(1));
}

#[test]
fn nothing_is_taken_that_was_not_announced() {
    let mut guest = Guest::ready(Options::default(), u64::MAX);
    guest.prepare(0, 3840, 1920);
    guest.play(0, &[1; 1920]);
    guest.command(&[wire::R_PCM_START, 0]);
    guest.advance(20_000);
    assert_eq!(guest.used(wire::QUEUE_TX), []);
    assert_eq!(guest.handle.truth(0).expect("a stream").xruns, 1);
}
