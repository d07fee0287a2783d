//! The DAC node, as far as it can be asked.

use core::marker::PhantomData;

use portcls::descriptor::Automation;
use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::{PropertyItem, PropertyRequest};
use portcls::raw::{
    KSAUDIO_CHANNEL_CONFIG, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_TYPE_BASICSUPPORT,
    KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Audio, PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    PCPROPERTY_ITEM_FLAG_GET, PCPROPERTY_ITEM_FLAG_SET, VT_I4,
};
use portcls::{Result, Status};

use super::face::Faced;

/// The DAC of a miniport of class `M`.
pub(crate) struct Dac<M>(PhantomData<M>);

impl<M: Faced> Dac<M> {
    const PROPERTIES: &'static [PropertyItem] = &[PropertyItem::new(
        &KSPROPSETID_Audio,
        KSPROPERTY_AUDIO_CHANNEL_CONFIG,
        PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
        channel_config::<M>,
    )];

    /// The properties of the node.
    pub(crate) const AUTOMATION: &'static Automation = &Automation::new(Self::PROPERTIES, &[]);
}

/// Tells and takes the speaker configuration: one that the endpoint has.
///
/// # Errors
///
/// `STATUS_NOT_SUPPORTED` for another configuration; those of the size protocol.
fn channel_config<M: Faced>(irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        let access = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;
        return request.support(access, VT_I4, &[]);
    }
    let miniport = request.miniport::<M>(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    if request.is_get() {
        let config =
            KSAUDIO_CHANNEL_CONFIG { ActiveSpeakerPositions: miniport.face().speakers().cast_signed() };
        return request.get(&[config.as_bytes()]);
    }
    if !request.is_set() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let wanted: KSAUDIO_CHANNEL_CONFIG = request.value()?;
    miniport.face().set_speakers(wanted.ActiveSpeakerPositions.cast_unsigned())
}
