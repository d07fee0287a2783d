//! What `cargo xtask` does, one module a subcommand.

pub mod accept;
pub mod check;
pub mod driver;
pub mod failure;
pub mod features;
pub mod fuzz;
pub mod image;
pub mod inf;
pub mod mirror;
pub mod mutants;
pub mod package;
pub mod play;
pub mod repository;
pub mod setup;
pub mod test;
