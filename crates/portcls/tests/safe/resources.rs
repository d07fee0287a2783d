//! Resource lists and stream resources, from fakes.

use std::ptr::{NonNull, null_mut};
use std::sync::Mutex;

use portcls::com::{ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::handle::{Device, Interrupt, Thread};
use portcls::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use portcls::raw::*;
use portcls::resources::{InterruptLine, MemoryRange, PortRange};
use portcls::stream_resource::StreamResourceManager;

use crate::fakes::{passive, pointer};

/// The translated entries, and those as the bus has them.
struct List(Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR>, Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR>);

// SAFETY: nothing in these records is a pointer.
unsafe impl Sync for List {}
// SAFETY: as above.
unsafe impl Send for List {}

impl ComClass for List {
    type Interfaces = (IResourceList,);
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<List, N> for IResourceList {
    const VTBL: &'static IResourceListVtbl = &IResourceListVtbl {
        base: unknown_vtbl::<List, N>(),
        NumberOfEntries: unused_count,
        NumberOfEntriesOfType: count::<N>,
        FindTranslatedEntry: find::<N>,
        FindUntranslatedEntry: find_raw::<N>,
        AddEntry: unused_add,
        AddEntryFromParent: unused_add_from,
        TranslatedList: unused_list,
        UntranslatedList: unused_list,
    };
}

unsafe extern "efiapi" fn count<const N: usize>(this: *mut IResourceList, kind: i32) -> u32 {
    // SAFETY: called on a live fake.
    let list = unsafe { value::<List, _, N>(this) };
    list.0.iter().filter(|entry| i32::from(entry.Type) == kind).count() as u32
}

unsafe extern "efiapi" fn find<const N: usize>(
    this: *mut IResourceList,
    kind: i32,
    index: u32,
) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
    // SAFETY: called on a live fake.
    nth(unsafe { &value::<List, _, N>(this).0 }, kind, index)
}

unsafe extern "efiapi" fn find_raw<const N: usize>(
    this: *mut IResourceList,
    kind: i32,
    index: u32,
) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
    // SAFETY: called on a live fake.
    nth(unsafe { &value::<List, _, N>(this).1 }, kind, index)
}

fn nth(
    entries: &[CM_PARTIAL_RESOURCE_DESCRIPTOR],
    kind: i32,
    index: u32,
) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
    let entry = entries.iter().filter(|entry| i32::from(entry.Type) == kind).nth(index as usize);
    entry.map_or(null_mut(), |entry| (&raw const *entry).cast_mut())
}

unsafe extern "efiapi" fn unused_count(_: *mut IResourceList) -> u32 {
    unreachable!()
}

unsafe extern "efiapi" fn unused_add(
    _: *mut IResourceList,
    _: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
    _: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
) -> NTSTATUS {
    unreachable!()
}

unsafe extern "efiapi" fn unused_add_from(
    _: *mut IResourceList,
    _: *mut IResourceList,
    _: i32,
    _: u32,
) -> NTSTATUS {
    unreachable!()
}

unsafe extern "efiapi" fn unused_list(_: *mut IResourceList) -> *mut CM_RESOURCE_LIST {
    unreachable!()
}

fn entry(kind: i32, flags: u32, share: i32, u: CM_RESOURCE_UNION) -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
    CM_PARTIAL_RESOURCE_DESCRIPTOR { Type: kind as u8, ShareDisposition: share as u8, Flags: flags as u16, u }
}

