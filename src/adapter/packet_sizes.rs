//! Tells Windows which packets an endpoint can do, before it finds the filter.
#![forbid(unsafe_code)]

use portcls::Result;
use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::port::WideName;
use portcls::raw::{
    DEVPKEY_KsAudio_PacketSize_Constraints, DEVPKEY_KsAudio_PacketSize_Constraints2, KSCATEGORY_AUDIO,
};

use crate::platform::interface::DeviceInterface;
use crate::platform::trace;
use crate::wave::packet_sizes::PacketSizes;

/// Puts `sizes` on the interface of the wave filter `name`, where the audio service reads them. Without them sound plays,
/// too, with periods of 10 ms: a refusal is only traced.
pub(super) fn announce(irql: &Irql<Passive>, pdo: Device, name: WideName, sizes: &PacketSizes) {
    if let Err(status) = put(irql, pdo, name, sizes) {
        trace::failure(c"telling of packet sizes", status);
    }
}

fn put(irql: &Irql<Passive>, pdo: Device, name: WideName, sizes: &PacketSizes) -> Result {
    let mut interface = DeviceInterface::register(irql, pdo, &KSCATEGORY_AUDIO, name)?;
    interface.set(irql, &DEVPKEY_KsAudio_PacketSize_Constraints, sizes.first().as_bytes())?;
    interface.set(irql, &DEVPKEY_KsAudio_PacketSize_Constraints2, sizes.second().as_bytes())
}
