//! Scalars, GUIDs, and the kernel objects that PortCls hands around by address.

use super::macros::{opaque, records};

/// A status as the kernel returns it: negative is an error, see [`status`](super::status).
pub type NTSTATUS = i32;
/// 0 or 1, one byte.
pub type BOOLEAN = u8;
/// 0 or 1, four bytes.
pub type BOOL = i32;
/// A bus address as the CPU sees it, or, for DMA, as the device does.
pub type PHYSICAL_ADDRESS = i64;
/// One of the `CmResourceType` values.
pub type CM_RESOURCE_TYPE = i32;
/// A bit per processor of one group.
pub type KAFFINITY = usize;

records! {
    /// A 16-byte identifier, little-endian in its first three parts.
    #[repr(C)]
    #[derive(Debug, PartialEq, Eq)]
    struct GUID {
        /// The first eight hexadecimal digits.
        Data1: u32,
        /// The next four.
        Data2: u16,
        /// The next four.
        Data3: u16,
        /// The rest, in the order they are written.
        Data4: [u8; 8],
    }
}

impl GUID {
    /// The GUID whose 32 hexadecimal digits, read as one number, are `value`.
    #[must_use]
    pub const fn from_u128(value: u128) -> Self {
        Self {
            Data1: (value >> 96) as u32,
            Data2: (value >> 80) as u16,
            Data3: (value >> 64) as u16,
            Data4: (value as u64).to_be_bytes(),
        }
    }

    /// The inverse of [`from_u128`](Self::from_u128).
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        ((self.Data1 as u128) << 96)
            | ((self.Data2 as u128) << 80)
            | ((self.Data3 as u128) << 64)
            | u64::from_be_bytes(self.Data4) as u128
    }
}

opaque! {
    /// `DEVICE_OBJECT`.
    DeviceObject;
    /// `DRIVER_OBJECT`.
    DriverObject;
    /// `FILE_OBJECT`.
    FileObject;
    /// `IRP`.
    Irp;
    /// `KEVENT`.
    KEvent;
    /// `KINTERRUPT`.
    KInterrupt;
    /// `KTHREAD`, which is also what a `PETHREAD` points to.
    KThread;
    /// `EPROCESS`.
    EProcess;
    /// `ADAPTER_OBJECT`.
    AdapterObject;
    /// `OBJECT_ATTRIBUTES`.
    ObjectAttributes;
    /// `RTL_QUERY_REGISTRY_TABLE`.
    RtlQueryRegistryTable;
    /// `KSEVENT_SET`.
    KsEventSet;
    /// `KSEVENT_ITEM`.
    KsEventItem;
    /// `PO_FX_COMPONENT`.
    PoFxComponent;
    /// What a `PCSTREAMRESOURCE` handle points to.
    StreamResource;
}

/// A registered stream resource; null is none.
pub type PCSTREAMRESOURCE = *mut StreamResource;
