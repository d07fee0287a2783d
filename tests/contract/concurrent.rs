//! Several threads at one stream: rows 22 and 56. Interrupts, DPCs and other threads come wherever a call of the driver's
//! waits, calls the kernel or touches the device.

use waverust_rig::nt::{self, ClientEvent, Context, ThreadRef};
use waverust_rig::portcls::{Adapter, Endpoint, KsState};

use crate::{SUCCESS, go, on, on_each_device, open, random::Random};

/// Bytes of a millisecond in the usual format.
const BYTES_A_MS: u32 = 192;

pub(crate) fn sleep_us(microseconds: u64) {
    let kernel = nt::kernel();
    kernel.sleep_until(kernel.now() + microseconds * 1_000);
}

pub(crate) fn spawn(body: impl FnOnce() + 'static) -> ThreadRef {
    nt::kernel().spawn("client", Context::Client, false, body)
}

/// The first endpoint of each direction.
pub(crate) fn both(adapter: &Adapter) -> Vec<Endpoint> {
    adapter.render_endpoint().into_iter().chain(adapter.capture_endpoint()).collect()
}

/// Row 22: an event is not signalled any more once unregistering has returned, wherever the DPC was then.
#[test]
fn an_event_that_was_taken_off_is_not_signalled() {
    on_each_device(|adapter| {
        for endpoint in both(adapter) {
            let pin = open(adapter, &endpoint);
            pin.allocate_with_notification(4 * BYTES_A_MS, 2).expect("a buffer");
            let mut random = Random(0x5EED_0022);
            go(&pin, KsState::Run);
            let mut signalled = 0;
            for _ in 0..300 {
                let event = ClientEvent::new(nt::kernel());
                assert_eq!(pin.register_event(&event), SUCCESS);
                sleep_us(random.below(15_000));
                assert_eq!(pin.unregister_event(&event), SUCCESS);
                let seen = event.count();
                sleep_us(random.below(15_000));
                assert_eq!(event.count(), seen);
                signalled += seen;
            }
            assert!(signalled > 300, "{signalled} signals");
            go(&pin, KsState::Stop);
        }
    });
}

/// Row 56: a client closes its stream while the device is torn out, at different times. Both come to their end, and what
/// either does is done once.
#[test]
fn a_close_beside_a_surprise_removal() {
    for device in ["virtio-snd", "ac97"] {
        for after in [0, 1, 40, 150, 600, 2_500] {
            on(&["--device", device], move |adapter| {
                let threads: Vec<ThreadRef> = both(adapter)
                    .iter()
                    .map(|endpoint| {
                        let pin = open(adapter, endpoint);
                        pin.allocate_with_notification(20 * BYTES_A_MS, 2).expect("a buffer");
                        go(&pin, KsState::Run);
                        sleep_us(31_000);
                        spawn(move || {
                            sleep_us(300);
                            pin.close();
                        })
                    })
                    .collect();
                sleep_us(after);
                assert!(adapter.surprise_remove() >= 0);
                threads.iter().for_each(|thread| nt::kernel().join(thread));
            });
        }
    }
}
