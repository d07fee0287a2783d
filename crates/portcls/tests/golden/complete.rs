//! Nothing is declared past the macros that fill the lists.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{constants, interfaces, records};

/// The files of the raw layer.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The name after `keyword` at the start of a line, whatever its indentation and visibility.
fn declared<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("pub ").unwrap_or(line).strip_prefix(keyword)?.strip_prefix(' ')?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

#[test]
fn every_declaration_in_the_source_is_in_a_list() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/raw"), &mut files);
    assert!(files.len() > 20);

    let listed_interfaces: Vec<_> = interfaces::declared().iter().map(|layout| layout.name).collect();
    let constant_names: Vec<_> =
        constants::declared_constants().iter().map(|constant| constant.name).collect();
    let guid_names: Vec<_> = constants::declared_guids().into_iter().map(|(name, ..)| name).collect();
    let mut records_seen = 0;
    for file in files.iter().filter(|file| !file.ends_with("macros.rs") && !file.ends_with("layout.rs")) {
        let text = fs::read_to_string(file).expect("a source file");
        for line in text.lines() {
            let here = format!("{}: {line}", file.display());
            if let Some(name) = declared(line, "interface") {
                assert!(listed_interfaces.contains(&name), "{here}");
            }
            if declared(line, "struct").or_else(|| declared(line, "union")).is_some() {
                records_seen += usize::from(!line.contains("IUnknown"));
            }
            let is_table =
                |name: &str| name.starts_with("ALL") || ["IID", "LAYOUT", "INTERFACES"].contains(&name);
            if let Some(name) = declared(line, "const").filter(|name| *name != "fn" && !is_table(name)) {
                let known = guid_names.iter().any(|known| known == name) || name == "IID_IUNKNOWN_CLASSIC";
                assert!(known || constant_names.contains(&name), "{here}");
            }
        }
    }
    assert_eq!(records_seen, records::declared().len(), "records in the source and in the lists");
}

#[test]
fn nothing_is_declared_twice() {
    let mut names: Vec<_> = records::declared().iter().map(|record| record.name).collect();
    names.extend(interfaces::declared().iter().map(|layout| layout.name));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
