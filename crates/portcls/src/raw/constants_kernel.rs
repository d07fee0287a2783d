//! Constants of the kernel that PortCls methods take.

use super::macros::constants;

constants! {
    enumeration DEVICE_POWER_STATE: i32 = "How awake a device is." {
        PowerDeviceUnspecified = 0,
        PowerDeviceD0 = 1,
        PowerDeviceD1 = 2,
        PowerDeviceD2 = 3,
        PowerDeviceD3 = 4,
        PowerDeviceMaximum = 5,
    }

    enumeration SYSTEM_POWER_STATE: i32 = "How awake the system is." {
        PowerSystemUnspecified = 0,
        PowerSystemWorking = 1,
        PowerSystemSleeping1 = 2,
        PowerSystemSleeping2 = 3,
        PowerSystemSleeping3 = 4,
        PowerSystemHibernate = 5,
        PowerSystemShutdown = 6,
        PowerSystemMaximum = 7,
    }

    enumeration POOL_TYPE: i32 = "Kinds of pool." {
        NonPagedPool = 0,
        NonPagedPoolExecute = 0,
        PagedPool = 1,
        NonPagedPoolNx = 512,
        NonPagedPoolNxCacheAligned = 516,
    }

    enumeration MEMORY_CACHING_TYPE: i32 = "How a mapping is cached." {
        MmNonCached = 0,
        MmCached = 1,
        MmWriteCombined = 2,
        MmHardwareCoherentCached = 3,
        MmNonCachedUnordered = 4,
        MmUSWCCached = 5,
        MmMaximumCacheType = 6,
        MmNotMapped = -1,
    }

    enumeration INTERFACE_TYPE: i32 = "What bus a device sits on." {
        InterfaceTypeUndefined = -1,
        Internal = 0,
        Isa = 1,
        Eisa = 2,
        MicroChannel = 3,
        TurboChannel = 4,
        PCIBus = 5,
        VMEBus = 6,
        NuBus = 7,
        PCMCIABus = 8,
        CBus = 9,
        MPIBus = 10,
        MPSABus = 11,
        ProcessorInternal = 12,
        InternalPowerBus = 13,
        PNPISABus = 14,
        PNPBus = 15,
        Vmcs = 16,
        ACPIBus = 17,
        MaximumInterfaceType = 18,
    }

    enumeration DMA_WIDTH: i32 = "Width of a slave DMA transfer." {
        Width8Bits = 0,
        Width16Bits = 1,
        Width32Bits = 2,
        Width64Bits = 3,
        WidthNoWrap = 4,
        MaximumDmaWidth = 5,
    }

    enumeration DMA_SPEED: i32 = "Speed of a slave DMA transfer." {
        Compatible = 0,
        TypeA = 1,
        TypeB = 2,
        TypeC = 3,
        TypeF = 4,
        MaximumDmaSpeed = 5,
    }

    enumeration CM_SHARE_DISPOSITION: i32 = "Who may share a resource." {
        CmResourceShareUndetermined = 0,
        CmResourceShareDeviceExclusive = 1,
        CmResourceShareDriverExclusive = 2,
        CmResourceShareShared = 3,
    }

    enumeration KEY_INFORMATION_CLASS: i32 = "What IRegistryKey::QueryKey can tell." {
        KeyBasicInformation = 0,
        KeyNodeInformation = 1,
        KeyFullInformation = 2,
        KeyNameInformation = 3,
        KeyCachedInformation = 4,
        KeyFlagsInformation = 5,
        KeyVirtualizationInformation = 6,
        KeyHandleTagsInformation = 7,
        KeyTrustInformation = 8,
        KeyLayerInformation = 9,
        MaxKeyInfoClass = 10,
    }

    enumeration KEY_VALUE_INFORMATION_CLASS: i32 = "What IRegistryKey::QueryValueKey can tell." {
        KeyValueBasicInformation = 0,
        KeyValueFullInformation = 1,
        KeyValuePartialInformation = 2,
        KeyValueFullInformationAlign64 = 3,
        KeyValuePartialInformationAlign64 = 4,
        KeyValueLayerInformation = 5,
        MaxKeyValueInfoClass = 6,
    }

    enumeration DEVICE_REGISTRY_PROPERTY: i32 = "What IoGetDeviceProperty can tell." {
        DevicePropertyDeviceDescription = 0,
        DevicePropertyHardwareID = 1,
        DevicePropertyCompatibleIDs = 2,
        DevicePropertyBootConfiguration = 3,
        DevicePropertyBootConfigurationTranslated = 4,
        DevicePropertyClassName = 5,
        DevicePropertyClassGuid = 6,
        DevicePropertyDriverKeyName = 7,
        DevicePropertyManufacturer = 8,
        DevicePropertyFriendlyName = 9,
        DevicePropertyLocationInformation = 10,
        DevicePropertyPhysicalDeviceObjectName = 11,
        DevicePropertyBusTypeGuid = 12,
        DevicePropertyLegacyBusType = 13,
        DevicePropertyBusNumber = 14,
        DevicePropertyEnumeratorName = 15,
        DevicePropertyAddress = 16,
        DevicePropertyUINumber = 17,
        DevicePropertyInstallState = 18,
        DevicePropertyRemovalPolicy = 19,
        DevicePropertyResourceRequirements = 20,
        DevicePropertyAllocatedResources = 21,
        DevicePropertyContainerID = 22,
    }

    constants resource_type: i32 = "Types of resources." {
        CmResourceTypeBusNumber = 6,
        CmResourceTypeConfigData = 128,
        CmResourceTypeConnection = 132,
        CmResourceTypeDevicePrivate = 129,
        CmResourceTypeDeviceSpecific = 5,
        CmResourceTypeDma = 4,
        CmResourceTypeInterrupt = 2,
        CmResourceTypeMaximum = 8,
        CmResourceTypeMemory = 3,
        CmResourceTypeMemoryLarge = 7,
        CmResourceTypeMfCardConfig = 131,
        CmResourceTypeNonArbitrated = 128,
        CmResourceTypeNull = 0,
        CmResourceTypePcCardConfig = 130,
        CmResourceTypePort = 1,
    }

    constants port_flags: u32 = "Flags of port resources." {
        CM_RESOURCE_PORT_10_BIT_DECODE = 4,
        CM_RESOURCE_PORT_12_BIT_DECODE = 8,
        CM_RESOURCE_PORT_16_BIT_DECODE = 0x10,
        CM_RESOURCE_PORT_BAR = 0x100,
        CM_RESOURCE_PORT_IO = 1,
        CM_RESOURCE_PORT_MEMORY = 0,
        CM_RESOURCE_PORT_PASSIVE_DECODE = 0x40,
        CM_RESOURCE_PORT_POSITIVE_DECODE = 0x20,
        CM_RESOURCE_PORT_WINDOW_DECODE = 0x80,
    }

    constants interrupt_flags: u32 = "Flags of interrupt resources." {
        CM_RESOURCE_INTERRUPT_LATCHED = 1,
        CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE = 0,
        CM_RESOURCE_INTERRUPT_MESSAGE = 2,
        CM_RESOURCE_INTERRUPT_POLICY_INCLUDED = 4,
        CM_RESOURCE_INTERRUPT_SECONDARY_INTERRUPT = 0x10,
        CM_RESOURCE_INTERRUPT_WAKE_HINT = 0x20,
    }

    constants message_token: u32 = "More about interrupt resources." {
        CM_RESOURCE_INTERRUPT_LEVEL_LATCHED_BITS = 1,
        CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN = 0xFFFFFFFE,
    }

    constants memory_flags: u32 = "Flags of memory resources." {
        CM_RESOURCE_MEMORY_24 = 0x10,
        CM_RESOURCE_MEMORY_BAR = 0x80,
        CM_RESOURCE_MEMORY_CACHEABLE = 0x20,
        CM_RESOURCE_MEMORY_COMBINEDWRITE = 8,
        CM_RESOURCE_MEMORY_COMPAT_FOR_INACCESSIBLE_RANGE = 0x100,
        CM_RESOURCE_MEMORY_LARGE = 0xE00,
        CM_RESOURCE_MEMORY_LARGE_40 = 0x200,
        CM_RESOURCE_MEMORY_LARGE_40_MAXLEN = 0xFFFFFF00,
        CM_RESOURCE_MEMORY_LARGE_48 = 0x400,
        CM_RESOURCE_MEMORY_LARGE_48_MAXLEN = 0xFFFF0000,
        CM_RESOURCE_MEMORY_LARGE_64 = 0x800,
        CM_RESOURCE_MEMORY_LARGE_64_MAXLEN = 0,
        CM_RESOURCE_MEMORY_PREFETCHABLE = 4,
        CM_RESOURCE_MEMORY_READ_ONLY = 1,
        CM_RESOURCE_MEMORY_READ_WRITE = 0,
        CM_RESOURCE_MEMORY_WINDOW_DECODE = 0x40,
        CM_RESOURCE_MEMORY_WRITEABILITY_MASK = 3,
        CM_RESOURCE_MEMORY_WRITE_ONLY = 2,
    }

    constants dma_version: u32 = "Versions of DEVICE_DESCRIPTION." {
        DEVICE_DESCRIPTION_VERSION = 0,
        DEVICE_DESCRIPTION_VERSION1 = 1,
        DEVICE_DESCRIPTION_VERSION2 = 2,
        DEVICE_DESCRIPTION_VERSION3 = 3,
    }

    constants irql: u32 = "Interrupt request levels." {
        APC_LEVEL = 1,
        DISPATCH_LEVEL = 2,
        HIGH_LEVEL = 0xF,
        PASSIVE_LEVEL = 0,
    }

    constants page: u32 = "The page." {
        PAGE_SHIFT = 0xC,
        PAGE_SIZE = 0x1000,
    }

    constants property_type: u32 = "Types of device properties." {
        DEVPROP_TYPE_BINARY = 0x1003,
        DEVPROP_TYPE_BOOLEAN = 0x11,
        DEVPROP_TYPE_EMPTY = 0,
        DEVPROP_TYPE_GUID = 0xD,
        DEVPROP_TYPE_STRING = 0x12,
        DEVPROP_TYPE_UINT32 = 7,
    }

    constants boost: u32 = "Priority boosts of a thread that is signalled." {
        EVENT_INCREMENT = 1,
        IO_NO_INCREMENT = 0,
        IO_SOUND_INCREMENT = 8,
    }
}
