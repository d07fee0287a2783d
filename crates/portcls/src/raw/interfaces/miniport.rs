//! Miniports of every kind: what a driver implements for a port.

use core::ffi::c_void;

use crate::raw::macros::interfaces;
use crate::raw::{
    BOOLEAN, DEVICE_DESCRIPTION, GUID, IMiniportWaveRTStream, IPortTopology, IPortWaveRT, IPortWaveRTStream,
    IResourceList, IUnknown, Irp, KSDATAFORMAT, KSDATARANGE, KSP_PIN, NTSTATUS, PCFILTER_DESCRIPTOR,
};

interfaces! {
    /// What every miniport answers: its filter, and how its data ranges intersect.
    interface IMiniport(IMiniportVtbl): IUnknown {
        const IID = 0xB4C90A24_5791_11D0_86F9_00A0C911B544;
        /// The filter's descriptor, which must outlive the filter. IRQL: PASSIVE_LEVEL.
        fn GetDescription(Description: *mut *const PCFILTER_DESCRIPTOR) -> NTSTATUS;
        /// Picks a format out of two ranges. Length 0 asks for the size (STATUS_BUFFER_OVERFLOW);
        /// STATUS_NOT_IMPLEMENTED leaves it to the port. IRQL: PASSIVE_LEVEL.
        fn DataRangeIntersection(
            PinId: u32,
            DataRange: *mut KSDATARANGE,
            MatchingDataRange: *mut KSDATARANGE,
            OutputBufferLength: u32,
            ResultantFormat: *mut c_void,
            ResultantFormatLength: *mut u32,
        ) -> NTSTATUS;
    }

    /// A topology miniport.
    interface IMiniportTopology(IMiniportTopologyVtbl): IMiniport {
        const IID = 0xB4C90A31_5791_11D0_86F9_00A0C911B544;
        /// Gives the miniport its adapter, resources and port. IRQL: PASSIVE_LEVEL.
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortTopology,
        ) -> NTSTATUS;
    }

    /// A WaveRT miniport.
    interface IMiniportWaveRT(IMiniportWaveRTVtbl): IMiniport {
        const IID = 0x0F9FC4D6_6061_4F3C_B1FC_075E35F7960A;
        /// Gives the miniport its adapter, resources and port. IRQL: PASSIVE_LEVEL.
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortWaveRT,
        ) -> NTSTATUS;
        /// Makes the stream of a newly opened pin, in STOP at position 0. IRQL: PASSIVE_LEVEL.
        fn NewStream(
            Stream: *mut *mut IMiniportWaveRTStream,
            PortStream: *mut IPortWaveRTStream,
            Pin: u32,
            Capture: BOOLEAN,
            DataFormat: *mut KSDATAFORMAT,
        ) -> NTSTATUS;
        /// Fills in what DMA the device can do. IRQL: PASSIVE_LEVEL.
        fn GetDeviceDescription(DeviceDescription: *mut DEVICE_DESCRIPTION) -> NTSTATUS;
    }

    /// A miniport that wants to hear of PnP stop (Windows 10 1511).
    interface IMiniportPnpNotify(IMiniportPnpNotifyVtbl): IUnknown {
        const IID = 0x6B735365_9487_464C_93E3_FA2C6391D5A4;
        /// PnP stops the device; called under the device lock, must not wait. IRQL: PASSIVE_LEVEL.
        fn PnpStop();
    }

    /// A miniport that supports signal processing modes.
    interface IMiniportAudioSignalProcessing(IMiniportAudioSignalProcessingVtbl): IUnknown {
        const IID = 0xB532678C_BE50_472D_9973_8A6F16594989;
        /// The signal processing modes of a pin; without an array, their number. IRQL: not documented,
        /// taken as PASSIVE_LEVEL.
        fn GetModes(
            Pin: u32,
            SignalProcessingModes: *mut GUID,
            NumSignalProcessingModes: *mut u32,
        ) -> NTSTATUS;
    }

    /// A miniport that revises its pin counts at run time.
    interface IPinCount(IPinCountVtbl): IUnknown {
        const IID = 0x5DADB7DC_A2CB_4540_A4A8_425EE4AE9051;
        /// Revises the instance counts of a pin. IRQL: PASSIVE_LEVEL.
        fn PinCount(
            PinId: u32,
            FilterNecessary: *mut u32,
            FilterCurrent: *mut u32,
            FilterPossible: *mut u32,
            GlobalCurrent: *mut u32,
            GlobalPossible: *mut u32,
        );
    }

    /// A miniport that names its pins at run time.
    interface IPinName(IPinNameVtbl): IUnknown {
        const IID = 0x29CC9AB1_E89D_413C_B6B2_F6D50005D063;
        /// The name of a pin. IRQL: PASSIVE_LEVEL.
        fn GetPinName(Irp: *mut Irp, Pin: *mut KSP_PIN, Data: *mut c_void) -> NTSTATUS;
    }

    /// Sets the music technology of a miniport.
    interface IMusicTechnology(IMusicTechnologyVtbl): IUnknown {
        const IID = 0x80396C3C_CBCB_409B_9F65_4F1E7467CDAF;
        /// The technology. IRQL: PASSIVE_LEVEL.
        fn SetTechnology(Technology: *const GUID) -> NTSTATUS;
    }
}
