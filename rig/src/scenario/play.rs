//! Plays a sound and compares what came out with what went in.

use std::cell::RefCell;
use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::rc::Rc;

use super::LoadedImage;
use super::Machine;
use super::SetupError;
use super::check;
use super::failed;
use super::machine::default_tick;
use super::progress::Progress;
use super::stopped_for_a_reason;
use super::summary;
use crate::client::Disturbance;
use crate::client::Kind;
use crate::client::Pace;
use crate::client::Plan;
use crate::client::Played;
use crate::client::Player;
use crate::client::format::Shape;
use crate::client::format::data_format;
use crate::nt::ClientEvent;
use crate::nt::Context;
use crate::nt::Kernel;
use crate::nt::TraceEvent;
use crate::options::Play;
use crate::portcls::Adapter;
use crate::portcls::AudioRange;
use crate::portcls::Endpoint;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::report::Report;
use crate::report::Verdict;
use crate::report::html;
use crate::report::model;
use crate::report::terminal;
use crate::sound;
use crate::sound::Pcm;

/// Time after a stream was closed in which the device must be silent.
const QUIET_NS: u64 = 50_000_000;

/// What the system thread of a run hands out while it goes: a machine that crashes ends it anywhere.
#[derive(Default)]
struct Outcome {
    rounds: Vec<Round>,
    error: Option<SetupError>,
}

/// One time the sound was played.
#[derive(Default)]
struct Round {
    played: Played,
    output: Vec<u8>,
}

/// `rig play`.
///
/// # Errors
/// Whatever keeps the run from beginning, in words for the user.
pub fn play(options: &Play) -> Result<Verdict, SetupError> {
    let pcm = match &options.wav {
        Some(path) => Pcm::load(path)?,
        None => sound::tune::demo(),
    };
    let tick = options.machine.tick.unwrap_or_else(|| default_tick(options.period, pcm.rate));
    let machine = Machine::power_on(&options.machine, pcm.rate, tick)?;
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let image = machine.loader.load_driver(machine.kernel)?;
    let (shared, entry) = (outcome.clone(), image.clone());
    let (scene, sound) = (options.clone(), pcm.clone());
    let pace = machine.pace(pcm.rate);
    machine.kernel.run(move || {
        let error = perform(&entry, &scene, &sound, pace, &shared).err();
        shared.borrow_mut().error = error;
    });
    let rest = machine.kernel.hardware.borrow_mut().finish()?;
    let Outcome { mut rounds, error } = outcome.take();
    if machine.kernel.crashed() {
        // The client's books went down with it; what came out of the device did not.
        rounds.push(Round { output: rest, ..Round::default() });
    } else if let Some(last) = rounds.last_mut() {
        last.output.extend(rest);
    }
    stopped_for_a_reason(machine.kernel)?;
    if let Some(error) = error.filter(|_| machine.kernel.verifier.findings().is_empty()) {
        return Err(error);
    }
    let report = assemble(options, &machine, &image, &pcm, &rounds);
    let output = rounds.into_iter().flat_map(|round| round.output).collect();
    publish(options, &report, &pcm.with_data(output))?;
    Ok(report.verdict())
}

/// From `DriverEntry` to `DriverUnload`, on the system thread.
fn perform(
    image: &Rc<LoadedImage>,
    options: &Play,
    pcm: &Pcm,
    pace: Pace,
    outcome: &RefCell<Outcome>,
) -> Result<(), SetupError> {
    let kernel = crate::nt::kernel();
    let adapter = Rc::new(Adapter::load(kernel, &image.entry()?).map_err(failed("DriverEntry"))?);
    check("AddDevice", adapter.add_device())?;
    check("starting the device", adapter.start())?;
    for round in 0..=options.restarts {
        if round > 0 {
            check("stopping the device", adapter.stop())?;
            check("restarting the device", adapter.start())?;
        }
        let played = play_once(&adapter, options, pcm, pace)?;
        let output = kernel.hardware.borrow_mut().played()?;
        kernel.trace.add(kernel.now(), TraceEvent::Sound(&output));
        outcome.borrow_mut().rounds.push(Round { played, output });
        listen_to_silence(kernel, pcm, outcome)?;
    }
    if options.remove_at.is_none() {
        check("removing the device", adapter.remove())?;
    }
    // The client is gone, and with it the other reference.
    let adapter = Rc::into_inner(adapter)
        .ok_or_else(|| SetupError::Environment("the client did not let go of the device".to_owned()))?;
    adapter.unload();
    Ok(())
}

/// No stream is open: a device that goes on playing was not stopped.
fn listen_to_silence(kernel: &Kernel, pcm: &Pcm, outcome: &RefCell<Outcome>) -> Result<(), SetupError> {
    kernel.sleep_until(kernel.now() + QUIET_NS);
    let more = kernel.hardware.borrow_mut().played()?;
    kernel.trace.add(kernel.now(), TraceEvent::Sound(&more));
    let mut outcome = outcome.borrow_mut();
    if let Some(round) = outcome.rounds.last_mut().filter(|_| !more.is_empty()) {
        let frames = more.len() / pcm.frame_bytes();
        let text =
            format!("the device went on playing after the stream was closed: {frames} frames in 50 ms");
        round.played.errors.add(kernel.now(), "sound after STOP", text);
        round.output.extend(more);
    }
    Ok(())
}

