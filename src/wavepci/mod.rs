//! The WavePci filters: for a Windows, or an administrator, that wants no WaveRT port.
//!
//! ```text
//!   client's IRPs --> port stream
//!                       |  ^
//!            GetMapping |  | ReleaseMapping, in order           RevokeMappings
//!                       v  |                                          v
//!                  [ pump ] <---- Service, MappingAvailable, SetState     |
//!                       |                                             v
//!       under the lock  |  mappings: got | given | done <-------------+
//!                       v
//!                  device: feed, revoke        interrupt -> DPC -> hub -> bell: Notify --> port --> Service
//! ```
//!
//! The hub, its locks, clocks and states are those of the WaveRT filters; in place of a cyclic buffer a stream has
//! mappings. The port stream is called with no lock held: what is to be called is asked for under the lock, called
//! outside, and what came of it is told under the lock again ([`pump`]).
#![forbid(unsafe_code)]

mod miniport;
mod pump;
mod stream;

pub(crate) use miniport::PciMiniport;
