//! Runs the tests of crates/wdk-cross' build script, which cargo itself has no way to run.

#![allow(dead_code, reason = "build.rs calls what the tests do not")]

#[path = "../../crates/wdk-cross/build/headers.rs"]
mod headers;
#[path = "../../crates/wdk-cross/build/libraries.rs"]
mod libraries;
#[path = "../../crates/wdk-cross/build/mends.rs"]
mod mends;
