//! What the driver told Windows beside the sound: glitches for traces, and jacks.

use portcls::raw::KSEVENT_PINCAPS_JACKINFOCHANGE;
use portcls::raw::KSPROPERTY_JACK_DESCRIPTION;
use portcls::raw::KSPROPERTY_TYPE_GET;
use portcls::raw::KSPROPSETID_Jack;
use portcls::raw::eMINIPORT_GLITCH_REPORT;

use crate::portcls::Adapter;
use crate::portcls::Endpoint;
use crate::portcls::Request;
use crate::portcls::Target;
use crate::report::Notices;

/// `KSMULTIPLE_ITEM` and `KSJACK_DESCRIPTION`: bytes of both, and where `IsConnected` is.
const JACK_BYTES: usize = 36;
const IS_CONNECTED: usize = 32;

/// What it told until now, and says of its jacks now.
pub(super) fn of(adapter: &Adapter) -> Notices {
    let glitches = adapter.traced().iter().filter(|traced| traced.kind == eMINIPORT_GLITCH_REPORT).count();
    let events = adapter.generated_events();
    let changes = events.iter().filter(|event| event.id == KSEVENT_PINCAPS_JACKINFOCHANGE).count();
    Notices {
        glitches: glitches as u64,
        jack_changes: changes as u64,
        plugged: adapter.endpoints().iter().filter_map(|endpoint| plugged(adapter, endpoint)).collect(),
    }
}

fn plugged(adapter: &Adapter, endpoint: &Endpoint) -> Option<bool> {
    let mut pin = [0; 8];
    pin[..4].copy_from_slice(&endpoint.bridge_pin.to_le_bytes());
    let request = Request {
        target: Target::Filter,
        set: KSPROPSETID_Jack,
        id: KSPROPERTY_JACK_DESCRIPTION,
        verb: KSPROPERTY_TYPE_GET,
        instance: &pin,
    };
    let mut value = [0; JACK_BYTES];
    let (status, bytes) = adapter.property(&endpoint.topology, &request, &mut value).ok()?;
    (status >= 0 && bytes as usize == JACK_BYTES).then(|| value[IS_CONNECTED] != 0)
}
