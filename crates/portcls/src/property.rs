//! Property handlers.
//!
//! A handler is a function; an item of an [`Automation`](crate::descriptor::Automation) table names the
//! property and has the handler called:
//!
//! ```
//! use portcls::irql::{Irql, Passive};
//! use portcls::property::{PropertyItem, PropertyRequest};
//! use portcls::raw::*;
//!
//! static CPU_RESOURCES: PropertyItem = PropertyItem::new(
//!     &KSPROPSETID_Audio,
//!     KSPROPERTY_AUDIO_CPU_RESOURCES,
//!     PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
//!     cpu_resources,
//! );
//!
//! fn cpu_resources(_irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> portcls::Result {
//!     if request.is_basic_support() {
//!         return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, VT_UI4, &[]);
//!     }
//!     request.get(&[&KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU.to_ne_bytes()])
//! }
//! ```

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::com::{Com, ComClass, ComPtr};
use crate::irql::{Irql, Passive};
use crate::output::Output;
use crate::plain::Plain;
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_UNSUCCESSFUL};
use crate::raw::{
    GUID, IUnknown, KSIDENTIFIER, KSPROPERTY_DESCRIPTION, KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL,
    KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM, KSPROPERTY_MEMBER_STEPPEDRANGES, KSPROPERTY_MEMBERSHEADER,
    KSPROPERTY_STEPPING_LONG, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET,
    KSPROPTYPESETID_General, NTSTATUS, PCPROPERTY_ITEM, PCPROPERTY_REQUEST, VARENUM,
};
use crate::status::{Result, Status, ntstatus};

/// A property and its handler, for an automation table.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct PropertyItem(PCPROPERTY_ITEM);

// SAFETY: never written after it was made; it points to a GUID and a function.
unsafe impl Sync for PropertyItem {}
// SAFETY: as above.
unsafe impl Send for PropertyItem {}

impl PropertyItem {
    /// Property `id` of `set`; `flags` are `PCPROPERTY_ITEM_FLAG_` values.
    ///
    /// The handler is a function or a closure that captures nothing.
    #[must_use]
    pub const fn new<F>(set: &'static GUID, id: u32, flags: u32, _handler: F) -> Self
    where
        F: Fn(&mut Irql<Passive>, &PropertyRequest<'_>) -> Result + Copy + Send + Sync + 'static,
    {
        const { assert!(size_of::<F>() == 0, "a handler captures nothing") };
        Self(PCPROPERTY_ITEM { Set: set, Id: id, Flags: flags, Handler: Some(handle::<F>) })
    }

    /// The record.
    #[must_use]
    pub const fn raw(&self) -> &PCPROPERTY_ITEM {
        &self.0
    }
}

/// # Safety
///
/// As documented for PCPFNPROPERTY_HANDLER, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn handle<F>(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS
where
    F: Fn(&mut Irql<Passive>, &PropertyRequest<'_>) -> Result + Copy + Send + Sync + 'static,
{
    let Some(request) = NonNull::new(request) else {
        return STATUS_INVALID_PARAMETER;
    };
    if size_of::<F>() != 0 {
        return STATUS_UNSUCCESSFUL;
    }
    // SAFETY: a value of no bytes, of which one was handed to `PropertyItem::new`, which let it be copied.
    let handler: F = unsafe { NonNull::<F>::dangling().read() };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // INVARIANT: PortCls lends a whole request during the call.
    ntstatus(handler(&mut irql, &PropertyRequest { raw: request, _borrow: PhantomData }))
}

/// A request for a property.
///
/// # Invariants
///
/// PortCls lends the request for `'a`: instance and value are null or as large as it says.
pub struct PropertyRequest<'a> {
    raw: NonNull<PCPROPERTY_REQUEST>,
    _borrow: PhantomData<&'a ()>,
}

impl PropertyRequest<'_> {
    /// The `KSPROPERTY_TYPE_` flags of the request.
    #[must_use]
    pub fn verb(&self) -> u32 {
        self.copy().Verb
    }

    /// The value is asked for.
    #[must_use]
    pub fn is_get(&self) -> bool {
        self.verb() & KSPROPERTY_TYPE_GET != 0
    }

    /// The value is to be set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.verb() & KSPROPERTY_TYPE_SET != 0
    }

