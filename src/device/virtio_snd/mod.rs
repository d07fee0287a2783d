//! virtio sound.

pub(crate) mod control;
pub(crate) mod events;
pub(crate) mod info;
pub(crate) mod inventory;
pub(crate) mod probe;
pub(crate) mod state;
pub(crate) mod wire;
