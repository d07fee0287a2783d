//! PortCls, as far as a topology filter sees it.

use std::ptr::{null, null_mut};
use std::slice;
use std::sync::Mutex;

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::irql::{Irql, Passive};
use portcls::raw::status::STATUS_SUCCESS;
use portcls::raw::{
    BOOL, GUID, IMiniportTopology, IPortEvents, IPortEventsVtbl, IUnknown, KSEVENT_CONTROL_CHANGE,
    KSEVENT_ENTRY, KSEVENT_PINCAPS_JACKINFOCHANGE, KSEVENTSETID_AudioControlChange,
    KSEVENTSETID_PinCapsChange, KSPIN_DATAFLOW, KSPROPSETID_Audio, KSPROPSETID_Jack, NTSTATUS,
    PCAUTOMATION_TABLE, PCEVENT_REQUEST, PCFILTER_DESCRIPTOR, PCPROPERTY_REQUEST,
};

/// The token of a test.
pub(crate) fn passive() -> Irql<Passive> {
    // SAFETY: a test runs at what stands for PASSIVE_LEVEL.
    unsafe { Irql::assume() }
}

/// An object that has nothing.
pub(crate) fn nobody() -> ComPtr<IUnknown> {
    struct Nobody;
    impl ComClass for Nobody {
        type Interfaces = (IUnknown,);
    }
    Com::new(&passive(), Nobody).unwrap().query(&passive()).unwrap()
}

/// A port's event lists; it notes what is done.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Vec<String>>);

impl ComClass for Lists {
    type Interfaces = (IPortEvents,);
}

// SAFETY: the methods expect place `N` of this class.
unsafe impl<const N: usize> Head<Lists, N> for IPortEvents {
    const VTBL: &'static IPortEventsVtbl = &IPortEventsVtbl {
        base: unknown_vtbl::<Lists, N>(),
        AddEventToEventList: add::<N>,
        GenerateEventList: generate::<N>,
    };
}

unsafe extern "efiapi" fn add<const N: usize>(this: *mut IPortEvents, entry: *mut KSEVENT_ENTRY) {
    // SAFETY: called on a live fake.
    unsafe { value::<Lists, _, N>(this) }.0.lock().unwrap().push(format!("add {entry:?}"));
}

unsafe extern "efiapi" fn generate<const N: usize>(
    this: *mut IPortEvents,
    set: *mut GUID,
    event: u32,
    of_pin: BOOL,
    pin: u32,
    of_node: BOOL,
    node: u32,
) {
    // SAFETY: called on a live fake.
    let lists = unsafe { value::<Lists, _, N>(this) };
    // SAFETY: null, or a set.
    let set = unsafe { set.as_ref() };
    let jack = set == Some(&KSEVENTSETID_PinCapsChange) && event == KSEVENT_PINCAPS_JACKINFOCHANGE;
    let control = set == Some(&KSEVENTSETID_AudioControlChange) && event == KSEVENT_CONTROL_CHANGE;
    let what = match (jack, control) {
        (true, _) => "jack info changed",
        (_, true) => "control changed",
        _ => "something else",
    };
    let (pin, node) = ((of_pin != 0).then_some(pin), (of_node != 0).then_some(node));
    lists.0.lock().unwrap().push(format!("{what}, pin {pin:?}, node {node:?}"));
}

/// The lists, seen from outside.
pub(crate) struct Seen(Com<Lists>);

impl Lists {
    /// The lists, and their port.
    pub(crate) fn made() -> (Seen, ComPtr<IUnknown>) {
        let lists = Com::new(&passive(), Self::default()).unwrap();
        let port = lists.query(&passive()).unwrap();
        (Seen(lists), port)
    }
}

impl Seen {
    /// What was done since this was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.0.lock().unwrap())
    }

    /// References to the port.
    pub(crate) fn references(&self) -> u32 {
        let unknown = self.0.unknown().as_raw();
        // SAFETY: a live object; one reference comes, and goes.
        unsafe {
            ((*(*unknown).vtbl).AddRef)(unknown);
            ((*(*unknown).vtbl).Release)(unknown)
        }
    }
}

