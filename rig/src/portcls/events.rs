//! KS events of filters: enabled by clients, put on the port's list by the miniport, signalled by it
//! (portcls/nn-portcls-iportevents, portcls/ns-portcls-_pcevent_request, audio/ksevent-pincaps-jackinfochange).

use std::cell::Cell;
use std::rc::Rc;

use portcls::raw::GUID;
use portcls::raw::KSEVENT_ENTRY;
use portcls::raw::PCAUTOMATION_TABLE;
use portcls::raw::PCEVENT_ITEM;
use portcls::raw::PCEVENT_ITEM_FLAG_ENABLE;
use portcls::raw::PCEVENT_REQUEST;
use portcls::raw::PCEVENT_VERB_ADD;
use portcls::raw::PCEVENT_VERB_REMOVE;

use super::binding::Binding;
use super::com::Method;
use super::com::methods;
use super::filter::records;
use super::port::Port;
use super::rules;
use super::rules::code;
use super::state;
use crate::nt::At;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;

/// `STATUS_NOT_FOUND`: no such event.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;

/// Which event a client wants: what lies in `KSEVENT`, `KSE_PIN` or `KSE_NODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    /// The event set.
    pub set: GUID,
    /// The event.
    pub id: u32,
    /// Of this pin.
    pub pin: Option<u32>,
    /// Of this node.
    pub node: Option<u32>,
}

/// Events that a miniport signalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Virtual time, nanoseconds.
    pub time_ns: u64,
    /// The set; none for any.
    pub set: Option<GUID>,
    /// The event.
    pub id: u32,
    /// Of this pin; none for any.
    pub pin: Option<u32>,
    /// Of this node; none for any.
    pub node: Option<u32>,
    /// Clients that were told.
    pub clients: usize,
}

/// An event that a client has enabled.
pub(crate) struct Enabled {
    entry: Box<Cell<KSEVENT_ENTRY>>,
    id: EventId,
    event: Pointer,
    listed: Cell<bool>,
}

impl Enabled {
    fn pointer(&self) -> *mut KSEVENT_ENTRY {
        self.entry.as_ptr()
    }
}

/// A client's event; dropping it disables it.
pub struct EventHandle {
    kernel: &'static Kernel,
    binding: Rc<Binding>,
    enabled: Rc<Enabled>,
}

fn find(table: *const PCAUTOMATION_TABLE, id: &EventId) -> Option<(u64, PCEVENT_ITEM)> {
    if table.is_null() {
        return None;
    }
    let table = At::new(table.cast_mut()).read();
    let items: Vec<PCEVENT_ITEM> = records(table.Events, table.EventCount, table.EventItemSize);
    let wanted = |item: &PCEVENT_ITEM| {
        item.Id == id.id && !item.Set.is_null() && At::new(item.Set.cast_mut()).read() == id.set
    };
    let place = items.iter().position(wanted)?;
    Some((table.Events as u64 + place as u64 * u64::from(table.EventItemSize), items[place]))
}

/// The table that has it: the filter's, or that of the pin or node.
fn item(binding: &Binding, id: &EventId) -> Option<(u64, PCEVENT_ITEM)> {
    let filter = &binding.filter;
    let node = id.node.and_then(|node| filter.nodes.get(node as usize)).map(|node| node.automation);
    let pin = id.pin.and_then(|pin| filter.pins.get(pin as usize)).map(|pin| pin.raw.AutomationTable);
    [node, pin, Some(filter.raw.AutomationTable)].into_iter().flatten().find_map(|table| find(table, id))
}

