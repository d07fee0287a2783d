//! Constants of audio: wave formats, speakers, jacks.

use super::macros::constants;

constants! {
    constants wave_format: u16 = "Format tags." {
        WAVE_FORMAT_ADPCM = 0x2,
        WAVE_FORMAT_ALAW = 0x6,
        WAVE_FORMAT_DOLBY_AC3_SPDIF = 0x92,
        WAVE_FORMAT_DRM = 0x9,
        WAVE_FORMAT_EXTENSIBLE = 0xFFFE,
        WAVE_FORMAT_IEEE_FLOAT = 0x3,
        WAVE_FORMAT_MPEG = 0x50,
        WAVE_FORMAT_MPEGLAYER3 = 0x55,
        WAVE_FORMAT_MULAW = 0x7,
        WAVE_FORMAT_PCM = 0x1,
        WAVE_FORMAT_UNKNOWN = 0x0,
        WAVE_FORMAT_WMASPDIF = 0x164,
    }

    constants speaker: u32 = "Speaker positions, a bit each." {
        SPEAKER_ALL = 0x80000000,
        SPEAKER_BACK_CENTER = 0x100,
        SPEAKER_BACK_LEFT = 0x10,
        SPEAKER_BACK_RIGHT = 0x20,
        SPEAKER_FRONT_CENTER = 4,
        SPEAKER_FRONT_LEFT = 1,
        SPEAKER_FRONT_LEFT_OF_CENTER = 0x40,
        SPEAKER_FRONT_RIGHT = 2,
        SPEAKER_FRONT_RIGHT_OF_CENTER = 0x80,
        SPEAKER_LOW_FREQUENCY = 8,
        SPEAKER_RESERVED = 0x7FFC0000,
        SPEAKER_SIDE_LEFT = 0x200,
        SPEAKER_SIDE_RIGHT = 0x400,
        SPEAKER_TOP_BACK_CENTER = 0x10000,
        SPEAKER_TOP_BACK_LEFT = 0x8000,
        SPEAKER_TOP_BACK_RIGHT = 0x20000,
        SPEAKER_TOP_CENTER = 0x800,
        SPEAKER_TOP_FRONT_CENTER = 0x2000,
        SPEAKER_TOP_FRONT_LEFT = 0x1000,
        SPEAKER_TOP_FRONT_RIGHT = 0x4000,
    }

    constants speakers: u32 = "Sets of speaker positions." {
        KSAUDIO_SPEAKER_1POINT1 = 0xC,
        KSAUDIO_SPEAKER_2POINT1 = 0xB,
        KSAUDIO_SPEAKER_3POINT0 = 7,
        KSAUDIO_SPEAKER_3POINT1 = 0xF,
        KSAUDIO_SPEAKER_5POINT0 = 0x607,
        KSAUDIO_SPEAKER_5POINT1 = 0x3F,
        KSAUDIO_SPEAKER_5POINT1_BACK = 0x3F,
        KSAUDIO_SPEAKER_5POINT1_SURROUND = 0x60F,
        KSAUDIO_SPEAKER_7POINT0 = 0x637,
        KSAUDIO_SPEAKER_7POINT1 = 0xFF,
        KSAUDIO_SPEAKER_7POINT1_SURROUND = 0x63F,
        KSAUDIO_SPEAKER_7POINT1_WIDE = 0xFF,
        KSAUDIO_SPEAKER_DIRECTOUT = 0,
        KSAUDIO_SPEAKER_GROUND_FRONT_CENTER = 4,
        KSAUDIO_SPEAKER_GROUND_FRONT_LEFT = 1,
        KSAUDIO_SPEAKER_GROUND_FRONT_RIGHT = 2,
        KSAUDIO_SPEAKER_GROUND_REAR_LEFT = 0x10,
        KSAUDIO_SPEAKER_GROUND_REAR_RIGHT = 0x20,
        KSAUDIO_SPEAKER_MONO = 4,
        KSAUDIO_SPEAKER_QUAD = 0x33,
        KSAUDIO_SPEAKER_STEREO = 3,
        KSAUDIO_SPEAKER_SUPER_WOOFER = 8,
        KSAUDIO_SPEAKER_SURROUND = 0x107,
        KSAUDIO_SPEAKER_TOP_MIDDLE = 0x800,
    }

    constants cpu: u32 = "Who does the work." {
        KSAUDIO_CPU_RESOURCES_HOST_CPU = 0x7FFFFFFF,
        KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU = 0,
    }

    constants jack_caps: u32 = "What a jack can do." {
        JACKDESC2_DYNAMIC_FORMAT_CHANGE_CAPABILITY = 2,
        JACKDESC2_PRESENCE_DETECT_CAPABILITY = 1,
    }

    enumeration EPcxConnectionType: i32 = "The plug." {
        eConnTypeUnknown = 0,
        eConnType3Point5mm = 1,
        eConnTypeQuarter = 2,
        eConnTypeAtapiInternal = 3,
        eConnTypeRCA = 4,
        eConnTypeOptical = 5,
        eConnTypeOtherDigital = 6,
        eConnTypeOtherAnalog = 7,
        eConnTypeMultichannelAnalogDIN = 8,
        eConnTypeXlrProfessional = 9,
        eConnTypeRJ11Modem = 10,
        eConnTypeCombination = 11,
    }

    enumeration EPcxGeoLocation: i32 = "Where the jack is." {
        eGeoLocRear = 1,
        eGeoLocFront = 2,
        eGeoLocLeft = 3,
        eGeoLocRight = 4,
        eGeoLocTop = 5,
        eGeoLocBottom = 6,
        eGeoLocRearPanel = 7,
        eGeoLocRiser = 8,
        eGeoLocInsideMobileLid = 9,
        eGeoLocDrivebay = 10,
        eGeoLocHDMI = 11,
        eGeoLocOutsideMobileLid = 12,
        eGeoLocATAPI = 13,
        eGeoLocNotApplicable = 14,
        eGeoLocReserved6 = 15,
        EPcxGeoLocation_enum_count = 16,
    }

    enumeration EPcxGenLocation: i32 = "Where the jack is, roughly." {
        eGenLocPrimaryBox = 0,
        eGenLocInternal = 1,
        eGenLocSeparate = 2,
        eGenLocOther = 3,
        EPcxGenLocation_enum_count = 4,
    }

    enumeration EPxcPortConnection: i32 = "Whether there is a jack." {
        ePortConnJack = 0,
        ePortConnIntegratedDevice = 1,
        ePortConnBothIntegratedAndJack = 2,
        ePortConnUnknown = 3,
    }

    enumeration KSJACK_SINK_CONNECTIONTYPE: i32 = "The digital plug." {
        KSJACK_SINK_CONNECTIONTYPE_HDMI = 0,
        KSJACK_SINK_CONNECTIONTYPE_DISPLAYPORT = 1,
    }

    enumeration AUDIO_CURVE_TYPE: i32 = "The way to a volume." {
        AUDIO_CURVE_TYPE_NONE = 0,
        AUDIO_CURVE_TYPE_WINDOWS_FADE = 1,
    }

    enumeration EDeviceControlUseType: i32 = "Which controls an engine has." {
        eDeviceControlUseMissing = 0,
        eDeviceControlUsePrimary = 1,
        eDeviceControlUseSecondary = 2,
    }

    enumeration CONSTRICTOR_OPTION: i32 = "Loopback protection." {
        CONSTRICTOR_OPTION_DISABLE = 0,
        CONSTRICTOR_OPTION_MUTE = 1,
    }
}
