//! Constants of PortCls: flags and verbs of automation tables, stream resources, power.

use super::macros::constants;

constants! {
    enumeration PcStreamResourceType: i32 = "What a stream resource is." {
        ePcStreamResourceInterrupt = 0,
        ePcStreamResourceThread = 1,
        ePcStreamResourceSet = 2,
    }

    enumeration PC_EXIT_LATENCY: i32 = "How fast D3 must be left." {
        PcExitLatencyInstant = 0,
        PcExitLatencyFast = 1,
        PcExitLatencyResponsive = 2,
    }

    enumeration PC_REBALANCE_TYPE: i32 = "What rebalance an adapter supports." {
        PcRebalanceNotSupported = 0,
        PcRebalanceRemoveSubdevices = 1,
    }

    enumeration INTERRUPTSYNCMODE: i32 = "How IInterruptSync calls its routines." {
        InterruptSyncModeNormal = 1,
        InterruptSyncModeAll = 2,
        InterruptSyncModeRepeat = 3,
    }

    enumeration EPcMiniportEngineEvent: i32 = "Events of IPortClsEtwHelper." {
        eMINIPORT_IHV_DEFINED = 0,
        eMINIPORT_BUFFER_COMPLETE = 1,
        eMINIPORT_PIN_STATE = 2,
        eMINIPORT_GET_STREAM_POSITION = 3,
        eMINIPORT_SET_WAVERT_BUFFER_WRITE_POSITION = 4,
        eMINIPORT_GET_PRESENTATION_POSITION = 5,
        eMINIPORT_PROGRAM_DMA = 6,
        eMINIPORT_GLITCH_REPORT = 7,
        eMINIPORT_LAST_BUFFER_RENDERED = 8,
        eMINIPORT_PROCESSING_MODE = 9,
        eMINIPORT_FX_CLSID = 10,
        eMINIPORT_MaxValue = 11,
    }

    enumeration eEngineFormatType: i32 = "Formats of an audio engine." {
        eMixFormat = 0,
        eDeviceFormat = 1,
        eSupportedDeviceFormats = 2,
    }

    enumeration eChannelTargetType: i32 = "Controls of an audio engine." {
        eVolumeAttribute = 0,
        eMuteAttribute = 1,
        ePeakMeterAttribute = 2,
    }

    constants version: u32 = "Answers of IPortClsVersion." {
        kVersionInvalid = 0xFFFFFFFF,
        kVersionWin98 = 0,
        kVersionWin98SE = 1,
        kVersionWin2K = 2,
        kVersionWin98SE_QFE2 = 3,
        kVersionWin2K_SP2 = 4,
        kVersionWinME = 5,
        kVersionWin98SE_QFE3 = 6,
        kVersionWinME_QFE1 = 7,
        kVersionWinXP = 8,
        kVersionWinXPSP1 = 9,
        kVersionWinServer2003 = 0xA,
        kVersionWin2K_UAAQFE = 0xB,
        kVersionWinXP_UAAQFE = 0xC,
        kVersionWinServer2003_UAAQFE = 0xD,
        kVersionWindowsLonghorn = 0xE,
    }

    constants registry_key: u32 = "Keys of NewRegistryKey." {
        GeneralRegistryKey = 0,
        DeviceRegistryKey = 1,
        DriverRegistryKey = 2,
        HwProfileRegistryKey = 3,
        DeviceInterfaceRegistryKey = 4,
    }

    constants property_flags: u32 = "What a property item supports." {
        PCPROPERTY_ITEM_FLAG_BASICSUPPORT = 0x200,
        PCPROPERTY_ITEM_FLAG_DEFAULTVALUES = 0x10000,
        PCPROPERTY_ITEM_FLAG_GET = 1,
        PCPROPERTY_ITEM_FLAG_SERIALIZE = 0xE000,
        PCPROPERTY_ITEM_FLAG_SERIALIZERAW = 0x2000,
        PCPROPERTY_ITEM_FLAG_SERIALIZESIZE = 0x8000,
        PCPROPERTY_ITEM_FLAG_SET = 2,
        PCPROPERTY_ITEM_FLAG_UNSERIALIZERAW = 0x4000,
    }

    constants method_flags: u32 = "What a method item supports." {
        PCMETHOD_ITEM_FLAG_BASICSUPPORT = 0x200,
        PCMETHOD_ITEM_FLAG_MODIFY = 3,
        PCMETHOD_ITEM_FLAG_NONE = 0,
        PCMETHOD_ITEM_FLAG_READ = 1,
        PCMETHOD_ITEM_FLAG_SOURCE = 4,
        PCMETHOD_ITEM_FLAG_WRITE = 2,
    }

    constants event_flags: u32 = "What an event item supports." {
        PCEVENT_ITEM_FLAG_BASICSUPPORT = 0x200,
        PCEVENT_ITEM_FLAG_ENABLE = 1,
        PCEVENT_ITEM_FLAG_ONESHOT = 2,
    }

    constants event_verb: u32 = "Verbs of an event request." {
        PCEVENT_VERB_ADD = 1,
        PCEVENT_VERB_NONE = 0,
        PCEVENT_VERB_REMOVE = 2,
        PCEVENT_VERB_SUPPORT = 4,
    }

    constants filter_node: u32 = "The filter in a connection, pin updates, bytes of device extension." {
        PCFILTER_NODE = 0xFFFFFFFF,
        PCUPDATE_PIN_DESC_FLAG_DATARANGES = 1,
        PORT_CLASS_DEVICE_EXTENSION_SIZE = 0x200,
    }
}
