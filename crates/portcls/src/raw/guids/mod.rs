//! The GUIDs of PortCls, kernel streaming and audio.

pub mod classes;
pub mod effects;
pub mod formats;
pub mod names;
pub mod nodes;
pub mod sets;

use super::NamedGuid;

/// All GUIDs but the identities of interfaces, by module.
pub const ALL: &[&[NamedGuid]] =
    &[classes::GUIDS, effects::GUIDS, formats::GUIDS, names::GUIDS, nodes::GUIDS, sets::GUIDS];