fn play_once(adapter: &Rc<Adapter>, options: &Play, pcm: &Pcm, pace: Pace) -> Result<Played, SetupError> {
    let kernel = crate::nt::kernel();
    let plan = Plan {
        pcm: pcm.clone(),
        kind: options.client,
        period: options.period as usize,
        pace,
        disturbance: match (options.pause_at, options.remove_at) {
            (Some(frame), _) => Some(Disturbance::PauseAt { frame }),
            (_, Some(frame)) => Some(Disturbance::AbandonAt { frame }),
            _ => None,
        },
    };
    let render = adapter.render_endpoint().ok_or_else(|| {
        SetupError::Environment("the driver registered no wave filter with a render pin".to_owned())
    })?;
    let result: Rc<RefCell<Option<Result<Played, SetupError>>>> = Rc::default();
    let (own, device) = (result.clone(), adapter.clone());
    let input = options.wav.as_ref().map_or("the tune".to_owned(), |path| path.display().to_string());
    let torn_out = options.remove_at.is_some();
    let client = kernel.spawn("client", Context::Client, false, move || {
        own.replace(Some(client(&device, &render, &plan, &input, torn_out)));
    });
    kernel.join(&client);
    result
        .take()
        .unwrap_or_else(|| Err(SetupError::Environment("the client did not come to an end".to_owned())))
}

/// The client process: opens the pin, plays, closes it.
fn client(
    adapter: &Adapter,
    render: &Endpoint,
    plan: &Plan,
    input: &str,
    torn_out: bool,
) -> Result<Played, SetupError> {
    let kernel = crate::nt::kernel();
    // What a client has to ask of a driver that takes both shapes of a format alike.
    let shape = if plan.pcm.channels <= 2 && plan.pcm.bits == 16 { Shape::Plain } else { Shape::Extensible };
    let format = data_format(&plan.pcm, shape);
    let pin = Pin::open(adapter, &render.wave, render.wave_pin, &format).map_err(|status| {
        let accepted = accepted(adapter, render);
        SetupError::Refused { input: input.to_owned(), format: plan.pcm.describe(), status, accepted }
    })?;
    let frame = plan.pcm.frame_bytes();
    let buffer = match plan.kind {
        Kind::Event => pin.allocate_with_notification((2 * plan.period * frame) as u32, 2),
        // Room for what the device takes at a time, twice over, whatever the polling interval.
        Kind::Position => pin.allocate(((4 * plan.period).max(plan.pcm.rate as usize / 25) * frame) as u32),
    }
    .map_err(failed("allocating the audio buffer"))?;
    look_around(&pin);
    let event = ClientEvent::new(kernel);
    let progress = Progress::new(&plan.pcm);
    let played = Player::new(kernel, &pin, &buffer, &event, plan).play(&|frame| progress.at(frame));
    progress.end();
    if torn_out {
        tear_out(adapter, &pin, &event)?;
    }
    drop(buffer);
    pin.close();
    if torn_out {
        check("removing the device", adapter.remove())?;
    }
    Ok(played)
}

/// What the audio engine asks of a stream with a buffer: its latency, and registers to map, of which there may be none.
fn look_around(pin: &Pin) {
    let _ = pin.hw_latency();
    pin.position_register();
    pin.clock_register();
}

/// The device is torn out under a running stream. The client notices nothing of it before its own calls fail: they go
/// on, before the driver is told and afterwards, and whatever they return, they must return.
fn tear_out(adapter: &Adapter, pin: &Pin, event: &ClientEvent) -> Result<(), SetupError> {
    let go_on = || {
        let _ = pin.position();
        let _ = pin.position_at_dispatch();
        event.wait(20_000_000);
    };
    check("surprise removal", adapter.surprise_remove_under(go_on))?;
    go_on();
    pin.set_state(KsState::Pause);
    pin.set_state(KsState::Run);
    go_on();
    Ok(())
}

/// The driver's data ranges in words.
fn accepted(adapter: &Adapter, render: &Endpoint) -> String {
    let ranges = adapter.data_ranges(&render.wave, render.wave_pin).unwrap_or_default();
    let words = |range: AudioRange| {
        let span =
            |(from, to): (u32, u32)| if from == to { from.to_string() } else { format!("{from} to {to}") };
        let channels = match range.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            channels => format!("up to {channels} channels"),
        };
        format!("{} Hz {}-bit {channels}", span(range.rates), span(range.bits))
    };
    let words: Vec<String> = ranges.iter().filter_map(|range| range.audio).map(words).collect();
    if words.is_empty() { "no wave format at all".to_owned() } else { words.join(", ") }
}

fn assemble(options: &Play, machine: &Machine, image: &LoadedImage, pcm: &Pcm, rounds: &[Round]) -> Report {
    let mut report = summary::machine_report(&options.machine, machine, image);
    report.client = options.client.to_string();
    report.format = model::Format::from(pcm);
    report.period_frames = u64::from(options.period);
    // Every round must have been exact: the first that was not is the one to tell of.
    for round in rounds {
        if let Ok(comparison) = sound::compare(pcm, &pcm.with_data(round.output.clone())) {
            report.set_comparison(&comparison);
            if !comparison.bit_exact {
                break;
            }
        }
    }
    let played: Vec<Played> = rounds.iter().map(|round| round.played.clone()).collect();
    summary::add_played(&mut report, machine, &played);
    report
}

fn write(path: &Path, text: &str) -> Result<(), SetupError> {
    fs::write(path, text).map_err(|source| SetupError::Output { path: path.to_owned(), source })
}

fn publish(options: &Play, report: &Report, output: &Pcm) -> Result<(), SetupError> {
    if let Some(path) = &options.out {
        output.save(path)?;
    }
    if let Some(path) = &options.machine.report {
        write(path, &report.to_json())?;
    }
    if let Some(path) = &options.machine.html {
        write(path, &html::page(report))?;
    }
    println!("{}", terminal::summary(report, std::io::stdout().is_terminal()));
    Ok(())
}
