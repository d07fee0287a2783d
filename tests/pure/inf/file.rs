//! An INF, as far as it takes to check one, and what is wrong with any INF.

use std::collections::{BTreeMap, BTreeSet};

/// What endpoints belong to the entry.
pub(crate) const ASSOCIATION: &str = "{1DA5D803-D492-4EDD-8C23-E0C0FFEE7F0E},2";
/// They may be driven by events.
pub(crate) const EVENT_DRIVEN: &str = "{1DA5D803-D492-4EDD-8C23-E0C0FFEE7F0E},7";

/// Sections whose name Windows knows, or makes out of that of a model.
const WELL_KNOWN: [&str; 6] =
    ["Version", "DestinationDirs", "SourceDisksNames", "SourceDisksFiles", "Manufacturer", "Strings"];
/// Decorations of the install section of a model.
const INSTALL: [&str; 4] = [".NT", ".NT.HW", ".NT.Interfaces", ".NT.Services"];
/// Directives that a universal INF must not have.
const FORBIDDEN: [&str; 8] =
    ["DelReg", "RegisterDlls", "CoInstallers32", "LogConfig", "RenFiles", "DelFiles", "BitReg", "Ini2Reg"];

/// Sections and their lines, strings filled in.
pub(crate) struct Inf {
    sections: BTreeMap<String, Vec<String>>,
    faults: Vec<String>,
}

/// What of `line` is no comment.
fn code(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        quoted ^= c == '"';
        if c == ';' && !quoted {
            return line[..at].trim();
        }
    }
    line.trim()
}

/// The fields between commas, without quotes.
pub(crate) fn fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            // Filled in from a string, so no separator.
            '\u{1}' => fields.last_mut().unwrap().push(','),
            _ => fields.last_mut().unwrap().push(c),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// A number, as the registry directives have it.
pub(crate) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `key = value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    line.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
}

impl Inf {
    pub(crate) fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut faults = Vec::new();
        let mut name = String::new();
        for line in text.lines().map(code).filter(|line| !line.is_empty()) {
            if let Some(head) = line.strip_prefix('[') {
                name = head.trim_end_matches(']').to_owned();
                if sections.insert(name.clone(), Vec::new()).is_some() {
                    faults.push(format!("two sections [{name}]"));
                }
            } else {
                sections.entry(name.clone()).or_default().push(line.to_owned());
            }
        }
        let lines = sections.get("Strings").cloned().unwrap_or_default();
        let strings: BTreeMap<&str, String> = lines
            .iter()
            .filter_map(|line| assignment(line))
            .map(|(key, value)| (key, value.trim_matches('"').replace(',', "\u{1}")))
            .collect();
        let mut used = BTreeSet::new();
        for line in sections.iter_mut().filter(|(name, _)| *name != "Strings").flat_map(|(_, lines)| lines) {
            // Odd parts stand between percent signs; a number there is a directory.
            let parts = line.split('%').enumerate().map(|(index, part)| {
                if index % 2 == 0 || part.parse::<u32>().is_ok() {
                    return part.to_owned();
                }
                used.insert(part.to_owned());
                strings.get(part).cloned().unwrap_or_else(|| {
                    faults.push(format!("%{part}% is not among the strings"));
                    String::new()
                })
            });
            *line = parts.collect();
        }
        faults.extend(
            strings.keys().filter(|key| !used.contains(**key)).map(|key| format!("%{key}% is unused")),
        );
        Self { sections, faults }
    }

    fn lines(&self, section: &str) -> &[String] {
        self.sections.get(section).map_or(&[], Vec::as_slice)
    }

    /// The values of a directive in a section.
    pub(crate) fn values(&self, section: &str, key: &str) -> Vec<&str> {
        let lines = self.lines(section).iter().filter_map(|line| assignment(line));
        lines.filter(|(each, _)| each.eq_ignore_ascii_case(key)).map(|(_, value)| value).collect()
    }

    /// The models: install section, hardware ids.
    pub(crate) fn models(&self) -> Vec<(String, Vec<String>)> {
        let mut models = Vec::new();
        for (_, value) in self.lines("Manufacturer").iter().filter_map(|line| assignment(line)) {
            let (section, targets) =
                fields(value).split_first().map(|(a, b)| (a.clone(), b.to_vec())).unwrap();
            for target in targets {
                let lines = self.lines(&format!("{section}.{target}"));
                for (_, value) in lines.iter().filter_map(|line| assignment(line)) {
                    let mut fields = fields(value);
                    models.push((fields.remove(0), fields));
                }
            }
        }
        models
    }

    /// The data of a value below HKR that an install section of any kind writes by its AddReg sections.
    pub(crate) fn registry(&self, section: &str, key: &str, value: &str) -> Option<String> {
        let lists = self.values(section, "AddReg");
        let lines = lists.into_iter().flat_map(fields).flat_map(|name| self.lines(&name).to_vec());
        let found = lines.map(|line| fields(&line)).find(|fields| {
            matches!(fields.as_slice(), [root, at, name, ..] if root == "HKR" && at == key && name == value)
        });
        found.and_then(|fields| fields.get(4).cloned())
    }

    /// Faults that any INF can have.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut found = self.faults.clone();
        if self.values("Version", "PnpLockdown") != ["1"] {
            found.push("PnpLockdown is not 1".to_owned());
        }
        if self.values("DestinationDirs", "DefaultDestDir") != ["13"] {
            found.push("the driver does not run from the driver store".to_owned());
        }
        for (section, line) in
            self.sections.iter().flat_map(|(name, lines)| lines.iter().map(move |line| (name, line)))
        {
            let key = assignment(line).map_or("", |(key, _)| key);
            if FORBIDDEN.iter().any(|each| each.eq_ignore_ascii_case(key)) {
                found.push(format!("[{section}] has {key}"));
            }
            if section.ends_with(".AddReg") && !line.starts_with("HKR,") {
                found.push(format!("[{section}] writes outside HKR: {line}"));
            }
        }
        let reached = self.reached();
        found.extend(
            reached
                .iter()
                .filter(|name| !self.sections.contains_key(*name))
                .map(|name| format!("no [{name}]")),
        );
        let lost = self.sections.keys().filter(|name| !reached.contains(*name));
        found.extend(lost.map(|name| format!("nobody names [{name}]")));
        found
    }

    /// The sections that Windows comes by.
    fn reached(&self) -> BTreeSet<String> {
        let mut reached: BTreeSet<String> = WELL_KNOWN.map(str::to_owned).into();
        for (_, value) in self.lines("Manufacturer").iter().filter_map(|line| assignment(line)) {
            let fields = fields(value);
            reached.extend(fields.iter().skip(1).map(|target| format!("{}.{target}", fields[0])));
        }
        for (model, _) in self.models() {
            reached.extend(INSTALL.map(|decoration| model.clone() + decoration));
        }
        loop {
            let mut more = BTreeSet::new();
            for line in reached.iter().flat_map(|name| self.lines(name)) {
                let Some((key, value)) = assignment(line) else { continue };
                let fields = fields(value);
                match key {
                    "AddReg" | "CopyFiles" => more.extend(fields),
                    "AddInterface" | "AddService" => more.extend(fields.get(2).cloned()),
                    _ => {}
                }
            }
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                return reached;
            }
        }
    }
}
