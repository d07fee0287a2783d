//! The page about the features.

use std::fmt::Write;

use super::table::{Feature, Table};

const HEAD: &str = "\
# Features

What a WaveRT driver must (M), should (S) and could at best (B) do, and what shows that this one does. `Where` says where
it can be shown: H in the rig or in a test on this host, P on the built image or on the INF, W in Windows, L in
Microsoft's test lab. What takes Windows has been shown by nobody yet; where the rig can show something near it, the
test is named, and the last column says what is left.

This page is made by `cargo xtask features --write` from `xtask/src/features/features.txt`. `cargo xtask features` runs
all tests that are named here and prints the table with what came of them; with `--from FILE` it runs none, and takes what
came of them from all that `cargo xtask test` printed. A test's name is package, test program and function;
`cargo test --profile rig -p PACKAGE --test PROGRAM FUNCTION` runs it alone.

| # | level | where | feature | what is asserted | shown by | not shown |
|---|---|---|---|---|---|---|
";

/// The page of `table`.
pub(super) fn of(table: &Table) -> String {
    let mut page = HEAD.to_owned();
    for feature in &table.features {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{}", row(feature));
    }
    page
}

fn row(feature: &Feature) -> String {
    let tests: Vec<String> = feature.tests.iter().map(|test| format!("`{test}`")).collect();
    let tests = if tests.is_empty() { "-".to_owned() } else { tests.join("<br>") };
    format!(
        "| {} | {} | {} | {} | {} | {tests} | {} |",
        feature.number,
        feature.level,
        feature.places,
        feature.name,
        feature.assertion,
        feature.rest.as_deref().unwrap_or("")
    )
}
