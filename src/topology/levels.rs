//! Volume and mute, as clients ask for them and set them.

use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::PropertyRequest;
use portcls::raw::{
    KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU, KSPROPERTY_BOUNDS_LONG, KSPROPERTY_STEPPING_LONG,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, VARENUM, VT_BOOL, VT_I4, VT_UI4,
};
use portcls::{Com, Result, Status};

use super::miniport::TopologyMiniport;
use crate::device::controls::{Channels, Controls};

/// What a control can be asked.
const ACCESS: u32 = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;

/// `KSPROPERTY_AUDIO_VOLUMELEVEL`: the level of a channel, in 1/65536 dB. A level out of range, or one that the
/// device does not have, becomes the nearest one that it has.
///
/// # Errors
///
/// As [`value`], and those of [`Controls::level`].
pub(super) fn volume<C: Controls + 'static>(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
) -> Result {
    let miniport: Com<TopologyMiniport<C>> = request.miniport(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    let controls = miniport.controls();
    let volume = controls.volume().ok_or(Status::INVALID_DEVICE_REQUEST)?;
    let range = Range { kind: VT_I4, from: volume.lowest, to: volume.highest, step: volume.step };
    value(
        irql,
        request,
        (volume.channels, range),
        |irql, channel| controls.level(irql, channel),
        |irql, channel, level| {
            controls.set_level(irql, channel, level.max(volume.lowest).min(volume.highest))
        },
    )
}

/// `KSPROPERTY_AUDIO_MUTE`: whether a channel is mute, a BOOL.
///
/// # Errors
///
/// As [`value`], and those of [`Controls::is_muted`].
pub(super) fn mute<C: Controls + 'static>(irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    let miniport: Com<TopologyMiniport<C>> = request.miniport(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    let controls = miniport.controls();
    let channels = controls.mute().ok_or(Status::INVALID_DEVICE_REQUEST)?;
    value(
        irql,
        request,
        (channels, Range { kind: VT_BOOL, from: 0, to: 1, step: 1 }),
        |irql, channel| controls.is_muted(irql, channel).map(i32::from),
        |irql, channel, muted| controls.set_muted(irql, channel, muted != 0),
    )
}

/// `KSPROPERTY_AUDIO_CPU_RESOURCES`: the device does the work.
///
/// # Errors
///
/// Those of the size protocol; `STATUS_INVALID_DEVICE_REQUEST` for anything but a question.
pub(super) fn cpu_resources(_irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    if request.is_basic_support() {
        return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, VT_UI4, &[]);
    }
    if !request.is_get() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    request.get(&[KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU.as_bytes()])
}

/// The values that a control has.
struct Range {
    kind: VARENUM,
    from: i32,
    to: i32,
    step: u32,
}

/// Answers a request about a control whose channels have a number each. All channels may be set at once; asked
/// for all, it is the first that answers.
///
/// # Errors
///
/// `STATUS_INVALID_PARAMETER` for a channel that does not exist, those of the size protocol, and what `get` or
/// `set` says; after that some channels may be set.
fn value(
    irql: &mut Irql<Passive>,
    request: &PropertyRequest<'_>,
    (channels, range): (Channels, Range),
    get: impl Fn(&mut Irql<Passive>, u32) -> Result<i32>,
    set: impl Fn(&mut Irql<Passive>, u32, i32) -> Result,
) -> Result {
    if request.is_basic_support() {
        let bounds = KSPROPERTY_BOUNDS_LONG { SignedMinimum: range.from, SignedMaximum: range.to };
        let step = KSPROPERTY_STEPPING_LONG { SteppingDelta: range.step, Reserved: 0, Bounds: bounds };
        return request.support_channels(ACCESS, range.kind, channels.count, channels.uniform, &step);
    }
    let mut meant = channels.meant(request.channel()?)?;
    if request.is_get() {
        let value = get(irql, meant.start)?;
        return request.get(&[value.as_bytes()]);
    }
    if !request.is_set() {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let value: i32 = request.value()?;
    meant.try_for_each(|channel| set(irql, channel, value))
}
