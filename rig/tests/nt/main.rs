//! The kernel as a driver finds it: what it promises, and what it does not forgive.

mod complaints;
mod devicememory;
mod imports;
mod messages;
mod objects;
mod registry;
mod rules;
mod support;
mod time;
mod tracing;
mod watchdog;