#[test]
fn ranges_and_interrupts_are_read() {
    let port = |start, length| CM_RESOURCE_UNION { Port: CM_RESOURCE_PORT { Start: start, Length: length } };
    let memory = |start| {
        let memory = CM_RESOURCE_MEMORY { Start: start, Length: 0x1000 };
        entry(CmResourceTypeMemory, 0, 0, CM_RESOURCE_UNION { Memory: memory })
    };
    let translated = vec![
        entry(CmResourceTypePort, CM_RESOURCE_PORT_IO, 0, port(0xC000, 1024)),
        entry(CmResourceTypePort, 0, 0, port(0x1_0000_0000, 256)),
        memory(0xFEBF_0000),
        entry(
            CmResourceTypeMemoryLarge,
            CM_RESOURCE_MEMORY_LARGE_40,
            0,
            CM_RESOURCE_UNION { Memory40: CM_RESOURCE_MEMORY_40 { Start: 1 << 40, Length40: 2 } },
        ),
        entry(
            CmResourceTypeInterrupt,
            CM_RESOURCE_INTERRUPT_MESSAGE | CM_RESOURCE_INTERRUPT_LATCHED,
            CmResourceShareShared,
            CM_RESOURCE_UNION { Interrupt: CM_RESOURCE_INTERRUPT { Level: 5, Vector: 0x51, Affinity: 3 } },
        ),
    ];
    let raw = vec![memory(0x8000_0000)];
    let (_list, resources) = pointer::<IResourceList, _>(List(translated, raw));
    let irql = &passive();
    let first = PortRange { start: 0xC000, length: 1024, memory_mapped: false };
    assert_eq!(resources.port(irql, 0), Some(first));
    assert!(resources.port(irql, 1).unwrap().memory_mapped);
    assert_eq!((resources.port_count(irql), resources.port(irql, 2)), (2, None));
    assert_eq!(resources.memory(irql, 0), Some(MemoryRange { start: 0xFEBF_0000, length: 0x1000 }));
    let raw = MemoryRange { start: 0x8000_0000, length: 0x1000 };
    assert_eq!((resources.raw_memory(irql, 0), resources.raw_memory(irql, 1)), (Some(raw), None));
    assert_eq!(resources.large_memory(irql, 0), Some(MemoryRange { start: 1 << 40, length: 512 }));
    let line =
        InterruptLine { level: 5, vector: 0x51, affinity: 3, latched: true, shared: true, message: true };
    assert_eq!((resources.interrupt_count(irql), resources.interrupt(irql, 0)), (1, Some(line)));
}

/// A port that has one of the registrars, or none, and remembers what is registered.
#[derive(Default)]
struct Port {
    versions: Vec<GUID>,
    registered: Mutex<Vec<(u8, i32, usize)>>,
    refuses: bool,
}

impl ComClass for Port {
    type Interfaces = (IPortClsStreamResourceManager2,);

    fn answers(&self, interface: &GUID) -> bool {
        self.versions.contains(interface)
    }
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Port, N> for IPortClsStreamResourceManager2 {
    const VTBL: &'static IPortClsStreamResourceManager2Vtbl = &IPortClsStreamResourceManager2Vtbl {
        base: IPortClsStreamResourceManagerVtbl {
            base: unknown_vtbl::<Port, N>(),
            AddStreamResource: add_1::<N>,
            RemoveStreamResource: remove::<N>,
        },
        AddStreamResource2: add_2::<N>,
    };
}

impl Port {
    fn add(&self, version: u8, descriptor: &PCSTREAMRESOURCE_DESCRIPTOR) -> (NTSTATUS, PCSTREAMRESOURCE) {
        if self.refuses {
            return (STATUS_INVALID_PARAMETER, null_mut());
        }
        assert_eq!((descriptor.Size, descriptor.Flags, descriptor.Pdo as usize), (40, 0, 0x2000));
        // SAFETY: the arm of its type.
        let resource = unsafe {
            match descriptor.Type {
                portcls::raw::ePcStreamResourceInterrupt => descriptor.Resource.Interrupt.Generic as usize,
                _ => descriptor.Resource.Thread as usize,
            }
        };
        self.registered.lock().unwrap().push((version, descriptor.Type, resource));
        (STATUS_SUCCESS, resource as PCSTREAMRESOURCE)
    }
}