    /// A description of the property is asked for.
    #[must_use]
    pub fn is_basic_support(&self) -> bool {
        self.verb() & KSPROPERTY_TYPE_BASICSUPPORT != 0
    }

    /// The node asked; none for a property of filter or pin.
    #[must_use]
    pub fn node(&self) -> Option<u32> {
        Some(self.copy().Node).filter(|node| *node != u32::MAX)
    }

    /// The miniport asked, if it is of class `T`.
    #[must_use]
    pub fn miniport<T: ComClass>(&self, irql: &Irql<Passive>) -> Option<Com<T>> {
        target(irql, self.copy().MajorTarget)
    }

    /// The stream asked, if it is a pin's property and the stream is of class `T`.
    #[must_use]
    pub fn stream<T: ComClass>(&self, irql: &Irql<Passive>) -> Option<Com<T>> {
        target(irql, self.copy().MinorTarget)
    }

    /// What follows the property's (or the node property's) head in the request, untrusted: a copy of its
    /// first bytes as `V`.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if there is too little.
    pub fn instance<V: Plain>(&self) -> Result<V> {
        let raw = self.copy();
        // SAFETY: by the invariant.
        unsafe { copy_of(raw.Instance.cast(), raw.InstanceSize) }.ok_or(Status::INVALID_PARAMETER)
    }

    /// All that follows the property's head in the request, untrusted. Kernel streaming has copied it out of the
    /// client's memory.
    #[must_use]
    pub fn instance_bytes(&self) -> &[u8] {
        let raw = self.copy();
        // SAFETY: by the invariant; a copy that nobody changes during the request.
        unsafe { bytes_of(raw.Instance.cast(), raw.InstanceSize) }
    }

    /// All of the value to be set, untrusted, copied as the instance is.
    #[must_use]
    pub fn value_bytes(&self) -> &[u8] {
        let raw = self.copy();
        // SAFETY: as above.
        unsafe { bytes_of(raw.Value.cast(), raw.ValueSize) }
    }

    /// The pin asked, of a property that is asked of the filter and names a pin (`KSP_PIN`).
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if the request is too short.
    pub fn pin(&self) -> Result<u32> {
        self.instance()
    }

    /// The channel asked, of a property of a node (`KSNODEPROPERTY_AUDIO_CHANNEL`); -1 is all.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if the request is too short.
    pub fn channel(&self) -> Result<i32> {
        self.instance()
    }

    /// The value to be set, untrusted: a copy of its first bytes as `V`.
    ///
    /// # Errors
    ///
    /// `STATUS_BUFFER_TOO_SMALL` if there is too little.
    pub fn value<V: Plain>(&self) -> Result<V> {
        let raw = self.copy();
        // SAFETY: by the invariant.
        unsafe { copy_of(raw.Value.cast(), raw.ValueSize) }.ok_or(Status::BUFFER_TOO_SMALL)
    }

    /// Answers with the value, the `parts` one after the other.
    ///
    /// # Errors
    ///
    /// `STATUS_BUFFER_OVERFLOW`, and the size needed, if there is no room for a value at all;
    /// `STATUS_BUFFER_TOO_SMALL`, and the size needed, if there is too little.
    pub fn get(&self, parts: &[&[u8]]) -> Result {
        self.output()?.put(parts)
    }

