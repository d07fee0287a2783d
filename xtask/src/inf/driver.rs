//! What the driver says of itself: the devices that it knows and the names that it registers.

use std::fs;

use crate::failure::Failure;
use crate::repository::Repository;

/// The driver's constants, as its sources have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// Names of subdevices, which are reference strings of interfaces.
    pub subdevices: Vec<String>,
    /// Hardware ids of its devices.
    pub hardware: Vec<String>,
}

impl Driver {
    /// Reads the sources.
    ///
    /// # Errors
    /// [`Failure::Environment`] where one of them cannot be read.
    pub fn read(repository: &Repository) -> Result<Self, Failure> {
        let read = |name: &str| {
            let path = repository.root().join("src/adapter").join(name);
            fs::read_to_string(&path).map_err(|error| Failure::io(&path, &error))
        };
        Ok(Self::of(&read("subdevices.rs")?, &read("kind.rs")?))
    }

    /// From the texts of `subdevices.rs`, where names stand as `wide_name!("...")`, and of `kind.rs`, where a device is
    /// a pattern `(0x1AF4, 0x1059) =>`.
    pub fn of(subdevices: &str, kinds: &str) -> Self {
        let names = subdevices.split("wide_name!(\"").skip(1);
        let patterns = kinds.lines().filter_map(|line| line.trim().strip_prefix("(0x")?.split_once(") =>"));
        let ids = patterns.filter_map(|(ids, _)| ids.split_once(", 0x"));
        Self {
            subdevices: names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect(),
            hardware: ids.map(|(vendor, device)| format!(r"PCI\VEN_{vendor}&DEV_{device}")).collect(),
        }
    }
}
