//! IRQL in the types: a zero-sized token proves at which level the code runs.
//!
//! A token is made (unsafely) only where the kernel or PortCls enters the driver: in the thunks of this
//! crate, and in the driver's DPC, interrupt and thread entries. From there it is handed down by reference.
//! What may block asks for `&Irql<Passive>`; what locks borrows the caller's token mutably and gives the code
//! inside an
//! `Irql<Dispatch>`, so that nothing that blocks can be called under a lock. A token is neither `Copy` nor
//! `Send`: it means this call on this processor.
//!
//! | level | who has it | may |
//! |---|---|---|
//! | [`Passive`] | most methods, threads | block, allocate, lock |
//! | [`UpToDispatch`] | methods called at PASSIVE_LEVEL or DISPATCH_LEVEL (`GetPosition`) | lock |
//! | [`Dispatch`] | DPCs, the inside of a lock | lock |
//! | [`Device`] | interrupt service routines | touch atomics, queue a DPC |
//!
//! # What does not compile
//!
//! In these examples a lock stands for the driver's spin lock.
//!
//! ```
//! use portcls::irql::{AtMostDispatch, Dispatch, Irql, Passive};
//! pub struct Lock;
//! impl Lock {
//!     pub fn with<L: AtMostDispatch>(&self, _: &mut Irql<L>, f: impl FnOnce(&mut Irql<Dispatch>)) {
//!         // SAFETY: this is what raising the level would make true.
//!         f(&mut unsafe { Irql::assume() })
//!     }
//! }
//! pub fn wait(_: &Irql<Passive>) {}
//!
//! fn method(lock: &Lock, irql: &mut Irql<Passive>) {
//!     wait(irql);
//!     lock.with(irql, |_| ());
//!     wait(irql);
//! }
//! ```
//!
//! Waiting under a lock, with the caller's token:
//!
//! ```compile_fail,E0502
//! # use portcls::irql::{AtMostDispatch, Dispatch, Irql, Passive};
//! # pub struct Lock;
//! # impl Lock {
//! #     pub fn with<L: AtMostDispatch>(&self, _: &mut Irql<L>, f: impl FnOnce(&mut Irql<Dispatch>)) {
//! #         f(&mut unsafe { Irql::assume() })
//! #     }
//! # }
//! # pub fn wait(_: &Irql<Passive>) {}
//! fn method(lock: &Lock, irql: &mut Irql<Passive>) {
//!     lock.with(irql, |_| wait(irql));
//! }
//! ```
//!
//! Waiting under a lock, or in a DPC, with the token one has there:
//!
//! ```compile_fail,E0308
//! # use portcls::irql::{Dispatch, Irql, Passive};
//! # pub fn wait(_: &Irql<Passive>) {}
//! fn dpc(irql: &Irql<Dispatch>) {
//!     wait(irql);
//! }
//! ```
//!
//! A spin lock in an interrupt service routine:
//!
//! ```compile_fail,E0277
//! # use portcls::irql::{AtMostDispatch, Device, Dispatch, Irql, Passive};
//! # pub struct Lock;
//! # impl Lock {
//! #     pub fn with<L: AtMostDispatch>(&self, _: &mut Irql<L>, f: impl FnOnce(&mut Irql<Dispatch>)) {
//! #         f(&mut unsafe { Irql::assume() })
//! #     }
//! # }
//! fn service_routine(lock: &Lock, irql: &mut Irql<Device>) {
//!     lock.with(irql, |_| ());
//! }
//! ```
//!
//! Two locks with the same token at once:
//!
//! ```compile_fail,E0501
//! # use portcls::irql::{AtMostDispatch, Dispatch, Irql, Passive};
//! # pub struct Lock;
//! # impl Lock {
//! #     pub fn with<L: AtMostDispatch>(&self, _: &mut Irql<L>, f: impl FnOnce(&mut Irql<Dispatch>)) {
//! #         f(&mut unsafe { Irql::assume() })
//! #     }
//! # }
//! fn method(a: &Lock, b: &Lock, irql: &mut Irql<Passive>) {
//!     a.with(irql, |_| b.with(irql, |_| ()));
//! }
//! ```
//!
//! Taking a token to another thread, or keeping a copy:
//!
//! ```compile_fail,E0277
//! # use portcls::irql::{Irql, Passive};
//! fn needs_send<T: Send>(_: T) {}
//! fn method(irql: Irql<Passive>) {
//!     needs_send(irql);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use portcls::irql::{Irql, Passive};
//! fn method(irql: Irql<Passive>) -> (Irql<Passive>, Irql<Passive>) {
//!     (irql, irql)
//! }
//! ```

use core::marker::PhantomData;

/// PASSIVE_LEVEL.
pub enum Passive {}
/// PASSIVE_LEVEL to DISPATCH_LEVEL, the caller's choice.
pub enum UpToDispatch {}
/// DISPATCH_LEVEL.
pub enum Dispatch {}
/// The level of a device interrupt.
pub enum Device {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Passive {}
    impl Sealed for super::UpToDispatch {}
    impl Sealed for super::Dispatch {}
    impl Sealed for super::Device {}
}

/// One of the levels of this module.
pub trait Level: sealed::Sealed {}
impl Level for Passive {}
impl Level for UpToDispatch {}
impl Level for Dispatch {}
impl Level for Device {}

/// A level at which a spin lock may be taken and non-paged pool allocated.
#[diagnostic::on_unimplemented(
    message = "this asks for DISPATCH_LEVEL or below, and `{Self}` is not that",
    label = "the IRQL here may be above DISPATCH_LEVEL",
    note = "an interrupt service routine may only touch atomics and queue its DPC"
)]
pub trait AtMostDispatch: Level {}
impl AtMostDispatch for Passive {}
impl AtMostDispatch for UpToDispatch {}
impl AtMostDispatch for Dispatch {}

/// Proof that the code runs at level `L`. No bytes, no code.
#[repr(transparent)]
pub struct Irql<L: Level>(PhantomData<(*mut (), L)>);

impl<L: Level> Irql<L> {
    /// Makes the token of an entry point.
    ///
    /// # Safety
    ///
    /// The code runs at level `L`, and does as long as the token lives, except inside a closure that borrows
    /// the token mutably. No other token of this processor's current call is usable meanwhile.
    #[must_use]
    pub const unsafe fn assume() -> Self {
        Self(PhantomData)
    }
}

impl<L: AtMostDispatch> Irql<L> {
    /// The same place, known less well: for what asks for no more than DISPATCH_LEVEL or below.
    pub fn up_to_dispatch(&mut self) -> &mut Irql<UpToDispatch> {
        // SAFETY: both tokens have no bytes; the new one claims less, and borrows the old one meanwhile.
        unsafe { &mut *(&raw mut *self).cast() }
    }
}
