//! Stream resources: the manager interfaces of the WaveRT port, and what the exports share with them.
//!
//! Sources: portcls/nf-portcls-iportclsstreamresourcemanager-addstreamresource,
//! -iportclsstreamresourcemanager2-addstreamresource2, -pcaddstreamresource, -pcremovestreamresource,
//! ns-portcls-_pcstreamresource_descriptor.

use core::ffi::c_void;

use portcls::raw::IPortClsStreamResourceManager;
use portcls::raw::IPortClsStreamResourceManager2;
use portcls::raw::Interface;
use portcls::raw::PCSTREAMRESOURCE_DESCRIPTOR;
use portcls::raw::ePcStreamResourceInterrupt;
use portcls::raw::ePcStreamResourceThread;

use super::com::Face;
use super::com::Method;
use super::com::methods;
use super::port::Port;
use super::state;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::profile::StreamResources;

/// Registers a resource of the device with that physical device object.
#[allow(non_upper_case_globals)] // The types have the WDK's names.
pub(crate) fn add(
    kernel: &'static Kernel,
    pdo: *mut DeviceObject,
    set: Pointer,
    descriptor: At<PCSTREAMRESOURCE_DESCRIPTOR>,
    handle: At<u64>,
    via: &'static str,
) -> NtStatus {
    handle.write(0);
    if kernel.injection.fails(via) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let wanted = descriptor.read();
    let ours = state(kernel).adapters.borrow().iter().any(|fdo| fdo.pdo.pointer() == pdo);
    // A descriptor that names another device than the call does is about two devices.
    let same = wanted.Pdo.is_null() || wanted.Pdo.cast() == pdo;
    let sized = wanted.Size as usize == size_of::<PCSTREAMRESOURCE_DESCRIPTOR>();
    if !sized || wanted.Flags != 0 || !set.is_null() || !ours || !same {
        return STATUS_INVALID_PARAMETER;
    }
    let (kind, object): (&'static str, *mut c_void) = match wanted.Type {
        // SAFETY: the type says which arm it is; both are pointers, of which only the address is used.
        ePcStreamResourceInterrupt => ("interrupt", unsafe { wanted.Resource.Interrupt.Generic }),
        // SAFETY: as above.
        ePcStreamResourceThread => ("thread", unsafe { wanted.Resource.Thread }.cast()),
        _ => return STATUS_INVALID_PARAMETER,
    };
    if object.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    handle.write(kernel.verifier.add_stream_resource(kernel, kind, object, via));
    STATUS_SUCCESS
}

/// Takes a registration back.
pub(crate) fn remove(kernel: &'static Kernel, handle: u64) -> NtStatus {
    if handle == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    kernel.verifier.remove_stream_resource(kernel, handle);
    STATUS_SUCCESS
}

/// The first interface has no parameter for the device: the descriptor names it.
const METHODS: &[Method] = methods! { "IPortClsStreamResourceManager", Port;
    fn AddStreamResource(
        set: Pointer, descriptor: At<PCSTREAMRESOURCE_DESCRIPTOR>, handle: At<u64>,
    ) -> NtStatus |kernel, _port| {
        let pdo = descriptor.read().Pdo;
        add(kernel, pdo.cast(), set, descriptor, handle, "IPortClsStreamResourceManager::AddStreamResource")
    }

    fn RemoveStreamResource(handle: u64) -> NtStatus |kernel, _port| {
        remove(kernel, handle)
    }
};

const METHODS_2: &[Method] = methods! { "IPortClsStreamResourceManager2", Port;
    fn AddStreamResource2(
        pdo: *mut DeviceObject, set: Pointer, descriptor: At<PCSTREAMRESOURCE_DESCRIPTOR>, handle: At<u64>,
    ) -> NtStatus |kernel, _port| {
        add(kernel, pdo, set, descriptor, handle, "IPortClsStreamResourceManager2::AddStreamResource2")
    }
};

/// Windows 10 1507.
pub(crate) const FIRST: Face = Face {
    layout: &IPortClsStreamResourceManager::LAYOUT,
    methods: &[METHODS],
    present: |kernel| kernel.profile.stream_resources != StreamResources::None,
};

/// Windows 10 1511.
pub(crate) const SECOND: Face = Face {
    layout: &IPortClsStreamResourceManager2::LAYOUT,
    methods: &[METHODS, METHODS_2],
    present: |kernel| kernel.profile.stream_resources == StreamResources::V2,
};
