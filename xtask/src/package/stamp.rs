//! Makes the INF out of its source, as stampinf does: the version, and the processors that the package is for.
//!
//! stampinf knows one processor at a time. Here a section with the processor in its name is written once for each, so
//! that one INF serves them all. Files that run from the driver store need names of their own: the image for 64-bit
//! ARM is `waverust_arm64.sys`.

use super::date::Date;
use crate::driver::Architecture;
use crate::failure::Failure;

/// Stands for the processor.
const TOKEN: &str = "$ARCH$";

/// The stamped text: for `architectures`, of `date`, `version` being "major.minor.patch".
///
/// # Errors
/// [`Failure::Wrong`] where the processor stands in a place that is not written once for each, or there is no version
/// to fill in.
pub fn stamp(
    source: &str,
    architectures: &[Architecture],
    date: Date,
    version: &str,
) -> Result<String, Failure> {
    let mut stamped = String::new();
    let mut versions = 0;
    for section in sections(source) {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        if head.starts_with('[') && head.contains(TOKEN) {
            for architecture in architectures {
                stamped.push_str(&one(section, *architecture));
            }
            continue;
        }
        stamped.push_str(head);
        stamped.push('\n');
        for line in body.lines() {
            if line.starts_with("DriverVer") {
                versions += 1;
                stamped.push_str(&format!("DriverVer   = {date},{version}.0"));
            } else if head == "[Manufacturer]" {
                stamped.push_str(&targets(line, architectures));
            } else if line.contains(TOKEN) {
                return Err(Failure::Wrong(format!("{head}: {line:?}: not a place for a processor")));
            } else {
                stamped.push_str(line);
            }
            stamped.push('\n');
        }
    }
    if versions != 1 {
        return Err(Failure::Wrong(format!("{versions} lines for the version, not one")));
    }
    Ok(stamped.replace('\n', "\r\n"))
}

/// The text cut ahead of each section's head.
fn sections(source: &str) -> Vec<&str> {
    let mut cuts: Vec<usize> = source.match_indices("\n[").map(|(at, _)| at + 1).collect();
    cuts.insert(0, 0);
    cuts.push(source.len());
    cuts.windows(2).map(|pair| &source[pair[0]..pair[1]]).collect()
}

/// A section for one processor.
fn one(section: &str, architecture: Architecture) -> String {
    let file = format!("{}.sys", architecture.file_stem());
    section.replace(TOKEN, architecture.windows_name()).replace("waverust.sys", &file)
}

/// A manufacturer's line, the systems for one processor written for each.
fn targets(line: &str, architectures: &[Architecture]) -> String {
    let fields = line.split(',').flat_map(|field| {
        let count = if field.contains(TOKEN) { architectures.len() } else { 1 };
        architectures[..count].iter().map(|each| field.replace(TOKEN, each.windows_name()))
    });
    fields.collect::<Vec<_>>().join(",")
}
