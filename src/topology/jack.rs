//! The jack behind the speaker pin, as `KSPROPERTY_JACK_DESCRIPTION` tells it.

use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::PropertyRequest;
use portcls::raw::{
    KSAUDIO_SPEAKER_STEREO, KSJACK_DESCRIPTION, KSMULTIPLE_ITEM, KSPROPERTY_TYPE_BASICSUPPORT,
    KSPROPERTY_TYPE_GET, VT_EMPTY, eConnType3Point5mm, eGenLocPrimaryBox, eGeoLocRear, ePortConnJack,
};
use portcls::{Result, Status};

use super::filter::{BRIDGE_PIN, SPEAKER_PIN};

/// A lime green 3.5 mm socket at the rear, always said to be in use: AC'97 cannot tell.
const JACK: KSJACK_DESCRIPTION = KSJACK_DESCRIPTION {
    ChannelMapping: KSAUDIO_SPEAKER_STEREO,
    Color: 0x0090_D000,
    ConnectionType: eConnType3Point5mm,
    GeoLocation: eGeoLocRear,
    GenLocation: eGenLocPrimaryBox,
    PortConnection: ePortConnJack,
    IsConnected: 1,
};

/// Answers with the jacks of the pin asked: one behind the speaker pin, none behind the other one.
///
/// # Errors
///
/// `STATUS_INVALID_PARAMETER` for a pin that does not exist; `STATUS_BUFFER_OVERFLOW` and
/// `STATUS_BUFFER_TOO_SMALL` as the size protocol has it.
pub(super) fn description(_irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, VT_EMPTY, &[]);
    }
    if !request.is_get() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let jacks: &[u8] = match request.pin()? {
        BRIDGE_PIN => &[],
        SPEAKER_PIN => JACK.as_bytes(),
        _ => return Err(Status::INVALID_PARAMETER),
    };
    let count = u32::from(!jacks.is_empty());
    let size = (size_of::<KSMULTIPLE_ITEM>() as u32).saturating_add(jacks.len() as u32);
    request.get(&[KSMULTIPLE_ITEM { Size: size, Count: count }.as_bytes(), jacks])
}
