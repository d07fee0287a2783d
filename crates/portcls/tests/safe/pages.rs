//! Pages of a cyclic buffer, from a fake allocator.

use std::sync::atomic::Ordering::SeqCst;

use portcls::Status;
use portcls::pages::{CacheType, Pages};
use portcls::raw::IPortWaveRTStream;

use crate::fakes::{PortStream, passive, pointer};

fn port(limit: u32) -> PortStream {
    PortStream { limit, ..PortStream::default() }
}

#[test]
fn pages_are_asked_for_below_an_address_and_freed_with_their_owner() {
    let (fake, port) = pointer::<IPortWaveRTStream, _>(port(u32::MAX));
    let pages = Pages::allocate(&passive(), &port, 0xFFFF_FFFF, 8193).unwrap();
    assert_eq!(*fake.requests.lock().unwrap(), [(0xFFFF_FFFF, 8193)]);
    assert_eq!((pages.byte_count(), pages.page_count(&passive())), (12288, 3));
    assert_eq!(fake.lists.load(SeqCst), 1);
    pages.free(&passive());
    assert_eq!(fake.lists.load(SeqCst), 0);
}

#[test]
fn addresses_come_back_through_the_hidden_pointer() {
    let (_fake, port) = pointer::<IPortWaveRTStream, _>(port(u32::MAX));
    let pages = Pages::allocate(&passive(), &port, u64::MAX, 8192).unwrap();
    let addresses: Vec<_> = (0..3).map(|index| pages.page_address(&passive(), index)).collect();
    assert_eq!(addresses, [Some(0x10_0000), Some(0x10_2000), None]);
}

/// Row 9: short allocations.
#[test]
fn a_short_allocation_shows() {
    let (_fake, port) = pointer::<IPortWaveRTStream, _>(port(4096));
    assert_eq!(Pages::allocate(&passive(), &port, u64::MAX, 8192).unwrap().byte_count(), 4096);
}

/// Row 9: short allocations.
#[test]
fn no_memory_is_an_error() {
    let (fake, port) = pointer::<IPortWaveRTStream, _>(port(0));
    let failed = Pages::allocate_contiguous(&passive(), &port, 0, u64::MAX, 4096).err();
    assert_eq!(failed, Some(Status::INSUFFICIENT_RESOURCES));
    assert_eq!(*fake.requests.lock().unwrap(), [(i64::MAX, 4096)]);
}

/// Row 10: order of freeing.
#[test]
fn a_mapping_goes_before_the_pages() {
    let (fake, port) = pointer::<IPortWaveRTStream, _>(port(u32::MAX));
    let pages = Pages::allocate(&passive(), &port, u64::MAX, 4096).unwrap();
    let mapping = pages.map(&passive(), CacheType::Cached).unwrap();
    mapping.fill(0x5A);
    // SAFETY: within the mapping.
    assert_eq!(unsafe { mapping.base().add(4095).read() }, 0x5A);
    assert_eq!(fake.mappings.load(SeqCst), 1);
    drop(mapping);
    drop(pages);
    assert_eq!((fake.mappings.load(SeqCst), fake.lists.load(SeqCst)), (0, 0));
}
