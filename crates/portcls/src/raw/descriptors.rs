//! The tables by which a miniport describes its filter, and the requests that come back.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{
    GUID, IUnknown, Irp, KSEVENT_ENTRY, KSPIN_DESCRIPTOR, PCPFNEVENT_HANDLER, PCPFNMETHOD_HANDLER,
    PCPFNPROPERTY_HANDLER,
};

records! {
    /// A filter: its pins, nodes, connections, categories and properties. `Version` is 0; PortCls keeps
    /// pointers into it.
    #[repr(C)]
    struct PCFILTER_DESCRIPTOR {
        Version: u32,
        AutomationTable: *const PCAUTOMATION_TABLE,
        PinSize: u32,
        PinCount: u32,
        Pins: *const PCPIN_DESCRIPTOR,
        NodeSize: u32,
        NodeCount: u32,
        Nodes: *const PCNODE_DESCRIPTOR,
        ConnectionCount: u32,
        Connections: *const PCCONNECTION_DESCRIPTOR,
        CategoryCount: u32,
        Categories: *const GUID,
    }

    /// A pin: instance counts, properties, and what KS knows of it.
    #[repr(C)]
    struct PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: u32,
        MaxFilterInstanceCount: u32,
        MinFilterInstanceCount: u32,
        AutomationTable: *const PCAUTOMATION_TABLE,
        KsPinDescriptor: KSPIN_DESCRIPTOR,
    }

    /// A node of a topology.
    #[repr(C)]
    struct PCNODE_DESCRIPTOR {
        Flags: u32,
        AutomationTable: *const PCAUTOMATION_TABLE,
        Type: *const GUID,
        Name: *const GUID,
    }

    /// A connection inside a filter; `PCFILTER_NODE` stands for the filter itself.
    #[repr(C)]
    struct PCCONNECTION_DESCRIPTOR {
        FromNode: u32,
        FromNodePin: u32,
        ToNode: u32,
        ToNodePin: u32,
    }

    /// The properties, methods and events of a filter, pin or node. Item sizes in bytes, multiples of
    /// 8.
    #[repr(C)]
    struct PCAUTOMATION_TABLE {
        PropertyItemSize: u32,
        PropertyCount: u32,
        Properties: *const PCPROPERTY_ITEM,
        MethodItemSize: u32,
        MethodCount: u32,
        Methods: *const PCMETHOD_ITEM,
        EventItemSize: u32,
        EventCount: u32,
        Events: *const PCEVENT_ITEM,
        Reserved: u32,
    }

    /// A property and its handler.
    #[repr(C)]
    struct PCPROPERTY_ITEM {
        Set: *const GUID,
        Id: u32,
        Flags: u32,
        Handler: Option<PCPFNPROPERTY_HANDLER>,
    }

    /// A method and its handler.
    #[repr(C)]
    struct PCMETHOD_ITEM {
        Set: *const GUID,
        Id: u32,
        Flags: u32,
        Handler: Option<PCPFNMETHOD_HANDLER>,
    }

    /// An event and its handler.
    #[repr(C)]
    struct PCEVENT_ITEM {
        Set: *const GUID,
        Id: u32,
        Flags: u32,
        Handler: Option<PCPFNEVENT_HANDLER>,
    }

    /// A property request. `Instance` begins after the KSPROPERTY (24 bytes) or, for a node, after the
    /// KSNODEPROPERTY (32 bytes).
    #[repr(C)]
    struct PCPROPERTY_REQUEST {
        MajorTarget: *mut IUnknown,
        MinorTarget: *mut IUnknown,
        Node: u32,
        PropertyItem: *const PCPROPERTY_ITEM,
        Verb: u32,
        InstanceSize: u32,
        Instance: *mut c_void,
        ValueSize: u32,
        Value: *mut c_void,
        Irp: *mut Irp,
    }

    /// A method request.
    #[repr(C)]
    struct PCMETHOD_REQUEST {
        MajorTarget: *mut IUnknown,
        MinorTarget: *mut IUnknown,
        Node: u32,
        MethodItem: *const PCMETHOD_ITEM,
        Verb: u32,
    }

    /// An event request.
    #[repr(C)]
    struct PCEVENT_REQUEST {
        MajorTarget: *mut IUnknown,
        MinorTarget: *mut IUnknown,
        Node: u32,
        EventItem: *const PCEVENT_ITEM,
        EventEntry: *mut KSEVENT_ENTRY,
        Verb: u32,
        Irp: *mut Irp,
    }
}
