//! Objects: interfaces, identity, counts, lifetime.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use portcls::raw::*;
use portcls::{Result, Status};

use crate::fakes::{passive, pointer};
use crate::memory::{held, without_memory};

/// An object of two interfaces that answer with its number, and that counts its drops.
struct Twin {
    number: u32,
    shy: bool,
    drops: Arc<AtomicU32>,
}

impl ComClass for Twin {
    type Interfaces = (IPortClsVersion, IMiniportPnpNotify, IServiceSink);

    fn answers(&self, interface: &GUID) -> bool {
        !self.shy || *interface != IServiceSink::IID
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
    }
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Twin, N> for IPortClsVersion {
    const VTBL: &'static IPortClsVersionVtbl =
        &IPortClsVersionVtbl { base: unknown_vtbl::<Twin, N>(), GetVersion: version::<N> };
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Twin, N> for IMiniportPnpNotify {
    const VTBL: &'static IMiniportPnpNotifyVtbl =
        &IMiniportPnpNotifyVtbl { base: unknown_vtbl::<Twin, N>(), PnpStop: stop::<N> };
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Twin, N> for IServiceSink {
    const VTBL: &'static IServiceSinkVtbl =
        &IServiceSinkVtbl { base: unknown_vtbl::<Twin, N>(), RequestService: service::<N> };
}

unsafe extern "efiapi" fn version<const N: usize>(this: *mut IPortClsVersion) -> u32 {
    // SAFETY: called on a live object.
    unsafe { value::<Twin, _, N>(this) }.number
}

unsafe extern "efiapi" fn stop<const N: usize>(this: *mut IMiniportPnpNotify) {
    // SAFETY: called on a live object.
    unsafe { value::<Twin, _, N>(this) }.drops.fetch_add(100, SeqCst);
}

unsafe extern "efiapi" fn service<const N: usize>(this: *mut IServiceSink) {
    // SAFETY: called on a live object.
    unsafe { value::<Twin, _, N>(this) }.drops.fetch_add(1000, SeqCst);
}

fn twin() -> (Com<Twin>, Arc<AtomicU32>) {
    let drops = Arc::new(AtomicU32::new(0));
    let object = Com::new(&passive(), Twin { number: 7, shy: false, drops: drops.clone() }).unwrap();
    (object, drops)
}

/// A raw QueryInterface: what it returned, and what it left in the place for the answer.
fn query(object: *mut IUnknown, iid: *const GUID) -> (NTSTATUS, *mut c_void) {
    let mut found = 0x5555_usize as *mut c_void;
    // SAFETY: a live object.
    let status = unsafe { ((*(*object).vtbl).QueryInterface)(object, iid, &mut found) };
    (status, found)
}

fn release(object: *mut IUnknown) -> u32 {
    // SAFETY: a live object, of which this test holds a reference.
    unsafe { ((*(*object).vtbl).Release)(object) }
}

#[test]
fn every_interface_leads_to_the_same_value() {
    let (object, calls) = twin();
    let version: ComPtr<IPortClsVersion> = object.query(&passive()).unwrap();
    let notify: ComPtr<IMiniportPnpNotify> = version.query(&passive()).unwrap();
    let sink: ComPtr<IServiceSink> = notify.query(&passive()).unwrap();
    // SAFETY: methods of live objects.
    unsafe {
        assert_eq!(((*(*version.as_raw()).vtbl).GetVersion)(version.as_raw()), 7);
        ((*(*notify.as_raw()).vtbl).PnpStop)(notify.as_raw());
        ((*(*sink.as_raw()).vtbl).RequestService)(sink.as_raw());
    }
    assert_eq!(calls.load(SeqCst), 1100);
    assert_ne!(version.as_raw().cast::<c_void>(), notify.as_raw().cast());
}

#[test]
fn there_is_one_identity_under_both_names() {
    let (object, _) = twin();
    let sink: ComPtr<IServiceSink> = object.query(&passive()).unwrap();
    let identity = object.unknown().as_raw();
    for from in [identity, sink.unknown().as_raw()] {
        for iid in [IUnknown::IID, IID_IUNKNOWN_CLASSIC] {
            assert_eq!(query(from, &iid), (STATUS_SUCCESS, identity.cast()));
            release(identity);
        }
    }
}

/// Row 1: interfaces of a stream.
#[test]
fn an_unknown_interface_is_refused_and_the_answer_cleared() {
    let (object, _) = twin();
    let unknown = object.unknown().as_raw();
    assert_eq!(query(unknown, &IPort::IID), (STATUS_INVALID_PARAMETER, null_mut()));
    assert_eq!(query(unknown, std::ptr::null()), (STATUS_INVALID_PARAMETER, null_mut()));
    // SAFETY: a live object.
    let status = unsafe { ((*(*unknown).vtbl).QueryInterface)(unknown, &IUnknown::IID, null_mut()) };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
}

/// Row 1: interfaces of a stream.
#[test]
fn an_object_may_hide_an_interface() {
    let drops = Arc::new(AtomicU32::new(0));
    let shy = Com::new(&passive(), Twin { number: 1, shy: true, drops }).unwrap();
    assert!(shy.query::<IServiceSink>(&passive()).is_err());
    assert!(shy.query::<IPortClsVersion>(&passive()).is_ok());
}

#[test]
fn counts_go_up_and_down_and_the_value_is_dropped_once() {
    let blocks = held();
    let (object, drops) = twin();
    let unknown = object.unknown().as_raw();
    // SAFETY: a live object.
    assert_eq!(unsafe { ((*(*unknown).vtbl).AddRef)(unknown) }, 2);
    let other = object.clone();
    assert_eq!(query(unknown, &IServiceSink::IID).0, STATUS_SUCCESS);
    assert_eq!(release(unknown), 3);
    assert_eq!(release(unknown), 2);
    drop(other);
    assert_eq!(drops.load(SeqCst), 0);
    drop(object);
    assert_eq!(drops.load(SeqCst), 1);
    drop(drops);
    assert_eq!(held(), blocks);
}

#[test]
fn a_reference_too_many_is_a_leak_that_the_tests_would_see() {
    let blocks = held();
    let (object, drops) = twin();
    let forgotten = object.clone();
    drop(object);
    assert_eq!((drops.load(SeqCst), held() - blocks), (0, 2));
    drop(forgotten);
    drop(drops);
    assert_eq!(held(), blocks);
}

#[test]
fn a_failed_creation_drops_the_value() {
    let drops = Arc::new(AtomicU32::new(0));
    let value = Twin { number: 7, shy: false, drops: drops.clone() };
    let failed: Result<Com<Twin>> = without_memory(|| Com::new(&passive(), value));
    assert_eq!(failed.err(), Some(Status::INSUFFICIENT_RESOURCES));
    assert_eq!(drops.load(SeqCst), 1);
}

/// Another class with an interface of the first.
struct Other;

impl ComClass for Other {
    type Interfaces = (IUnknown,);
}

#[test]
fn a_class_is_recognised_through_any_interface_and_only_it() {
    let (object, drops) = twin();
    let sink: ComPtr<IServiceSink> = object.query(&passive()).unwrap();
    assert_eq!(sink.downcast::<Twin>(&passive()).unwrap().number, 7);
    assert!(sink.downcast::<Other>(&passive()).is_none());
    let (_, other) = pointer::<IUnknown, _>(Other);
    assert!(other.downcast::<Twin>(&passive()).is_none());
    drop((sink, object));
    assert_eq!(drops.load(SeqCst), 1, "no reference was left behind");
}

#[test]
fn an_object_of_someone_else_is_of_no_class() {
    unsafe extern "efiapi" fn nothing(_: *mut IUnknown, _: *const GUID, found: *mut *mut c_void) -> NTSTATUS {
        // SAFETY: the caller's place.
        unsafe { found.write(null_mut()) };
        STATUS_INVALID_PARAMETER
    }
    unsafe extern "efiapi" fn one(_: *mut IUnknown) -> u32 {
        1
    }
    let vtbl = IUnknownVtbl { QueryInterface: nothing, AddRef: one, Release: one };
    let mut foreign = IUnknown { vtbl: &vtbl };
    // SAFETY: alive until the end of the test; its counts mean nothing.
    let foreign = unsafe { ComPtr::from_raw(&raw mut foreign) }.unwrap();
    assert!(foreign.downcast::<Twin>(&passive()).is_none());
}

#[test]
fn references_may_come_and_go_on_many_threads() {
    let (object, drops) = twin();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let object = object.clone();
            scope.spawn(move || {
                for _ in 0..1000 {
                    let again: ComPtr<IServiceSink> = object.query(&passive()).unwrap();
                    drop(again.clone());
                }
            });
        }
    });
    assert_eq!(drops.load(SeqCst), 0);
    drop(object);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_null_pointer_is_no_interface() {
    // SAFETY: null is allowed.
    assert!(unsafe { ComPtr::<IUnknown>::from_raw(null_mut()) }.is_none());
    let null: *mut IUnknown = null_mut();
    // SAFETY: null is allowed.
    assert!(unsafe { ComPtr::borrow(&null) }.is_none());
}
