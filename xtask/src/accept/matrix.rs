//! What is run: formats, clients, periods, interrupts, streams.

use super::figures::Limits;

/// Periods in frames; 48 are a millisecond.
const PERIODS: [u32; 4] = [48, 128, 480, 1024];

/// Channels that QEMU's mixer carries unchanged.
const CHANNELS: [u32; 2] = [1, 2];

/// Device ticks, at 48 kHz and of 10 ms, that take more than one period of 128 frames.
const PERIODS_A_TICK: f64 = 480.0 / 128.0;

/// One run, or several of the same.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Names it.
    pub(super) name: String,
    /// For the rig.
    pub(super) arguments: Vec<String>,
    /// How often it is run: each must leave the same trace.
    pub(super) rounds: u32,
    /// What it may cost.
    pub(super) limits: Limits,
}

/// A period may cost one kick, one interrupt and 800 instructions, and nothing else.
const VIRTIO: Limits = Limits {
    kicks: Some(1.0),
    interrupts: Some(1.0),
    others: Some(0.0),
    instructions: Some(800.0),
    get_position: Some(0.0),
};

/// With the line the service routine reads the ISR register.
const VIRTIO_LINE: Limits = Limits { others: Some(1.0), ..VIRTIO };

/// Registers tell the position, and take interrupts back.
const AC97: Limits = Limits {
    kicks: Some(0.0),
    interrupts: Some(1.0),
    others: Some(4.0),
    instructions: None,
    get_position: Some(2.0),
};

/// The packet client also asks for the count, and for what is heard: a read each.
const AC97_PACKETS: Limits = Limits { others: Some(6.0), ..AC97 };

fn ac97(client: &str) -> Limits {
    if client == "packet" { AC97_PACKETS } else { AC97 }
}

fn case(name: String, arguments: &str, limits: Limits) -> Case {
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    Case { name, arguments, rounds: 1, limits }
}

/// All cases, in the order in which they are run.
pub(super) fn cases() -> Vec<Case> {
    let virtio = "--device virtio-snd";
    let mut cases = Vec::new();
    for task in ["play", "record"] {
        for (format, option) in [("s16", "--bits 16"), ("s32", "--bits 32"), ("f32", "--float")] {
            for rate in [44_100, 48_000, 96_000] {
                for channels in CHANNELS {
                    let options = format!("{virtio} {option} --rate {rate} --channels {channels}");
                    let name = format!("{task} {format} {rate} Hz {channels} ch");
                    // A period of 10 ms, which is whole at each of these rates.
                    let period = rate / 100;
                    cases.push(case(name, &format!("{task} {options} --period {period}"), VIRTIO));
                }
            }
        }
        let clients: &[&str] = if task == "play" {
            &["event", "packet", "position", "rewrite"]
        } else {
            &["event", "packet", "position"]
        };
        for client in clients {
            for period in PERIODS {
                let options = format!("{task} {virtio} --client {client} --period {period}");
                cases.push(case(format!("{task} {client} period {period}"), &options, VIRTIO));
            }
        }
        // Where the device completes several periods a tick, interrupts and kicks are those of ticks.
        let a_tick = 1.0 / PERIODS_A_TICK;
        let limits = Limits { kicks: Some(a_tick), interrupts: Some(a_tick), ..VIRTIO };
        let options = format!("{task} {virtio} --client position --period 128 --tick 10000");
        cases.push(case(format!("{task} 3.75 periods a tick"), &options, limits));
    }
    for task in ["play", "record", "duplex"] {
        for vectors in [0, 1, 2, 5] {
            let limits = if vectors == 0 { VIRTIO_LINE } else { VIRTIO };
            let options = format!("{task} {virtio} --client packet --vectors {vectors}");
            cases.push(case(format!("{task} {vectors} vectors"), &options, limits));
        }
    }
    for client in ["event", "packet", "position"] {
        for (name, options) in [
            ("duplex", "duplex"),
            ("four streams", "play --streams 4"),
            ("four and four", "duplex --streams 4"),
        ] {
            let options = format!("{options} {virtio} --client {client}");
            cases.push(case(format!("{name} {client}"), &options, VIRTIO));
        }
    }
    // QEMU's mixer carries two channels; the device in the rig has no mixer.
    for task in ["play", "record"] {
        for (format, option) in [("s16", "--bits 16"), ("s32", "--bits 32"), ("f32", "--float")] {
            let options = format!("{task} --device fake {option} --channels 6");
            cases.push(case(format!("{task} {format} 6 ch"), &options, VIRTIO));
        }
    }
    // Steps of 1, 2.67, 10 and 21.3 ms, on a device that is as fast as the performance counter, faster, and slower. A period
    // holds what the fastest takes at a step: of two that hold less, no driver could have the next one ready.
    for step in ["1000", "2666.667", "10000", "21333.333"] {
        for drift in [0, 500, -500] {
            for client in ["event", "packet", "position"] {
                let options = format!("play --device fake --client {client} --period 1056");
                let device = format!("--fake step_us={step},drift_ppm={drift}");
                let name = format!("{client}, steps of {step} us, {drift} ppm");
                cases.push(case(name, &format!("{options} {device}"), VIRTIO));
            }
        }
    }
    for (name, options) in [
        ("play", "play --client event"),
        ("record", "record --client packet"),
        ("duplex", "duplex --client packet"),
    ] {
        let case = case(format!("{name} 20 times the same"), &format!("{options} {virtio}"), VIRTIO);
        cases.push(Case { rounds: 20, ..case });
    }
    for client in ["event", "packet", "position"] {
        let options =
            format!("play --device fake --fake step_us=2666.667 --client {client} --dpc-delay 1000");
        let limits = Limits { instructions: None, ..VIRTIO };
        cases.push(case(format!("late DPCs {client}"), &options, limits));
    }
    for client in ["event", "packet", "position", "rewrite"] {
        for period in [128, 480, 1024] {
            let options = format!("play --device ac97 --client {client} --period {period}");
            cases.push(case(format!("ac97 {client} period {period}"), &options, ac97(client)));
        }
    }
    for client in ["event", "packet", "position"] {
        for period in [128, 480, 1024] {
            for task in ["record", "duplex"] {
                let options = format!("{task} --device ac97 --client {client} --period {period}");
                cases.push(case(format!("ac97 {task} {client} period {period}"), &options, ac97(client)));
            }
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::cases;
    use std::collections::BTreeSet;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let cases = cases();
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.iter().all(|case| ["play", "record", "duplex"].contains(&case.arguments[0].as_str())));
        assert!(names.contains("play s32 96000 Hz 1 ch") && names.contains("record packet period 48"));
    }
}
