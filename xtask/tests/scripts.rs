//! The scripts of the package, read by a grammar of PowerShell that others wrote: no PowerShell is at hand here, and a
//! script that does not parse would show it to the user first.

use std::collections::BTreeSet;
use std::fs;

use tree_sitter::{Node, Parser, Tree};
use xtask::repository::Repository;

const SCRIPTS: [&str; 2] = ["install.ps1", "uninstall.ps1"];

/// All that the scripts call: cmdlets of Windows PowerShell 5.1, programs of Windows, and a function of their own.
const COMMANDS: [&str; 18] = [
    "Confirm-Step",
    "ForEach-Object",
    "Get-AuthenticodeSignature",
    "Get-ItemProperty",
    "Get-WindowsDriver",
    "Import-Certificate",
    "Join-Path",
    "New-Object",
    "Out-Null",
    "Read-Host",
    "Remove-Item",
    "Select-Object",
    "Set-StrictMode",
    "Split-Path",
    "Test-Path",
    "Where-Object",
    "Write-Host",
    "Write-Warning",
];
const PROGRAMS: [&str; 2] = ["bcdedit", "pnputil"];

fn script(name: &str) -> String {
    let folder = Repository::find().expect("the repository").root().join("inf");
    fs::read_to_string(folder.join(name)).expect("the script")
}

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("a grammar that this parser reads");
    parser.parse(text, None).expect("a tree")
}

/// Calls `f` for `node` and all that is below it.
fn walk<'a>(node: Node<'a>, f: &mut impl FnMut(Node<'a>)) {
    f(node);
    for index in 0..node.child_count() {
        walk(node.child(index).expect("a child"), f);
    }
}

/// The lines, from 1, that are no PowerShell.
fn faults(text: &str) -> Vec<usize> {
    let tree = parse(text);
    let mut lines = Vec::new();
    walk(tree.root_node(), &mut |node| {
        if node.is_error() || node.is_missing() {
            lines.push(node.start_position().row + 1);
        }
    });
    lines
}

/// The names of what is called.
fn commands(text: &str) -> BTreeSet<String> {
    let tree = parse(text);
    let mut names = BTreeSet::new();
    walk(tree.root_node(), &mut |node| {
        if node.kind() == "command_name" {
            names.insert(text[node.byte_range()].to_owned());
        }
    });
    names
}

#[test]
fn they_parse() {
    for name in SCRIPTS {
        assert_eq!(faults(&script(name)), [0; 0], "{name}");
    }
}

#[test]
fn they_call_what_windows_has() {
    let called: BTreeSet<String> = SCRIPTS.iter().flat_map(|name| commands(&script(name))).collect();
    let known: BTreeSet<String> = COMMANDS.iter().chain(&PROGRAMS).map(|&name| name.to_owned()).collect();
    assert_eq!(called, known);
}

#[test]
fn a_script_that_lost_a_sign_does_not_parse() {
    for name in SCRIPTS {
        let text = script(name);
        let code = text.find("#>").expect("the end of the help") + 2;
        for (at, sign) in text.char_indices().filter(|&(at, sign)| at > code && "{}()".contains(sign)) {
            let line = text[..at].lines().last().unwrap_or("");
            let quoted = |quote| line.matches(quote).count() % 2 == 1;
            if line.trim_start().starts_with('#') || quoted('\'') || quoted('"') {
                continue;
            }
            let without = format!("{}{}", &text[..at], &text[at + 1..]);
            assert_ne!(faults(&without), [0; 0], "{name} without {sign:?} behind {line:?}");
        }
    }
}
