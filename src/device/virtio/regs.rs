//! Registers, status bits and feature bits of virtio 1.x over PCI.
//!
//! Names as in virtio 1.2, sections 2.1, 4.1.4.3 and 6.

/// Common configuration structure.
pub(super) mod common {
    /// Which 32 of the device's features are shown, 32 bits.
    pub(crate) const DEVICE_FEATURE_SELECT: u32 = 0x00;
    /// The features that the device offers, 32 bits.
    pub(crate) const DEVICE_FEATURE: u32 = 0x04;
    /// Which 32 of the driver's features are written, 32 bits.
    pub(crate) const DRIVER_FEATURE_SELECT: u32 = 0x08;
    /// The features that the driver accepts, 32 bits.
    pub(crate) const DRIVER_FEATURE: u32 = 0x0C;
    /// Message of configuration changes, 16 bits.
    pub(crate) const CONFIG_MSIX_VECTOR: u32 = 0x10;
    /// Device status, 8 bits; 0 resets.
    pub(crate) const DEVICE_STATUS: u32 = 0x14;
    /// Changes with the device's own configuration, 8 bits.
    pub(crate) const CONFIG_GENERATION: u32 = 0x15;
    /// Which queue the registers behind this one are of, 16 bits.
    pub(crate) const QUEUE_SELECT: u32 = 0x16;
    /// Descriptors of the queue, 16 bits: at most, until it is written; 0 if there is no such queue.
    pub(crate) const QUEUE_SIZE: u32 = 0x18;
    /// Message of the queue, 16 bits.
    pub(crate) const QUEUE_MSIX_VECTOR: u32 = 0x1A;
    /// The queue is in use, 16 bits.
    pub(crate) const QUEUE_ENABLE: u32 = 0x1C;
    /// Where the queue is notified, in units of the multiplier, 16 bits.
    pub(crate) const QUEUE_NOTIFY_OFF: u32 = 0x1E;
    /// Address of the descriptor table, twice 32 bits.
    pub(crate) const QUEUE_DESC: u32 = 0x20;
    /// Address of the available ring, twice 32 bits.
    pub(crate) const QUEUE_DRIVER: u32 = 0x28;
    /// Address of the used ring, twice 32 bits.
    pub(crate) const QUEUE_DEVICE: u32 = 0x30;

    /// A vector register: no message at all.
    pub(crate) const NO_VECTOR: u16 = 0xFFFF;
}

/// Bits of the device status.
pub(super) mod status {
    /// The driver has seen the device.
    pub(crate) const ACKNOWLEDGE: u8 = 1;
    /// The driver knows how to drive it.
    pub(crate) const DRIVER: u8 = 2;
    /// The driver is ready.
    pub(crate) const DRIVER_OK: u8 = 4;
    /// The driver has accepted features; the device keeps the bit if it can do with them.
    pub(crate) const FEATURES_OK: u8 = 8;
    /// The device is in an error that it does not get out of by itself.
    pub(crate) const DEVICE_NEEDS_RESET: u8 = 64;
    /// The driver has given up.
    pub(crate) const FAILED: u8 = 128;
}

/// Features of every device, as bits of the 64.
pub(crate) mod feature {
    /// Descriptors may refer to tables of descriptors.
    pub(crate) const INDIRECT_DESC: u64 = 1 << 28;
    /// Notifications of both sides are suppressed by event indices.
    pub(crate) const EVENT_IDX: u64 = 1 << 29;
    /// The device complies with virtio 1.x.
    pub(crate) const VERSION_1: u64 = 1 << 32;
    /// The device's access to memory goes through the platform's means of limiting and translating it.
    pub(crate) const ACCESS_PLATFORM: u64 = 1 << 33;
    /// Memory accesses need the barriers of a real device.
    pub(crate) const ORDER_PLATFORM: u64 = 1 << 36;
    /// Queues can be reset one by one.
    pub(crate) const RING_RESET: u64 = 1 << 40;
}
