//! The tests that the table names: are they there, and do they say for which rows they stand?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use super::evidence::IMAGE;
use super::table::{Table, TestName};
use crate::driver::Architecture;

/// The tests that `table` names and that no source of their test program has.
pub(super) fn missing(root: &Path, table: &Table) -> Vec<String> {
    let none = |(test, doc): (&TestName, Option<String>)| doc.is_none().then(|| test.to_string());
    docs(root, table).into_iter().filter_map(none).collect()
}

/// The tests whose doc does not begin with the numbers of all rows that name them, as `TEST: row NUMBER`.
pub(super) fn unnumbered(root: &Path, table: &Table) -> Vec<String> {
    let docs = docs(root, table);
    let mut found = Vec::new();
    for feature in &table.features {
        for test in &feature.tests {
            let Some(Some(doc)) = docs.get(test) else { continue };
            if !rows(doc).contains(&feature.number) {
                found.push(format!("{test}: row {}", feature.number));
            }
        }
    }
    found
}

/// The doc of each test that `table` names, checks of images apart; none where the test is not there.
fn docs<'table>(root: &Path, table: &'table Table) -> BTreeMap<&'table TestName, Option<String>> {
    let mut programs: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    let tests: BTreeSet<_> = table.features.iter().flat_map(|feature| &feature.tests).collect();
    let mut docs = BTreeMap::new();
    for test in tests.into_iter().filter(|test| !is_image_check(test)) {
        let sources = programs.entry((&test.package, &test.target)).or_insert_with(|| {
            let mut texts = Vec::new();
            roots(&root.join(folder(&test.package)), &test.target)
                .iter()
                .for_each(|path| gather(path, &mut texts));
            texts
        });
        docs.insert(test, sources.iter().find_map(|text| doc_of(text, &test.function)));
    }
    docs
}

fn is_image_check(test: &TestName) -> bool {
    let known = Architecture::ALL.iter().any(|architecture| architecture.to_string() == test.target);
    test.package == IMAGE && known && test.function == "rules"
}

/// Where a package is.
fn folder(package: &str) -> String {
    match package {
        "waverust-tests" => "tests".to_owned(),
        "waverust-rig" => "rig".to_owned(),
        "xtask" => "xtask".to_owned(),
        other => format!("crates/{other}"),
    }
}

/// The files and folders of a test program's sources: what its manifest says, or else what cargo takes.
fn roots(package: &Path, target: &str) -> Vec<PathBuf> {
    if target == "lib" {
        return vec![package.join("src")];
    }
    let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap_or_default();
    let manifest: DocumentMut = manifest.parse().expect("a manifest");
    let own = |test: &&toml_edit::Table| test["name"].as_str() == Some(target);
    let named = manifest.get("test").and_then(|tests| tests.as_array_of_tables()?.iter().find(own));
    let path = match named.and_then(|test| test["path"].as_str()) {
        Some(path) => package.join(path),
        None => package.join(format!("tests/{target}.rs")),
    };
    match path.file_name().is_some_and(|name| name == "main.rs") {
        true => path.parent().map(Path::to_path_buf).into_iter().collect(),
        // Its modules are in the folder of its name; a folder alone has a `main.rs`.
        false => vec![path.with_extension(""), path],
    }
}

/// The texts of `path`, a file, or of all Rust files below it. What is not there has none.
fn gather(path: &Path, texts: &mut Vec<String>) {
    if path.extension().is_some_and(|extension| extension == "rs") {
        texts.extend(fs::read_to_string(path));
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        gather(&entry.path(), texts);
    }
}

/// The doc of a test that stands in `text`, in one line; none if no such test does.
fn doc_of(text: &str, function: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with(&format!("fn {function}(")))?;
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let mut doc: Vec<&str> = above.filter_map(|line| line.strip_prefix("///")).map(str::trim).collect();
    doc.reverse();
    Some(doc.join(" "))
}

/// The numbers in `Row 7: what`, `Row 7, what`, `Rows 7 and 8.` and `Rows 7, 8 and 9: what`, at the beginning of a doc.
fn rows(doc: &str) -> BTreeSet<u32> {
    let mut rows = BTreeSet::new();
    let Some(list) = doc.strip_prefix("Rows ").or_else(|| doc.strip_prefix("Row ")) else { return rows };
    for word in list.split(' ').filter(|word| *word != "and") {
        let Ok(number) = word.trim_end_matches([',', ':', '.']).parse() else { break };
        rows.insert(number);
        if word.ends_with([':', '.']) {
            break;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{doc_of, rows};

    const SOURCE: &str = "\
/// Row 7: sizes are whole.
#[test]
fn sizes() {}

/// Sizes
/// of row 7.
#[test]
fn other_sizes() {}

#[test]
fn nothing_said() {}

    /// Rows 7, 81 and
    /// 12. And 13 of something.
    #[test]
    fn inside() {}
";

    fn told(function: &str) -> Option<BTreeSet<u32>> {
        doc_of(SOURCE, function).map(|doc| rows(&doc))
    }

    #[test]
    fn the_numbers_of_rows_are_read_from_docs() {
        assert_eq!(told("sizes"), Some([7].into()));
        assert_eq!(told("inside"), Some([7, 12, 81].into()));
        assert_eq!(rows("Row 7, for a recording of 9."), [7].into());
        assert_eq!(rows("Rows 7 and 8, in each of 3 stages."), [7, 8].into());
    }

    #[test]
    fn docs_without_numbers_have_none() {
        for function in ["other_sizes", "nothing_said"] {
            assert_eq!(told(function), Some([].into()), "{function}");
        }
        assert_eq!(told("size"), None);
    }
}
