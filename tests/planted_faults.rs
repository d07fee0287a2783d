//! The driver itself, with one fault planted at a time: the rig must catch each of them, by the right rule.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig_with;

fn play(mutant: &Mutant, client: &str) -> Run {
    let image = mutant.build();
    let folder = folder(&format!("planted-{}", mutant.name));
    noise(&folder.join("noise.wav"), 2, 48_000);
    rig_with(
        &image,
        &folder,
        &["play", "noise.wav", "--device", "ac97", "--client", client, "--period", "480"],
    )
}

/// The run must have ended with findings, the first by this rule, at a place in the driver's sources.
#[track_caller]
fn assert_found(run: &Run, rule: &str) {
    assert_eq!(run.status, 3, "{}", run.text);
    assert_eq!(run.rules().first().map(String::as_str), Some(rule), "{}", run.text);
    assert!(run.text.contains(rule), "the summary does not name the rule: {}", run.text);
}

/// The finding names a line of the driver's own sources. Images have paths as Windows writes them.
#[track_caller]
fn assert_place(run: &Run, file: &str) {
    let at = run.figure("/findings/0/at").as_str().unwrap_or_default();
    let stack = run.figure("/findings/0/stack").as_array().cloned().unwrap_or_default();
    let mut places = stack.iter().filter_map(|place| place.as_str()).chain([at]);
    let found = places.any(|place| place.replace('\\', "/").contains(file));
    assert!(found, "found at {at}, stack {stack:?}");
}

#[test]
fn a_driver_that_leaks_pool() {
    let run = play(
        &Mutant {
            name: "leak",
            file: "platform/pool.rs",
            right: "unsafe { dealloc(self.0.as_ptr().cast(), Self::LAYOUT) };",
            wrong: "let _ = dealloc as unsafe fn(*mut u8, Layout);",
        },
        "event",
    );
    assert_found(&run, "PoolLeak");
    assert_eq!(run.figure("/findings/0/parameters/0"), "0x62");
}

/// Row 19: GetPosition at DISPATCH_LEVEL.
#[test]
fn a_driver_that_calls_at_the_wrong_irql() {
    let run = play(
        &Mutant {
            name: "irql",
            file: "platform/interrupt.rs",
            right: "    parts.handler.dpc(&mut irql);",
            wrong: "    // SAFETY: the planted fault: a routine for PASSIVE_LEVEL, in a DPC.\n    \
                    unsafe { KeFlushQueuedDpcs() };\n    parts.handler.dpc(&mut irql);",
        },
        "event",
    );
    assert_found(&run, "IrqlKeDispatchLte");
    assert_eq!(run.figure("/findings/0/call"), "KeFlushQueuedDpcs");
    assert_place(&run, "platform/interrupt.rs");
}

#[test]
fn a_driver_that_writes_behind_its_pool() {
    let run = play(
        &Mutant {
            name: "overrun",
            file: "platform/pool.rs",
            right: "        unsafe { memory.write(value) };",
            wrong: "        unsafe { memory.write(value) };\n        // SAFETY: the planted fault.\n        \
                    unsafe { memory.as_ptr().cast::<u8>().add(size_of::<T>() + 16).write(0) };",
        },
        "event",
    );
    assert_found(&run, "PageFaultBeyondEndOfAllocation");
    assert_place(&run, "platform/pool.rs");
}

/// Row 42: stream resources.
#[test]
fn a_driver_that_forgets_a_stream_resource() {
    let run = play(
        &Mutant {
            name: "resource",
            file: "adapter/stream_resources.rs",
            right: "        Self { _thread: thread, _interrupts: interrupts }\n",
            wrong: "        core::mem::forget(interrupts);\n        \
                    Self { _thread: thread, _interrupts: [const { None }; MAX_MESSAGES] }\n",
        },
        "event",
    );
    assert_found(&run, "StreamResourceOutlivesObject");
}

#[test]
fn a_driver_whose_position_runs_backwards() {
    let run = play(
        &Mutant {
            name: "backwards",
            file: "wave/lane.rs",
            right: "Offsets { play: self.clock.offset(cut.bytes), write: write as u32 }",
            wrong: "let back = (self.clock.linear() >> 11 & 1) as u32 * 2600;\n        \
                    let play = (self.clock.offset(cut.bytes) + cut.bytes).wrapping_sub(back).checked_rem(cut.bytes);\n        \
                    Offsets { play: play.unwrap_or(0), write: write as u32 }",
        },
        "position",
    );
    assert!(run.number("/position/backward_steps") > 0.0, "{}", run.text);
    assert_eq!(run.status, 1, "{}", run.text);
}

#[test]
fn a_driver_that_drops_a_period() {
    let run = play(
        &Mutant {
            name: "period",
            file: "device/ac97/engine.rs",
            right: "in 0..RING as u64 {\n            engine.descriptors.set(number, ring.descriptor(number), ",
            wrong: "in 0..RING as u64 {\n            engine.descriptors.set(number, ring.descriptor(number ^ u64::from(number == 5)), ",
        },
        "event",
    );
    assert_eq!(run.status, 1, "{}", run.text);
    assert_eq!(run.figure("/bit_exact"), false);
    assert!(run.number("/glitches/count") >= 1.0, "{}", run.text);
}

