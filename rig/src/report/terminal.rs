//! The report in about twenty lines, for a terminal or a log.

use std::fmt::Write;

use super::baseline;
use super::model::Report;
use super::stream::Mappings;
use super::stream::Stream;
use super::traced::counted;
use super::verdict::Verdict;

/// Bytes of a thread's kernel stack on x64.
const KERNEL_STACK: u64 = 24 << 10;

/// Findings and glitches that are listed; the rest is a number.
const LISTED: usize = 5;

/// Writes the summary. With `colour` the verdict is coloured by ANSI sequences: say so only for a terminal.
pub fn summary(report: &Report, colour: bool) -> String {
    let mut out = String::new();
    let (paint, verdict) = match report.verdict() {
        Verdict::Exact if report.direction == "capture" => {
            ("32", "bit-exact: what was recorded is what went in")
        }
        Verdict::Exact => ("32", "bit-exact: what came out is what went in"),
        Verdict::Differs => ("33", "the sound that came out is not the sound that went in"),
        Verdict::Mistold => ("33", "the sound is right, what the driver told its client is not"),
        Verdict::Finding => ("31", "the driver broke a rule of Windows"),
    };
    let verdict = if colour { format!("\x1b[1;{paint}m{verdict}\x1b[0m") } else { verdict.to_owned() };
    let mut line = |name: &str, text: String| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{name:>12}  {text}");
    };
    line("verdict", verdict);
    line("driver", driver(report));
    line(
        "device",
        format!("{}, as seen by {} (build {})", report.device, report.profile.name, report.windows),
    );
    line("client", client(report));
    if report.streams.iter().any(|stream| stream.port == "WavePci") {
        line("port", port(report));
    }
    line("format", report.format.describe());
    if report.streams.len() > 1 {
        for each in &report.streams {
            line("stream", stream(each));
        }
    }
    line("sound", sound(report));
    for glitch in report.glitches.list.iter().take(LISTED) {
        let kind = format!("{:?}", glitch.kind).to_lowercase();
        line("", format!("{kind}: {} at input frame {}", count(glitch.frames, "frame"), glitch.at_frame));
    }
    more(&mut line, report.glitches.list.len());
    line("position", position(report));
    if report.position.samples > 0 {
        line("", limits(report));
    }
    for packets in report.streams.iter().filter_map(|stream| stream.packets.as_ref()) {
        let off = packets.max_error_frames;
        line("packets", format!("{}, their times off by at most {off:.1} frames", packets.exchanged));
    }
    for mappings in report.streams.iter().filter_map(|stream| stream.mappings.as_ref()) {
        line("mappings", mapped(mappings));
        line("", revoked(mappings));
    }
    line("locks", locks(report).to_owned());
    line("interactions", interactions(report));
    if report.device_accesses.per_period.periods > 0 {
        line("a minute", minute(report));
    }
    if let Some(text) = instructions(report) {
        line("instructions", text);
    }
    let by = report.device_accesses.by_context.parts().map(|(name, count)| format!("{name} {count}"));
    line("accesses", format!("{} in all: {}", report.device_accesses.total, by.join(", ")));
    line(
        "periods",
        format!(
            "{} ({}, {})",
            report.periods,
            count(report.interrupts, "interrupt"),
            count(report.events_signalled, "event")
        ),
    );
    line(
        "in RUN",
        format!(
            "{}, {} copied, the client's buffer {}mapped by the driver",
            count(report.run.allocations, "allocation"),
            count(report.run.bytes_copied, "byte"),
            if report.run.buffer_mapped { "" } else { "not " }
        ),
    );
    line("stack", format!("at most {} of {KERNEL_STACK}", count(report.stack_bytes, "byte")));
    line("DPCs", dpcs(report));
    line("resources", resources(report));
    line("traced", counted(&report.traced));
    line(
        "trace",
        format!("{} (seed {})", report.trace_hash.get(..16).unwrap_or(&report.trace_hash), report.seed),
    );
    for error in report.client_errors.iter().take(LISTED) {
        line("client error", format!("at {:.3} s {}", error.time_ns as f64 / 1e9, error.message));
    }
    more(&mut line, report.client_errors.len());
    if report.findings.is_empty() {
        line("findings", "none".to_owned());
    }
    for finding in report.findings.iter().take(LISTED) {
        let code = format!("{} {}", finding.bug_check.code, finding.bug_check.name);
        line("finding", format!("{}: {}", finding.rule, finding.message));
        let call = finding.call.as_deref().map_or(String::new(), |call| format!(" in {call}"));
        line("", format!("bug check {code}{call}"));
        for place in finding.stack.iter().take(LISTED) {
            line("", format!("at {place}"));
        }
    }
    more(&mut line, report.findings.len());
    out
}