/// A miniport, and the tables of its filter.
pub(crate) struct Tables<T: ComClass> {
    object: Com<T>,
    miniport: ComPtr<IMiniportTopology>,
    filter: *const PCFILTER_DESCRIPTOR,
}

/// A table of a filter.
///
/// # Safety
///
/// `first` leads to `count` records.
unsafe fn table<'a, T>(first: *const T, count: u32) -> &'a [T] {
    // SAFETY: as the caller promises; without records the pointer may be null.
    if count == 0 { &[] } else { unsafe { slice::from_raw_parts(first, count as usize) } }
}

impl<T: ComClass> Tables<T> {
    pub(crate) fn new(miniport: T) -> Self {
        let object = Com::new(&passive(), miniport).unwrap();
        let miniport: ComPtr<IMiniportTopology> = object.query(&passive()).unwrap();
        let mut filter = null();
        // SAFETY: a method of a live object, with a place for the answer.
        let status = unsafe {
            ((*(*miniport.as_raw()).vtbl).base.GetDescription)(miniport.base().as_raw(), &mut filter)
        };
        assert_eq!(status, STATUS_SUCCESS);
        Self { object, miniport, filter }
    }

    /// What `IMiniportTopology::Init` says to a port.
    pub(crate) fn try_init(&self, port: &ComPtr<IUnknown>) -> NTSTATUS {
        let this = self.miniport.as_raw();
        // SAFETY: a method of a live object; of the port it is only asked what every object answers.
        unsafe { ((*(*this).vtbl).Init)(this, null_mut(), null_mut(), port.as_raw().cast()) }
    }

    pub(crate) fn init(&self, port: &ComPtr<IUnknown>) {
        assert_eq!(self.try_init(port), STATUS_SUCCESS);
    }

    fn filter(&self) -> &PCFILTER_DESCRIPTOR {
        // SAFETY: the miniport keeps its filter.
        unsafe { &*self.filter }
    }

    /// Data flow and category of each pin.
    pub(crate) fn pins(&self) -> Vec<(KSPIN_DATAFLOW, GUID)> {
        let filter = self.filter();
        // SAFETY: the filter's own table.
        let pins = unsafe { table(filter.Pins, filter.PinCount) };
        let pin = |pin: &portcls::raw::PCPIN_DESCRIPTOR| {
            // SAFETY: each pin has a category.
            (pin.KsPinDescriptor.DataFlow, unsafe { *pin.KsPinDescriptor.Category })
        };
        pins.iter().map(pin).collect()
    }

    /// Type of each node.
    pub(crate) fn nodes(&self) -> Vec<GUID> {
        let filter = self.filter();
        // SAFETY: the filter's own table.
        let nodes = unsafe { table(filter.Nodes, filter.NodeCount) };
        // SAFETY: each node has a type.
        nodes.iter().map(|node| unsafe { *node.Type }).collect()
    }

    /// The connections: from node and pin to node and pin.
    pub(crate) fn path(&self) -> Vec<(u32, u32, u32, u32)> {
        let filter = self.filter();
        // SAFETY: the filter's own table.
        let connections = unsafe { table(filter.Connections, filter.ConnectionCount) };
        connections
            .iter()
            .map(|each| (each.FromNode, each.FromNodePin, each.ToNode, each.ToNodePin))
            .collect()
    }

    /// The automation table of a node, or of the filter.
    fn automation(&self, node: Option<u32>) -> &PCAUTOMATION_TABLE {
        let filter = self.filter();
        let table = match node {
            None => filter.AutomationTable,
            Some(node) => {
                // SAFETY: the filter's own table.
                let nodes = unsafe { table(filter.Nodes, filter.NodeCount) };
                nodes[node as usize].AutomationTable
            }
        };
        // SAFETY: filter and nodes all have a table, which lives for ever.
        unsafe { &*table }
    }

