//! What a run leaves behind: one set of facts, shown three ways.
//!
//! ```text
//!   the run --> Report --+--> report.json   for machines      (model)
//!                        +--> report.html   for a browser     (html)
//!                        +--> about 20 lines for a terminal   (terminal)
//! ```
//!
//! The run fills a [`Report`] and judges nothing; [`Report::verdict`] is the one place that says how it went.

pub mod baseline;
pub mod costs;
pub mod html;
pub mod model;
pub mod notices;
pub mod plot;
pub mod stream;
pub mod terminal;
pub mod timeline;
pub mod traced;
pub mod verdict;

pub use costs::{InstructionsBy, PerPeriod};
pub use model::Report;
pub use notices::Notices;
pub use stream::{Mappings, Packets, Stream};
pub use timeline::{Moment, MomentKind, PeriodSample, PositionSample, Timeline};
pub use traced::Traced;
pub use verdict::Verdict;

#[cfg(test)]
mod sample;
