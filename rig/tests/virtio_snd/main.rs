//! The virtio sound device in the process, driven by a driver of a few lines: what it does for one that keeps the
//! rules, what it says to one that does not, and that each fault of its script comes true.

mod elements;
mod faults;
mod guest;
mod protocol;
mod rings;
mod streams;
mod times;
mod wild;