    /// Answers a request for basic support: what of the property is supported (`KSPROPERTY_TYPE_` flags), the
    /// type of its value, and the lists of its ranges (`members`: headers and what they head, in order).
    ///
    /// A caller with room for a number gets the flags; with room for a description, that; with room for all,
    /// all.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn support(&self, access: u32, value_type: VARENUM, members: &[Members<'_>]) -> Result {
        let lists = members.iter().try_fold(0u32, |sum, list| sum.checked_add(list.size()?));
        let parts = members.iter().flat_map(|list| [list.header.as_bytes(), list.members]);
        self.describe(access, value_type, members.len() as u32, lists, parts)
    }

    /// The same for a property of which each of `channels` has a value, all with the same bounds and `step`;
    /// `uniform` if there is one value for all of them. Windows tells the number of channels from this answer.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn support_channels(
        &self,
        access: u32,
        value_type: VARENUM,
        channels: u32,
        uniform: bool,
        step: &KSPROPERTY_STEPPING_LONG,
    ) -> Result {
        let uniform = if uniform { KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM } else { 0 };
        let size = size_of::<KSPROPERTY_STEPPING_LONG>() as u32;
        let header = KSPROPERTY_MEMBERSHEADER {
            MembersFlags: KSPROPERTY_MEMBER_STEPPEDRANGES,
            MembersSize: size,
            MembersCount: channels,
            Flags: KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL | uniform,
        };
        let head = size_of::<KSPROPERTY_MEMBERSHEADER>() as u32;
        let lists = size.checked_mul(channels).and_then(|steps| steps.checked_add(head));
        let steps = (0..channels).map(|_| step.as_bytes());
        let parts = core::iter::once(header.as_bytes()).chain(steps);
        self.describe(access, value_type, 1, lists, parts)
    }

    /// A description, with so many lists of so many bytes.
    fn describe<'p>(
        &self,
        access: u32,
        value_type: VARENUM,
        count: u32,
        lists: Option<u32>,
        parts: impl Iterator<Item = &'p [u8]> + Clone,
    ) -> Result {
        let head = size_of::<KSPROPERTY_DESCRIPTION>() as u32;
        let total = lists.and_then(|lists| lists.checked_add(head)).ok_or(Status::INVALID_PARAMETER)?;
        let description = KSPROPERTY_DESCRIPTION {
            AccessFlags: access,
            DescriptionSize: total,
            PropTypeSet: KSIDENTIFIER {
                Set: KSPROPTYPESETID_General,
                Id: value_type as u32,
                ..KSIDENTIFIER::ZERO
            },
            MembersListCount: count,
            Reserved: 0,
        };
        let output = self.output()?;
        let room = output.capacity();
        if room != 0 && room < total {
            let number_only = room < head && room >= size_of::<u32>() as u32;
            return output.put(&[if number_only { access.as_bytes() } else { description.as_bytes() }]);
        }
        // The lists outlive the description, and the chain is as short-lived as that.
        output.put_all(core::iter::once(description.as_bytes()).chain(parts.map(|part| part as &[u8])))
    }

    fn output(&self) -> Result<Output<'_>> {
        let raw = self.copy();
        // SAFETY: a field of the request.
        let length = unsafe { &raw mut (*self.raw.as_ptr()).ValueSize };
        // SAFETY: by the invariant.
        unsafe { Output::new(raw.Value.cast(), raw.ValueSize, length) }.ok_or(Status::INVALID_PARAMETER)
    }

    fn copy(&self) -> PCPROPERTY_REQUEST {
        // SAFETY: by the invariant.
        unsafe { self.raw.read() }
    }
}

/// A list of ranges, steps or values in a description.
#[derive(Clone, Copy)]
pub struct Members<'a> {
    /// What the members are; sizes in bytes.
    pub header: KSPROPERTY_MEMBERSHEADER,
    /// The members, one after the other.
    pub members: &'a [u8],
}

impl Members<'_> {
    fn size(&self) -> Option<u32> {
        let members = u32::try_from(self.members.len()).ok()?;
        members.checked_add(size_of::<KSPROPERTY_MEMBERSHEADER>() as u32)
    }
}

/// The object that a request is for.
fn target<T: ComClass>(irql: &Irql<Passive>, target: *mut IUnknown) -> Option<Com<T>> {
    // SAFETY: null, or an object that PortCls holds during the request.
    unsafe { ComPtr::borrow(&target) }?.downcast(irql)
}

/// A buffer; nothing if there is none.
///
/// # Safety
///
/// `buffer` is null or can be read as far as `size` bytes, which stay as they are during `'a`.
const unsafe fn bytes_of<'a>(buffer: *const u8, size: u32) -> &'a [u8] {
    if buffer.is_null() {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { core::slice::from_raw_parts(buffer, size as usize) }
}

/// The first bytes of a buffer as `V`.
///
/// # Safety
///
/// `buffer` is null or can be read as far as `size` bytes.
unsafe fn copy_of<V: Plain>(buffer: *const u8, size: u32) -> Option<V> {
    if buffer.is_null() || (size as usize) < size_of::<V>() {
        return None;
    }
    // SAFETY: enough bytes; whatever they are, they are a value, also if someone changes them meanwhile.
    Some(unsafe { buffer.cast::<V>().read_unaligned() })
}
