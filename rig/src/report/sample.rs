//! Made-up reports for the tests: an exact run, a broken one, and one small enough to read as JSON.

use super::costs::{InstructionsBy, PerPeriod};
use super::model::{
    BugCheck, ByContext, ClientError, DeviceAccesses, Dpc, Driver, Finding, Format, GetPosition, Glitch,
    Glitches, Hex, LogLine, Position, Profile, Report, Run, StreamResource,
};
use super::stream::{Packets, Stream};
use super::timeline::{MomentKind, PeriodSample, PositionSample};
use super::traced::Traced;
use crate::sound::GlitchKind;

/// The demo tune, played by an event client in periods of 480 frames.
pub(super) fn exact() -> Report {
    let mut report = Report {
        device: "ac97".into(),
        client: "event".into(),
        direction: "render".into(),
        windows: 26_100,
        profile: Profile {
            wavert: true,
            position_lock: true,
            registry: Vec::new(),
            name: "Windows 11 24H2".into(),
            stream_resource_interfaces: vec![
                "IPortClsStreamResourceManager2".into(),
                "IPortClsStreamResourceManager".into(),
            ],
        },
        driver: Driver {
            path: "target/driver/x86_64/release/waverust.sys".into(),
            sha256: "4f1c9be07f0f2a9f5f4d8b17c6a0e3d2b1c0ffee4f1c9be07f0f2a9f5f4d8b17".into(),
            version: Some("0.1.0.0".into()),
        },
        imports: 41,
        format: Format { rate: 48_000, channels: 2, bits: 16, container_bits: 16, float: false },
        period_frames: 480,
        buffer_frames: 960,
        frames_in: 391_680,
        frames_out: 392_640,
        lead_in_frames: 480,
        tail_frames: 480,
        bit_exact: true,
        position: Position {
            max_ahead_frames: 13.5,
            max_behind_frames: 480.0,
            ahead_limit_frames: 481.0,
            behind_limit_frames: 721.0,
            device_step_frames: 480.0,
            transfer_frames: 240.0,
            backward_steps: 0,
            samples: 8_160,
            judged: true,
            by_presentation: false,
        },
        get_position: GetPosition { calls: 8_160, max_reads: 2, max_accesses: 2 },
        device_accesses: DeviceAccesses {
            total: 20_031,
            by_context: ByContext { start: 71, client: 16_324, isr: 1_634, dpc: 2_002, thread: 0 },
            per_period: PerPeriod {
                reads: 1.0,
                writes: 2.0,
                interrupts: 1.0,
                sum: 4.0,
                instructions: Some(310.0),
                instructions_by: InstructionsBy { isr: 90.0, dpc: 220.0, timer: 0.0, packet: 0.0 },
                periods: 812,
                ..PerPeriod::default()
            },
            per_minute: PerPeriod {
                reads: 6_000.0,
                writes: 12_000.0,
                interrupts: 6_000.0,
                sum: 24_000.0,
                instructions: Some(1_860_000.0),
                periods: 812,
                ..PerPeriod::default()
            },
        },
        interrupts: 817,
        periods: 817,
        events_signalled: 817,
        stack_bytes: 912,
        dpc: Dpc { count: 817, counted: 64, max_instructions: Some(212) },
        stream_resources: ["interrupt", "thread"]
            .map(|kind| StreamResource {
                kind: kind.into(),
                via: "IPortClsStreamResourceManager2".into(),
                added: 1_000_000,
                removed: Some(8_200_000_000),
            })
            .into(),
        traced: vec![Traced {
            time_ns: 1_100_000,
            provider: "WaveRusT".into(),
            name: "Start".into(),
            level: 4,
            fields: vec![("Status".into(), "0x0".into())],
        }],
        trace_hash: "9c18e790c96eb473c5d2b1a0f00dfeed9c18e790c96eb473c5d2b1a0f00dfeed".into(),
        seed: 1,
        log: vec![LogLine { time_ns: 1_200_000, source: "driver".into(), text: "codec ready".into() }],
        ..Report::new()
    };
    for index in 0..817u64 {
        let start = 20_000_000 + index * 10_000_000;
        let started = u64::from(index == 0);
        report.timeline.period(PeriodSample {
            index,
            merged: 1,
            time_ns: start,
            interrupts: 1,
            reads: 1 + 4 * started,
            writes: 2 + 3 * started,
            by_context: ByContext { client: 7 * started, isr: 2, dpc: 1, ..ByContext::default() },
            event_latency_ns: Some(12_000),
        });
        for (after, kind) in [
            (0, MomentKind::Interrupt),
            (4_000, MomentKind::Dpc),
            (12_000, MomentKind::Event),
            (900_000, MomentKind::Refill),
        ] {
            report.timeline.moment(start + after, kind);
        }
        for poll in 0..10 {
            let frames = (index * 480 + poll * 48) as f64;
            report.timeline.position(PositionSample {
                time_ns: start + poll * 1_000_000,
                reported_frames: (index * 480) as f64,
                reference_frames: frames,
            });
        }
    }
    report
}

