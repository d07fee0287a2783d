//! Sound devices, and what each of them must do.
#![forbid(unsafe_code)]

pub(crate) mod ac97;
pub(crate) mod clock;
pub(crate) mod controls;
pub(crate) mod cut;
pub(crate) mod formats;
pub(crate) mod jack;
pub(crate) mod mapped;
pub(crate) mod mappings;
pub(crate) mod run;
mod sound;
pub(crate) mod virtio;
pub(crate) mod virtio_snd;

pub(crate) use sound::{
    Direction, EndpointInfo, Engines, Latency, MAX_ENDPOINTS, NEVER, Position, Progress, SoundDevice, Stage,
    Station, Supplied, Supply,
};
