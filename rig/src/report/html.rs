//! The report as one page: no script, no font, no picture from anywhere else.

use std::fmt::Write;

use plotters::prelude::RGBColor;

use super::baseline;
use super::model::Report;
use super::plot;
use super::terminal::count;
use super::verdict::Verdict;
use faults::{client_errors, findings, glitches};
use streams::streams;
use text::{escape, figure, file_name, grouped, seconds};

mod faults;
mod streams;
mod text;

/// Typography and colours, light and dark.
const STYLE: &str = include_str!("../../assets/report.css");
/// Rows of a long table that are shown.
const ROWS: usize = 100;

/// Renders the page.
pub fn page(report: &Report) -> String {
    let title = format!("{}: {} with the {} client", headline(report), report.device, report.client);
    [
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        &format!("<title>{}</title>\n<style>\n{STYLE}{}</style>\n</head>\n", escape(&title), role_rules()),
        &format!("<body class=\"{}\">\n", class(report)),
        &verdict(report),
        "<main>\n",
        &tiles(report),
        &streams(report),
        &findings(report),
        &client_errors(report),
        &glitches(report),
        &interactions(report),
        &positions(report),
        &periods(report),
        &facts(report),
        &log(report),
        &footer(report),
        "</main>\n</body>\n</html>\n",
    ]
    .concat()
}

/// Gives the plots' marker colours the colours of the page.
fn role_rules() -> String {
    let rule = |(RGBColor(r, g, b), name): (RGBColor, &str)| {
        let marker = format!("#{r:02X}{g:02X}{b:02X}");
        let colour = if name == "ink" { "soft" } else { name };
        format!(
            "svg [fill=\"{marker}\"] {{ fill: var(--{colour}); }}\n\
             svg [stroke=\"{marker}\"] {{ stroke: var(--{colour}); }}\n"
        )
    };
    plot::ROLES.into_iter().map(rule).collect()
}

fn class(report: &Report) -> &'static str {
    match report.verdict() {
        Verdict::Exact => "exact",
        Verdict::Differs | Verdict::Mistold => "differs",
        Verdict::Finding => "finding",
    }
}

fn headline(report: &Report) -> &'static str {
    match report.verdict() {
        Verdict::Exact => "Bit-exact",
        Verdict::Differs => "Not the same sound",
        Verdict::Mistold => "The client was misled",
        Verdict::Finding => "A rule was broken",
    }
}

fn verdict(report: &Report) -> String {
    let seconds = report.frames_in as f64 / f64::from(report.format.rate.max(1));
    let sound =
        format!("{} frames of {} ({seconds:.2} s)", grouped(report.frames_in), report.format.describe());
    let lead = match report.verdict() {
        Verdict::Exact => format!("{sound} went in, and the same bytes came out."),
        Verdict::Differs => {
            format!("{sound} went in; what came out differs in {}.", count(report.glitches.count, "place"))
        }
        Verdict::Mistold => format!(
            "{sound} went in, and the same bytes came out. What the driver told its client meanwhile was wrong in {}.",
            count(report.client_errors.len() as u64, "way")
        ),
        Verdict::Finding => report.findings.first().map_or(String::new(), |finding| {
            format!("The driver broke a rule of Windows: {}.", finding.message.trim_end_matches('.'))
        }),
    };
    let badges = [
        file_name(&report.driver.path).to_owned(),
        format!("device {}", report.device),
        format!("{} (build {})", report.profile.name, report.windows),
        format!("{} client", report.client),
        format!("period {} frames", report.period_frames),
        format!("buffer {} frames", report.buffer_frames),
    ];
    let badges = badges.map(|badge| format!("<li class=\"badge\">{}</li>", escape(&badge))).concat();
    format!(
        "<header class=\"verdict\"><div>\n<p class=\"eyebrow\">WaveRusT: one run</p>\n<h1>{}</h1>\n\
         <p class=\"lead\">{}</p>\n<ul class=\"scene\">{badges}</ul>\n</div></header>\n",
        headline(report),
        escape(&lead),
    )
}

