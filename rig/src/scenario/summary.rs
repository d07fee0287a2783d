//! The report, put together from the kernel's books, the verifier and the client.

use std::fs;

use sha2::Digest;
use sha2::Sha256;

use super::LoadedImage;
use super::Machine;
use crate::client::Played;
use crate::nt::Context;
use crate::nt::Happening;
use crate::nt::Snapshot;
use crate::nt::WORKS;
use crate::nt::Work;
use crate::nt::profile;
use crate::options::MachineOptions;
use crate::report::MomentKind;
use crate::report::Report;
use crate::report::model;
use crate::verify::Finding;

fn by_context(snapshot: &Snapshot) -> model::ByContext {
    let count = |index: usize| snapshot.accesses[index].reads + snapshot.accesses[index].writes;
    model::ByContext { start: count(0), client: count(1), isr: count(2), dpc: count(3), thread: count(4) }
}

fn context_name(context: Context) -> &'static str {
    match context {
        Context::Start => "start",
        Context::Client => "client",
        Context::Isr => "ISR",
        Context::Dpc => "DPC",
        Context::Thread => "thread",
    }
}

fn finding(finding: &Finding) -> model::Finding {
    let thread = match finding.context {
        Context::Isr | Context::Dpc => Some(context_name(finding.context).to_owned()),
        _ => finding.thread.clone(),
    };
    model::Finding {
        rule: finding.rule.clone(),
        bug_check: model::BugCheck {
            code: model::Hex(u64::from(finding.bug_check)),
            name: crate::verify::bug_check_name(finding.bug_check).to_owned(),
        },
        parameters: finding.parameters.map(model::Hex).to_vec(),
        call: finding.call.clone(),
        irql: Some(finding.irql),
        at: finding.at.as_ref().map(|site| site.name.clone()),
        thread,
        message: finding.message.clone(),
        stack: finding.stack.iter().map(|site| site.name.clone()).collect(),
    }
}

/// What does not depend on the sound: machine, driver, counters, findings.
pub(super) fn machine_report(options: &MachineOptions, machine: &Machine, image: &LoadedImage) -> Report {
    let kernel = machine.kernel;
    let mut report = Report::new();
    report.device = options.device.name().to_owned();
    report.windows = kernel.profile.build;
    report.profile = model::Profile {
        name: profile::name(kernel.profile.build).to_owned(),
        stream_resource_interfaces: kernel.profile.stream_resource_interfaces(),
    };
    let bytes = fs::read(&machine.loader.driver).unwrap_or_default();
    report.driver = model::Driver {
        path: machine.loader.driver.display().to_string(),
        sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        version: image.version(),
    };
    report.imports = image.imports as u64;
    let total = kernel.accounts.snapshot();
    report.device_accesses.by_context = by_context(&total);
    report.device_accesses.total = report.device_accesses.by_context.total();
    report.interrupts = total.interrupts;
    report.stream_resources = kernel
        .verifier
        .stream_resources()
        .iter()
        .map(|entry| model::StreamResource {
            kind: entry.kind.to_owned(),
            via: entry.via.to_owned(),
            added: entry.added_ns,
            removed: entry.removed_ns,
        })
        .collect();
    if report.stream_resources.is_empty() {
        report.stream_resources_note = Some(if report.profile.stream_resource_interfaces.is_empty() {
            "skipped: the WaveRT port of this profile has no resource manager interface".to_owned()
        } else {
            "the driver registered nothing".to_owned()
        });
    }
    report.findings = kernel.verifier.findings().iter().map(finding).collect();
    report.stack_bytes = kernel.accounts.deepest_stack.get();
    report.trace_hash = kernel.trace.digest();
    let printed = kernel.accounts.log.borrow();
    report.log = printed
        .iter()
        .map(|(time_ns, text)| model::LogLine {
            time_ns: *time_ns,
            source: "driver".to_owned(),
            text: text.clone(),
        })
        .collect();
    if kernel.verifier.long_stalls() > 0 {
        report.log.push(model::LogLine {
            time_ns: kernel.now(),
            source: "rig".to_owned(),
            text: format!("{} stall(s) of more than 50 us", kernel.verifier.long_stalls()),
        });
    }
    report
}

/// Adds what the client and the books of RUN say. `all` are the times that the sound was played: what must not be at
/// all is taken from all of them, everything else from the last.
pub(super) fn add_played(report: &mut Report, machine: &Machine, all: &[Played]) {
    let kernel = machine.kernel;
    let Some(played) = all.last() else { return };
    let sum = |count: fn(&Played) -> u64| all.iter().map(count).sum();
    report.buffer_frames = played.buffer_frames;
    report.periods = played.periods;
    report.events_signalled = played.run.events_signalled;
    report.run = model::Run {
        allocations: sum(|played| played.run.allocations),
        bytes_copied: sum(|played| played.run.bytes_copied),
        buffer_mapped: all.iter().any(|played| played.buffer_mapped),
    };
    report.position = model::Position {
        max_error_frames: all.iter().map(|played| played.max_error_frames).fold(0.0, f64::max),
        device_step_frames: machine.pace(report.format.rate).step_frames,
        backward_steps: sum(|played| played.backward_steps),
        samples: played.samples,
        judged: all.iter().all(|played| played.position_judged),
    };
    report.get_position = model::GetPosition {
        calls: played.samples,
        max_reads: all.iter().map(|played| played.max_reads).max().unwrap_or(0),
    };
    let (steady, periods) = played.steady;
    if periods > 0 {
        let total = steady.total();
        let each = |count: u64| count as f64 / periods as f64;
        report.device_accesses.per_period = model::PerPeriod {
            reads: each(total.reads),
            writes: each(total.writes),
            interrupts: each(steady.interrupts),
            sum: each(total.reads + total.writes + steady.interrupts),
            periods,
        };
    }
    let work = kernel.accounts.snapshot().work;
    let dpc = WORKS
        .iter()
        .zip(work)
        .find(|(kind, _)| **kind == Work::Dpc)
        .map_or_else(Default::default, |(_, dpc)| dpc);
    report.dpc = model::Dpc {
        count: dpc.ran,
        counted: dpc.counted,
        max_instructions: (dpc.counted > 0).then_some(dpc.max_instructions),
    };
    report.timeline = played.timeline.clone();
    for (time_ns, what) in kernel.accounts.happenings() {
        let kind = match what {
            Happening::Interrupt => MomentKind::Interrupt,
            Happening::Dpc => MomentKind::Dpc,
            Happening::Event => MomentKind::Event,
        };
        report.timeline.moment(time_ns, kind);
    }
    report.timeline.moments.sort_by_key(|moment| (moment.time_ns, moment.kind));
    report.client_errors = all.iter().flat_map(|played| played.errors.list()).collect();
}
