//! virtio sound.

pub(crate) mod control;
pub(crate) mod events;
pub(crate) mod state;
pub(crate) mod wire;
