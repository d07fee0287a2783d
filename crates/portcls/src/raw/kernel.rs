//! Records of the kernel that PortCls methods take.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{
    BOOLEAN, DEVICE_POWER_STATE, DMA_SPEED, DMA_WIDTH, EProcess, GUID, INTERFACE_TYPE, PHYSICAL_ADDRESS,
    SYSTEM_POWER_STATE,
};

records! {
    /// A counted UTF-16 string; lengths in bytes.
    #[repr(C)]
    struct UNICODE_STRING {
        Length: u16,
        MaximumLength: u16,
        Buffer: *mut u16,
    }

    /// A link of a doubly linked list.
    #[repr(C)]
    struct LIST_ENTRY {
        Flink: *mut LIST_ENTRY,
        Blink: *mut LIST_ENTRY,
    }

    /// A list of locked pages; the page frame numbers follow it. Byte count and offset in bytes.
    #[repr(C)]
    struct MDL {
        Next: *mut MDL,
        Size: i16,
        MdlFlags: i16,
        Process: *mut EProcess,
        MappedSystemVa: *mut c_void,
        StartVa: *mut c_void,
        ByteCount: u32,
        ByteOffset: u32,
    }

    /// A device power state, or a system power state: the caller knows which.
    #[repr(C)]
    struct POWER_STATE {
        SystemState: SYSTEM_POWER_STATE,
    }

    /// What DMA a device can do. Version 3 of the record (Windows 8).
    #[repr(C)]
    struct DEVICE_DESCRIPTION {
        Version: u32,
        Master: BOOLEAN,
        ScatterGather: BOOLEAN,
        DemandMode: BOOLEAN,
        AutoInitialize: BOOLEAN,
        Dma32BitAddresses: BOOLEAN,
        IgnoreCount: BOOLEAN,
        Reserved1: BOOLEAN,
        Dma64BitAddresses: BOOLEAN,
        BusNumber: u32,
        DmaChannel: u32,
        InterfaceType: INTERFACE_TYPE,
        DmaWidth: DMA_WIDTH,
        DmaSpeed: DMA_SPEED,
        MaximumLength: u32,
        DmaPort: u32,
        DmaAddressWidth: u32,
        DmaControllerInstance: u32,
        DmaRequestLine: u32,
        DeviceAddress: PHYSICAL_ADDRESS,
    }

    /// What a device can do about power; latencies in 100 us.
    #[repr(C)]
    struct DEVICE_CAPABILITIES {
        Size: u16,
        Version: u16,
        /// Bit fields, from `DeviceD1` in bit 0 to `WakeFromInterrupt` and on.
        _bits: u32,
        Address: u32,
        UINumber: u32,
        DeviceState: [DEVICE_POWER_STATE; 7],
        SystemWake: SYSTEM_POWER_STATE,
        DeviceWake: DEVICE_POWER_STATE,
        D1Latency: u32,
        D2Latency: u32,
        D3Latency: u32,
    }

    /// Names a device property.
    #[repr(C)]
    struct DEVPROPKEY {
        fmtid: GUID,
        pid: u32,
    }

    /// A locally unique number.
    #[repr(C)]
    struct LUID {
        LowPart: u32,
        HighPart: i32,
    }
}
