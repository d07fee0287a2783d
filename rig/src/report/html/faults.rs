//! What went wrong: rules broken, answers that a client cannot accept, places where the sound differs.

use super::super::model::{ClientError, Finding, Report};
use super::text::{escape, grouped, seconds};
use super::{ROWS, section};

pub(super) fn findings(report: &Report) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let rules: String = report.findings.iter().map(finding).collect();
    format!("<section>\n<h2>Findings</h2>\n{rules}</section>\n")
}

fn finding(finding: &Finding) -> String {
    let parameters: Vec<String> = finding.parameters.iter().map(ToString::to_string).collect();
    let rows = [
        (
            "Bug check",
            Some(format!(
                "{} {} ({})",
                finding.bug_check.code,
                finding.bug_check.name,
                parameters.join(", ")
            )),
        ),
        ("Call", finding.call.clone()),
        ("IRQL", finding.irql.map(|irql| irql.to_string())),
        ("Running", finding.thread.clone()),
        ("At", finding.at.clone()),
    ];
    let rows: String = rows
        .into_iter()
        .filter_map(|(name, value)| {
            Some(format!("<dt>{name}</dt><dd class=\"mono\">{}</dd>", escape(&value?)))
        })
        .collect();
    let stack: String =
        finding.stack.iter().map(|place| format!("<li><code>{}</code></li>", escape(place))).collect();
    format!(
        "<article class=\"rule\">\n<h3>{}</h3>\n<p>{}</p>\n<dl>{rows}</dl>\n<ol>{stack}</ol>\n</article>\n",
        escape(&finding.rule),
        escape(&finding.message),
    )
}

pub(super) fn client_errors(report: &Report) -> String {
    if report.client_errors.is_empty() {
        return String::new();
    }
    let row = |error: &ClientError| {
        format!("<tr><th>{}</th><td>{}</td></tr>\n", seconds(error.time_ns), escape(&error.message))
    };
    let rows: String = report.client_errors.iter().map(row).collect();
    section(
        "What the client cannot accept",
        "When it was first noticed, in virtual time, and what it is.",
        &format!("<div class=\"scroll\"><table><tbody>\n{rows}</tbody></table></div>\n"),
    )
}

pub(super) fn glitches(report: &Report) -> String {
    let rate = f64::from(report.format.rate.max(1));
    let rows: String = report
        .glitches
        .list
        .iter()
        .take(ROWS)
        .map(|glitch| {
            let kind = format!("{:?}", glitch.kind).to_lowercase();
            let at = glitch.at_frame;
            format!(
                "<tr><td>{kind}</td><td class=\"number\">{}</td><td class=\"number\">{:.3} s</td><td class=\"number\">{}</td></tr>\n",
                grouped(at), at as f64 / rate, grouped(glitch.frames),
            )
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let rest = report.glitches.list.len().saturating_sub(ROWS);
    let rest = if rest > 0 { format!("<p>and {rest} more.</p>\n") } else { String::new() };
    format!(
        "<section>\n<h2>Where the sound differs</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>what</th>\
         <th class=\"number\">input frame</th><th class=\"number\">at</th><th class=\"number\">frames</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n{rest}</section>\n"
    )
}