fn tiles(report: &Report) -> String {
    let per = report.device_accesses.per_period;
    let position = &report.position;
    let beside = baseline::of(&report.device)
        .map_or(String::new(), |linux| format!("Linux {} needs {}", linux.driver, linux.per_period.sum));
    let dpc = report.dpc.max_instructions.map_or("not counted".to_owned(), grouped);
    let tiles = [
        (
            false,
            "Interactions per period",
            if per.periods == 0 { "not measured".to_owned() } else { figure(per.sum) },
            "",
            beside,
        ),
        (
            position.backward_steps > 0
                || (position.samples > 0 && !position.judged)
                || position.max_ahead_frames > position.ahead_limit_frames
                || position.max_behind_frames > position.behind_limit_frames,
            "Position ahead and behind, at most",
            format!("{} / {}", figure(position.max_ahead_frames), figure(position.max_behind_frames)),
            "frames",
            format!(
                "{} and {} are allowed; {}",
                figure(position.ahead_limit_frames),
                figure(position.behind_limit_frames),
                count(position.backward_steps, "backward step")
            ),
        ),
        (
            !report.bit_exact,
            "Glitches",
            grouped(report.glitches.count),
            "",
            format!("lead-in {}, tail {} frames", report.lead_in_frames, report.tail_frames),
        ),
        (
            report.run.allocations + report.run.bytes_copied > 0,
            "Allocations in RUN",
            grouped(report.run.allocations),
            "",
            format!(
                "{} copied, buffer {}mapped",
                count(report.run.bytes_copied, "byte"),
                if report.run.buffer_mapped { "" } else { "not " }
            ),
        ),
        (
            false,
            "Longest DPC",
            dpc,
            "instructions",
            format!("of {} counted, {} in all", report.dpc.counted, report.dpc.count),
        ),
    ];
    let tile = |(off, name, value, unit, note): (bool, &str, String, &str, String)| {
        let off = if off { " off" } else { "" };
        format!(
            "<div class=\"tile{off}\"><p class=\"name\">{name}</p><p class=\"value\">{value} <small>{unit}</small></p>\
             <p class=\"note\">{}</p></div>\n",
            escape(&note)
        )
    };
    format!("<div class=\"tiles\">\n{}</div>\n", tiles.map(tile).concat())
}

fn interactions(report: &Report) -> String {
    let own = report.device_accesses.per_period;
    let linux = baseline::of(&report.device);
    let other =
        linux.map_or(String::new(), |linux| format!("<th class=\"number\">Linux {}</th>", linux.driver));
    let row = |class: &str, name: &str, own: f64, other: Option<f64>| {
        let other = other.map_or(String::new(), |n| format!("<td class=\"number\">{}</td>", figure(n)));
        format!("<tr{class}><th>{name}</th><td class=\"number\">{}</td>{other}</tr>\n", figure(own))
    };
    let linux = linux.map(|linux| linux.per_period);
    let mut rows = vec![
        row("", "kicks", own.kicks, linux.map(|per| per.kicks)),
        row("", "interrupts", own.interrupts, linux.map(|per| per.interrupts)),
        row("", "register reads", own.reads, linux.map(|per| per.reads)),
        row("", "other register writes", own.writes, linux.map(|per| per.writes)),
        row(" class=\"sum\"", "per period", own.sum, linux.map(|per| per.sum)),
    ];
    if let Some(own) = own.instructions {
        rows.push(row("", "driver instructions", own, linux.and_then(|per| per.instructions)));
    }
    format!(
        "<section>\n<h2>Device interactions</h2>\n<p>Each of them is what a guest pays as one exit to its \
         host. The table is the average of steady RUN, the plot every period of RUN by its number.</p>\n<div class=\"scroll narrow\"><table>\n<thead><tr><th></th>\
         <th class=\"number\">this driver</th>{other}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n{}</section>\n",
        rows.concat(),
        plotted(
            plot::accesses(report),
            &[
                ("interrupt", "interrupt"),
                ("isr", "accesses in the ISR"),
                ("dpc", "in the DPC"),
                ("thread", "in a thread"),
                ("client", "in calls of client and system"),
            ]
        ),
    )
}

fn positions(report: &Report) -> String {
    section(
        "Position error",
        "Frames by which GetPosition was ahead of what the device had taken (below zero: behind). The band is \
         what is allowed: the device's own step, and behind it also the most that the device is given at a time.",
        &plotted(plot::position_error(report), &[("line", "reported minus true"), ("band", "allowed")]),
    )
}

fn periods(report: &Report) -> String {
    section(
        "From interrupt to refill",
        "The first periods, in virtual time. Faint lines stand where the sample rate says that a period has passed.",
        &plotted(plot::period_timeline(report), &[]),
    )
}

fn section(title: &str, text: &str, figure: &str) -> String {
    if figure.is_empty() {
        return String::new();
    }
    format!("<section>\n<h2>{title}</h2>\n<p>{text}</p>\n{figure}</section>\n")
}

/// A plot with its legend; nothing where there is no plot.
fn plotted(svg: Option<String>, legend: &[(&str, &str)]) -> String {
    let Some(svg) = svg else { return String::new() };
    let entry = |(colour, name): &(&str, &str)| {
        format!("<li><i style=\"background:var(--{colour})\"></i>{name}</li>")
    };
    let legend: String = legend.iter().map(entry).collect();
    let legend = if legend.is_empty() { legend } else { format!("<ul class=\"legend\">{legend}</ul>\n") };
    format!("<figure>\n{legend}{svg}</figure>\n")
}