unsafe extern "efiapi" fn add_1<const N: usize>(
    this: *mut IPortClsStreamResourceManager,
    set: *mut std::ffi::c_void,
    descriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    handle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS {
    assert!(set.is_null());
    // SAFETY: called on a live fake, with places for descriptor and handle.
    unsafe {
        let (status, made) = value::<Port, _, N>(this).add(1, &*descriptor);
        handle.write(made);
        status
    }
}

unsafe extern "efiapi" fn add_2<const N: usize>(
    this: *mut IPortClsStreamResourceManager2,
    pdo: *mut DeviceObject,
    set: *mut std::ffi::c_void,
    descriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    handle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS {
    assert_eq!((pdo as usize, set.is_null()), (0x2000, true));
    // SAFETY: called on a live fake, with places for descriptor and handle.
    unsafe {
        let (status, made) = value::<Port, _, N>(this).add(2, &*descriptor);
        handle.write(made);
        status
    }
}

unsafe extern "efiapi" fn remove<const N: usize>(
    this: *mut IPortClsStreamResourceManager,
    handle: PCSTREAMRESOURCE,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    let port = unsafe { value::<Port, _, N>(this) };
    port.registered.lock().unwrap().retain(|(.., resource)| *resource != handle as usize);
    STATUS_SUCCESS
}

/// Names of objects that nobody looks into.
fn handles() -> (Device, Interrupt, Thread) {
    // SAFETY: the fakes only compare addresses.
    unsafe {
        (
            Device::new(NonNull::new(0x2000 as *mut DeviceObject).unwrap()),
            Interrupt::new(NonNull::new(0x3000 as *mut KInterrupt).unwrap()),
            Thread::new(NonNull::new(0x4000 as *mut KThread).unwrap()),
        )
    }
}

fn port(versions: &[GUID]) -> (portcls::Com<Port>, ComPtr<IUnknown>) {
    pointer(Port { versions: versions.to_vec(), ..Port::default() })
}

#[test]
fn both_resources_come_and_go_by_the_second_version() {
    let (fake, port) = port(&[IPortClsStreamResourceManager::IID, IPortClsStreamResourceManager2::IID]);
    let (pdo, interrupt, thread) = handles();
    let manager = StreamResourceManager::of(&passive(), &port).unwrap();
    let first = manager.add_interrupt(&passive(), pdo, interrupt).unwrap();
    let second = manager.add_thread(&passive(), pdo, thread).unwrap();
    let (is_interrupt, is_thread) = (ePcStreamResourceInterrupt, ePcStreamResourceThread);
    assert_eq!(*fake.registered.lock().unwrap(), [(2, is_interrupt, 0x3000), (2, is_thread, 0x4000)]);
    first.remove(&passive());
    assert_eq!(*fake.registered.lock().unwrap(), [(2, is_thread, 0x4000)]);
    drop(second);
    assert!(fake.registered.lock().unwrap().is_empty());
}

#[test]
fn the_first_version_serves_where_the_second_is_missing() {
    let (fake, port) = port(&[IPortClsStreamResourceManager::IID]);
    let (pdo, _, thread) = handles();
    let manager = StreamResourceManager::of(&passive(), &port).unwrap();
    assert!(matches!(manager, StreamResourceManager::One(_)));
    let resource = manager.add_thread(&passive(), pdo, thread).unwrap();
    assert_eq!(fake.registered.lock().unwrap()[0].0, 1);
    drop(resource);
    assert!(fake.registered.lock().unwrap().is_empty());
}

#[test]
fn without_registrar_there_is_none() {
    let (_fake, port) = port(&[]);
    assert!(StreamResourceManager::of(&passive(), &port).is_none());
}

#[test]
fn a_refusal_registers_nothing() {
    let versions = vec![IPortClsStreamResourceManager2::IID];
    let (_fake, port) = pointer::<IUnknown, _>(Port { versions, refuses: true, ..Port::default() });
    let (pdo, interrupt, _) = handles();
    let manager = StreamResourceManager::of(&passive(), &port).unwrap();
    assert!(manager.add_interrupt(&passive(), pdo, interrupt).is_err());
}
