//! Row 44: what is asked of a stream beside SetState, with `UsePositionLock` and without. With it the calls meet inside
//! the driver, which has to keep them apart itself; without it the second one waits until the first is through.
//!
//! Before each SetState, threads of higher priority are made ready: such a thread gets its turn as soon as the driver calls
//! the kernel or touches the device, or a little later.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use waverust_rig::nt::{self, ThreadRef};
use waverust_rig::portcls::{Adapter, Endpoint, KsState, Pin};
use waverust_rig::verify::Finding;
use waverust_tests::{Mutant, driver, root};

use crate::concurrent::{both, sleep_us, spawn};
use crate::random::Random;
use crate::{
    DATA_LATE_ERROR, DATA_OVERRUN, DEVICE_NOT_READY, DEVICES, INVALID_DEVICE_STATE, SUCCESS, go, on, open,
    with_image,
};

/// Bytes of a millisecond in the usual format.
const BYTES_A_MS: u32 = 192;

/// Threads that ask all the time.
const THREADS: u64 = 2;

/// Threads that ask once, at most so long after SetState has begun, and their priority.
const GUESTS: u64 = 2;
const LATEST_NS: u64 = 4_000;
const REAL_TIME: i32 = 16;

/// Where the registry has it.
const VALUE: &str = r"DispatchSettings\UsePositionLock";

/// How the registry has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// As the INF file says: 1.
    On,
    Off,
}

impl Setting {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::On => &[],
            Self::Off => &["--registry", r"DispatchSettings\UsePositionLock=0"],
        }
    }
}

/// What came of a run.
#[derive(Default)]
struct Seen {
    /// Rounds of questions.
    asked: Cell<u64>,
    /// Questions that were put and answered while the same SetState was under way.
    met: Cell<u64>,
    /// Requests that waited for others.
    waited: Cell<u64>,
    /// Where the SetState goes that is under way.
    changing: Cell<Option<KsState>>,
    done: Cell<bool>,
    /// Answers that make no sense.
    strange: RefCell<Vec<String>>,
}

impl Seen {
    /// A request below DISPATCH_LEVEL: notes whether it met a SetState, and did not wait for it.
    fn ask<R>(&self, pin: &Pin, request: impl FnOnce() -> R) -> R {
        let under_way = || self.changing.get().is_some_and(|to| pin.state() != to);
        let now = || (under_way(), pin.position_waits());
        let before = now();
        let answer = request();
        self.met.set(self.met.get() + u64::from(before.0 && now() == before));
        answer
    }

    fn expect(&self, sense: bool, what: impl FnOnce() -> String) {
        if !sense {
            self.strange.borrow_mut().push(what());
        }
    }
}

/// A client's stream.
#[derive(Clone)]
struct Asked {
    pin: Rc<Pin>,
    capture: bool,
    /// Of its buffer.
    bytes: u64,
    seen: Rc<Seen>,
}

impl Asked {
    /// Puts every question once. Answers must make sense whenever they come.
    fn once(&self, random: &mut Random) {
        let Self { pin, capture, bytes, seen } = self;
        let low = random.below(2) == 0;
        let position = if low { seen.ask(pin, || pin.position()) } else { pin.position_at_dispatch() };
        let inside = position.is_ok_and(|at| at.play_offset < *bytes && at.write_offset < *bytes);
        seen.expect(inside, || format!("{position:?}"));
        if *capture {
            let packet = seen.ask(pin, || pin.read_packet());
            // Below PAUSE there is nothing to be read.
            let sense = matches!(packet, Ok(_) | Err(DEVICE_NOT_READY | INVALID_DEVICE_STATE));
            seen.expect(sense, || format!("{packet:?}"));
        } else {
            let count = seen.ask(pin, || pin.packet_count());
            seen.expect(count.is_ok(), || format!("count {count:?}"));
            let next = count.unwrap_or(0) + random.below(3) as u32;
            let written = seen.ask(pin, || pin.set_write_packet(next, 0, 0));
            let sense = [SUCCESS, DATA_LATE_ERROR, DATA_OVERRUN].contains(&written);
            seen.expect(sense, || format!("packet {next}: {written:#x}"));
            let presented = seen.ask(pin, || pin.presentation_position());
            seen.expect(presented.is_ok(), || format!("presented {presented:?}"));
        }
        seen.asked.set(seen.asked.get() + 1);
    }

