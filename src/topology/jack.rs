//! How clients ask after the jack.

use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::PropertyRequest;
use portcls::raw::{
    JACKDESC2_PRESENCE_DETECT_CAPABILITY, KSJACK_DESCRIPTION2, KSJACK_DESCRIPTION3, KSMULTIPLE_ITEM,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, VT_EMPTY,
};
use portcls::{Com, Result, Status};

use super::filter::{bridge_pin, jack_pin};
use super::miniport::TopologyMiniport;
use crate::device::controls::Controls;

/// Answers with `KSJACK_DESCRIPTION`s: one behind the jack's pin, none behind the other one.
///
/// # Errors
///
/// As [`answer`].
pub(super) fn description<C: Controls + 'static>(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
) -> Result {
    answer(irql, request, TopologyMiniport::<C>::jack_description)
}

/// Answers with `KSJACK_DESCRIPTION2`s: whether the jack detects what is plugged in.
///
/// # Errors
///
/// As [`answer`].
pub(super) fn description2<C: Controls + 'static>(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
) -> Result {
    answer(irql, request, |miniport: &TopologyMiniport<C>| KSJACK_DESCRIPTION2 {
        DeviceStateInfo: 0,
        JackCapabilities: if miniport.herald().jack().detects() {
            JACKDESC2_PRESENCE_DETECT_CAPABILITY
        } else {
            0
        },
    })
}

/// Answers with `KSJACK_DESCRIPTION3`s: the number of the endpoint's configuration (Windows 11 22H2).
///
/// # Errors
///
/// As [`answer`].
pub(super) fn description3<C: Controls + 'static>(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
) -> Result {
    answer(irql, request, |miniport: &TopologyMiniport<C>| KSJACK_DESCRIPTION3 {
        ConfigId: miniport.config(),
    })
}

/// Answers with the descriptions of the jacks of the pin asked.
///
/// # Errors
///
/// `STATUS_INVALID_PARAMETER` for a pin that does not exist; `STATUS_BUFFER_OVERFLOW` and
/// `STATUS_BUFFER_TOO_SMALL` as the size protocol has it; `STATUS_INVALID_DEVICE_REQUEST` for anything but a
/// question to this filter.
fn answer<C: Controls + 'static, D: Plain>(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
    describe: impl FnOnce(&TopologyMiniport<C>) -> D,
) -> Result {
    if request.is_basic_support() {
        return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, VT_EMPTY, &[]);
    }
    if !request.is_get() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let miniport: Com<TopologyMiniport<C>> = request.miniport(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    let description;
    let direction = miniport.herald().direction();
    let jacks: &[u8] = match request.pin()? {
        pin if pin == bridge_pin(direction) => &[],
        pin if pin == jack_pin(direction) => {
            description = describe(&miniport);
            description.as_bytes()
        }
        _ => return Err(Status::INVALID_PARAMETER),
    };
    let count = u32::from(!jacks.is_empty());
    let size = (size_of::<KSMULTIPLE_ITEM>() as u32).saturating_add(jacks.len() as u32);
    request.get(&[KSMULTIPLE_ITEM { Size: size, Count: count }.as_bytes(), jacks])
}
