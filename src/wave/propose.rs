//! What formats a pin would take, asked of the filter before the pin is opened.

use core::marker::PhantomData;

use portcls::descriptor::Automation;
use portcls::format::DataFormat;
use portcls::irql::{Irql, Passive};
use portcls::modes::mode_in;
use portcls::plain::Plain;
use portcls::property::{PropertyItem, PropertyRequest};
use portcls::raw::{
    KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_PIN_PROPOSEDATAFORMAT2, KSPROPERTY_TYPE_BASICSUPPORT,
    KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Pin, PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    PCPROPERTY_ITEM_FLAG_GET, PCPROPERTY_ITEM_FLAG_SET, VT_EMPTY,
};
use portcls::{Result, Status};

use super::face::Faced;
use super::{format, modes};

/// Bytes of a `KSP_PIN` behind the property's head: pin number and flags. The attributes of a request follow.
const PIN_BYTES: usize = 8;

/// The wave filter of a miniport of class `M`, as far as formats can be proposed to it.
pub(crate) struct Proposals<M>(PhantomData<M>);

impl<M: Faced> Proposals<M> {
    const PROPERTIES: &'static [PropertyItem] = &[
        PropertyItem::new(
            &KSPROPSETID_Pin,
            KSPROPERTY_PIN_PROPOSEDATAFORMAT,
            PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
            propose::<M>,
        ),
        PropertyItem::new(
            &KSPROPSETID_Pin,
            KSPROPERTY_PIN_PROPOSEDATAFORMAT2,
            PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
            preferred::<M>,
        ),
    ];

    /// The properties of the filter.
    pub(crate) const AUTOMATION: &'static Automation = &Automation::new(Self::PROPERTIES, &[]);
}

/// Says whether a stream could be opened with the format that is set. Nothing changes.
///
/// # Errors
///
/// `STATUS_NO_MATCH` if not; `STATUS_INVALID_PARAMETER` for a pin that is not there, `STATUS_NOT_SUPPORTED` for the
/// bridge pin.
fn propose<M: Faced>(irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        return request.support(KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT, VT_EMPTY, &[]);
    }
    if !request.is_set() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let miniport = request.miniport::<M>(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    miniport.face().expect_host_pin(request.pin()?)?;
    let accepted = miniport.face().accept(&DataFormat::new(request.value_bytes()));
    accepted.map(drop).map_err(|_| Status::NO_MATCH)
}

/// Tells the format to be used where nobody has chosen one, in the mode that the request names.
///
/// # Errors
///
/// As [`propose`], `STATUS_NOT_SUPPORTED` also for a mode that the pin does not have, and those of the size protocol.
fn preferred<M: Faced>(irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, VT_EMPTY, &[]);
    }
    if !request.is_get() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let miniport = request.miniport::<M>(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    miniport.face().expect_host_pin(request.pin()?)?;
    let attributes = request.instance_bytes().get(PIN_BYTES..).ok_or(Status::INVALID_PARAMETER)?;
    modes::accept(if attributes.is_empty() { None } else { mode_in(attributes)? })?;
    let format = format::preferred(miniport.face().formats()).ok_or(Status::NOT_SUPPORTED)?;
    request.get(&[format.to_extensible().as_bytes()])
}
