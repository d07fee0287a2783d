//! Property requests: how PortCls brings one from a client to the handler in an automation table
//! (audio/audio-property-handlers, portcls/ns-portcls-_pcproperty_request).

use portcls::raw::GUID;
use portcls::raw::KSPROPERTY_TYPE_BASICSUPPORT;
use portcls::raw::PCAUTOMATION_TABLE;
use portcls::raw::PCPROPERTY_ITEM;
use portcls::raw::PCPROPERTY_REQUEST;

use super::basic_support;
use super::binding::Binding;
use super::filter::records;
use super::guarded::Guarded;
use super::rules;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_PENDING;

/// `STATUS_NOT_FOUND`: the set is there, the property is not.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;
/// `STATUS_PROPSET_NOT_FOUND`.
const STATUS_PROPSET_NOT_FOUND: NtStatus = 0xC000_0230_u32 as i32;

/// Which table a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The filter's.
    Filter,
    /// A node's, through the filter.
    Node(u32),
}

/// What a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where.
    pub target: Target,
    /// The property set.
    pub set: GUID,
    /// The property.
    pub id: u32,
    /// `KSPROPERTY_TYPE_GET`, `_SET` or `_BASICSUPPORT`.
    pub verb: u32,
    /// What follows the `KSPROPERTY` or `KSNODEPROPERTY`.
    pub instance: &'a [u8],
}

/// Whether a table has a property that can be asked for by each of the verbs `flags`, and a handler for it.
pub(crate) fn has(table: *const PCAUTOMATION_TABLE, set: GUID, id: u32, flags: u32) -> bool {
    let request = Request { target: Target::Filter, set, id, verb: 0, instance: &[] };
    handler(table, &request).is_ok_and(|(_, item)| item.Flags & flags == flags && item.Handler.is_some())
}

fn handler(
    table: *const PCAUTOMATION_TABLE,
    request: &Request<'_>,
) -> Result<(u64, PCPROPERTY_ITEM), NtStatus> {
    if table.is_null() {
        return Err(STATUS_PROPSET_NOT_FOUND);
    }
    let table = At::new(table.cast_mut()).read();
    let items: Vec<PCPROPERTY_ITEM> = records(table.Properties, table.PropertyCount, table.PropertyItemSize);
    let in_set =
        |item: &PCPROPERTY_ITEM| !item.Set.is_null() && At::new(item.Set.cast_mut()).read() == request.set;
    if !items.iter().any(in_set) {
        return Err(STATUS_PROPSET_NOT_FOUND);
    }
    let place =
        items.iter().position(|item| in_set(item) && item.Id == request.id).ok_or(STATUS_NOT_FOUND)?;
    let address = table.Properties as u64 + place as u64 * u64::from(table.PropertyItemSize);
    Ok((address, items[place]))
}

/// Sends a request to its handler. `value` is the client's buffer; returns the size that the handler left.
pub(crate) fn send(
    kernel: &'static Kernel,
    binding: &Binding,
    request: &Request<'_>,
    value: &mut [u8],
) -> Result<(NtStatus, u32), NtStatus> {
    let (table, node) = match request.target {
        Target::Filter => (binding.filter.raw.AutomationTable, u32::MAX),
        Target::Node(node) => {
            let entry = binding.filter.nodes.get(node as usize).ok_or(STATUS_INVALID_PARAMETER)?;
            (entry.automation, node)
        }
    };
    let (item_address, item) = handler(table, request)?;
    let supported = request.verb & (item.Flags | KSPROPERTY_TYPE_BASICSUPPORT) != 0;
    let Some(routine) = item.Handler.filter(|_| supported) else { return Err(STATUS_INVALID_DEVICE_REQUEST) };
    let (instance, copy) = (Guarded::new(kernel, request.instance), Guarded::new(kernel, value));
    let length = value.len() as u32;
    let mut raw = PCPROPERTY_REQUEST {
        MajorTarget: binding.miniport.unknown(),
        MinorTarget: core::ptr::null_mut(),
        Node: node,
        PropertyItem: item_address as *const PCPROPERTY_ITEM,
        Verb: request.verb,
        InstanceSize: request.instance.len() as u32,
        Instance: instance.pointer(),
        ValueSize: length,
        Value: copy.pointer(),
        Irp: core::ptr::null_mut(),
    };
    let status = kernel.call_driver("property handler", kernel.current_irql(), || {
        // SAFETY: the handler of the item, at PASSIVE_LEVEL, with a request that outlives the call.
        unsafe { routine(&raw mut raw) }
    });
    for (byte, left) in value.iter_mut().zip(copy.bytes()) {
        *byte = left;
    }
    if status == STATUS_PENDING {
        kernel.verifier.not_played(kernel, "property requests that are completed later");
    }
    if status == 0 && raw.ValueSize > length {
        let message = format!("the property handler left a value of {} bytes in {length}", raw.ValueSize);
        rules::note(kernel, "PropertyValueSize", rules::code::PROPERTY_REQUEST, item_address, message);
    }
    let whole = value.get(..raw.ValueSize as usize).filter(|_| status == 0);
    let told = whole.filter(|_| request.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0);
    if let Some(message) = told.and_then(|answer| basic_support::fault(request.set, request.id, answer)) {
        rules::note(kernel, "PropertyMembers", rules::code::PROPERTY_REQUEST, item_address, message);
    }
    Ok((status, raw.ValueSize))
}
