//! The resources of a device as PnP lists them.

use crate::raw::macros::records;
use crate::raw::{INTERFACE_TYPE, KAFFINITY, PHYSICAL_ADDRESS};

records! {
    /// Resources by bus; one full descriptor is declared, `Count` follow.
    #[repr(C)]
    struct CM_RESOURCE_LIST {
        Count: u32,
        List: [CM_FULL_RESOURCE_DESCRIPTOR; 1],
    }

    /// Resources on one bus.
    #[repr(C)]
    struct CM_FULL_RESOURCE_DESCRIPTOR {
        InterfaceType: INTERFACE_TYPE,
        BusNumber: u32,
        PartialResourceList: CM_PARTIAL_RESOURCE_LIST,
    }

    /// A list of resources; one is declared, `Count` follow.
    #[repr(C)]
    struct CM_PARTIAL_RESOURCE_LIST {
        Version: u16,
        Revision: u16,
        Count: u32,
        PartialDescriptors: [CM_PARTIAL_RESOURCE_DESCRIPTOR; 1],
    }

    /// One resource: 20 bytes, packed to 4.
    #[repr(C)]
    struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
        Type: u8,
        ShareDisposition: u8,
        Flags: u16,
        u: CM_RESOURCE_UNION,
    }

    /// The `Generic` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_GENERIC as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Generic" {
        Start: PHYSICAL_ADDRESS,
        Length: u32,
    }

    /// The `Port` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_PORT as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Port" {
        Start: PHYSICAL_ADDRESS,
        Length: u32,
    }

    /// The `Interrupt` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_INTERRUPT as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Interrupt" {
        Level: u32,
        Vector: u32,
        Affinity: KAFFINITY,
    }

    /// The `MessageInterrupt.Raw` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MESSAGE_INTERRUPT_RAW as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.MessageInterrupt.Raw" {
        Reserved: u16,
        MessageCount: u16,
        Vector: u32,
        Affinity: KAFFINITY,
    }

    /// The `MessageInterrupt.Translated` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MESSAGE_INTERRUPT_TRANSLATED as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.MessageInterrupt.Translated" {
        Level: u32,
        Vector: u32,
        Affinity: KAFFINITY,
    }

    /// The `MessageInterrupt` arm of a resource.
    #[repr(C, packed(4))]
    union CM_RESOURCE_MESSAGE_INTERRUPT as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.MessageInterrupt" {
        Raw: CM_RESOURCE_MESSAGE_INTERRUPT_RAW,
        Translated: CM_RESOURCE_MESSAGE_INTERRUPT_TRANSLATED,
    }

    /// The `Memory` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MEMORY as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Memory" {
        Start: PHYSICAL_ADDRESS,
        Length: u32,
    }

    /// The `Dma` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_DMA as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Dma" {
        Channel: u32,
        Port: u32,
        Reserved1: u32,
    }

    /// The `DevicePrivate` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_DEVICE_PRIVATE as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.DevicePrivate" {
        Data: [u32; 3],
    }

    /// The `BusNumber` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_BUS_NUMBER as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.BusNumber" {
        Start: u32,
        Length: u32,
        Reserved: u32,
    }

    /// The `Memory40` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MEMORY_40 as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Memory40" {
        Start: PHYSICAL_ADDRESS,
        Length40: u32,
    }

    /// The `Memory48` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MEMORY_48 as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Memory48" {
        Start: PHYSICAL_ADDRESS,
        Length48: u32,
    }

    /// The `Memory64` arm of a resource.
    #[repr(C, packed(4))]
    struct CM_RESOURCE_MEMORY_64 as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u.Memory64" {
        Start: PHYSICAL_ADDRESS,
        Length64: u32,
    }

    /// What the resource is, by `Type` and `Flags`.
    #[repr(C, packed(4))]
    union CM_RESOURCE_UNION as "CM_PARTIAL_RESOURCE_DESCRIPTOR.u" {
        Generic: CM_RESOURCE_GENERIC,
        Port: CM_RESOURCE_PORT,
        Interrupt: CM_RESOURCE_INTERRUPT,
        MessageInterrupt: CM_RESOURCE_MESSAGE_INTERRUPT,
        Memory: CM_RESOURCE_MEMORY,
        Dma: CM_RESOURCE_DMA,
        DevicePrivate: CM_RESOURCE_DEVICE_PRIVATE,
        BusNumber: CM_RESOURCE_BUS_NUMBER,
        Memory40: CM_RESOURCE_MEMORY_40,
        Memory48: CM_RESOURCE_MEMORY_48,
        Memory64: CM_RESOURCE_MEMORY_64,
    }
}
