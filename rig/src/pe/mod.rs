//! Driver images: PE files mapped into this process as Windows maps them into the kernel.
//!
//! An [`Image`] is laid out by its section table, relocated, bound to its imports and protected page by page. The
//! file is not trusted: whatever is in it, the outcome is an image or an [`ImageError`].

mod error;
mod exports;
mod headers;
mod image;
mod imports;
mod mapping;
mod relocations;
mod symbols;
mod version;

pub use error::{ImageError, Missing};
pub use exports::Export;
pub use image::{Image, Section};
pub use imports::{Resolver, Symbol};
pub use symbols::{Frame, Symbols};
