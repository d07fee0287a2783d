//! What became of the mutants, from the file that cargo-mutants leaves.

use serde_json::Value;

/// How a mutant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A test failed.
    Caught,
    /// A test did not end.
    Endless,
    /// It does not compile.
    Unviable,
    /// All tests passed.
    Lives,
}

/// A mutant that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    /// What is changed, without the place.
    pub(super) change: String,
    /// The line it begins on, from 1 on.
    pub(super) line: usize,
    /// How it ended.
    pub(super) fate: Fate,
}

/// Reads `outcomes.json`; the run without any mutant is left out.
///
/// # Errors
/// What is not as it is known to be.
pub(super) fn parse(text: &str) -> Result<Vec<Tried>, String> {
    let all: Value = serde_json::from_str(text).map_err(|error| format!("outcomes.json: {error}"))?;
    let outcomes = all["outcomes"].as_array().ok_or("outcomes.json has no list of outcomes")?;
    outcomes.iter().filter_map(|outcome| tried(outcome).transpose()).collect()
}

fn tried(outcome: &Value) -> Result<Option<Tried>, String> {
    if outcome["scenario"] == "Baseline" {
        return Ok(None);
    }
    let unknown = || format!("outcomes.json: an outcome of unknown form: {outcome}");
    let mutant = &outcome["scenario"]["Mutant"];
    let fate = match outcome["summary"].as_str() {
        Some("CaughtMutant") => Fate::Caught,
        Some("Timeout") => Fate::Endless,
        Some("Unviable") => Fate::Unviable,
        Some("MissedMutant") => Fate::Lives,
        _ => return Err(unknown()),
    };
    // FILE:LINE:COLUMN: what is changed
    let name = mutant["name"].as_str().ok_or_else(unknown)?;
    let change = name.splitn(4, ':').nth(3).ok_or_else(unknown)?.trim().to_owned();
    let line = mutant["span"]["start"]["line"].as_u64().ok_or_else(unknown)?;
    Ok(Some(Tried { change, line: usize::try_from(line).map_err(|_| unknown())?, fate }))
}

#[cfg(test)]
mod tests {
    use super::{Fate, Tried, parse};

    fn outcome(summary: &str, name: &str) -> String {
        format!(
            r#"{{"scenario":{{"Mutant":{{"name":"{name}","span":{{"start":{{"line":7,"column":3}}}}}}}},"summary":"{summary}"}}"#
        )
    }

    #[test]
    fn each_fate_is_known() {
        let name = "src/a.rs:7:3: replace f -> Option<T::A> with None";
        for (summary, fate) in [
            ("CaughtMutant", Fate::Caught),
            ("Timeout", Fate::Endless),
            ("Unviable", Fate::Unviable),
            ("MissedMutant", Fate::Lives),
        ] {
            let text = format!(
                r#"{{"outcomes":[{{"scenario":"Baseline","summary":"Success"}},{}]}}"#,
                outcome(summary, name)
            );
            let change = "replace f -> Option<T::A> with None".to_owned();
            assert_eq!(parse(&text), Ok(vec![Tried { change, line: 7, fate }]));
        }
    }

    #[test]
    fn what_is_not_understood_is_no_success() {
        for text in [
            "",
            "{}",
            r#"{"outcomes":[{}]}"#,
            &format!(r#"{{"outcomes":[{}]}}"#, outcome("Failure", "src/a.rs:7:3: x")),
            &format!(r#"{{"outcomes":[{}]}}"#, outcome("MissedMutant", "src/a.rs")),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
