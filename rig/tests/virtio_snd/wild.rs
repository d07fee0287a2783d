//! Drivers that do anything at all: whatever they write, the machine goes on, and says what was wrong.

use waverust_rig::pci::Hardware;
use waverust_rig::pci::Width;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::Reading;
use waverust_rig::pci::virtio_snd::Reset;
use waverust_rig::pci::virtio_snd::What;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;
use crate::guest::descriptor;

/// A number that looks like chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// One thing that a driver may do, more or less sensible.
fn act(guest: &mut Guest, chance: &mut Chance) {
    let queue = chance.below(4) as u16;
    let stream = chance.below(3) as u32;
    match chance.below(12) {
        0 => guest.write(
            chance.below(0x40),
            chance.one(&[Width::Byte, Width::Word, Width::Dword]),
            chance.below(256),
        ),
        1 => guest.start(chance.below(u64::MAX)),
        2..=4 => {
            let code = chance.below(8) as u32 + 0xFF;
            guest.request(&[code, stream, 3840, 1920, 0, 0x7_0502], chance.one(&[4, 4, 3, 600]));
        }
        5 => {
            guest.request(&[wire::R_PCM_SET_PARAMS, stream, 3840, 1920, 0, 0x7_0502], 4);
            guest.request(&[wire::R_PCM_PREPARE, stream], 4);
            guest.request(&[wire::R_PCM_START, stream], 4);
        }
        6 => {
            guest.play(stream, &vec![1; chance.below(2_000) as usize]);
            guest.kick(wire::QUEUE_TX);
        }
        7 => {
            guest.record(stream, chance.one(&[1920, 1916]));
            guest.kick(wire::QUEUE_RX);
        }
        8 => {
            let ring = &guest.rings[usize::from(queue)];
            let at = ring.addresses[0] + 16 * chance.below(ring.size.into());
            let address = chance.one(&[0x20_0000, 0, 1 << 26, u64::MAX]);
            let raw = descriptor(
                address,
                chance.below(1 << 22) as u32,
                chance.below(8) as u16,
                chance.below(80) as u16,
            );
            guest.ram.write(at, &raw);
            guest.publish(queue, chance.below(70) as u16);
            guest.kick(queue);
        }
        9 => {
            let what = chance.one(&[
                What::Burst,
                What::NeedsReset,
                What::Stall,
                What::Resume,
                What::LoseInterrupts(2),
                What::SpuriousInterrupts,
                What::Xrun(5),
            ]);
            guest.handle.happen(what);
        }
        10 => guest.advance(chance.below(30_000)),
        _ => guest.kick(queue),
    }
    // A driver of a few lines never gives memory back.
    for queue in 0..4 {
        guest.used(queue);
    }
}

#[test]
fn no_driver_brings_the_machine_down() {
    let (mut complaints, mut moved) = (0, 0);
    for seed in 1..=300 {
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15_u64.rotate_left(seed) ^ u64::from(seed));
        let options = Options {
            memory: 16 << 20,
            predecessor: chance.below(4) as u16,
            reset: chance.one(&[Reset::Forgets, Reset::LeavesBuffers]),
            reading: chance.one(&[Reading::AtSubmission, Reading::AsItPlays]),
            ahead_frames: chance.one(&[0, 1_000]),
            ..Options::default()
        };
        let mut guest = Guest::ready(options, u64::MAX);
        for _ in 0..300 {
            act(&mut guest, &mut chance);
        }
        guest.hardware.finish().expect("an end");
        complaints += guest.handle.complaints().len();
        moved += guest.handle.truth(0).expect("a stream").moved;
    }
    assert!(complaints > 1_000 && moved > 10_000, "{complaints} complaints, {moved} frames");
}