fn facts(report: &Report) -> String {
    let by =
        report.device_accesses.by_context.parts().map(|(name, count)| format!("{name} {}", grouped(count)));
    let mut rows = vec![
        ("frames in, out", format!("{}, {}", grouped(report.frames_in), grouped(report.frames_out))),
        ("periods", grouped(report.periods)),
        (
            "interrupts, events signalled",
            format!("{}, {}", grouped(report.interrupts), grouped(report.events_signalled)),
        ),
        ("DPCs in RUN", grouped(report.dpc.count)),
        ("kernel stack used, bytes", format!("{} of {}", grouped(report.stack_bytes), grouped(24 << 10))),
        (
            "GetPosition in RUN",
            format!(
                "{} of at most {}",
                count(report.get_position.calls, "call"),
                count(report.get_position.max_reads, "register read")
            ),
        ),
        (
            "device accesses, load to unload",
            format!("{} ({})", grouped(report.device_accesses.total), by.join(", ")),
        ),
    ];
    for resource in &report.stream_resources {
        let removed =
            resource.removed.map_or("never removed".to_owned(), |at| format!("removed at {}", seconds(at)));
        rows.push((
            "stream resource",
            format!(
                "{} via {}, added at {}, {removed}",
                resource.kind,
                resource.via,
                seconds(resource.added)
            ),
        ));
    }
    if let Some(note) = &report.stream_resources_note {
        rows.push(("stream resources", note.clone()));
    }
    let rows: String = rows
        .into_iter()
        .map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(&value)))
        .collect();
    format!(
        "<section>\n<h2>The run in figures</h2>\n<div class=\"scroll\"><table><tbody>\n{rows}</tbody></table></div>\n</section>\n"
    )
}

fn log(report: &Report) -> String {
    if report.log.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for line in &report.log {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:>14}  {:<6}  {}", seconds(line.time_ns), line.source, line.text);
    }
    format!(
        "<section>\n<h2>Log</h2>\n<details><summary>{}</summary>\n<pre>{}</pre></details>\n</section>\n",
        count(report.log.len() as u64, "line"),
        escape(&text),
    )
}

fn footer(report: &Report) -> String {
    let driver = &report.driver;
    let lines = [
        format!(
            "driver {}, version {}, {}",
            driver.path,
            driver.version.as_deref().unwrap_or("none"),
            count(report.imports, "import")
        ),
        format!("SHA-256 {}", driver.sha256),
        format!("trace {}, seed {}", report.trace_hash, report.seed),
        "Played by the rig, a small Windows on Linux. Nothing here was measured on Windows itself."
            .to_owned(),
    ];
    let lines = lines.map(|line| format!("<p>{}</p>\n", escape(&line))).concat();
    format!("<footer>\n{lines}</footer>\n")
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::report::model::Report;
    use crate::report::sample;

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        for report in [sample::exact(), sample::broken(), Report::new()] {
            let page = page(&report);
            let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for outside in ["http:", "https:", "src=", "<script", "@import", "url(", "<link"] {
                assert!(!page.contains(outside), "{outside}");
            }
        }
    }

    #[test]
    fn the_page_says_what_happened() {
        let good = page(&sample::exact());
        assert!(good.contains("<h1>Bit-exact</h1>") && good.contains("Linux snd_intel8x0"));
        assert_eq!(good.matches("<svg").count(), 3);
        let misled = page(&sample::mistold());
        assert!(misled.contains("<h1>The client was misled</h1>"));
        assert!(misled.contains("What the client cannot accept") && misled.contains("PAUSE &lt;once&gt;"));
        let bad = page(&sample::broken());
        assert!(bad.contains("<h1>A rule was broken</h1>"));
        assert!(bad.contains("DRIVER_VERIFIER_DETECTED_VIOLATION") && bad.contains("dropped"));
    }

    #[test]
    fn text_from_outside_stays_text() {
        let mut report = sample::broken();
        report.driver.path = "/tmp/<img onerror='x'>.sys".into();
        report.log[0].text = "</pre><script>alert(\"1\")</script>".into();
        report.stream_resources_note = Some("<b>".into());
        let page = page(&report);
        assert!(page.contains("on_dpc::&lt;Ac97&gt;") && page.contains("&amp; &lt;safe&gt;"));
        for planted in ["<img", "<script", "<b>", "</pre><"] {
            assert!(!page.replace("</pre></details>", "").contains(planted), "{planted}");
        }
    }
}