    /// Asks over and over, until it is told to end.
    fn always(self, mut random: Random) -> ThreadRef {
        spawn(move || {
            while !self.seen.done.get() {
                self.once(&mut random);
                sleep_us(random.below(900));
            }
        })
    }

    /// Asks once, in the middle of what comes next.
    fn in_between(self, mut random: Random) -> ThreadRef {
        let when = nt::kernel().now() + random.below(LATEST_NS);
        let guest = spawn(move || {
            nt::kernel().sleep_until(when);
            self.once(&mut random);
        });
        guest.set_priority(REAL_TIME);
        guest
    }

    /// Goes to a state, and is asked meanwhile.
    fn change(&self, to: KsState, random: &mut Random) {
        let guests: Vec<ThreadRef> =
            (0..GUESTS).map(|_| self.clone().in_between(Random(random.below(u64::MAX)))).collect();
        self.seen.changing.set(Some(to));
        go(&self.pin, to);
        self.seen.changing.set(None);
        guests.iter().for_each(|guest| nt::kernel().join(guest));
    }
}

/// One thread changes the state of a stream so many times, others ask.
fn stress(adapter: &Adapter, endpoint: &Endpoint, changes: u32, seen: &Rc<Seen>) {
    seen.done.set(false);
    let pin = Rc::new(open(adapter, endpoint));
    let buffer = pin.allocate_with_notification(10 * BYTES_A_MS, 2).expect("a buffer");
    let asked = Asked { pin, capture: endpoint.capture, bytes: buffer.len() as u64, seen: seen.clone() };
    let threads: Vec<ThreadRef> =
        (0..THREADS).map(|number| asked.clone().always(Random(0x5EED_0044 + number))).collect();
    let mut random = Random(0x5EED_0440);
    let states = [KsState::Stop, KsState::Acquire, KsState::Pause, KsState::Run, KsState::Run];
    for _ in 0..changes {
        asked.change(states[random.below(5) as usize], &mut random);
        sleep_us(random.below(6_000));
    }
    asked.change(KsState::Stop, &mut random);
    seen.done.set(true);
    threads.iter().for_each(|thread| nt::kernel().join(thread));
    let pin = &asked.pin;
    assert_eq!(pin.position().expect("a position").play_offset, 0);
    seen.waited.set(seen.waited.get() + pin.position_waits().max(adapter.lock_waits()));
}

/// The stress on every endpoint of a device: what was seen, and what the verifier found.
fn play(image: &Path, device: &str, setting: Setting, changes: u32) -> (Rc<Seen>, Vec<Finding>) {
    let seen = Rc::new(Seen::default());
    let (options, own) = ([&["--device", device], setting.options()].concat(), seen.clone());
    let (_, findings) = with_image(image, &options, move |adapter| {
        // The registry is read when the device is added; what comes later changes nothing.
        nt::kernel().set_driver_value(VALUE, u32::from(setting == Setting::Off));
        both(adapter).iter().for_each(|endpoint| stress(adapter, endpoint, changes, &own));
    });
    (seen, findings)
}

