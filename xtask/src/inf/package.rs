//! Rules for the INF of any driver package.

use super::Driver;
use super::file::{FILES, Inf, assignment, fields, number};

/// Directives that a universal INF must not have.
const FORBIDDEN: [&str; 14] = [
    "DelReg",
    "DelFiles",
    "RenFiles",
    "RegisterDlls",
    "UnregisterDlls",
    "CoInstallers32",
    "LogConfig",
    "BitReg",
    "Ini2Reg",
    "UpdateInis",
    "UpdateIniFields",
    "ProfileItems",
    "FilesToDelete",
    "DelService",
];

/// Processors that Windows 10 and 11 run on and that this driver is built for.
const PROCESSORS: [&str; 2] = ["amd64", "arm64"];

/// The build of Windows from which on drivers run from the driver store.
const DRIVER_STORE: u32 = 16299;

/// Each string is there, and is used.
pub(super) fn strings(inf: &Inf, _: &Driver) -> Vec<String> {
    let undefined = inf.undefined.iter().map(|name| format!("%{name}% is not among the strings"));
    undefined.chain(inf.unused.iter().map(|name| format!("%{name}% is unused"))).collect()
}

/// Each section is there once, and somebody names it.
pub(super) fn sections(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found: Vec<String> = inf.doubled.iter().map(|name| format!("two sections [{name}]")).collect();
    let reached = inf.reached();
    let missing = reached.iter().filter(|name| !inf.sections.contains_key(*name));
    found.extend(missing.map(|name| format!("no [{name}]")));
    let lost = inf.sections.keys().filter(|name| !reached.contains(*name));
    found.extend(lost.map(|name| format!("nobody names [{name}]")));
    found
}

/// What kind of package it is, whose, and which one.
pub(super) fn version(inf: &Inf, _: &Driver) -> Vec<String> {
    const EXPECTED: [(&str, &str); 5] = [
        ("Signature", "$WINDOWS NT$"),
        ("Class", "MEDIA"),
        ("ClassGuid", "{4d36e96c-e325-11ce-bfc1-08002be10318}"),
        ("CatalogFile", "waverust.cat"),
        ("PnpLockdown", "1"),
    ];
    let mut found = Vec::new();
    let one = |key: &str| match inf.values("Version", key).as_slice() {
        [value] => value.trim_matches('"').to_owned(),
        _ => String::new(),
    };
    for (key, value) in EXPECTED {
        if !one(key).eq_ignore_ascii_case(value) {
            found.push(format!("{key} is {:?}, not {value}", one(key)));
        }
    }
    if one("Provider").is_empty() {
        found.push("there is no Provider".to_owned());
    }
    if !is_driver_version(&one("DriverVer")) {
        found.push(format!(
            "DriverVer is {:?}, not mm/dd/yyyy,a.b.c.d with a version above 0",
            one("DriverVer")
        ));
    }
    found
}

/// `mm/dd/yyyy,a.b.c.d`.
fn is_driver_version(text: &str) -> bool {
    let numbers = |text: &str, separator: char, count: usize| -> Option<Vec<u32>> {
        let numbers: Option<Vec<u32>> =
            text.split(separator).map(|number| number.trim().parse().ok()).collect();
        numbers.filter(|numbers| numbers.len() == count)
    };
    let Some((date, version)) = text.split_once(',') else { return false };
    let date_is_right = numbers(date, '/', 3).is_some_and(|date| {
        (1..=12).contains(&date[0]) && (1..=31).contains(&date[1]) && (2000..=9999).contains(&date[2])
    });
    let version_is_right = numbers(version, '.', 4).is_some_and(|version| {
        version.iter().all(|number| *number <= 0xFFFF) && version.iter().any(|number| *number > 0)
    });
    date_is_right && version_is_right
}

/// Only what a universal, isolated driver may do: no old directives, and the registry below HKR.
pub(super) fn universal(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    for (section, line) in
        inf.sections.iter().flat_map(|(name, lines)| lines.iter().map(move |line| (name, line)))
    {
        let key = assignment(line).map_or("", |(key, _)| key);
        if FORBIDDEN.iter().any(|each| each.eq_ignore_ascii_case(key)) {
            found.push(format!("[{section}] has {key}"));
        }
        if section.contains(".AddReg") && !line.starts_with("HKR,") {
            found.push(format!("[{section}] writes outside HKR: {line}"));
        }
    }
    found
}