fn ask(
    kernel: &'static Kernel,
    binding: &Binding,
    enabled: &Enabled,
    verb: u32,
) -> Result<NtStatus, NtStatus> {
    let (address, item) = item(binding, &enabled.id).ok_or(STATUS_NOT_FOUND)?;
    let wanted = verb != PCEVENT_VERB_ADD || item.Flags & PCEVENT_ITEM_FLAG_ENABLE != 0;
    let routine = item.Handler.filter(|_| wanted).ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
    let mut request = PCEVENT_REQUEST {
        MajorTarget: binding.miniport.unknown(),
        MinorTarget: core::ptr::null_mut(),
        Node: enabled.id.node.unwrap_or(u32::MAX),
        EventItem: address as *const PCEVENT_ITEM,
        EventEntry: enabled.pointer(),
        Verb: verb,
        Irp: core::ptr::null_mut(),
    };
    Ok(kernel.call_driver("event handler", kernel.current_irql(), || {
        // SAFETY: the handler of the item, at PASSIVE_LEVEL, with a request that outlives the call.
        unsafe { routine(&raw mut request) }
    }))
}

/// `IOCTL_KS_ENABLE_EVENT` at a filter: the miniport's handler puts the event on the port's list.
pub(crate) fn enable(
    kernel: &'static Kernel,
    binding: Rc<Binding>,
    id: EventId,
    event: &ClientEvent,
) -> Result<EventHandle, NtStatus> {
    let enabled = Rc::new(Enabled {
        entry: Box::new(Cell::new(KSEVENT_ENTRY::ZERO)),
        id,
        event: event.pointer(),
        listed: Cell::new(false),
    });
    state(kernel).events.borrow_mut().push(enabled.clone());
    let forget = || state(kernel).events.borrow_mut().retain(|each| !Rc::ptr_eq(each, &enabled));
    let status = ask(kernel, &binding, &enabled, PCEVENT_VERB_ADD).inspect_err(|_| forget())?;
    if (status >= 0) != enabled.listed.get() {
        let message = format!(
            "the event handler answered {status:#x}, and the event is {}on the port's list \
             (IPortEvents::AddEventToEventList)",
            if status >= 0 { "not " } else { "" }
        );
        let entry = enabled.pointer() as u64;
        rules::note(kernel, "KsEventNotListed", code::KS_EVENT, entry, message);
    }
    if status < 0 {
        forget();
        return Err(status);
    }
    Ok(EventHandle { kernel, binding, enabled })
}

impl Drop for EventHandle {
    fn drop(&mut self) {
        if self.kernel.crashed() {
            return;
        }
        self.enabled.listed.set(false);
        state(self.kernel).events.borrow_mut().retain(|each| !Rc::ptr_eq(each, &self.enabled));
        // The handler need not know the verb.
        let _ = ask(self.kernel, &self.binding, &self.enabled, PCEVENT_VERB_REMOVE);
    }
}

pub(crate) const METHODS: &[Method] = methods! { "IPortEvents", Port;
    fn AddEventToEventList(entry: *mut KSEVENT_ENTRY) |kernel, _port| {
        let known = state(kernel).events.borrow().iter().find(|each| each.pointer() == entry).cloned();
        let fresh = known.filter(|enabled| !enabled.listed.get());
        let Some(enabled) = fresh else {
            let message = format!(
                "AddEventToEventList: {:#x} is no event that is being enabled, or it is on the list", entry as u64
            );
            rules::stop(kernel, "KsEventEntry", code::KS_EVENT, entry as u64, message);
        };
        enabled.listed.set(true);
    }

    fn GenerateEventList(
        set: At<GUID>, id: u32, pin_event: u8, pin: u32, node_event: u8, node: u32,
    ) |kernel, _port| {
        let set = (!set.is_null()).then(|| set.read());
        let (pin, node) = ((pin_event != 0).then_some(pin), (node_event != 0).then_some(node));
        let told: Vec<Rc<Enabled>> = state(kernel)
            .events
            .borrow()
            .iter()
            .filter(|each| {
                let of = &each.id;
                each.listed.get()
                    && of.id == id
                    && set.is_none_or(|set| set == of.set)
                    && (pin.is_none() || pin == of.pin)
                    && (node.is_none() || node == of.node)
            })
            .cloned()
            .collect();
        let generated = Generated { time_ns: kernel.now(), set, id, pin, node, clients: told.len() };
        state(kernel).generated.borrow_mut().push(generated);
        for enabled in told {
            kernel.accounts.event_set(kernel.now(), enabled.event as u64);
            kernel.signal(enabled.event.cast(), 1);
        }
    }
};