/// Rows 19 and 44. Everything that is asked of a running stream may be asked beside SetState.
#[test]
fn every_call_of_a_stream_beside_set_state() {
    for device in DEVICES {
        for setting in [Setting::On, Setting::Off] {
            let (seen, findings) = play(driver(), device, setting, 120);
            assert!(findings.is_empty(), "{findings:?}");
            assert!(seen.strange.borrow().is_empty(), "{:?}", seen.strange.borrow());
            let (asked, met, waited) = (seen.asked.get(), seen.met.get(), seen.waited.get());
            println!("{device}: {asked} rounds, {met} met, {waited} waited");
            assert!(asked > 1_000, "{asked} rounds");
            match setting {
                Setting::On => assert!(met > 30, "{met} met"),
                Setting::Off => assert!(met == 0 && waited > 30, "{met} met, {waited} waited"),
            }
        }
    }
}

/// Row 44. The setting is for the WaveRT and topology ports: a position of a WavePci stream waits for the device's lock
/// all the same.
#[test]
fn a_position_at_the_other_port_waits_for_the_device() {
    on(&["--device", "virtio-snd", "--registry", "ForceWavePci=1"], |adapter| {
        for endpoint in both(adapter) {
            let pin = Rc::new(open(adapter, &endpoint));
            assert_eq!(pin.port_class(), "WavePci");
            for state in [KsState::Acquire, KsState::Stop].repeat(20) {
                let asked = pin.clone();
                let guest = spawn(move || {
                    asked.linear_position().expect("a position");
                });
                guest.set_priority(REAL_TIME);
                go(&pin, state);
                nt::kernel().join(&guest);
            }
            assert!(pin.position_waits() >= 40, "{} waited", pin.position_waits());
        }
    });
}

/// Row 44. The rig has the value where the INF file puts it.
#[test]
fn the_inf_file_has_the_value() {
    let text = fs::read_to_string(root().join("inf/waverust.inx")).expect("the INF file");
    assert_eq!(text.matches("\nHKR,DispatchSettings,UsePositionLock,3,01,00,00,00\n").count(), 1);
}

/// Row 44. A SetState that waits for a request which waits for it is found where the device's lock is around both, and
/// comes to its end where it is not.
#[test]
fn a_driver_whose_set_state_waits_for_a_position() {
    let image = Mutant {
        name: "waits-for-position",
        file: "wave/channel.rs",
        right: "        let halted = state != State::Run && self.hub.halt(at, self.endpoint);\n",
        wrong: "        let place = |at: &mut Irql<Passive>| self.account(at, |account| account.clock.linear());\n        \
                let before = place(at);\n        \
                while state == State::Pause\n            \
                && self.hub.stage(at, self.endpoint) == Stage::Running\n            \
                && place(at) == before\n        {\n            \
                crate::platform::time::sleep(at, 1);\n        }\n        \
                let halted = state != State::Run && self.hub.halt(at, self.endpoint);\n",
    }
    .build_optimised();
    let (_, findings) = play(&image, "virtio-snd", Setting::On, 20);
    assert!(findings.is_empty(), "{findings:?}");
    let (_, findings) = play(&image, "virtio-snd", Setting::Off, 20);
    let first = findings.first().expect("a finding");
    assert_eq!(first.rule, "Hang", "{first}");
}

/// Row 44. A SetState that for a while leaves a stream as no request may find it is found where they meet.
#[test]
fn a_driver_that_relies_on_the_lock_of_the_device() {
    let image = Mutant {
        name: "relies-on-lock",
        file: "wave/channel.rs",
        right: "                self.hub.stand(at, self.endpoint, halted);\n",
        wrong: "                let cut = self.account(at, |account| account.cut.take()).flatten();\n                \
                self.hub.stand(at, self.endpoint, halted);\n                \
                self.account(at, |account| account.cut = cut);\n",
    }
    .build_optimised();
    let (seen, findings) = play(&image, "virtio-snd", Setting::On, 60);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(!seen.strange.borrow().is_empty(), "{} met", seen.met.get());
    let (seen, findings) = play(&image, "virtio-snd", Setting::Off, 60);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(seen.strange.borrow().is_empty(), "{:?}", seen.strange.borrow());
}
