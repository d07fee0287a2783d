//! Pins and formats of kernel streaming.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{GUID, KSPIN_COMMUNICATION, KSPIN_DATAFLOW};

records! {
    /// What KS knows of a pin.
    #[repr(C)]
    struct KSPIN_DESCRIPTOR {
        InterfacesCount: u32,
        Interfaces: *const KSPIN_INTERFACE,
        MediumsCount: u32,
        Mediums: *const KSPIN_MEDIUM,
        DataRangesCount: u32,
        DataRanges: *const *const KSDATARANGE,
        DataFlow: KSPIN_DATAFLOW,
        Communication: KSPIN_COMMUNICATION,
        Category: *const GUID,
        Name: *const GUID,
        ConstrainedDataRangesCount: u32,
        ConstrainedDataRanges: *const *const KSDATARANGE,
    }

    /// A pin interface: set, id, flags.
    #[repr(C)]
    struct KSPIN_INTERFACE {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// A pin medium: set, id, flags.
    #[repr(C)]
    struct KSPIN_MEDIUM {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// A range of formats; `FormatSize` in bytes, attributes excluded.
    #[repr(C)]
    struct KSDATARANGE {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        FormatSize: u32,
        Flags: u32,
        SampleSize: u32,
        Reserved: u32,
        MajorFormat: GUID,
        SubFormat: GUID,
        Specifier: GUID,
    }

    /// A format; `FormatSize` in bytes counts what follows the record too.
    #[repr(C)]
    struct KSDATAFORMAT {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        FormatSize: u32,
        Flags: u32,
        SampleSize: u32,
        Reserved: u32,
        MajorFormat: GUID,
        SubFormat: GUID,
        Specifier: GUID,
    }

    /// An attribute of a format.
    #[repr(C)]
    struct KSATTRIBUTE {
        Size: u32,
        Flags: u32,
        Attribute: GUID,
    }

    /// A list of attributes.
    #[repr(C)]
    struct KSATTRIBUTE_LIST {
        Count: u32,
        Attributes: *const *const KSATTRIBUTE,
    }

    /// How many instances of a pin may and do exist.
    #[repr(C)]
    struct KSPIN_CINSTANCES {
        PossibleCount: u32,
        CurrentCount: u32,
    }

    /// Where a bridge pin leads; the name runs on.
    #[repr(C)]
    struct KSPIN_PHYSICALCONNECTION {
        Size: u32,
        Pin: u32,
        SymbolicLinkName: [u16; 1],
    }

    /// A pin being opened; the format follows.
    #[repr(C)]
    struct KSPIN_CONNECT {
        Interface: KSPIN_INTERFACE,
        Medium: KSPIN_MEDIUM,
        PinId: u32,
        PinToHandle: *mut c_void,
        Priority: KSPRIORITY,
    }

    /// Priority of a pin.
    #[repr(C)]
    struct KSPRIORITY {
        PriorityClass: u32,
        PrioritySubClass: u32,
    }

    /// A topology as KS reports it.
    #[repr(C)]
    struct KSTOPOLOGY {
        CategoriesCount: u32,
        Categories: *const GUID,
        TopologyNodesCount: u32,
        TopologyNodes: *const GUID,
        TopologyConnectionsCount: u32,
        TopologyConnections: *const KSTOPOLOGY_CONNECTION,
        TopologyNodesNames: *const GUID,
        Reserved: u32,
    }

    /// A connection as KS reports it.
    #[repr(C)]
    struct KSTOPOLOGY_CONNECTION {
        FromNode: u32,
        FromNodePin: u32,
        ToNode: u32,
        ToNodePin: u32,
    }

    /// Manufacturer, product and version of a filter.
    #[repr(C)]
    struct KSCOMPONENTID {
        Manufacturer: GUID,
        Product: GUID,
        Component: GUID,
        Name: GUID,
        Version: u32,
        Revision: u32,
    }
}