    /// The properties of the filter or a node, with the verbs that PortCls passes on.
    pub(crate) fn verbs(&self, node: Option<u32>) -> Vec<(u32, u32)> {
        let automation = self.automation(node);
        // SAFETY: the automation's own table.
        let items = unsafe { table(automation.Properties, automation.PropertyCount) };
        items.iter().map(|item| (item.Id, item.Flags)).collect()
    }

    /// The verbs of the one event of the filter or a node.
    pub(crate) fn event_verbs(&self, node: Option<u32>) -> u32 {
        let automation = self.automation(node);
        // SAFETY: the automation's own table.
        let items = unsafe { table(automation.Events, automation.EventCount) };
        let [item] = items else { panic!("one event") };
        item.Flags
    }

    /// Asks for, or sets, a property of the filter or a node: status, and as much of the value as was written.
    pub(crate) fn property(
        &self,
        node: Option<u32>,
        id: u32,
        verb: u32,
        instance: &[u8],
        value: &[u8],
    ) -> (NTSTATUS, Vec<u8>) {
        self.property_of(self.object.unknown().as_raw(), node, id, verb, instance, value)
    }

    /// The same, with a target that may be another one.
    pub(crate) fn property_of(
        &self,
        target: *mut IUnknown,
        node: Option<u32>,
        id: u32,
        verb: u32,
        instance: &[u8],
        value: &[u8],
    ) -> (NTSTATUS, Vec<u8>) {
        let set = if node.is_some() { KSPROPSETID_Audio } else { KSPROPSETID_Jack };
        let automation = self.automation(node);
        // SAFETY: the automation's own table.
        let items = unsafe { table(automation.Properties, automation.PropertyCount) };
        // SAFETY: each item has a set.
        let item =
            items.iter().find(|item| item.Id == id && unsafe { *item.Set } == set).expect("the property");
        let mut value = value.to_vec();
        let mut request = PCPROPERTY_REQUEST {
            MajorTarget: target,
            Node: node.unwrap_or(u32::MAX),
            PropertyItem: item,
            Verb: verb,
            InstanceSize: instance.len() as u32,
            Instance: instance.as_ptr().cast_mut().cast(),
            ValueSize: value.len() as u32,
            Value: if value.is_empty() { null_mut() } else { value.as_mut_ptr().cast() },
            ..PCPROPERTY_REQUEST::ZERO
        };
        // SAFETY: a whole request.
        let status = unsafe { (item.Handler.unwrap())(&mut request) };
        value.truncate(request.ValueSize as usize);
        (status, value)
    }

    /// Asks something of the filter's event.
    pub(crate) fn event(&self, verb: u32, entry: usize) -> NTSTATUS {
        self.event_of(None, (KSEVENTSETID_PinCapsChange, KSEVENT_PINCAPS_JACKINFOCHANGE), verb, entry)
    }

    /// Asks something of the event of a node.
    pub(crate) fn node_event(&self, node: u32, verb: u32, entry: usize) -> NTSTATUS {
        self.event_of(Some(node), (KSEVENTSETID_AudioControlChange, KSEVENT_CONTROL_CHANGE), verb, entry)
    }

    fn event_of(&self, node: Option<u32>, expected: (GUID, u32), verb: u32, entry: usize) -> NTSTATUS {
        let automation = self.automation(node);
        // SAFETY: the automation's own table.
        let items = unsafe { table(automation.Events, automation.EventCount) };
        let [item] = items else { panic!("one event") };
        // SAFETY: each item has a set.
        let set = unsafe { *item.Set };
        assert_eq!((set, item.Id), expected);
        let mut request = PCEVENT_REQUEST {
            MajorTarget: self.object.unknown().as_raw(),
            Node: node.unwrap_or(u32::MAX),
            Verb: verb,
            EventEntry: entry as *mut KSEVENT_ENTRY,
            ..PCEVENT_REQUEST::ZERO
        };
        // SAFETY: a whole request.
        unsafe { (item.Handler.unwrap())(&mut request) }
    }
}
