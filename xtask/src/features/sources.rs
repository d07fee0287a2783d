//! The tests that the table names: are they there?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::evidence::IMAGE;
use super::table::{Table, TestName};
use crate::driver::Architecture;

/// The tests that `table` names and that no source of their package has.
pub(super) fn missing(root: &Path, table: &Table) -> Vec<String> {
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    let tests: BTreeSet<_> = table.features.iter().flat_map(|feature| &feature.tests).collect();
    let mut missing = Vec::new();
    for test in tests.into_iter().filter(|test| !is_image_check(test)) {
        let text = sources.entry(&test.package).or_insert_with(|| {
            let mut text = String::new();
            gather(&root.join(folder(&test.package)), &mut text);
            text
        });
        if !text.contains(&format!("fn {}(", test.function)) {
            missing.push(test.to_string());
        }
    }
    missing
}

fn is_image_check(test: &TestName) -> bool {
    let known = Architecture::ALL.iter().any(|architecture| architecture.to_string() == test.target);
    test.package == IMAGE && known && test.function == "rules"
}

/// Where the sources of a package are.
fn folder(package: &str) -> String {
    match package {
        "waverust-tests" => "tests".to_owned(),
        "waverust-rig" => "rig".to_owned(),
        "xtask" => "xtask".to_owned(),
        other => format!("crates/{other}"),
    }
}

fn gather(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}
