//! An INF, as far as it takes to check one: sections, lines, strings.

use std::collections::{BTreeMap, BTreeSet};

/// Decorations of the install section of a model, for one processor.
const INSTALL: [&str; 4] = ["", ".HW", ".Interfaces", ".Services"];
/// Sections whose name Windows knows.
const WELL_KNOWN: [&str; 5] = ["Version", "DestinationDirs", "SourceDisksNames", "Manufacturer", "Strings"];
/// The section of a processor's files, ahead of the processor's name.
pub(super) const FILES: &str = "SourceDisksFiles.";

/// Sections and their lines, strings filled in.
pub(super) struct Inf {
    pub(super) sections: BTreeMap<String, Vec<String>>,
    /// Sections that are there twice.
    pub(super) doubled: Vec<String>,
    /// Strings that are used and not there, and the other way round.
    pub(super) undefined: Vec<String>,
    pub(super) unused: Vec<String>,
}

/// A model: what the device is, for one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    /// `amd64`, `arm64`.
    pub(super) processor: String,
    /// The oldest build of Windows that it is for.
    pub(super) build: Option<u32>,
    /// The install section, undecorated.
    pub(super) device: String,
    /// Hardware ids.
    pub(super) ids: Vec<String>,
}

impl Model {
    /// The name of the install section with `decoration`: "", ".HW", ".Interfaces" or ".Services".
    pub(super) fn section(&self, decoration: &str) -> String {
        format!("{}.NT{}{decoration}", self.device, self.processor)
    }
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
pub(super) fn fields(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            // Filled in from a string, so no separator.
            '\u{1}' => field.push(','),
            _ => field.push(c),
        }
    }
    fields.push(field);
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// A number, as the registry directives have it.
pub(super) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `key = value`.
pub(super) fn assignment(line: &str) -> Option<(&str, &str)> {
    line.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
}

impl Inf {
    pub(super) fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut doubled = Vec::new();
        let mut name = String::new();
        for line in text.lines().map(code).filter(|line| !line.is_empty()) {
            if let Some(head) = line.strip_prefix('[') {
                name = head.trim_end_matches(']').to_owned();
                if sections.insert(name.clone(), Vec::new()).is_some() {
                    doubled.push(name.clone());
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
        let (mut used, mut undefined) = (BTreeSet::new(), Vec::new());
        for line in sections.iter_mut().filter(|(name, _)| *name != "Strings").flat_map(|(_, lines)| lines) {
            // Odd parts stand between percent signs; a number there is a directory.
            let parts = line.split('%').enumerate().map(|(index, part)| {
                if index % 2 == 0 {
                    return part.to_owned();
                }
                if part.parse::<u32>().is_ok() {
                    return format!("%{part}%");
                }
                used.insert(part.to_owned());
                strings.get(part).cloned().unwrap_or_else(|| {
                    undefined.push(part.to_owned());
                    String::new()
                })
            });
            *line = parts.collect();
        }
        let unused =
            strings.keys().filter(|key| !used.contains(**key)).map(|key| (*key).to_owned()).collect();
        Self { sections, doubled, undefined, unused }
    }

    pub(super) fn lines(&self, section: &str) -> &[String] {
        self.sections.get(section).map_or(&[], Vec::as_slice)
    }

    /// The values of a directive in a section.
    pub(super) fn values(&self, section: &str, key: &str) -> Vec<&str> {
        let lines = self.lines(section).iter().filter_map(|line| assignment(line));
        lines.filter(|(each, _)| each.eq_ignore_ascii_case(key)).map(|(_, value)| value).collect()
    }

    /// The fields of a directive in a section, of all its lines.
    pub(super) fn list(&self, section: &str, key: &str) -> Vec<String> {
        self.values(section, key).into_iter().flat_map(fields).collect()
    }

    /// Section names of models, with the system that each is for.
    fn targets(&self) -> Vec<(String, String)> {
        let lines = self.lines("Manufacturer").iter().filter_map(|line| assignment(line));
        let targets = lines.flat_map(|(_, value)| {
            let fields = fields(value);
            let (section, targets) =
                fields.split_first().map_or((String::new(), &[][..]), |(a, b)| (a.clone(), b));
            targets.iter().map(|target| (format!("{section}.{target}"), target.clone())).collect::<Vec<_>>()
        });
        targets.collect()
    }

    /// All models.
    pub(super) fn models(&self) -> Vec<Model> {
        let targets = self.targets();
        let models = targets.iter().flat_map(|(section, target)| {
            // NTamd64.10.0...16299: processor, version, then product type, suite and build.
            let mut parts = target.trim_start_matches("NT").split('.');
            let processor = parts.next().unwrap_or_default().to_owned();
            let build = parts.next_back().and_then(|build| build.parse().ok());
            self.lines(section).iter().filter_map(|line| assignment(line)).map(move |(_, value)| {
                let mut ids = fields(value);
                let device = ids.remove(0);
                Model { processor: processor.clone(), build, device, ids }
            })
        });
        models.collect()
    }

    /// The lines that an install section of any kind writes into the registry by its AddReg sections, as fields: root,
    /// key, value, flags, data.
    pub(super) fn registry_lines(&self, section: &str) -> Vec<Vec<String>> {
        let names = self.list(section, "AddReg");
        names.iter().flat_map(|name| self.lines(name)).map(|line| fields(line)).collect()
    }

    /// The data of a value below HKR that an install section of any kind writes.
    pub(super) fn registry(&self, section: &str, key: &str, value: &str) -> Option<String> {
        let found = self.registry_lines(section).into_iter().find(|fields| {
            matches!(fields.as_slice(), [root, at, name, ..] if root == "HKR" && at == key && name == value)
        });
        // Data with commas in it is several fields.
        found.and_then(|fields| Some(fields.get(4..)?.join(","))).filter(|data| !data.is_empty())
    }

    /// The sections that Windows comes by.
    pub(super) fn reached(&self) -> BTreeSet<String> {
        let mut reached: BTreeSet<String> = WELL_KNOWN.map(str::to_owned).into();
        reached.extend(self.targets().into_iter().map(|(section, _)| section));
        for model in self.models() {
            reached.extend(INSTALL.map(|decoration| model.section(decoration)));
            reached.insert(format!("{FILES}{}", model.processor));
        }
        loop {
            let mut more = BTreeSet::new();
            for line in reached.iter().flat_map(|name| self.lines(name)) {
                let Some((key, value)) = assignment(line) else { continue };
                match key {
                    "AddReg" | "CopyFiles" => more.extend(fields(value)),
                    "AddInterface" | "AddService" => more.extend(fields(value).get(2).cloned()),
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
