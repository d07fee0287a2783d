//! The report, put together from the kernel's books, the verifier and the client.

use std::fs;

use sha2::Digest;
use sha2::Sha256;

use super::LoadedImage;
use super::Machine;
use super::job::Part;
use crate::client::Books;
use crate::client::Direction;
use crate::client::Judged;
use crate::client::PositionFigures;
use crate::client::Steady;
use crate::client::by_context;
use crate::nt::Context;
use crate::nt::Happening;
use crate::nt::Snapshot;
use crate::nt::Work;
use crate::nt::WrittenEvent;
use crate::nt::profile;
use crate::options::MachineOptions;
use crate::portcls::MappingFigures;
use crate::portcls::uses_position_lock;
use crate::report::InstructionsBy;
use crate::report::Mappings;
use crate::report::MomentKind;
use crate::report::Packets;
use crate::report::PerPeriod;
use crate::report::Report;
use crate::report::Stream;
use crate::report::Traced;
use crate::report::model;
use crate::verify::Finding;

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
        wavert: kernel.profile.wavert,
        position_lock: uses_position_lock(kernel),
        registry: options.registry.iter().map(|(name, number)| format!("{name}={number}")).collect(),
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
            "skipped: this profile has no resource manager interface".to_owned()
        } else {
            "the driver registered nothing".to_owned()
        });
    }
    report.traced = kernel
        .written_events()
        .into_iter()
        .map(|WrittenEvent { time_ns, provider, name, level, fields }| Traced {
            time_ns,
            provider,
            name,
            level,
            fields,
        })
        .collect();
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

/// One stream, from what its client left in each round. What must not be at all is taken from all of them, everything
/// else from the last.
pub(super) fn stream(part: &Part, all: &[&Books]) -> Stream {
    let plan = &part.plan;
    let mut stream = Stream {
        direction: match plan.direction {
            Direction::Render => "render".to_owned(),
            Direction::Capture => "capture".to_owned(),
        },
        endpoint: part.endpoint as u64,
        client: plan.kind.to_string(),
        format: model::Format::from(&plan.pcm),
        period_frames: plan.period as u64,
        ..Stream::default()
    };
    let Some(books) = all.last() else { return stream };
    if let Some(opened) = &books.opened {
        stream.format = model::Format::from(opened);
    }
    stream.buffer_frames = books.buffer_frames;
    stream.periods = books.periods;
    let all_positions = || all.iter().map(|books| books.position);
    let most = |figure: fn(PositionFigures) -> f64| all_positions().map(figure).fold(0.0, f64::max);
    stream.position = model::Position {
        max_ahead_frames: most(|position| position.ahead),
        max_behind_frames: most(|position| position.behind),
        ahead_limit_frames: most(|position| position.ahead_limit),
        behind_limit_frames: most(|position| position.behind_limit),
        device_step_frames: plan.pace.step_frames,
        transfer_frames: most(|position| position.transfer),
        backward_steps: all_positions().map(|position| position.backward_steps).sum(),
        samples: books.position.samples,
        judged: all_positions().all(|position| position.judged != Judged::InPart),
        by_presentation: all_positions().any(|position| position.judged == Judged::Linear),
    };
    stream.get_position = model::GetPosition {
        calls: books.position.samples,
        max_reads: all.iter().map(|books| books.max_reads).max().unwrap_or(0),
        max_accesses: all.iter().map(|books| books.max_accesses).max().unwrap_or(0),
    };
    stream.packets = books
        .packets
        .map(|packets| Packets { exchanged: packets.exchanged, max_error_frames: packets.max_error_frames });
    stream.port = books.port.to_owned();
    stream.mappings = books.requests.as_ref().map(|requests| mappings(plan.packets.seed, &requests.figures));
    stream
}

