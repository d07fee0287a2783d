//! COM as PortCls has it: objects with several interfaces, and pointers to the interfaces of others.
//!
//! A driver writes a type, implements the traits of the interfaces it has, and lists those in [`ComClass`]:
//!
//! ```
//! use portcls::com::{Com, ComClass};
//! use portcls::irql::{Irql, Passive};
//! use portcls::raw::IUnknown;
//!
//! struct Adapter {
//!     gain: u32,
//! }
//!
//! impl ComClass for Adapter {
//!     type Interfaces = (IUnknown,);
//! }
//!
//! fn make(irql: &Irql<Passive>) -> portcls::Result<Com<Adapter>> {
//!     Com::new(irql, Adapter { gain: 1 })
//! }
//! # // SAFETY: a test runs at what stands for PASSIVE_LEVEL.
//! # let irql = unsafe { Irql::assume() };
//! # assert_eq!(make(&irql).unwrap().gain, 1);
//! ```
//!
//! In memory the object is one block: a vtable pointer for each listed interface, the reference count, the
//! value. The value is only ever shared (`&self`), from any thread, and is dropped with the last reference.
//!
//! ```text
//!   interface 0 -> +-------------------+
//!                  | vtable pointer 0  |
//!   interface 1 -> | vtable pointer 1  |
//!                  | reference count   |
//!   Com<T> ------> | value: T          |  (by way of the block)
//!                  +-------------------+
//! ```
//!
//! An interface that this crate has no trait for is added by implementing [`Head`] for it, with
//! [`unknown_vtbl`] as the base of its vtable and methods that find their object by [`value`].

mod class;
mod object;
mod pointer;

pub use class::{ComClass, Head, InterfaceList};
pub use object::{Com, answer, unknown_vtbl, value};
pub use pointer::ComPtr;
