//! A stream of which each step fails in turn: row 80. What is refused leaves nothing, and the next stream is as any other.

use waverust_rig::nt::{self, ClientEvent};
use waverust_rig::portcls::{Adapter, Endpoint, KsState, Pin};

use crate::{INSUFFICIENT_RESOURCES, SUCCESS, on, on_each_device, sleep, usual};

/// Bytes of 20 ms in the usual format.
const BYTES: u32 = 3_840;

/// From opening to closing; the first status that is not success.
fn life(adapter: &Adapter, endpoint: &Endpoint) -> Result<(), i32> {
    let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual())?;
    pin.allocate_with_notification(2 * BYTES, 2)?;
    let event = ClientEvent::new(nt::kernel());
    said(pin.register_event(&event))?;
    let up = said(pin.set_state(KsState::Run));
    sleep(50);
    said(pin.set_state(KsState::Stop))?;
    said(pin.unregister_event(&event))?;
    up
}

/// The same of a stream of the WavePci port's, to which nothing is handed over.
fn life_without_a_buffer(adapter: &Adapter, endpoint: &Endpoint) -> Result<(), i32> {
    let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual())?;
    let up = pin.set_state(KsState::Run);
    sleep(50);
    let down = pin.set_state(KsState::Stop);
    if down != SUCCESS || up == SUCCESS { said(down) } else { said(up) }
}

fn said(status: i32) -> Result<(), i32> {
    if status == SUCCESS { Ok(()) } else { Err(status) }
}

/// Has each call fail that may, one in each `life`, of the first endpoint of each direction. The next life is well.
fn fail_in_turn(adapter: &Adapter, life: fn(&Adapter, &Endpoint) -> Result<(), i32>) {
    let injection = &nt::kernel().injection;
    for endpoint in adapter.render_endpoint().into_iter().chain(adapter.capture_endpoint()) {
        let mut refused = 0;
        for step in 0.. {
            injection.arm(Some(step));
            let outcome = life(adapter, &endpoint);
            let (_, hit) = injection.disarm();
            let Some(hit) = hit else {
                assert_eq!(outcome, Ok(()));
                break;
            };
            if let Err(status) = outcome {
                assert_eq!(status, INSUFFICIENT_RESOURCES, "{hit}");
                refused += 1;
            }
            assert_eq!(life(adapter, &endpoint), Ok(()), "after {hit}");
        }
        assert!(refused >= 3, "{refused} steps were refused");
    }
}

/// Rows 9 and 80: every call of a stream's that may fail does so once, with the documented status.
#[test]
fn every_step_of_a_stream_fails_in_turn() {
    on_each_device(|adapter| fail_in_turn(adapter, life));
}

/// Row 80, through the WavePci port.
#[test]
fn every_step_of_a_stream_with_mappings_fails_in_turn() {
    for device in ["ac97", "virtio-snd"] {
        on(&["--device", device, "--registry", "ForceWavePci=1"], |adapter| {
            fail_in_turn(adapter, life_without_a_buffer);
        });
    }
}