/// The tune played, and noise recorded by packets at the same time.
pub(super) fn duplex() -> Report {
    let mut report = exact();
    let played = Stream {
        direction: "render".into(),
        client: report.client.clone(),
        format: report.format.clone(),
        period_frames: report.period_frames,
        buffer_frames: report.buffer_frames,
        frames_in: report.frames_in,
        frames_out: report.frames_out,
        lead_in_frames: report.lead_in_frames,
        tail_frames: report.tail_frames,
        bit_exact: true,
        position: report.position.clone(),
        get_position: report.get_position.clone(),
        periods: report.periods,
        ..Stream::default()
    };
    let packets = Some(Packets { exchanged: 300, max_error_frames: 12.5 });
    let recorded = Stream { direction: "capture".into(), client: "packet".into(), packets, ..played.clone() };
    report.streams = vec![played, recorded];
    report.sum_up();
    report
}

/// The same sound, with a client that was told what cannot be.
pub(super) fn mistold() -> Report {
    let mut report = exact();
    report.client_errors = vec![
        ClientError {
            time_ns: 40_000_000,
            message: "in RUN the position went back from frame 960 to 900".into(),
        },
        ClientError { time_ns: 8_200_000_000, message: "an event was signalled in PAUSE <once>".into() },
    ];
    report
}

/// The same with a lost period, a repeated one, a position that runs back, and a rule broken.
pub(super) fn broken() -> Report {
    let mut report = exact();
    report.bit_exact = false;
    report.glitches = Glitches {
        count: 2,
        list: vec![
            Glitch { kind: GlitchKind::Dropped, at_frame: 96_000, frames: 480 },
            Glitch { kind: GlitchKind::Repeated, at_frame: 240_480, frames: 480 },
        ],
    };
    report.position.backward_steps = 1;
    report.client_errors = mistold().client_errors;
    report.position.max_behind_frames = 1_440.0;
    report.run = Run { allocations: 3, bytes_copied: 1_920, buffer_mapped: true };
    report.stream_resources = Vec::new();
    report.stream_resources_note =
        Some("skipped: the WaveRT port of Windows 10 1507 has no stream resource manager".into());
    for sample in &mut report.timeline.positions[900..1_000] {
        sample.reported_frames -= 960.0;
    }
    for sample in &mut report.timeline.periods[300..330] {
        sample.by_context.thread += 9;
        sample.reads += 9;
    }
    report.findings = vec![Finding {
        rule: "irql-too-high".into(),
        bug_check: BugCheck { code: Hex(0xC4), name: "DRIVER_VERIFIER_DETECTED_VIOLATION".into() },
        parameters: vec![Hex(0x2), Hex(2), Hex(1), Hex(0x1000)],
        call: Some("ExAllocatePoolWithTag".into()),
        irql: Some(2),
        at: Some("waverust::wave::stream::on_dpc::<Ac97> (wave/stream.rs:214)".into()),
        thread: Some("DPC".into()),
        message: "paged pool was allocated at IRQL 2 (DISPATCH_LEVEL), where at most 1 is allowed & <safe>"
            .into(),
        stack: vec![
            "waverust::wave::stream::on_dpc::<Ac97> (wave/stream.rs:214)".into(),
            "waverust::platform::dpc::entry (platform/dpc.rs:51)".into(),
        ],
    }];
    report
}

/// One of everything, with values that tell the fields apart.
pub(super) fn small() -> Report {
    let mut report = broken();
    report.timeline.positions.truncate(1);
    report.timeline.periods.truncate(1);
    report.timeline.moments.truncate(1);
    report.stream_resources = exact().stream_resources[1..].to_vec();
    report.findings[0].stack.truncate(1);
    report.client_errors.truncate(1);
    report
}
