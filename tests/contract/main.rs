//! The contract of a WaveRT driver, call by call, on both devices: what each call returns, and what it changes.
//!
//! These tests are the client themselves. They load the driver into the rig, in this process, and call it as PortCls
//! would; whatever breaks a rule of the verifier fails them. Rows named here are those of docs/features.md.

mod buffers;
mod concurrent;
mod dma;
mod failures;
mod formats;
mod hostile;
mod nodes;
mod packets;
mod power;
mod random;
mod serial;
mod states;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use clap::Parser;
use waverust_rig::client::format::{Shape, data_format};
use waverust_rig::nt;
use waverust_rig::options::{Command, Options};
use waverust_rig::portcls::{Adapter, Endpoint, KsState, Pin};
use waverust_rig::scenario::Machine;
use waverust_rig::sound::Pcm;
use waverust_rig::verify::Finding;
use waverust_tests::driver;

/// `STATUS_SUCCESS`.
pub(crate) const SUCCESS: i32 = 0;
/// `STATUS_INVALID_PARAMETER`.
pub(crate) const INVALID_PARAMETER: i32 = 0xC000_000D_u32 as i32;
/// `STATUS_NOT_SUPPORTED`.
pub(crate) const NOT_SUPPORTED: i32 = 0xC000_00BB_u32 as i32;
/// `STATUS_NO_MATCH`.
pub(crate) const NO_MATCH: i32 = 0xC000_0272_u32 as i32;
/// `STATUS_INVALID_DEVICE_STATE`.
pub(crate) const INVALID_DEVICE_STATE: i32 = 0xC000_0184_u32 as i32;
/// `STATUS_DEVICE_NOT_READY`.
pub(crate) const DEVICE_NOT_READY: i32 = 0xC000_00A3_u32 as i32;
/// `STATUS_DATA_LATE_ERROR`.
pub(crate) const DATA_LATE_ERROR: i32 = 0xC000_003D_u32 as i32;
/// `STATUS_DATA_OVERRUN`.
pub(crate) const DATA_OVERRUN: i32 = 0xC000_003C_u32 as i32;
/// `STATUS_BUFFER_OVERFLOW`.
pub(crate) const BUFFER_OVERFLOW: i32 = 0x8000_0005_u32 as i32;
/// `STATUS_BUFFER_TOO_SMALL`.
pub(crate) const BUFFER_TOO_SMALL: i32 = 0xC000_0023_u32 as i32;

/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(crate) const INSUFFICIENT_RESOURCES: i32 = 0xC000_009A_u32 as i32;

/// A millisecond of virtual time, in nanoseconds.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// The devices that the driver is for.
const DEVICES: [&str; 2] = ["virtio-snd", "ac97"];

/// Calls `client` with a started driver, on each device, and takes the driver down again. Nothing may be found.
pub(crate) fn on_each_device(client: impl Fn(&Adapter) + Copy + 'static) {
    for device in DEVICES {
        on(&["--device", device], client);
    }
}

/// The same in a machine with these options.
pub(crate) fn on(machine: &[&str], client: impl Fn(&Adapter) + 'static) {
    let (done, findings) = with_image(driver(), machine, client);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(done, "the client was cut short");
}

/// The same with another image of the driver, which may be faulty: whether all came to its end, and what was found.
pub(crate) fn with_image(
    image: &Path,
    machine: &[&str],
    client: impl Fn(&Adapter) + 'static,
) -> (bool, Vec<Finding>) {
    let image = image.to_str().expect("the path of the driver is text");
    let arguments = [&["rig", "lifecycle", "--driver", image], machine].concat();
    let Command::Lifecycle(options) = Options::parse_from(arguments).command else {
        unreachable!("the command is named above")
    };
    let silence = Pcm::from_s16(48_000, 2, &[0; 2 * 48_000]);
    let machine = Machine::power_on(&options.machine, &silence, 1_000).expect("the machine comes up");
    let kernel = machine.kernel;
    let image = machine.loader.load_driver(kernel).expect("the driver is an image");
    let done = Rc::new(Cell::new(false));
    let reached = done.clone();
    kernel.run(move || {
        let adapter = Adapter::load(nt::kernel(), &image.entry().expect("an entry")).expect("DriverEntry");
        assert!(adapter.add_device() >= 0, "AddDevice");
        assert!(adapter.start() >= 0, "start");
        client(&adapter);
        assert!(adapter.remove() >= 0, "removal");
        assert!(adapter.unload(), "{:?}", nt::kernel().verifier.findings());
        reached.set(true);
    });
    (done.get(), kernel.verifier.findings())
}

/// 48 kHz, 16-bit, stereo: what every endpoint has.
pub(crate) fn usual() -> Vec<u8> {
    format(48_000, Shape::Extensible)
}

/// The same at another rate, or written otherwise.
pub(crate) fn format(rate: u32, shape: Shape) -> Vec<u8> {
    data_format(&Pcm::from_s16(rate, 2, &[]), shape)
}

/// Opens the pin of an endpoint in the usual format.
pub(crate) fn open(adapter: &Adapter, endpoint: &Endpoint) -> Pin {
    Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual()).expect("the usual format")
}

/// Lets so many milliseconds go by.
pub(crate) fn sleep(milliseconds: u64) {
    let kernel = nt::kernel();
    kernel.sleep_until(kernel.now() + milliseconds * MILLISECOND);
}

/// Goes to a state, which must succeed.
#[track_caller]
pub(crate) fn go(pin: &Pin, state: KsState) {
    assert_eq!(pin.set_state(state), SUCCESS, "{state:?}");
}