fn more(line: &mut impl FnMut(&str, String), length: usize) {
    if length > LISTED {
        line("", format!("and {} more, in the report", length - LISTED));
    }
}

fn driver(report: &Report) -> String {
    let version = report.driver.version.as_deref().map_or(String::new(), |version| format!(" {version}"));
    format!("{}{version}, {}", report.driver.path, count(report.imports, "import"))
}

fn client(report: &Report) -> String {
    format!(
        "{}, period {} frames, buffer {} frames",
        report.client, report.period_frames, report.buffer_frames
    )
}

/// Which port the driver has chosen, and what it could choose by.
fn port(report: &Report) -> String {
    let mut names: Vec<&str> = report.streams.iter().map(|stream| stream.port.as_str()).collect();
    names.dedup();
    let there = if report.profile.wavert { "a WaveRT port is there" } else { "no WaveRT port is there" };
    let registry = match report.profile.registry.as_slice() {
        [] => "nothing in the registry".to_owned(),
        values => format!("in the registry {}", values.join(", ")),
    };
    format!("{}: {there}, {registry}", names.join(" + "))
}

/// Which requests follow one another.
fn locks(report: &Report) -> &'static str {
    if report.profile.position_lock {
        "positions and packets have a stream's own, all else the device's (UsePositionLock)"
    } else {
        "all requests have the device's (no UsePositionLock)"
    }
}

fn mapped(mappings: &Mappings) -> String {
    format!(
        "{} of {} to {} bytes, of {} (seed {}); {} within a frame, {} across pages, {} at once",
        mappings.mapped,
        mappings.shortest_bytes,
        mappings.longest_bytes,
        count(mappings.packets, "packet"),
        mappings.seed,
        mappings.frame_splits,
        mappings.across_pages,
        mappings.most_out,
    )
}

fn revoked(mappings: &Mappings) -> String {
    format!(
        "{}, {} of a mapping again; {} revoked in {}, {} ended early",
        count(mappings.refused, "refusal"),
        count(mappings.made_available, "notice"),
        mappings.revoked,
        count(mappings.revocations, "call"),
        count(mappings.terminated, "packet"),
    )
}

fn stream(stream: &Stream) -> String {
    format!(
        "{} {}: {} client, {} frames in, {} out, {}, position at most {:.1} frames ahead, {:.1} behind",
        stream.direction,
        stream.endpoint,
        stream.client,
        stream.frames_in,
        stream.frames_out,
        count(stream.glitches.count, "glitch"),
        stream.position.max_ahead_frames,
        stream.position.max_behind_frames,
    )
}

fn sound(report: &Report) -> String {
    format!(
        "{} frames in, {} out (lead-in {}, tail {}), {}",
        report.frames_in,
        report.frames_out,
        report.lead_in_frames,
        report.tail_frames,
        count(report.glitches.count, "glitch"),
    )
}

fn position(report: &Report) -> String {
    if report.position.samples == 0 {
        return "not asked in RUN".to_owned();
    }
    let position = &report.position;
    format!(
        "at most {:.1} frames ahead (of {}), {:.1} behind (of {}), {}, {} of at most {}",
        position.max_ahead_frames,
        position.ahead_limit_frames,
        position.max_behind_frames,
        position.behind_limit_frames,
        count(position.backward_steps, "backward step"),
        count(report.get_position.calls, "call"),
        count(report.get_position.max_reads, "read"),
    )
}

/// What the limits of the position come from, and how it was held against them.
fn limits(report: &Report) -> String {
    let position = &report.position;
    let transfer = match position.transfer_frames {
        0.0 => String::new(),
        frames => format!(", and is given {frames} at a time"),
    };
    let judged = match (position.judged, position.by_presentation) {
        (true, false) => "",
        (true, true) => {
            "; judged by the presentation position, as offsets in so small a buffer are ambiguous"
        }
        (false, _) => "; judged in part, as offsets in so small a buffer are ambiguous",
    };
    format!("the device steps by {} frames{transfer}{judged}", position.device_step_frames)
}

