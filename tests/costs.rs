//! What the driver costs while it plays and records: kicks, interrupts, other accesses, instructions, allocations, copies.
//!
//! A tick is what the device moves by at a time: 10 ms.

use waverust_tests::Mutant;
use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;
use waverust_tests::rig_with;

/// The most instructions that a period of 10 ms may take on virtio-snd.
const INSTRUCTIONS: f64 = 800.0;

/// Ticks in a second.
const TICKS: f64 = 100.0;

/// How long streams play at several periods a tick.
const SECONDS: f64 = 2.0;

fn name(arguments: &str) -> String {
    format!("costs-{}", arguments.replace([' ', '-'], ""))
}

fn words(arguments: &str) -> Vec<&str> {
    arguments.split_whitespace().collect()
}

#[track_caller]
fn run(arguments: &str) -> Run {
    let run = rig(&folder(&name(arguments)), &words(arguments));
    run.assert_well();
    run
}

fn per_period(run: &Run, name: &str) -> f64 {
    run.number(&format!("/device_accesses/per_period/{name}"))
}

/// Nothing is allocated or copied.
#[track_caller]
fn assert_light(run: &Run) {
    assert!(per_period(run, "periods") > 50.0, "{}", run.text);
    assert_eq!(run.number("/run/allocations"), 0.0, "{}", run.text);
    assert_eq!(run.number("/run/bytes_copied"), 0.0, "{}", run.text);
    assert_eq!(run.figure("/run/buffer_mapped"), false, "{}", run.text);
}

/// One kick and one interrupt a period, and nothing else.
fn is_cheap(run: &Run) -> bool {
    // One may fall on the edge of the stretch that is counted.
    let most = 1.0 + 1.5 / per_period(run, "periods");
    per_period(run, "kicks") <= most
        && per_period(run, "interrupts") <= most
        && per_period(run, "reads") + per_period(run, "writes") == 0.0
        && run.number("/get_position/max_accesses") == 0.0
}

#[test]
fn a_period_of_virtio_costs_one_kick_and_one_interrupt_and_few_instructions() {
    for task in ["play", "record"] {
        for client in ["event", "packet", "position"] {
            let run = run(&format!("{task} --device virtio-snd --client {client} --period 480 --seconds 3"));
            assert_light(&run);
            assert!(is_cheap(&run), "{}", run.text);
            assert!(per_period(&run, "instructions") <= INSTRUCTIONS, "{}", run.text);
        }
    }
}

#[test]
fn so_does_one_of_a_millisecond_and_of_many_streams() {
    for arguments in ["play --period 48", "record --period 48", "play --streams 4", "duplex --client packet"]
    {
        let run = run(&format!("{arguments} --device virtio-snd --uncounted --seconds 2"));
        assert_light(&run);
        assert!(is_cheap(&run), "{}", run.text);
    }
}

#[test]
fn several_periods_a_tick_cost_one_kick_and_one_interrupt_a_tick() {
    for task in ["play", "record"] {
        for streams in [1, 2, 4] {
            let run = run(&format!(
                "{task} --device virtio-snd --client position --period 128 --tick 10000 --uncounted --streams {streams} \
                 --seconds {SECONDS}"
            ));
            assert_light(&run);
            let total = |what| per_period(&run, what) * per_period(&run, "periods");
            for count in [total("kicks"), total("interrupts")] {
                assert!(count <= SECONDS * TICKS + 0.5, "{task}, {streams}: {count}");
            }
        }
    }
}

#[test]
fn ac97_costs_what_its_registers_need() {
    for task in ["play", "record"] {
        for (client, others) in [("event", 4.0), ("packet", 6.0), ("position", 6.0)] {
            let run = run(&format!("{task} --device ac97 --client {client} --period 480 --seconds 2"));
            assert_light(&run);
            assert_eq!(per_period(&run, "kicks"), 0.0);
            let most = 1.0 + 1.5 / per_period(&run, "periods");
            assert!(per_period(&run, "interrupts") <= most, "{}", run.text);
            assert!(per_period(&run, "reads") + per_period(&run, "writes") <= others, "{}", run.text);
        }
    }
}

#[test]
fn a_driver_that_kicks_twice_is_found() {
    let mutant = Mutant {
        name: "kicks-twice",
        file: "device/virtio/ring.rs",
        right: "            transport.notify(notify);\n",
        wrong: "            transport.notify(notify);\n            transport.notify(notify);\n",
    };
    let arguments = "play --device virtio-snd --period 480 --seconds 2 --uncounted";
    let run = rig_with(&mutant.build_optimised(), &folder("costs-kicks-twice"), &words(arguments));
    run.assert_well();
    assert!(!is_cheap(&run) && per_period(&run, "kicks") > 1.9, "{}", run.text);
}
