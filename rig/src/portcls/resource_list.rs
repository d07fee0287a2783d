//! `IResourceList`: the resources of a device, raw and translated, and sub-lists of them.

use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IResourceList;
use portcls::raw::Interface;

use super::com;
use super::com::Body;
use super::com::Face;
use super::com::Kind;
use super::com::Method;
use super::com::Object;
use super::com::always;
use super::com::methods;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::PartialResource;
use crate::nt::abi::Pointer;
use crate::nt::abi::ResourceList;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;

/// Entries that a list of the rig's has room for.
pub(crate) const ROOM: usize = 40;

/// A whole list as `CM_RESOURCE_LIST` lies in memory.
pub(crate) type RawList = ResourceList<ROOM>;

/// `InterfaceTypeUndefined`.
const INTERFACE_TYPE_UNDEFINED: u32 = u32::MAX;
/// `PCIBus`.
pub(crate) const PCI_BUS: u32 = 5;

/// A list of these resources on that bus.
pub(crate) fn raw_list(bus: u32, interface: u32, entries: &[PartialResource]) -> RawList {
    let none = PartialResource { kind: 0, share_disposition: 0, flags: 0, u: [0; 4] };
    let mut partial = [none; ROOM];
    for (place, entry) in partial.iter_mut().zip(entries) {
        *place = *entry;
    }
    ResourceList {
        count: 1,
        interface_type: interface,
        bus_number: bus,
        version: 1,
        revision: 1,
        partial_count: entries.len().min(ROOM) as u32,
        partial,
    }
}

/// A driver's own list, as far as it has room here; none if it has not one full descriptor, or too many entries.
pub(crate) fn copy(list: At<RawList>) -> Option<RawList> {
    const HEAD: u64 = core::mem::offset_of!(RawList, partial) as u64;
    crate::nt::kernel().check_pointer(list.address(), HEAD);
    let head: *const u32 = list.pointer().cast_const().cast();
    let word = |index: usize| At::new(head.wrapping_add(index).cast_mut()).read();
    let (count, interface, bus, entries) = (word(0), word(1), word(2), word(4));
    if count != 1 || entries as usize > ROOM {
        return None;
    }
    let first: *mut PartialResource = list.pointer().wrapping_byte_add(HEAD as usize).cast();
    let entries: Vec<PartialResource> =
        (0..entries as usize).map(|index| At::new(first.wrapping_add(index)).read()).collect();
    Some(raw_list(bus, interface, &entries))
}

/// Both lists; boxed, as the driver gets pointers into them.
pub(crate) struct List {
    translated: RefCell<Box<RawList>>,
    raw: RefCell<Box<RawList>>,
    /// Entries that may be added.
    most: u32,
}

impl List {
    /// Makes a list; the driver's pointer, with one reference.
    pub(crate) fn create(kernel: &'static Kernel, translated: RawList, raw: RawList, most: u32) -> Pointer {
        let list = Self {
            translated: RefCell::new(Box::new(translated)),
            raw: RefCell::new(Box::new(raw)),
            most: most.min(ROOM as u32),
        };
        Object::create(kernel, KIND, Rc::new(list))
    }

    /// `PcNewResourceSublist`: an empty list with room for so many.
    pub(crate) fn create_sublist(kernel: &'static Kernel, most: u32) -> Pointer {
        let empty = || raw_list(0, INTERFACE_TYPE_UNDEFINED, &[]);
        Self::create(kernel, empty(), empty(), most)
    }

    fn entries(&self) -> u32 {
        self.translated.borrow().partial_count
    }

    /// The number of the `index`-th entry of a type.
    fn position(&self, kind: i32, index: u32) -> Option<usize> {
        let list = self.translated.borrow();
        let partial = list.partial;
        (0..list.partial_count as usize)
            .filter(|place| i32::from(partial[*place].kind) == kind)
            .nth(index as usize)
    }

    /// The `index`-th translated entry of a type.
    pub(crate) fn translated(&self, kind: i32, index: u32) -> Option<PartialResource> {
        let place = self.position(kind, index)?;
        let partial = self.translated.borrow().partial;
        Some(partial[place])
    }

    fn entry(list: &RefCell<Box<RawList>>, place: Option<usize>) -> Pointer {
        let Some(place) = place else { return core::ptr::null_mut() };
        let mut list = list.borrow_mut();
        let first: *mut PartialResource = (&raw mut list.partial).cast();
        first.wrapping_add(place).cast()
    }

    fn add(&self, translated: PartialResource, raw: PartialResource) -> NtStatus {
        let place = self.entries() as usize;
        if place >= self.most as usize {
            return STATUS_INVALID_PARAMETER;
        }
        for (list, entry) in [(&self.translated, translated), (&self.raw, raw)] {
            let mut list = list.borrow_mut();
            list.partial_count += 1;
            let mut partial = list.partial;
            partial[place] = entry;
            list.partial = partial;
        }
        STATUS_SUCCESS
    }

    fn add_from(&self, parent: &Self, kind: i32, index: u32) -> NtStatus {
        let Some(place) = parent.position(kind, index) else { return STATUS_INVALID_PARAMETER };
        let (translated, raw) = (parent.translated.borrow().partial, parent.raw.borrow().partial);
        self.add(translated[place], raw[place])
    }
}

impl Body for List {}

const METHODS: &[Method] = methods! { "IResourceList", List;
    fn NumberOfEntries() -> u32 |_kernel, list| { list.entries() }

    fn NumberOfEntriesOfType(kind: i32) -> u32 |_kernel, list| {
        (0..list.entries()).take_while(|index| list.position(kind, *index).is_some()).count() as u32
    }

    fn FindTranslatedEntry(kind: i32, index: u32) -> Pointer |_kernel, list| {
        List::entry(&list.translated, list.position(kind, index))
    }

    fn FindUntranslatedEntry(kind: i32, index: u32) -> Pointer |_kernel, list| {
        List::entry(&list.raw, list.position(kind, index))
    }

    fn AddEntry(translated: At<PartialResource>, raw: At<PartialResource>) -> NtStatus |_kernel, list| {
        list.add(translated.read(), raw.read())
    }

    fn AddEntryFromParent(parent: Pointer, kind: i32, index: u32) -> NtStatus |kernel, list| {
        match com::find::<List>(kernel, parent) {
            Some(parent) => list.add_from(&parent, kind, index),
            None => STATUS_INVALID_PARAMETER,
        }
    }

    fn TranslatedList() -> Pointer |_kernel, list| {
        let mut translated = list.translated.borrow_mut();
        (&raw mut **translated).cast()
    }

    fn UntranslatedList() -> Pointer |_kernel, list| {
        let mut raw = list.raw.borrow_mut();
        (&raw mut **raw).cast()
    }
};

pub(crate) const KIND: &Kind = &Kind {
    name: "resource list",
    faces: &[Face { layout: &IResourceList::LAYOUT, methods: &[METHODS], present: always }],
};
