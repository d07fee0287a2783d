//! Stream resources: the interrupts and threads that Windows protects from interference while audio runs with
//! small buffers.

use core::ptr::null_mut;

use crate::com::ComPtr;
use crate::handle::{Device, Interrupt, Thread};
use crate::irql::{Irql, Passive};
use crate::raw::{
    IPortClsStreamResourceManager, IPortClsStreamResourceManager2, Interface, PCSTREAMRESOURCE,
    PCSTREAMRESOURCE_DESCRIPTOR, PCSTREAMRESOURCE_INTERRUPT, PCSTREAMRESOURCE_UNION,
    ePcStreamResourceInterrupt, ePcStreamResourceThread,
};
use crate::status::{Result, Status};

/// The registrar of stream resources of a WaveRT port.
#[derive(Clone)]
pub enum StreamResourceManager {
    /// `IPortClsStreamResourceManager2` (Windows 10 1511), which is told the physical device object.
    Two(ComPtr<IPortClsStreamResourceManager2>),
    /// `IPortClsStreamResourceManager` (Windows 10), which knows it.
    One(ComPtr<IPortClsStreamResourceManager>),
}

impl StreamResourceManager {
    /// The port's registrar; none before Windows 10, and then one does without.
    #[must_use]
    pub fn of<I: Interface>(irql: &Irql<Passive>, port: &ComPtr<I>) -> Option<Self> {
        match port.query(irql) {
            Ok(manager) => Some(Self::Two(manager)),
            Err(_) => port.query(irql).ok().map(Self::One),
        }
    }

    /// Registers a connected interrupt of the device with physical device object `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER`.
    pub fn add_interrupt(
        &self,
        irql: &Irql<Passive>,
        pdo: Device,
        interrupt: Interrupt,
    ) -> Result<StreamResource> {
        let interrupt = PCSTREAMRESOURCE_INTERRUPT {
            Generic: interrupt.as_ptr().cast(),
            ..PCSTREAMRESOURCE_INTERRUPT::ZERO
        };
        let resource = PCSTREAMRESOURCE_UNION { Interrupt: interrupt };
        self.add(irql, pdo, ePcStreamResourceInterrupt, resource)
    }

    /// Registers a thread that the driver owns, of the device with physical device object `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER`.
    pub fn add_thread(&self, irql: &Irql<Passive>, pdo: Device, thread: Thread) -> Result<StreamResource> {
        let resource = PCSTREAMRESOURCE_UNION { Thread: thread.as_ptr() };
        self.add(irql, pdo, ePcStreamResourceThread, resource)
    }

    fn add(
        &self,
        _irql: &Irql<Passive>,
        pdo: Device,
        kind: i32,
        resource: PCSTREAMRESOURCE_UNION,
    ) -> Result<StreamResource> {
        let mut descriptor = PCSTREAMRESOURCE_DESCRIPTOR {
            Size: size_of::<PCSTREAMRESOURCE_DESCRIPTOR>() as u32,
            Pdo: pdo.as_ptr(),
            Type: kind,
            Resource: resource,
            ..PCSTREAMRESOURCE_DESCRIPTOR::ZERO
        };
        let mut handle: PCSTREAMRESOURCE = null_mut();
        let status = match self {
            Self::Two(manager) => {
                let add = manager.vtbl().AddStreamResource2;
                // SAFETY: a method of a live object, at PASSIVE_LEVEL; the resource exists.
                unsafe { add(manager.as_raw(), pdo.as_ptr(), null_mut(), &mut descriptor, &mut handle) }
            }
            Self::One(manager) => {
                let add = manager.vtbl().AddStreamResource;
                // SAFETY: a method of a live object, at PASSIVE_LEVEL; the resource exists.
                unsafe { add(manager.as_raw(), null_mut(), &mut descriptor, &mut handle) }
            }
        };
        Status::check(status)?;
        // INVARIANT: just registered.
        Ok(StreamResource { manager: self.clone(), handle })
    }

    fn first(&self) -> &ComPtr<IPortClsStreamResourceManager> {
        match self {
            Self::Two(manager) => manager.base(),
            Self::One(manager) => manager,
        }
    }
}

/// A registered stream resource. The drop takes it back, at PASSIVE_LEVEL: due while the interrupt or thread
/// still exists, so own it before (in field order) what it registers.
///
/// # Invariants
///
/// The handle is registered with this registrar.
pub struct StreamResource {
    manager: StreamResourceManager,
    handle: PCSTREAMRESOURCE,
}

// SAFETY: a handle may be used from any thread.
unsafe impl Send for StreamResource {}
// SAFETY: as above.
unsafe impl Sync for StreamResource {}

impl StreamResource {
    /// Takes the resource back; the drop does the same.
    pub fn remove(self, _irql: &Irql<Passive>) {}
}

impl Drop for StreamResource {
    fn drop(&mut self) {
        let manager = self.manager.first();
        // SAFETY: a method of a live object, with a handle of its own, once. Its status can't be helped.
        let _ = unsafe { (manager.vtbl().RemoveStreamResource)(manager.as_raw(), self.handle) };
    }
}
