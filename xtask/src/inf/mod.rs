//! Whether an INF is what Windows wants of an audio driver, and what this driver needs.
//!
//! This is not InfVerif, Microsoft's checker, which runs on Windows alone: it knows the rules below and no others.
//!
//! Sources: the WDK's pages on INF sections and directives, "Using a Universal INF File", "Run From Driver Store", "Driver
//! Isolation", "Installing Device Interfaces for an Audio Adapter", "Installing Core System Components for an Audio
//! Adapter", "Enabling Message-Signaled Interrupts in the Registry", "Friendly Names for Audio Endpoint Devices", "Audio
//! Device Class Inactivity Timer Implementation".

mod audio;
mod driver;
mod file;
mod package;

use std::fmt;

use self::file::Inf;

pub use self::driver::Driver;

/// A rule that an INF breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// What is wrong, and where.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INF, {}: {}", self.rule, self.what)
    }
}

/// A rule gives a sentence for each fault.
type Rule = fn(&Inf, &Driver) -> Vec<String>;

/// The rules and their names.
const RULES: [(&str, Rule); 16] = [
    ("strings", package::strings),
    ("sections", package::sections),
    ("version", package::version),
    ("universal", package::universal),
    ("driver store", package::driver_store),
    ("systems", package::systems),
    ("services", package::services),
    ("models", audio::models),
    ("registration", audio::registration),
    ("interfaces", audio::interfaces),
    ("events", audio::events),
    ("security", audio::security),
    ("messages", audio::messages),
    ("DMA", audio::remapping),
    ("names of pins", audio::media_categories),
    ("power", audio::power),
];

/// The names of all rules.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}

/// Applies every rule to a stamped INF.
pub fn check(text: &str, driver: &Driver) -> Vec<Finding> {
    let inf = Inf::parse(text);
    RULES
        .iter()
        .flat_map(|(rule, check)| check(&inf, driver).into_iter().map(|what| Finding { rule, what }))
        .collect()
}

/// The hardware ids that an INF has models for, each one once.
pub fn hardware(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for id in Inf::parse(text).models().into_iter().flat_map(|model| model.ids) {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}
