//! The layouts and numbers that this room relies on, as the WDK 10.0.22621 has them.
//!
//! The bindings come from the WDK's headers on Windows and from other ones elsewhere: what differs stops the
//! build here.

use core::mem::offset_of;

use wdk_sys as sys;

macro_rules! layouts {
    ($( $type:ident: $size:literal, $align:literal { $( $($field:ident).+ = $offset:literal ),* $(,)? } )*) => { $(
        const _: () = {
            assert!(size_of::<sys::$type>() == $size);
            assert!(align_of::<sys::$type>() == $align);
            $( assert!(offset_of!(sys::$type, $($field).+) == $offset); )*
        };
    )* };
}

layouts! {
    KEVENT: 24, 8 {}
    KDPC: 64, 8 {}
    IO_CONNECT_INTERRUPT_PARAMETERS: 80, 8 { Version = 0, __bindgen_anon_1 = 8 }
    IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS: 72, 8 {
        PhysicalDeviceObject = 0, InterruptObject = 8, ServiceRoutine = 16, ServiceContext = 24, SpinLock = 32,
        SynchronizeIrql = 40, FloatingSave = 41, ShareVector = 42, Vector = 44, Irql = 48, InterruptMode = 52,
        ProcessorEnableMask = 56, Group = 64,
    }
    IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS: 56, 8 {
        PhysicalDeviceObject = 0, ConnectionContext = 8, MessageServiceRoutine = 16, ServiceContext = 24,
        SpinLock = 32, SynchronizeIrql = 40, FloatingSave = 41, FallBackServiceRoutine = 48,
    }
    IO_INTERRUPT_MESSAGE_INFO: 56, 8 { UnifiedIrql = 0, MessageCount = 4, MessageInfo = 8 }
    IO_INTERRUPT_MESSAGE_INFO_ENTRY: 48, 8 { InterruptObject = 16 }
    BUS_INTERFACE_STANDARD: 64, 8 {
        Size = 0, Version = 2, Context = 8, InterfaceReference = 16, InterfaceDereference = 24, SetBusData = 48,
        GetBusData = 56,
    }
    IO_STATUS_BLOCK: 16, 8 { Information = 8 }
    IO_DISCONNECT_INTERRUPT_PARAMETERS: 16, 8 { Version = 0, ConnectionContext = 8 }
    DEVICE_DESCRIPTION: 64, 8 {
        Version = 0, Master = 4, ScatterGather = 5, Dma32BitAddresses = 8, Dma64BitAddresses = 11,
        InterfaceType = 20, MaximumLength = 32,
    }
    DMA_ADAPTER: 16, 8 { DmaOperations = 8 }
    DRIVER_OBJECT: 336, 8 { DriverUnload = 104, MajorFunction = 112 }
    DEVICE_OBJECT: 336, 16 { DeviceExtension = 64 }
    IRP: 208, 16 { IoStatus = 48, Tail = 120 }
    IO_STACK_LOCATION: 72, 8 {
        MajorFunction = 0, MinorFunction = 1, Parameters.QueryInterface.InterfaceType = 8,
        Parameters.QueryInterface.Size = 16, Parameters.QueryInterface.Version = 18,
        Parameters.QueryInterface.Interface = 24, Parameters.QueryInterface.InterfaceSpecificData = 32,
    }
    LARGE_INTEGER: 8, 8 {}
}

const _: () = {
    // The table itself grows with the version of Windows: only what is used of it counts.
    assert!(offset_of!(sys::DMA_OPERATIONS, PutDmaAdapter) == 8);
    assert!(offset_of!(sys::DMA_OPERATIONS, AllocateCommonBuffer) == 16);
    assert!(offset_of!(sys::DMA_OPERATIONS, FreeCommonBuffer) == 24);

    assert!(size_of::<sys::KSPIN_LOCK>() == 8 && size_of::<sys::KIRQL>() == 1);
    assert!(sys::CONNECT_FULLY_SPECIFIED == 1 && sys::CONNECT_LINE_BASED == 2);
    assert!(sys::CONNECT_MESSAGE_BASED == 3);
    assert!(sys::EX_TIMER_HIGH_RESOLUTION == 4);
    assert!(sys::IRP_MN_QUERY_INTERFACE == 8 && sys::PCI_WHICHSPACE_CONFIG == 0);
    assert!(sys::STATUS_PENDING == 0x103 && sys::STATUS_SUCCESS == 0);
    assert!(sys::STATUS_NOT_SUPPORTED == 0xC000_00BB_u32.cast_signed());
    assert!(sys::DEVICE_DESCRIPTION_VERSION == 0);
    assert!(sys::IRP_MJ_PNP == 0x1B);
    assert!(sys::IRP_MN_REMOVE_DEVICE == 2);
    assert!(sys::IRP_MN_STOP_DEVICE == 4);
    assert!(sys::IRP_MN_SURPRISE_REMOVAL == 0x17);
    assert!(sys::THREAD_ALL_ACCESS == 0x1F_FFFF);
    assert!(sys::LOW_REALTIME_PRIORITY == 16);
    assert!(sys::PAGE_READWRITE == 4 && sys::PAGE_NOCACHE == 0x200);
    assert!(sys::_DPFLTR_TYPE::DPFLTR_IHVAUDIO_ID == 79);
    assert!(sys::DPFLTR_ERROR_LEVEL == 0 && sys::DPFLTR_INFO_LEVEL == 3);
    assert!(sys::_EVENT_TYPE::SynchronizationEvent == 1);
    assert!(sys::_INTERFACE_TYPE::PCIBus == 5);
    assert!(sys::_KINTERRUPT_MODE::LevelSensitive == 0 && sys::_KINTERRUPT_MODE::Latched == 1);
    assert!(sys::_KWAIT_REASON::Executive == 0 && sys::_MODE::KernelMode == 0);
};
