//! Records of the adapter: stream resources, notifications, power framework, rights, audio engine.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{
    AUDIO_CURVE_TYPE, BOOL, DeviceObject, EDeviceControlUseType, FileObject, KThread, PcStreamResourceType,
    PoFxComponent,
};

records! {
    /// An interrupt or thread that a stream depends on. `Size` is 40, `Flags` 0.
    #[repr(C)]
    struct PCSTREAMRESOURCE_DESCRIPTOR {
        Size: u32,
        Flags: u32,
        Pdo: *mut DeviceObject,
        Type: PcStreamResourceType,
        Resource: PCSTREAMRESOURCE_UNION,
    }

    /// An interrupt: `Generic` is the KINTERRUPT. The meaning of `Version` is not documented.
    #[repr(C)]
    struct PCSTREAMRESOURCE_INTERRUPT as "PCSTREAMRESOURCE_DESCRIPTOR.Resource.Interrupt" {
        Version: u32,
        Generic: *mut c_void,
    }

    /// What the resource is, by `Type`.
    #[repr(C)]
    union PCSTREAMRESOURCE_UNION as "PCSTREAMRESOURCE_DESCRIPTOR.Resource" {
        Interrupt: PCSTREAMRESOURCE_INTERRUPT,
        Thread: *mut KThread,
        ResourceSet: *mut c_void,
    }

    /// A notification payload of unknown length.
    #[repr(C)]
    struct PCNOTIFICATION_BUFFER {
        NotificationBuffer: [u8; 1],
    }

    /// How PortCls registers the device with the power framework. `Size` is 72.
    #[repr(C)]
    struct PC_POWER_FRAMEWORK_SETTINGS {
        Size: u32,
        EvtPcPostPoFxRegisterDevice: *const c_void,
        EvtPcPrePoFxUnregisterDevice: *const c_void,
        Component: *mut PoFxComponent,
        ComponentActiveConditionCallback: *const c_void,
        ComponentIdleConditionCallback: *const c_void,
        ComponentIdleStateCallback: *const c_void,
        PowerControlCallback: *const c_void,
        PoFxDeviceContext: *mut c_void,
    }

    /// The pins of a hardware audio engine.
    #[repr(C)]
    struct KSAUDIOENGINE_DESCRIPTOR {
        nHostPinId: u32,
        nOffloadPinId: u32,
        nLoopbackPinId: u32,
    }

    /// Smallest and largest buffer, in bytes.
    #[repr(C)]
    struct KSAUDIOENGINE_BUFFER_SIZE_RANGE {
        MinBufferBytes: u32,
        MaxBufferBytes: u32,
    }

    /// A volume and the way to it; duration in 100 ns.
    #[repr(C)]
    struct KSAUDIOENGINE_VOLUMELEVEL {
        TargetVolume: i32,
        CurveType: AUDIO_CURVE_TYPE,
        CurveDuration: u64,
    }

    /// Which controls the engine has.
    #[repr(C)]
    struct KSAUDIOENGINE_DEVICECONTROLS {
        Volume: EDeviceControlUseType,
        Mute: EDeviceControlUseType,
        PeakMeter: EDeviceControlUseType,
    }

    /// The rights of a content.
    #[repr(C)]
    struct DRMRIGHTS {
        CopyProtect: BOOL,
        Reserved: u32,
        DigitalOutputDisable: BOOL,
    }

    /// Where content is forwarded to.
    #[repr(C)]
    struct DRMFORWARD {
        Flags: u32,
        DeviceObject: *mut DeviceObject,
        FileObject: *mut FileObject,
        Context: *mut c_void,
    }
}
