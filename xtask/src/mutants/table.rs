//! The form of the table of sources that are mutated.
//!
//! ```text
//! # a comment
//! src/device/clock.rs | waverust-tests clock feed
//!   lives replace < with <= in Clock::step
//!     at if self.count < count {
//!     for where they are equal, both branches give the same
//! ```
//!
//! A line that is not indented names a source, and behind a bar the package and the test programs that hold it. Below
//! it are the mutants that live all the same, each with the line of code that it changes and the reason why no test can
//! or need tell it from the original. A mutant that comes twice on a line is named twice.

/// A mutant that lives, and why that is no lack of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Explained {
    /// What is changed, as cargo-mutants says it, without the place.
    pub(super) change: String,
    /// The line of code, trimmed.
    pub(super) code: String,
    /// Why it lives.
    pub(super) reason: String,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// From the repository's top on.
    pub(super) file: String,
    /// The package of the tests.
    pub(super) package: String,
    /// The test programs; none for all that the package has.
    pub(super) tests: Vec<String>,
    /// Mutants that live.
    pub(super) explained: Vec<Explained>,
}

/// Reads the text of a table.
///
/// # Errors
/// Which line is not understood, and what would be.
pub(super) fn parse(text: &str) -> Result<Vec<Source>, String> {
    let mut sources: Vec<Source> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {} of the table of mutants: {what}: {line}", index + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let word = line.trim_start().split_once(' ');
        let Some(source) = sources.last_mut().filter(|_| line.starts_with(' ')) else {
            sources.push(source(line).ok_or_else(|| wrong("expected `FILE | PACKAGE TEST ...`"))?);
            continue;
        };
        match (word, source.explained.last_mut()) {
            (Some(("lives", change)), _) => source.explained.push(Explained {
                change: change.to_owned(),
                code: String::new(),
                reason: String::new(),
            }),
            (Some(("at", code)), Some(last)) if last.code.is_empty() => last.code = code.trim().to_owned(),
            (Some(("for", reason)), Some(last)) if last.reason.is_empty() => last.reason = reason.to_owned(),
            _ => return Err(wrong("expected `lives CHANGE`, then `at CODE` and `for REASON`")),
        }
    }
    for source in &sources {
        if let Some(half) = source.explained.iter().find(|it| it.code.is_empty() || it.reason.is_empty()) {
            let Explained { change, .. } = half;
            return Err(format!("table of mutants: {}: '{change}' lacks its `at` or its `for`", source.file));
        }
    }
    Ok(sources)
}

fn source(line: &str) -> Option<Source> {
    let (file, holders) = line.split_once(" | ")?;
    let mut holders = holders.split_whitespace().map(str::to_owned);
    let package = holders.next()?;
    let file = (!file.starts_with(' ')).then(|| file.trim().to_owned())?;
    Some(Source { file, package, tests: holders.collect(), explained: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::{Explained, Source, parse};

    #[test]
    fn a_table_is_read() {
        let text = "# why\n\nsrc/a.rs | tests one two\n  lives replace a with b in f\n    at  let x = a;\n    for \
                    it is dear\nsrc/b.rs | queue\n";
        let a = Source {
            file: "src/a.rs".into(),
            package: "tests".into(),
            tests: vec!["one".into(), "two".into()],
            explained: vec![Explained {
                change: "replace a with b in f".into(),
                code: "let x = a;".into(),
                reason: "it is dear".into(),
            }],
        };
        let b = Source { file: "src/b.rs".into(), package: "queue".into(), tests: vec![], explained: vec![] };
        assert_eq!(parse(text), Ok(vec![a, b]));
    }

    #[test]
    fn what_is_not_understood_is_named_by_its_line() {
        let good = "src/a.rs | tests one\n  lives x\n    at y\n    for z\n";
        assert!(parse(good).is_ok());
        for (bad, line) in [
            ("src/a.rs\n".to_owned(), 1),
            ("src/a.rs | \n".to_owned(), 1),
            ("  lives x\n".to_owned(), 1),
            ("src/a.rs | tests\n    at y\n".to_owned(), 2),
            ("src/a.rs | tests\n  dies x\n".to_owned(), 2),
            (format!("{good}    for another\n"), 5),
            (format!("{good}    at another\n"), 5),
        ] {
            let error = parse(&bad).expect_err(&bad);
            assert!(error.starts_with(&format!("line {line} ")), "{bad}: {error}");
        }
    }

    #[test]
    fn an_explanation_needs_a_place_and_a_reason() {
        for half in ["  lives x\n    at y\n", "  lives x\n    for z\n", "  lives x\n"] {
            let error = parse(&format!("src/a.rs | tests\n{half}")).expect_err(half);
            assert!(error.contains("src/a.rs: 'x' lacks"), "{error}");
        }
    }
}