/// The files stay where the package is: directory 13, no other names, no name twice, each file of each processor copied
/// and run from there.
pub(super) fn driver_store(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    if inf.list("DestinationDirs", "DefaultDestDir") != ["13"] || inf.lines("DestinationDirs").len() != 1 {
        found.push("the destination is not 13, the package's own place in the driver store".to_owned());
    }
    let mut names: Vec<String> = Vec::new();
    for (section, lines) in inf.sections.iter().filter(|(name, _)| name.starts_with(FILES)) {
        for (name, disk) in lines.iter().filter_map(|line| assignment(line)) {
            if fields(disk) != ["1"] || inf.list("SourceDisksNames", "1").is_empty() {
                found.push(format!("[{section}]: {name} is on disk {disk:?}, of which nothing is known"));
            }
            if names.iter().any(|each| each.eq_ignore_ascii_case(name)) {
                found.push(format!("[{section}]: there is another {name}"));
            }
            names.push(name.to_owned());
        }
    }
    for model in inf.models() {
        let source = format!("{FILES}{}", model.processor);
        let sources: Vec<&str> =
            inf.lines(&source).iter().filter_map(|line| Some(assignment(line)?.0)).collect();
        let lists = inf.list(&model.section(""), "CopyFiles");
        let copied: Vec<Vec<String>> =
            lists.iter().flat_map(|name| inf.lines(name)).map(|line| fields(line)).collect();
        for file in &copied {
            if file.len() > 1 && !file[1].is_empty() {
                found.push(format!("{}: {} gets another name", model.section(""), file[0]));
            }
        }
        let copied: Vec<&str> = copied.iter().map(|file| file[0].as_str()).collect();
        if copied != sources || copied.is_empty() {
            found.push(format!("{}: copies {copied:?} of {sources:?}", model.section("")));
        }
        for service in service_sections(inf, &model.section(".Services")) {
            let binary = inf.values(&service, "ServiceBinary");
            let stays = copied.iter().any(|file| binary == [format!(r"%13%\{file}")]);
            if !stays {
                found.push(format!("[{service}]: ServiceBinary is {binary:?}, not a file copied to %13%"));
            }
        }
    }
    found
}

/// Names of the sections that describe services.
fn service_sections(inf: &Inf, section: &str) -> Vec<String> {
    inf.values(section, "AddService").iter().filter_map(|value| fields(value).get(2).cloned()).collect()
}

/// Known processors, none of them without the devices of the others, and builds that can do what the INF asks for.
pub(super) fn systems(inf: &Inf, _: &Driver) -> Vec<String> {
    let mut found = Vec::new();
    let models = inf.models();
    if models.is_empty() {
        found.push("there are no models".to_owned());
    }
    for model in &models {
        if !PROCESSORS.contains(&model.processor.as_str()) {
            found.push(format!("{}: no processor is called {:?}", model.device, model.processor));
        }
        if model.build.is_none_or(|build| build < DRIVER_STORE) {
            let section = model.section("");
            found.push(format!("{section}: drivers run from the driver store since build {DRIVER_STORE}"));
        }
        for other in &models {
            let has_same = models.iter().any(|each| {
                each.processor == other.processor && each.device == model.device && each.ids == model.ids
            });
            if !has_same {
                found.push(format!("{} is not among the models of {}", model.device, other.processor));
            }
        }
    }
    found.dedup();
    found
}

/// One service for each device: the function driver, a kernel driver, started on demand, whose errors are told.
pub(super) fn services(inf: &Inf, _: &Driver) -> Vec<String> {
    const FUNCTION_DRIVER: u32 = 2;
    const EXPECTED: [(&str, u32); 3] = [("ServiceType", 1), ("StartType", 3), ("ErrorControl", 1)];
    let mut found = Vec::new();
    for model in inf.models() {
        let section = model.section(".Services");
        match inf.values(&section, "AddService").as_slice() {
            [value] => {
                let fields = fields(value);
                if fields.get(1).and_then(|flags| number(flags)) != Some(FUNCTION_DRIVER) {
                    found.push(format!("[{section}]: the service is not the device's function driver"));
                }
            }
            services => found.push(format!("[{section}]: {} services", services.len())),
        }
        for service in service_sections(inf, &section) {
            for (key, value) in EXPECTED {
                let values = inf.values(&service, key);
                if !matches!(values.as_slice(), [text] if number(text) == Some(value)) {
                    found.push(format!("[{service}]: {key} is {values:?}, not {value}"));
                }
            }
        }
    }
    found
}