fn interactions(report: &Report) -> String {
    let per = report.device_accesses.per_period;
    if per.periods == 0 {
        return "not measured: no period of steady RUN".to_owned();
    }
    let own = format!(
        "{:.2} per period: {:.2} kicks, {:.2} interrupts, {:.2} reads, {:.2} other writes",
        per.sum, per.kicks, per.interrupts, per.reads, per.writes
    );
    match baseline::of(&report.device) {
        Some(linux) => format!("{own} (Linux {}: {})", linux.driver, linux.per_period.sum),
        None => own,
    }
}

/// Driver instructions a period, where they were counted.
fn instructions(report: &Report) -> Option<String> {
    let per = report.device_accesses.per_period;
    let total = per.instructions.filter(|_| per.periods > 0)?;
    let by: Vec<String> = per
        .instructions_by
        .parts()
        .into_iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(name, count)| format!("{name} {count:.0}"))
        .collect();
    if by.is_empty() {
        return Some("not counted".to_owned());
    }
    let own = format!("{total:.0} per period: {}", by.join(", "));
    let linux = baseline::of(&report.device)
        .and_then(|linux| Some(format!(" (Linux {}: {})", linux.driver, linux.per_period.instructions?)));
    Some(own + &linux.unwrap_or_default())
}

/// The interactions of a minute.
fn minute(report: &Report) -> String {
    let per = report.device_accesses.per_minute;
    format!(
        "{:.0} interactions: {:.0} kicks, {:.0} interrupts, {:.0} other accesses",
        per.sum,
        per.kicks,
        per.interrupts,
        per.reads + per.writes
    )
}

fn dpcs(report: &Report) -> String {
    match report.dpc.max_instructions {
        Some(most) => format!(
            "{}, the longest of {} counted: {}",
            report.dpc.count,
            report.dpc.counted,
            count(most, "instruction")
        ),
        None => format!("{}, instructions not counted", report.dpc.count),
    }
}

fn resources(report: &Report) -> String {
    let listed: Vec<String> = report
        .stream_resources
        .iter()
        .map(|resource| {
            let left = if resource.removed.is_some() { "" } else { ", never removed" };
            format!("{} via {}{left}", resource.kind, resource.via)
        })
        .collect();
    match &report.stream_resources_note {
        Some(note) => note.clone(),
        None if listed.is_empty() => "none".to_owned(),
        None => listed.join("; "),
    }
}

/// A number with its noun.
pub(super) fn count(number: u64, noun: &str) -> String {
    match (number, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "glitch") => format!("{number} glitches"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::report::sample;

    #[test]
    fn a_good_run_takes_about_twenty_plain_lines() {
        let text = summary(&sample::exact(), false);
        assert!((12..=23).contains(&text.lines().count()), "{text}");
        assert!(text.is_ascii() && !text.contains('\x1b'));
        for part in [
            "bit-exact",
            "0 glitches",
            "4.00 per period",
            "Linux snd_intel8x0: 13",
            "0 allocations",
            "310 per period: ISR 90, DPC 220 (Linux snd_intel8x0: 323)",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn a_bad_run_says_what_is_wrong() {
        let text = summary(&sample::broken(), false);
        for part in [
            "the driver broke a rule of Windows",
            "dropped: 480 frames at input frame 96000",
            "1 backward step",
            "irql-too-high",
            "bug check 0xC4 DRIVER_VERIFIER_DETECTED_VIOLATION in ExAllocatePoolWithTag",
            "at waverust::platform::dpc::entry",
            "skipped: the WaveRT port",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn a_client_that_was_told_nonsense_says_so() {
        let text = summary(&sample::mistold(), false);
        for part in [
            "what the driver told its client is not",
            "client error  at 0.040 s in RUN the position went back",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn several_streams_have_a_line_each() {
        let text = summary(&sample::duplex(), false);
        for part in [
            "stream  render 0: event client, 391680 frames in, 392640 out, 0 glitches",
            "stream  capture 0: packet client",
            "packets  300, their times off by at most 12.5 frames",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn what_could_not_be_measured_is_not_given_as_zero() {
        let mut report = sample::exact();
        report.device_accesses.per_period = Default::default();
        report.position.judged = false;
        let text = summary(&report, false);
        assert!(text.contains("not measured") && text.contains("judged in part"), "{text}");
    }

    #[test]
    fn long_lists_are_cut() {
        let mut report = sample::broken();
        report.glitches.list = vec![report.glitches.list[0].clone(); 800];
        assert!(summary(&report, false).contains("and 795 more, in the report"));
    }

    #[test]
    fn colour_is_asked_for() {
        assert!(summary(&sample::exact(), true).contains("\x1b[1;32mbit-exact"));
    }
}
