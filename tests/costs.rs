//! What the driver costs in RUN: never more than is written in the README.

use waverust_tests::Run;
use waverust_tests::folder;
use waverust_tests::rig;

#[track_caller]
fn run(arguments: &str) -> Run {
    let name = format!("costs-{}", arguments.replace([' ', '-'], ""));
    let arguments: Vec<&str> = arguments.split_whitespace().chain(["--seconds", "3"]).collect();
    let run = rig(&folder(&name), &arguments);
    run.assert_well();
    run
}

fn per_period(run: &Run, name: &str) -> f64 {
    run.number(&format!("/device_accesses/per_period/{name}"))
}

/// One kick and one interrupt a period, nothing else, 800 instructions; no access to tell the position.
#[track_caller]
fn assert_cheap(run: &Run) {
    assert!(per_period(run, "periods") > 50.0, "{}", run.text);
    assert!(per_period(run, "kicks") <= 1.0, "{}", run.text);
    assert!(per_period(run, "interrupts") <= 1.0, "{}", run.text);
    assert_eq!(per_period(run, "reads") + per_period(run, "writes"), 0.0, "{}", run.text);
    assert!(per_period(run, "instructions") <= 800.0, "{}", run.text);
    assert_eq!(run.number("/get_position/max_accesses"), 0.0, "{}", run.text);
    assert_eq!(run.number("/run/allocations"), 0.0, "{}", run.text);
    assert_eq!(run.number("/run/bytes_copied"), 0.0, "{}", run.text);
    assert_eq!(run.figure("/run/buffer_mapped"), false, "{}", run.text);
}

#[test]
fn virtio_costs_one_kick_and_one_interrupt_a_period() {
    for task in ["play", "record", "duplex"] {
        for client in ["event", "packet", "position"] {
            assert_cheap(&run(&format!("{task} --device virtio-snd --client {client}")));
        }
    }
}

#[test]
fn short_periods_cost_no_more_each() {
    for task in ["play", "record"] {
        assert_cheap(&run(&format!("{task} --device virtio-snd --period 48")));
    }
}

#[test]
fn several_periods_a_tick_cost_one_kick_and_one_interrupt_a_tick() {
    for task in ["play", "record"] {
        let options = "--device virtio-snd --client position --period 128 --tick 10000";
        let run = run(&format!("{task} {options}"));
        let ticks_a_minute = 6_000.0;
        for what in ["kicks", "interrupts"] {
            let count = run.number(&format!("/device_accesses/per_minute/{what}"));
            assert!(count <= ticks_a_minute * 1.01, "{count} {what} a minute: {}", run.text);
        }
    }
}

#[test]
fn ac97_costs_what_its_registers_need() {
    // The packet client also asks for the count and for what is heard: a read each.
    for (client, accesses, instructions) in [("event", 5.0, 323.0), ("packet", 7.0, 600.0)] {
        let run = run(&format!("play --device ac97 --client {client}"));
        assert!(per_period(&run, "sum") <= accesses, "{}", run.text);
        assert_eq!(per_period(&run, "kicks"), 0.0);
        assert!(per_period(&run, "instructions") <= instructions, "{}", run.text);
    }
}