fn mappings(seed: u64, figures: &MappingFigures) -> Mappings {
    Mappings {
        seed,
        packets: figures.packets,
        mapped: figures.mappings,
        shortest_bytes: figures.shortest,
        longest_bytes: figures.longest,
        frame_splits: figures.splits,
        across_pages: figures.across_pages,
        most_out: figures.most_out,
        refused: figures.refused,
        made_available: figures.available,
        revocations: figures.revocations,
        revoked: figures.revoked,
        terminated: figures.terminated,
    }
}

/// Adds what the books of RUN say, with the streams there already. `rounds` are the times that all clients were at
/// work. The RUNs of several overlap, so that their round is counted from the first one's beginning to the last one's
/// end; that of one alone is the sum of its stretches.
pub(super) fn add_run(report: &mut Report, machine: &Machine, rounds: &[Vec<&Books>]) {
    let kernel = machine.kernel;
    report.sum_up();
    for round in rounds {
        report.events_signalled = 0;
        let stretches: Vec<_> = round.iter().flat_map(|books| books.run.iter().copied()).collect();
        let together = if round.len() > 1 { stretches.len() } else { 1 };
        for run in stretches.chunks(together.max(1)) {
            let whole = Snapshot::between(run);
            report.run.allocations += whole.allocations;
            report.events_signalled += whole.events_signalled;
            // One stream begins or ends while another runs: what a driver moves about for that is not RUN's.
            report.run.bytes_copied += Snapshot::shared(run).unwrap_or(whole).bytes_copied;
        }
        report.run.buffer_mapped |= round.iter().any(|books| books.buffer_mapped);
        report.client_errors.extend(round.iter().flat_map(|books| books.errors.list()));
    }
    let Some(last) = rounds.last() else { return };
    let steady: Vec<Steady> = last.iter().filter_map(|books| books.steady).collect();
    let stretches: Vec<_> = steady.iter().map(|steady| (steady.from, steady.to)).collect();
    let counts = Snapshot::between(&stretches);
    let periods: u64 = steady.iter().map(|steady| steady.periods).sum();
    let (began, ended) =
        (steady.iter().map(|steady| steady.time.0).min(), steady.iter().map(|steady| steady.time.1).max());
    let minutes = ended.unwrap_or(0).saturating_sub(began.unwrap_or(0)) as f64 / 60e9;
    report.device_accesses.per_period = per(&counts, periods as f64, periods);
    report.device_accesses.per_minute = per(&counts, minutes, periods);
    let dpc = kernel.accounts.snapshot().work(Work::Dpc);
    report.dpc = model::Dpc {
        count: dpc.ran,
        counted: dpc.counted,
        max_instructions: (dpc.counted > 0).then_some(dpc.max_instructions),
    };
    if let Some(books) = last.first() {
        report.timeline = books.timeline.clone();
    }
    for (time_ns, what) in kernel.accounts.happenings() {
        let kind = match what {
            Happening::Interrupt => MomentKind::Interrupt,
            Happening::Dpc => MomentKind::Dpc,
            Happening::Event => MomentKind::Event,
        };
        report.timeline.moment(time_ns, kind);
    }
    report.timeline.moments.sort_by_key(|moment| (moment.time_ns, moment.kind));
}

/// Averages over the periods of all streams, or of something else that there are so many of.
fn per(counts: &Snapshot, number: f64, periods: u64) -> PerPeriod {
    if periods == 0 || number <= 0.0 {
        return PerPeriod::default();
    }
    let total = counts.total();
    let each = |count: u64| count as f64 / number;
    let work = |kind: Work| counts.work(kind).estimate() / number;
    let by = InstructionsBy {
        isr: work(Work::Isr),
        dpc: work(Work::Dpc),
        timer: work(Work::Timer),
        packet: work(Work::SetWritePacket) + work(Work::GetReadPacket),
    };
    PerPeriod {
        kicks: each(total.kicks),
        reads: each(total.reads),
        writes: each(total.writes),
        interrupts: each(counts.interrupts),
        sum: each(total.all() + counts.interrupts),
        instructions: Some(by.total()),
        instructions_by: by,
        periods,
    }
}
