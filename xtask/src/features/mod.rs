//! What a WaveRT driver must, should and could do, row by row, with the test that shows it.
//!
//! The table is `features.txt` beside this file; `docs/features.md` is made from it. See [`table`] for its form.

mod evidence;
mod page;
#[cfg(test)]
mod sources;
pub mod table;

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::repository::Repository;
use evidence::Outcome;
use table::{Feature, Table};

/// The table.
pub const TEXT: &str = include_str!("features.txt");
/// Where the page made from it stands.
pub const PAGE: &str = "docs/features.md";

/// Runs the tests of every row, and prints the table with what came of it. With a file `from` that has all that
/// `cargo xtask test` printed, none is run.
///
/// # Errors
/// [`Failure::Wrong`] if a test fails or is not there, [`Failure::Environment`] if none can be run, or `from` not be read.
pub fn run(repository: &Repository, from: Option<&Path>) -> Result<(), Failure> {
    let table = Table::parse(TEXT).map_err(Failure::Wrong)?;
    let outcomes = match from {
        None => evidence::run(repository, &table)?,
        Some(path) => {
            let printed = fs::read_to_string(path).map_err(|error| Failure::io(path, &error))?;
            evidence::read(repository, &table, &printed)?
        }
    };
    let mut failed = Vec::new();
    for feature in &table.features {
        let shown: Vec<_> = feature.tests.iter().map(|test| (test, outcomes.of(test))).collect();
        println!("{}", line(feature, &shown));
        for (test, outcome) in shown {
            println!("          {outcome:<7} {test}");
            if outcome != Outcome::Passed {
                failed.push(format!("{test} ({outcome})"));
            }
        }
        if let Some(rest) = &feature.rest {
            println!("          not shown: {rest}");
        }
    }
    let shown = table.features.iter().filter(|feature| !feature.tests.is_empty()).count();
    println!(
        "{shown} of {} rows have a test, {} of the tests did not pass",
        table.features.len(),
        failed.len()
    );
    if failed.is_empty() { Ok(()) } else { Err(Failure::Wrong(failed.join("\n"))) }
}

fn line(feature: &Feature, shown: &[(&table::TestName, Outcome)]) -> String {
    let state = match shown {
        [] => "-",
        _ if shown.iter().all(|(_, outcome)| *outcome == Outcome::Passed) => "pass",
        _ => "FAIL",
    };
    format!(
        "{:>3} {} {:<4} {state:<5} {}: {}",
        feature.number, feature.level, feature.places, feature.name, feature.assertion
    )
}

/// Writes [`PAGE`] anew.
///
/// # Errors
/// [`Failure::Wrong`] if the table is malformed, [`Failure::Environment`] if the page cannot be written.
pub fn write(repository: &Repository) -> Result<(), Failure> {
    let page = page::of(&Table::parse(TEXT).map_err(Failure::Wrong)?);
    let path = repository.root().join(PAGE);
    fs::write(&path, page).map_err(|error| Failure::io(&path, &error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{PAGE, TEXT, page, sources, table::Table};

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace")
    }

    #[test]
    fn the_table_is_whole() {
        let table = Table::parse(TEXT).expect("the table is well-formed");
        let numbers: Vec<u32> = table.features.iter().map(|feature| feature.number).collect();
        assert_eq!(numbers, (1..=83).collect::<Vec<_>>());
        for feature in &table.features {
            assert!(!feature.tests.is_empty() || feature.rest.is_some(), "row {}", feature.number);
        }
    }

    #[test]
    fn every_test_that_is_named_is_there() {
        let table = Table::parse(TEXT).expect("the table is well-formed");
        let missing = sources::missing(root(), &table);
        assert!(missing.is_empty(), "no such tests: {missing:?}");
    }

    #[test]
    fn a_test_that_is_not_there_is_noticed() {
        let text = "1 M H name | what\n  test waverust-tests/packets/nobody_wrote_this\n";
        let table = Table::parse(text).expect("well-formed");
        assert_eq!(sources::missing(root(), &table), ["waverust-tests/packets/nobody_wrote_this"]);
    }

    /// This text in the sources is the planted fault: its doc does not begin with a row, and the table says row 1.
    #[test]
    fn a_test_without_the_number_of_its_row_is_noticed() {
        let name = "xtask/lib/a_test_without_the_number_of_its_row_is_noticed";
        let table = Table::parse(&format!("1 M H name | what\n  test {name}\n")).expect("well-formed");
        assert_eq!(sources::unnumbered(root(), &table), [format!("{name}: row 1")]);
    }

    #[test]
    fn every_test_has_the_numbers_of_its_rows_in_its_doc() {
        let table = Table::parse(TEXT).expect("the table is well-formed");
        let found = sources::unnumbered(root(), &table);
        assert!(found.is_empty(), "docs that do not begin with `Row NUMBER`: {found:#?}");
    }

    #[test]
    fn a_test_of_another_program_is_not_there() {
        let text = "1 M H name | what\n  test waverust-tests/packets/four_of_each\n";
        let table = Table::parse(text).expect("well-formed");
        assert_eq!(sources::missing(root(), &table), ["waverust-tests/packets/four_of_each"]);
    }

    #[test]
    fn the_page_is_made_from_the_table() {
        let table = Table::parse(TEXT).expect("the table is well-formed");
        let page = fs::read_to_string(root().join(PAGE)).expect("there is a page");
        assert!(page == page::of(&table), "{PAGE} is out of date: run `cargo xtask features --write`");
    }
}