/// Row 21: events a cycle.
#[test]
fn a_driver_that_drops_a_notification() {
    let run = play(
        &Mutant {
            name: "notification",
            file: "wave/clock.rs",
            right: "        let ended = total.saturating_sub(self.announced);",
            wrong: "        use core::sync::atomic::{AtomicBool, Ordering};\n        \
                    static DROPPED: AtomicBool = AtomicBool::new(false);\n        \
                    let ended = total.saturating_sub(self.announced);\n        \
                    let lost = ended != 0 && self.done() > 100_000 && !DROPPED.swap(true, Ordering::AcqRel);\n        \
                    let ended = ended.saturating_sub(u64::from(lost));",
        },
        "event",
    );
    assert_eq!(run.status, 1, "{}", run.text);
    let errors = run.figure("/client_errors").to_string();
    assert!(errors.contains("after the one before"), "{errors}");
}

#[test]
fn a_driver_that_counts_a_packet_too_many() {
    let run = play(
        &Mutant {
            name: "count",
            file: "wave/handover.rs",
            right: "Ok(packets::completed(account.periods.done(), bytes) as u32)",
            wrong: "let done = account.periods.done();\n            \
                    Ok((packets::completed(done, bytes) as u32).wrapping_add(u32::from(done > 100_000)))",
        },
        "packet",
    );
    assert_eq!(run.status, 1, "{}", run.text);
    let errors = run.figure("/client_errors").to_string();
    assert!(errors.contains("were counted when"), "{errors}");
}

#[test]
fn a_driver_that_says_too_early_what_is_heard() {
    let run = play(
        &Mutant {
            name: "presented",
            file: "wave/packets.rs",
            right: "    clock.saturating_sub(frames)\n",
            wrong: "    clock.saturating_sub(frames).wrapping_add(4800)\n",
        },
        "packet",
    );
    assert_eq!(run.status, 1, "{}", run.text);
    let errors = run.figure("/client_errors").to_string();
    assert!(errors.contains("was said to be heard"), "{errors}");
}

/// Row 25: late and early packets.
#[test]
fn a_driver_that_takes_a_packet_for_late() {
    let run = play(
        &Mutant {
            name: "late",
            file: "wave/packets.rs",
            right: "        if now.running && start < now.owned {",
            wrong: "        if now.running && start < now.owned.saturating_add(bytes.into()) {",
        },
        "packet",
    );
    assert_eq!(run.status, 1, "{}", run.text);
    assert_ne!(run.figure("/client_errors").to_string(), "[]");
}

#[test]
fn a_driver_that_does_not_silence_its_interrupt() {
    let run = play(
        &Mutant {
            name: "storm",
            file: "device/ac97/boxes.rs",
            right: "        self.bus.write16(own.register(nabm::SR), causes);",
            wrong: "        let _ = causes;",
        },
        "event",
    );
    assert_found(&run, "InterruptStorm");
}

#[test]
fn a_driver_that_panics() {
    let run = play(
        &Mutant {
            name: "panic",
            file: "wave/clock.rs",
            right: "        self.0 = self.0.max(linear);",
            wrong: "        assert!(linear < 200_000, \"the planted fault\");\n        self.0 = self.0.max(linear);",
        },
        "event",
    );
    // Built for debugging, a panic of the driver's begins with a breakpoint, which nobody takes.
    assert_found(&run, "UnhandledException");
    assert_eq!(run.figure("/findings/0/bug_check/name"), "KMODE_EXCEPTION_NOT_HANDLED");
}

/// Row 55: surprise removal.
#[test]
fn a_driver_that_keeps_its_hands_on_a_device_that_is_gone() {
    let mutant = Mutant {
        name: "removed",
        file: "device/ac97/codec.rs",
        right: "        self.nam.close(at);\n    }\n",
        wrong: "        let _ = at;\n    }\n}\n\nimpl Drop for Codec {\n    fn drop(&mut self) {\n        \
                let _ = self.nam.read16(nam::RESET);\n    }\n}\n\nimpl Codec {\n",
    };
    let image = mutant.build();
    let folder = folder("planted-removed");
    noise(&folder.join("noise.wav"), 2, 48_000);
    // The stream outlives the device: it is closed after the driver was told of the removal.
    let run = rig_with(&image, &folder, &["play", "noise.wav", "--device", "ac97", "--remove-at", "20000"]);
    assert_found(&run, "DeviceNotOwned");
    assert_place(&run, "device/ac97/codec.rs");
}

/// Row 38: packet size constraints are there.
#[test]
fn a_driver_that_tells_its_packet_sizes_too_late() {
    let run = play(
        &Mutant {
            name: "late-sizes",
            file: "adapter/wave_port.rs",
            right: "                packet_sizes::announce(irql, request.pdo, name, &sizes);\n                \
                    let subdevice = bind(irql, request, name, &port, WaveMiniport::new(channel)?)?;\n",
            wrong: "                let subdevice = bind(irql, request, name, &port, WaveMiniport::new(channel)?)?;\n                \
                    packet_sizes::announce(irql, request.pdo, name, &sizes);\n",
        },
        "event",
    );
    assert_found(&run, "PacketSizes");
    let message = run.figure("/findings/0/message").to_string();
    assert!(message.contains("after PcRegisterSubdevice"), "{message}");
}

/// Row 39: packet size constraints are sane.
#[test]
fn a_driver_whose_mode_is_no_more_than_the_minimum() {
    let run = play(
        &Mutant {
            name: "mode-at-minimum",
            file: "wave/packet_sizes.rs",
            right: "const DEFAULT_PERIOD: u32 = 20_000;",
            wrong: "const DEFAULT_PERIOD: u32 = MIN_PERIOD;",
        },
        "event",
    );
    assert_found(&run, "PacketSizes");
}
