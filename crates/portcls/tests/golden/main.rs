//! Holds every raw declaration against the golden tables in `golden/`, which were measured from the WDK's
//! headers and know nothing of this crate.
//!
//! The lists of what is declared come from the macros that declare it. `complete` looks at the source text
//! for declarations that went past those macros, and `planted` shows that a wrong table is noticed.

mod complete;
mod constants;
mod interfaces;
mod planted;
mod records;
mod table;
