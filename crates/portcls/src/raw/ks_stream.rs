//! Stream headers, times, allocators and events of kernel streaming.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{FileObject, KSPIN_INTERFACE, KsEventItem, KsEventSet, LIST_ENTRY, POOL_TYPE};

records! {
    /// Head of a streaming packet.
    #[repr(C)]
    struct KSSTREAM_HEADER {
        Size: u32,
        TypeSpecificFlags: u32,
        PresentationTime: KSTIME,
        Duration: i64,
        FrameExtent: u32,
        DataUsed: u32,
        Data: *mut c_void,
        OptionsFlags: u32,
        Reserved: u32,
    }

    /// A time and its unit as a fraction of 100 ns.
    #[repr(C)]
    struct KSTIME {
        Time: i64,
        Numerator: u32,
        Denominator: u32,
    }

    /// A repeated time.
    #[repr(C)]
    struct KSINTERVAL {
        TimeBase: i64,
        Interval: i64,
    }

    /// Duration of a frame, in 100 ns.
    #[repr(C)]
    struct KSFRAMETIME {
        Duration: i64,
        FrameFlags: u32,
        Reserved: u32,
    }

    /// A playing rate.
    #[repr(C)]
    struct KSRATE {
        PresentationStart: i64,
        Duration: i64,
        Interface: KSPIN_INTERFACE,
        Rate: i32,
        Flags: u32,
    }

    /// What buffers a pin wants.
    #[repr(C)]
    struct KSALLOCATOR_FRAMING {
        OptionsFlags: u32,
        PoolType: POOL_TYPE,
        Frames: u32,
        FrameSize: u32,
        FileAlignment: u32,
        Reserved: u32,
    }

    /// What buffers a pin wants, in detail.
    #[repr(C)]
    struct KSALLOCATOR_FRAMING_EX {
        CountItems: u32,
        PinFlags: u32,
        OutputCompression: [u32; 3],
        PinWeight: u32,
        FramingItem: [u32; 22],
    }

    /// An error notification.
    #[repr(C)]
    struct KSERROR {
        Context: *mut c_void,
        Status: u32,
    }

    /// A quality notification.
    #[repr(C)]
    struct KSQUALITY {
        Context: *mut c_void,
        Proportion: u32,
        DeltaTime: i64,
    }

    /// Resolution of a clock, in 100 ns.
    #[repr(C)]
    struct KSRESOLUTION {
        Granularity: i64,
        Error: i64,
    }

    /// A time of the clock and the system time then.
    #[repr(C)]
    struct KSCORRELATED_TIME {
        Time: i64,
        SystemTime: i64,
    }

    /// How an event is signalled; opaque to miniports.
    #[repr(C)]
    struct KSEVENTDATA {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        NotificationType: u32,
        /// What is signalled, by `NotificationType`.
        _signal: [u64; 3],
    }

    /// An enabled event, for IPortEvents::AddEventToEventList.
    #[repr(C)]
    struct KSEVENT_ENTRY {
        ListEntry: LIST_ENTRY,
        Object: *mut c_void,
        DpcItem: *mut KSDPC_ITEM,
        EventData: *mut KSEVENTDATA,
        NotificationType: u32,
        EventSet: *const KsEventSet,
        EventItem: *const KsEventItem,
        FileObject: *mut FileObject,
        SemaphoreAdjustment: u32,
        Reserved: u32,
        Flags: u32,
    }

    /// The DPC of an event.
    #[repr(C)]
    struct KSDPC_ITEM {
        Dpc: [u64; 8],
        ReferenceCount: u32,
        AccessLock: usize,
    }

    /// The DPC of an event with buffers.
    #[repr(C)]
    struct KSBUFFER_ITEM {
        DpcItem: KSDPC_ITEM,
        BufferList: LIST_ENTRY,
    }

    /// An event at a time.
    #[repr(C)]
    struct KSEVENT_TIME_MARK {
        EventData: KSEVENTDATA,
        MarkTime: i64,
    }

    /// An event at each interval.
    #[repr(C)]
    struct KSEVENT_TIME_INTERVAL {
        EventData: KSEVENTDATA,
        TimeBase: i64,
        Interval: i64,
    }
}
