//! Row 12: a device moves no sound before RUN, and none after PAUSE has returned.
//!
//! Two things show that it does: the interrupts of periods that end, and the bytes of a recording.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use waverust_rig::nt;
use waverust_rig::portcls::{Adapter, Buffer, Endpoint, KsState};
use waverust_tests::{Mutant, driver};

use crate::{DEVICES, SUCCESS, open, sleep, with_image};

/// Bytes of 20 ms in the usual format.
const BYTES: u32 = 3_840;

/// What nobody has recorded: the devices hear silence.
const UNTOUCHED: u8 = 0x55;

/// What the device did in 300 ms: whether there were interrupts, and whether it wrote to the buffer.
fn moved(buffer: &Buffer) -> (bool, bool) {
    buffer.write(0, &vec![UNTOUCHED; buffer.len()]);
    let before = nt::kernel().accounts.interrupts.get();
    sleep(300);
    let mut bytes = vec![0; buffer.len()];
    buffer.read(0, &mut bytes);
    (nt::kernel().accounts.interrupts.get() != before, bytes.iter().any(|byte| *byte != UNTOUCHED))
}

/// Every endpoint, up to RUN, down and up again, some time in each state: where sound moved and should not have, or did
/// not and should have.
fn wrong(adapter: &Adapter, endpoint: &Endpoint) -> Vec<String> {
    let mut wrong = Vec::new();
    let pin = open(adapter, endpoint);
    let buffer = pin.allocate_with_notification(BYTES, 2).expect("a buffer");
    let up = [KsState::Acquire, KsState::Pause, KsState::Run];
    for state in
        up.into_iter().chain([KsState::Pause, KsState::Run, KsState::Pause, KsState::Acquire, KsState::Stop])
    {
        let status = pin.set_state(state);
        let runs = state == KsState::Run;
        let seen = moved(&buffer);
        if status != SUCCESS || seen != (runs, runs && endpoint.capture) {
            wrong.push(format!("{}: {state:?} {status:#x}, {seen:?}", endpoint.wave));
        }
    }
    wrong
}

/// What is wrong on each endpoint of a device.
fn on_device(image: &Path, device: &str) -> Vec<String> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let own = all.clone();
    let (done, findings) = with_image(image, &["--device", device], move |adapter| {
        for endpoint in adapter.endpoints() {
            let found = wrong(adapter, &endpoint);
            own.borrow_mut().extend(found);
        }
    });
    let mut all = all.take();
    all.extend(findings.iter().map(ToString::to_string));
    assert!(done || !all.is_empty(), "the client was cut short");
    all
}

/// Row 12: sound moves in RUN and in no other state.
#[test]
fn sound_moves_in_run_only() {
    for device in DEVICES {
        let wrong = on_device(driver(), device);
        assert!(wrong.is_empty(), "{device}: {wrong:#?}");
    }
}

/// Row 12: the run bit is set, or START sent with messages, as soon as the device is made ready.
#[test]
fn a_driver_that_starts_before_run() {
    let image = Mutant {
        name: "starts-before-run",
        file: "wave/ways.rs",
        right: "                (account.stage, account.failed) = (Stage::Prepared, false);\n            \
                }\n        });\n        Ok(true)\n",
        wrong: "                (account.stage, account.failed) = (Stage::Prepared, false);\n            \
                }\n        });\n        self.start(at, endpoint)?;\n        Ok(true)\n",
    }
    .build_optimised();
    for device in DEVICES {
        let wrong = on_device(&image, device);
        let started = |each: &String| !each.contains("Run") && each.contains(" 0x0, (true, ");
        assert!(wrong.iter().any(started), "{device}: {wrong:#?}");
    }
}

/// Row 12: the device is not told that the stream stands still.
#[test]
fn a_driver_that_does_not_halt_its_device() {
    let faults = [
        (
            "virtio-snd",
            Mutant {
                name: "no-stop",
                file: "wave/hub.rs",
                right: "            self.device.pause(at, endpoint);\n",
                wrong: "            let _ = at;\n",
            },
        ),
        (
            "ac97",
            Mutant {
                name: "run-bit-left",
                file: "device/ac97/engine.rs",
                right: "            self.bus.write8(own.register(nabm::CR), 0);\n            \
                        let stands = || self.index_and_status(own).is_none_or(|now| now.status & nabm::SR_DCH != 0);\n",
                wrong: "            let stands = || self.index_and_status(own).is_some();\n",
            },
        ),
    ];
    for (device, fault) in faults {
        let wrong = on_device(&fault.build_optimised(), device);
        assert!(!wrong.is_empty(), "{device}");
    }
}
