//! The DAC node, as far as it can be asked.

use portcls::descriptor::Automation;
use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::{PropertyItem, PropertyRequest};
use portcls::raw::{
    KSAUDIO_CHANNEL_CONFIG, KSAUDIO_SPEAKER_STEREO, KSPROPERTY_AUDIO_CHANNEL_CONFIG,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Audio,
    PCPROPERTY_ITEM_FLAG_BASICSUPPORT, PCPROPERTY_ITEM_FLAG_GET, PCPROPERTY_ITEM_FLAG_SET, VT_I4,
};
use portcls::{Result, Status};

const STEREO: KSAUDIO_CHANNEL_CONFIG =
    KSAUDIO_CHANNEL_CONFIG { ActiveSpeakerPositions: KSAUDIO_SPEAKER_STEREO.cast_signed() };

static PROPERTIES: [PropertyItem; 1] = [PropertyItem::new(
    &KSPROPSETID_Audio,
    KSPROPERTY_AUDIO_CHANNEL_CONFIG,
    PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    channel_config,
)];

/// The properties of the node.
pub(super) static AUTOMATION: Automation = Automation::new(&PROPERTIES, &[]);

/// Tells and takes the speaker configuration, of which there is one: stereo.
///
/// # Errors
///
/// `STATUS_NOT_SUPPORTED` for another configuration; those of the size protocol.
fn channel_config(_irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        let access = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;
        return request.support(access, VT_I4, &[]);
    }
    if request.is_get() {
        return request.get(&[STEREO.as_bytes()]);
    }
    if !request.is_set() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let wanted: KSAUDIO_CHANNEL_CONFIG = request.value()?;
    if wanted.ActiveSpeakerPositions == STEREO.ActiveSpeakerPositions {
        Ok(())
    } else {
        Err(Status::NOT_SUPPORTED)
    }
}
