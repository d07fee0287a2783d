//! A sleep under several streams at once, in both directions: row 48.
//!
//! What they play is in their buffers from the beginning, and is played over and over.

use portcls::raw::PowerSystemSleeping3;
use waverust_rig::nt::{self, ClientEvent};
use waverust_rig::portcls::{Adapter, Buffer, KsState, Pin};
use waverust_tests::Mutant;

use crate::{SUCCESS, go, on, open, sleep, usual, with_image};

/// Bytes of two periods of 10 ms.
const BYTES: u32 = 3_840;

/// A stream of each endpoint that can have one beside the others, with an event a period.
fn streams(adapter: &Adapter) -> Vec<(Pin, ClientEvent)> {
    let opened = adapter.endpoints().into_iter().filter_map(|endpoint| {
        // The inputs of a codec take turns.
        let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual()).ok()?;
        pin.allocate_with_notification(BYTES, 2).expect("a buffer");
        let event = ClientEvent::new(nt::kernel());
        assert_eq!(pin.register_event(&event), SUCCESS);
        Some((pin, event))
    });
    opened.collect()
}

/// Positions, and how often each event was signalled.
fn stand(streams: &[(Pin, ClientEvent)]) -> Vec<(u64, u64)> {
    let of =
        |(pin, event): &(Pin, ClientEvent)| (pin.position().expect("a position").play_offset, event.count());
    streams.iter().map(of).collect()
}

/// Row 48: all that run stand still while the system sleeps, and go on when it wakes; the one that pauses does not.
#[test]
fn several_streams_go_on_after_a_sleep() {
    for machine in [&["--device", "ac97"][..], &["--device", "virtio-snd", "--streams", "3"]] {
        on(machine, |adapter| {
            let streams = streams(adapter);
            let [running @ .., (paused, _)] = &streams[..] else { panic!("no stream") };
            assert!(!running.is_empty());
            running.iter().for_each(|(pin, _)| go(pin, KsState::Run));
            go(paused, KsState::Run);
            sleep(33);
            go(paused, KsState::Pause);
            for _ in 0..2 {
                assert!(adapter.sleep(PowerSystemSleeping3) >= 0);
                let before = stand(&streams);
                sleep(100);
                assert_eq!(stand(&streams), before, "in D3");
                assert!(adapter.wake() >= 0);
                sleep(103);
                let after = stand(&streams);
                assert_eq!(after.last(), before.last(), "in PAUSE");
                for ((_, before), (_, after)) in before.iter().zip(&after).take(running.len()) {
                    // Ten periods, of which the device may not have begun or finished one.
                    assert!((8..=11).contains(&(after - before)), "{before} and then {after}");
                }
            }
            go(paused, KsState::Run);
            let (_, before) = stand(&streams).pop().expect("a stream");
            sleep(103);
            let (_, after) = stand(&streams).pop().expect("a stream");
            assert!((8..=11).contains(&(after - before)), "{before} and then {after}");
            for (pin, event) in &streams {
                go(pin, KsState::Stop);
                assert_eq!(pin.unregister_event(event), SUCCESS);
            }
        });
    }
}

/// Outputs of the device in the rig, each of which is heard by itself.
const OUTPUTS: usize = 4;

/// Frames of two periods, and of one: no more is heard twice where a device lost what it had begun.
const LAP: u16 = 960;
const PERIOD: u16 = 480;

/// Frame number `number` of output `output`, whose two samples are never silent.
fn frame(output: usize, number: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = ((number + 1).to_le_bytes(), (output as u16 + 1).to_le_bytes());
    [a, b, c, d]
}

/// What each output has played since this was last asked.
fn heard() -> Vec<Vec<u8>> {
    let mut hardware = nt::kernel().hardware.borrow_mut();
    let first = hardware.played().expect("the device is there");
    std::iter::once(first).chain(hardware.played_behind()).collect()
}

/// Holds what an output has played against a sound that goes on from frame `from`, or up to a period before it; where it
/// is then.
fn follow(output: usize, sound: &[u8], from: u16) -> Result<u16, String> {
    let first = sound.chunks_exact(4).next().ok_or("nothing was played")?;
    let number = (0..LAP).find(|number| frame(output, *number) == first).ok_or("a sound of nobody's")?;
    let back = (LAP + from - number) % LAP;
    if back > PERIOD {
        return Err(format!("{back} frames back from frame {from}"));
    }
    let mut next = number;
    for (at, played) in sound.chunks_exact(4).enumerate() {
        if played != frame(output, next) {
            return Err(format!("frame {next} was to come {at} frames after it went on, and not {played:?}"));
        }
        next = (next + 1) % LAP;
    }
    Ok(next)
}

/// Plays on all outputs, beside two inputs, and sleeps twice; what is wrong with what was heard.
fn heard_through_sleeps(adapter: &Adapter) -> Vec<String> {
    let endpoints: Vec<_> = adapter.endpoints();
    let streams: Vec<(Pin, Buffer)> = endpoints
        .iter()
        .map(|endpoint| {
            let pin = open(adapter, endpoint);
            let buffer = pin.allocate_with_notification(BYTES, 2).expect("a buffer");
            (pin, buffer)
        })
        .collect();
    let outputs = || streams.iter().zip(&endpoints).filter(|(_, endpoint)| !endpoint.capture);
    assert_eq!(outputs().count(), OUTPUTS);
    for (output, ((_, buffer), _)) in outputs().enumerate() {
        let sound: Vec<u8> = (0..LAP).flat_map(|number| frame(output, number)).collect();
        buffer.write(0, &sound);
    }
    streams.iter().for_each(|(pin, _)| go(pin, KsState::Run));
    let mut places = [0; OUTPUTS];
    let mut wrong = Vec::new();
    for time in [33, 57, 101] {
        sleep(time);
        assert!(adapter.sleep(PowerSystemSleeping3) >= 0);
        for ((output, sound), place) in heard().iter().enumerate().zip(&mut places) {
            match follow(output, sound, *place) {
                Ok(next) => *place = next,
                Err(what) => wrong.push(format!("output {output}: {what}")),
            }
        }
        sleep(100);
        assert!(heard().iter().all(Vec::is_empty), "sound in D3");
        assert!(adapter.wake() >= 0);
    }
    streams.iter().for_each(|(pin, _)| go(pin, KsState::Stop));
    wrong
}

/// A machine with as many.
const MACHINE: [&str; 4] = ["--device", "fake", "--fake", "outputs=4,inputs=2"];

/// Row 48: each sound goes on after a sleep where it was, or with the message once more that the device had begun.
#[test]
fn each_of_several_sounds_goes_on_after_a_sleep() {
    on(&MACHINE, |adapter| assert_eq!(heard_through_sleeps(adapter), [] as [String; 0]));
}

/// Row 48: it is heard where a driver takes what the device had for played.
#[test]
fn a_driver_that_plays_something_else_after_a_sleep() {
    let mutant = Mutant {
        name: "sleep-sounds",
        file: "device/virtio_snd/feed.rs",
        right: "        (self.submitted, self.next) = (self.completed, self.head);\n",
        wrong: "        (self.submitted, self.next) = (self.completed, 0);\n",
    };
    let (done, findings) = with_image(&mutant.build(), &MACHINE, |adapter| {
        assert_ne!(heard_through_sleeps(adapter), [] as [String; 0]);
    });
    assert!(done, "{findings:?}");
}
