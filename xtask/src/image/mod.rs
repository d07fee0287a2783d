//! Checks of the driver's image: what Windows demands of one, and what this driver promises.
//!
//! One function a rule, all rules always, every finding reported.

mod code;
mod exports;
mod imports;
mod layout;
mod pe;
mod version;

use std::fmt;

use crate::driver::Architecture;
use pe::Image;

/// What one rule has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// Where in the image.
    pub place: String,
    /// What is there.
    pub found: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; right would be: {}", self.rule, self.place, self.found, self.right)
    }
}

/// A rule: its name, and the function that adds what it finds as (place, found, right).
type Rule = (&'static str, fn(&Image<'_>, &mut Findings));

/// What the rules have found so far.
struct Findings {
    rule: &'static str,
    findings: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, place: impl Into<String>, found: impl Into<String>, right: impl Into<String>) {
        let (place, found, right) = (place.into(), found.into(), right.into());
        self.findings.push(Finding { rule: self.rule, place, found, right });
    }
}

const RULES: &[Rule] = &[
    ("native subsystem", layout::native_subsystem),
    ("protections", layout::protections),
    ("checksum", layout::checksum),
    ("section alignment", layout::section_alignment),
    ("writable code", layout::no_writable_code),
    ("not paged", layout::not_paged),
    ("relocations", layout::relocations_within_pages),
    ("import table", imports::tables_outside_code),
    ("imports", imports::exported_by_the_oldest_windows),
    ("instructions", code::no_extended_state),
    ("version", version::present_and_not_zero),
];

/// Applies every rule to the image of a driver for `architecture`.
pub fn check(bytes: &[u8], architecture: Architecture) -> Vec<Finding> {
    let image = match Image::parse(bytes, architecture) {
        Ok(image) => image,
        Err(error) => {
            return vec![Finding {
                rule: "format",
                place: "file".to_string(),
                found: error,
                right: format!("a PE32+ image for {architecture}"),
            }];
        }
    };
    let mut findings = Findings { rule: "", findings: Vec::new() };
    for (name, rule) in RULES {
        findings.rule = name;
        rule(&image, &mut findings);
    }
    findings.findings
}
