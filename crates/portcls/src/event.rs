//! Event handlers, and the port's event lists.

use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

use crate::com::{Com, ComClass, ComPtr};
use crate::irql::{Irql, Passive};
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_UNSUCCESSFUL};
use crate::raw::{
    GUID, IPortEvents, KSEVENT_ENTRY, NTSTATUS, PCEVENT_ITEM, PCEVENT_REQUEST, PCEVENT_VERB_ADD,
    PCEVENT_VERB_REMOVE,
};
use crate::status::{Result, ntstatus};

/// An event and its handler, for an automation table.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct EventItem(PCEVENT_ITEM);

// SAFETY: never written after it was made; it points to a GUID and a function.
unsafe impl Sync for EventItem {}
// SAFETY: as above.
unsafe impl Send for EventItem {}

impl EventItem {
    /// Event `id` of `set`; `flags` are `PCEVENT_ITEM_FLAG_` values.
    ///
    /// The handler is a function or a closure that captures nothing. It succeeds for a verb that it has no
    /// use for; when asked to add, it hands the entry to [`ComPtr::<IPortEvents>::add`].
    #[must_use]
    pub const fn new<F>(set: &'static GUID, id: u32, flags: u32, _handler: F) -> Self
    where
        F: Fn(&mut Irql<Passive>, &EventRequest<'_>) -> Result + Copy + Send + Sync + 'static,
    {
        const { assert!(size_of::<F>() == 0, "a handler captures nothing") };
        Self(PCEVENT_ITEM { Set: set, Id: id, Flags: flags, Handler: Some(handle::<F>) })
    }

    /// The record.
    #[must_use]
    pub const fn raw(&self) -> &PCEVENT_ITEM {
        &self.0
    }
}

/// # Safety
///
/// As documented for PCPFNEVENT_HANDLER, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn handle<F>(request: *mut PCEVENT_REQUEST) -> NTSTATUS
where
    F: Fn(&mut Irql<Passive>, &EventRequest<'_>) -> Result + Copy + Send + Sync + 'static,
{
    let Some(request) = NonNull::new(request) else {
        return STATUS_INVALID_PARAMETER;
    };
    if size_of::<F>() != 0 {
        return STATUS_UNSUCCESSFUL;
    }
    // SAFETY: a value of no bytes, of which one was handed to `EventItem::new`, which let it be copied.
    let handler: F = unsafe { NonNull::<F>::dangling().read() };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // INVARIANT: PortCls lends a whole request during the call.
    ntstatus(handler(&mut irql, &EventRequest { raw: request, _borrow: PhantomData }))
}

/// What happens to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventVerb {
    /// A client enables it.
    Add,
    /// A client disables it.
    Remove,
    /// Something else, by its `PCEVENT_VERB_` value.
    Other(u32),
}

/// A request about an event.
///
/// # Invariants
///
/// PortCls lends the request for `'a`.
pub struct EventRequest<'a> {
    raw: NonNull<PCEVENT_REQUEST>,
    _borrow: PhantomData<&'a ()>,
}

/// An event that a client enables.
pub struct EventEntry<'a>(NonNull<KSEVENT_ENTRY>, PhantomData<&'a ()>);

impl EventRequest<'_> {
    /// What happens.
    #[must_use]
    pub fn verb(&self) -> EventVerb {
        match self.copy().Verb {
            PCEVENT_VERB_ADD => EventVerb::Add,
            PCEVENT_VERB_REMOVE => EventVerb::Remove,
            other => EventVerb::Other(other),
        }
    }

    /// The event that is being enabled.
    #[must_use]
    pub fn entry(&self) -> Option<EventEntry<'_>> {
        NonNull::new(self.copy().EventEntry).map(|entry| EventEntry(entry, PhantomData))
    }

    /// The miniport, if it is of class `T`.
    #[must_use]
    pub fn miniport<T: ComClass>(&self, irql: &Irql<Passive>) -> Option<Com<T>> {
        let target = self.copy().MajorTarget;
        // SAFETY: null, or an object that PortCls holds during the request.
        unsafe { ComPtr::borrow(&target) }?.downcast(irql)
    }

    fn copy(&self) -> PCEVENT_REQUEST {
        // SAFETY: by the invariant.
        unsafe { self.raw.read() }
    }
}

impl ComPtr<IPortEvents> {
    /// Adds an event that a client enables to the port's list. IRQL: PASSIVE_LEVEL.
    pub fn add(&self, _irql: &Irql<Passive>, entry: &EventEntry<'_>) {
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with an entry of the current request.
        unsafe { (self.vtbl().AddEventToEventList)(self.as_raw(), entry.0.as_ptr()) };
    }

    /// Signals the enabled events that match: of this set (or any), this number, and, if given, this pin and
    /// this node. IRQL: any, but above DISPATCH_LEVEL some may be lost.
    pub fn generate(&self, set: Option<&GUID>, event: u32, pin: Option<u32>, node: Option<u32>) {
        // The method takes the set by a pointer that is not const, and only reads it.
        let set = set.map_or(null_mut(), |set| (&raw const *set).cast_mut());
        let (of_pin, pin) = (pin.is_some(), pin.unwrap_or(0));
        let (of_node, node) = (node.is_some(), node.unwrap_or(0));
        let generate = self.vtbl().GenerateEventList;
        // SAFETY: a method of a live object, at any level.
        unsafe { generate(self.as_raw(), set, event, of_pin.into(), pin, of_node.into(), node) };
    }
}
