//! What an image offers to others.

use std::collections::BTreeMap;

use object::read::pe::{ExportTable, ExportTarget};

/// An export of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Export {
    /// It lies in the image.
    Address(*const ()),
    /// It is another module's.
    Forward {
        /// That module, without suffix.
        module: String,
        /// Its name there, or `#` and its ordinal.
        symbol: String,
    },
}

/// An export before the image has a place.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Offset(u32),
    Forward { module: String, symbol: String },
}

/// The export table.
#[derive(Debug, Default)]
pub(super) struct Exports {
    by_ordinal: BTreeMap<u16, Target>,
    by_name: BTreeMap<String, u16>,
}

impl Exports {
    /// Parses the table at `start`, whose bytes are `table`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(table: &[u8], start: usize) -> Result<Self, String> {
        let table = ExportTable::parse(table, start as u32).map_err(|error| error.to_string())?;
        let mut exports = Self::default();
        for export in table.exports().map_err(|error| error.to_string())? {
            let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let target = match export.target {
                // Gaps between ordinals.
                ExportTarget::Address(0) => continue,
                ExportTarget::Address(offset) => Target::Offset(offset),
                ExportTarget::ForwardByName(module, name) => {
                    Target::Forward { module: lossy(module), symbol: lossy(name) }
                }
                ExportTarget::ForwardByOrdinal(module, ordinal) => {
                    Target::Forward { module: lossy(module), symbol: format!("#{}", ordinal.0) }
                }
            };
            exports.by_ordinal.insert(export.ordinal.0, target);
            if let Some(name) = export.name {
                exports.by_name.insert(lossy(name), export.ordinal.0);
            }
        }
        Ok(exports)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Target> {
        self.by_ordinal(*self.by_name.get(name)?)
    }

    pub(super) fn by_ordinal(&self, ordinal: u16) -> Option<&Target> {
        self.by_ordinal.get(&ordinal)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}
