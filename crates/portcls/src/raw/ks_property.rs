//! Properties, methods and the descriptions of their values.

use core::ffi::c_void;

use crate::raw::GUID;
use crate::raw::macros::records;

records! {
    /// Set, id, flags.
    #[repr(C)]
    struct KSIDENTIFIER {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// Names a property; `Flags` has the verb.
    #[repr(C)]
    struct KSPROPERTY {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// Names a method.
    #[repr(C)]
    struct KSMETHOD {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// Names an event.
    #[repr(C)]
    struct KSEVENT {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        Set: GUID,
        Id: u32,
        Flags: u32,
    }

    /// A property of a node.
    #[repr(C)]
    struct KSP_NODE {
        Property: KSPROPERTY,
        NodeId: u32,
        Reserved: u32,
    }

    /// A method of a node.
    #[repr(C)]
    struct KSM_NODE {
        Method: KSMETHOD,
        NodeId: u32,
        Reserved: u32,
    }

    /// An event of a node.
    #[repr(C)]
    struct KSE_NODE {
        Event: KSEVENT,
        NodeId: u32,
        Reserved: u32,
    }

    /// A property of a pin.
    #[repr(C)]
    struct KSP_PIN {
        Property: KSPROPERTY,
        PinId: u32,
        Reserved: u32,
    }

    /// An event of a pin.
    #[repr(C)]
    struct KSE_PIN {
        Event: KSEVENT,
        PinId: u32,
        Reserved: u32,
    }

    /// Head of a list: total size in bytes, and number of items.
    #[repr(C)]
    struct KSMULTIPLE_ITEM {
        Size: u32,
        Count: u32,
    }

    /// Head of the answer to a basic support request.
    #[repr(C)]
    struct KSPROPERTY_DESCRIPTION {
        AccessFlags: u32,
        DescriptionSize: u32,
        PropTypeSet: KSIDENTIFIER,
        MembersListCount: u32,
        Reserved: u32,
    }

    /// Head of a list of ranges, steps or values; sizes in bytes.
    #[repr(C)]
    struct KSPROPERTY_MEMBERSHEADER {
        MembersFlags: u32,
        MembersSize: u32,
        MembersCount: u32,
        Flags: u32,
    }

    /// Bounds of a 32-bit value.
    #[repr(C)]
    struct KSPROPERTY_BOUNDS_LONG {
        SignedMinimum: i32,
        SignedMaximum: i32,
    }

    /// Bounds of a 64-bit value.
    #[repr(C)]
    struct KSPROPERTY_BOUNDS_LONGLONG {
        SignedMinimum: i64,
        SignedMaximum: i64,
    }

    /// Bounds and step of a 32-bit value.
    #[repr(C)]
    struct KSPROPERTY_STEPPING_LONG {
        SteppingDelta: u32,
        Reserved: u32,
        Bounds: KSPROPERTY_BOUNDS_LONG,
    }

    /// Bounds and step of a 64-bit value.
    #[repr(C)]
    struct KSPROPERTY_STEPPING_LONGLONG {
        SteppingDelta: u64,
        Bounds: KSPROPERTY_BOUNDS_LONGLONG,
    }

    /// A members header and its members.
    #[repr(C)]
    struct KSPROPERTY_MEMBERSLIST {
        MembersHeader: KSPROPERTY_MEMBERSHEADER,
        Members: *const c_void,
    }

    /// Values of a property.
    #[repr(C)]
    struct KSPROPERTY_VALUES {
        PropTypeSet: KSIDENTIFIER,
        MembersListCount: u32,
        MembersList: *const KSPROPERTY_MEMBERSLIST,
    }

    /// A serialised property.
    #[repr(C)]
    struct KSPROPERTY_SERIAL {
        PropTypeSet: KSIDENTIFIER,
        Id: u32,
        PropertyLength: u32,
    }

    /// Head of serialised properties.
    #[repr(C, packed)]
    struct KSPROPERTY_SERIALHDR {
        PropertySet: GUID,
        Count: u32,
    }
}
