//! Makefile.toml against the makefile of wdk-build that it extends, as far as that can be told without Windows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use toml_edit::{Document, Item, Table};

const MAKEFILE: &str = include_str!("../../../Makefile.toml");
const MANIFEST: &str = include_str!("../../../Cargo.toml");
const FLOW: &str = include_str!("flow.txt");
/// A task of cargo-make's own, which both makefiles build with.
const BUILD: &str = "build";

fn parse(text: &str) -> Table {
    text.parse::<Document<String>>().expect("TOML").as_table().clone()
}

fn table<'a>(table: &'a Table, path: &[&str]) -> &'a Table {
    path.iter().fold(table, |table, name| {
        table.get(name).and_then(Item::as_table).unwrap_or_else(|| panic!("no {name} in {path:?}"))
    })
}

fn text<'a>(table: &'a Table, name: &str) -> &'a str {
    table.get(name).and_then(Item::as_str).unwrap_or_else(|| panic!("no {name}"))
}

/// Our tasks for a system.
fn tasks(system: &str) -> BTreeMap<String, Table> {
    let makefile = parse(MAKEFILE);
    let tasks = table(&makefile, &["tasks"]).iter();
    let of = |(name, task): (&str, &Item)| Some((name.to_owned(), task.get(system)?.as_table()?.clone()));
    tasks.filter_map(of).collect()
}

/// Names of wdk-build's tasks, with those that run ahead of each.
fn flow() -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = FLOW.lines().filter(|line| !line.starts_with('#'));
    let fields = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    fields
        .map(|fields| (fields[0], fields[2].split(", ").filter(|name| !name.is_empty()).collect()))
        .collect()
}

#[test]
fn the_flow_is_that_of_the_wdk_build_that_the_driver_is_built_with() {
    let manifest = parse(MANIFEST);
    let version = text(table(&manifest, &["build-dependencies"]), "wdk-build").to_owned();
    assert!(FLOW.starts_with(&format!("# wdk-build {version}\n")));
    let makefile = parse(MAKEFILE);
    let wanted = format!("//! wdk-build = \"{version}\"");
    for script in [
        text(table(&makefile, &["config"]), "windows_load_script"),
        text(&tasks("windows")["copy-inx-to-output"], "script"),
    ] {
        assert!(script.contains(&wanted), "{script}");
    }
    let extended = table(&makefile, &[]).get("extend").expect("an extended makefile");
    assert_eq!(extended.get("path").and_then(Item::as_str), Some("target/rust-driver-makefile.toml"));
}

#[test]
fn only_tasks_that_are_there_are_changed() {
    let flow = flow();
    for name in tasks("windows").keys() {
        assert!(name == BUILD || flow.contains_key(name.as_str()), "{name}");
    }
    for (name, ahead) in &flow {
        for task in ahead {
            assert!(*task == BUILD || flow.contains_key(task), "{name}: {task}");
        }
    }
}

#[test]
fn the_inx_is_where_the_makefile_looks_and_goes_where_stampinf_looks() {
    let tasks = tasks("windows");
    let script = text(&tasks["copy-inx-to-output"], "script");
    let manifest = parse(MANIFEST);
    let name = text(table(&manifest, &["package"]), "name").to_owned();
    assert!(script.contains(&format!("std::fs::copy(\"inf/{name}.inx\", output.join(\"{name}.inf\"))")));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../inf").join(format!("{name}.inx")).is_file());
    assert!(script.contains("wdk_build::cargo_make::get_wdk_build_output_directory()"));
    assert!(flow()["stampinf"].contains(&"copy-inx-to-output"));
}

#[test]
fn the_build_is_of_the_driver() {
    let tasks = tasks("windows");
    let arguments: Vec<&str> =
        tasks[BUILD]["args"].as_array().expect("arguments").iter().filter_map(|each| each.as_str()).collect();
    assert_eq!(arguments[..3], ["build", "--package", "waverust"]);
}

#[test]
fn on_linux_every_task_is_one_of_xtask() {
    for (name, task) in tasks("linux") {
        let arguments: Vec<&str> =
            task["args"].as_array().expect("arguments").iter().filter_map(|each| each.as_str()).collect();
        assert_eq!((text(&task, "command"), arguments[0]), ("cargo", "xtask"), "{name}");
        let help =
            Command::new(env!("CARGO_BIN_EXE_xtask")).args(["help", arguments[1]]).output().expect("it runs");
        assert!(help.status.success(), "{name}: no task {}", arguments[1]);
    }
}
