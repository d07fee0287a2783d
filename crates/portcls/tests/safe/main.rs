//! The safe layer, driven through raw vtables as PortCls drives it, and against fakes of PortCls' objects.

mod adapter;
mod com;
mod etw;
mod event;
mod fakes;
mod memory;
mod modes;
mod owned;
mod pages;
mod pnp;
mod property;
mod resources;
mod stream;
mod wavepci;
mod wavert;
