//! Plays and records, and compares what came out with what went in.

use std::cell::RefCell;
use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::rc::Rc;

use super::LoadedImage;
use super::Machine;
use super::SetupError;
use super::check;
use super::clients;
use super::controls;
use super::failed;
use super::job::Job;
use super::judge;
use super::notices;
use super::occupant;
use super::stopped_for_a_reason;
use crate::client::Books;
use crate::nt::Kernel;
use crate::nt::TraceEvent;
use crate::options::Duplex;
use crate::options::Play;
use crate::options::Record;
use crate::portcls::Adapter;
use crate::report::Notices;
use crate::report::Report;
use crate::report::Verdict;
use crate::report::html;
use crate::report::terminal;
use crate::sound::Pcm;

/// Time after a stream was closed in which the device must be silent.
const QUIET_NS: u64 = 50_000_000;

/// What the system thread of a run hands out while it goes: a machine that crashes ends it anywhere.
#[derive(Default)]
struct Outcome {
    rounds: Vec<Round>,
    notices: Notices,
    error: Option<SetupError>,
}

/// One time that all clients were at work.
#[derive(Clone, Default)]
pub(super) struct Round {
    /// Theirs, in the order of the job's parts.
    pub(super) books: Vec<Books>,
    /// What came out of the device, or of its first output.
    pub(super) output: Vec<u8>,
    /// What came out of the outputs behind that, where the device mixes nothing.
    pub(super) behind: Vec<Vec<u8>>,
}

/// `rig play`.
///
/// # Errors
/// Whatever keeps the run from beginning, in words for the user.
pub fn play(options: &Play) -> Result<Verdict, SetupError> {
    run(options.try_into()?)
}

/// `rig record`.
///
/// # Errors
/// As for `play`.
pub fn record(options: &Record) -> Result<Verdict, SetupError> {
    run(options.try_into()?)
}

/// `rig duplex`.
///
/// # Errors
/// As for `play`.
pub fn duplex(options: &Duplex) -> Result<Verdict, SetupError> {
    run(options.try_into()?)
}

fn run(job: Job) -> Result<Verdict, SetupError> {
    let job = Rc::new(job);
    let machine = Machine::power_on(&job.machine, &job.fed, job.tick_us)?;
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let image = machine.loader.load_driver(machine.kernel)?;
    let (shared, entry, own) = (outcome.clone(), image.clone(), job.clone());
    machine.kernel.run(move || {
        let error = perform(&entry, &own, &shared).err();
        shared.borrow_mut().error = error;
    });
    let rest = machine.kernel.hardware.borrow_mut().finish()?;
    let Outcome { mut rounds, notices, error } = outcome.take();
    if machine.kernel.crashed() {
        // The clients' books went down with it; what came out of the device did not.
        rounds.push(Round { output: rest, ..Round::default() });
    } else if let Some(last) = rounds.last_mut() {
        last.output.extend(rest);
    }
    stopped_for_a_reason(machine.kernel)?;
    if let Some(error) = error.filter(|_| machine.kernel.verifier.findings().is_empty()) {
        return Err(error);
    }
    let report = Report { notices, ..judge::report(&job, &machine, &image, &rounds) };
    publish(&job, &report, rounds)?;
    Ok(report.verdict())
}

/// From `DriverEntry` to `DriverUnload`, on the system thread.
fn perform(image: &Rc<LoadedImage>, job: &Job, outcome: &RefCell<Outcome>) -> Result<(), SetupError> {
    let kernel = crate::nt::kernel();
    let adapter = Rc::new(Adapter::load(kernel, &image.entry()?).map_err(failed("DriverEntry"))?);
    check("AddDevice", adapter.add_device())?;
    check("starting the device", adapter.start())?;
    for round in 0..=job.restarts {
        if round > 0 && job.rebalance {
            for part in &job.parts {
                occupant::rebalance(&adapter, &clients::endpoint(&adapter, part)?, &part.plan.pcm)?;
            }
            // What was heard of its streams is silence.
            kernel.hardware.borrow_mut().played()?;
        } else if round > 0 {
            check("stopping the device", adapter.stop())?;
            check("restarting the device", adapter.start())?;
        }
        controls::set(&adapter, &job.settings)?;
        let books = clients::at_once(&adapter, &job.parts)?;
        let (output, behind) = heard(kernel)?;
        books.iter().for_each(|books| kernel.trace.add(kernel.now(), TraceEvent::Sound(&books.recorded)));
        outcome.borrow_mut().rounds.push(Round { books, output, behind });
        listen_to_silence(kernel, &job.fed, outcome)?;
    }
    outcome.borrow_mut().notices = notices::of(&adapter);
    check("removing the device", adapter.remove())?;
    // The clients are gone, and with them the other references.
    let adapter = Rc::into_inner(adapter)
        .ok_or_else(|| SetupError::Environment("a client did not let go of the device".to_owned()))?;
    adapter.unload();
    Ok(())
}

/// What came out of the device since this was last asked, and of the outputs behind its first.
fn heard(kernel: &Kernel) -> Result<(Vec<u8>, Vec<Vec<u8>>), SetupError> {
    let output = kernel.hardware.borrow_mut().played()?;
    let behind = kernel.hardware.borrow_mut().played_behind();
    kernel.trace.add(kernel.now(), TraceEvent::Sound(&output));
    behind.iter().for_each(|sound| kernel.trace.add(kernel.now(), TraceEvent::Sound(sound)));
    Ok((output, behind))
}

/// No stream is open: a device that goes on playing was not stopped.
fn listen_to_silence(kernel: &Kernel, format: &Pcm, outcome: &RefCell<Outcome>) -> Result<(), SetupError> {
    kernel.sleep_until(kernel.now() + QUIET_NS);
    let (more, behind) = heard(kernel)?;
    let longest = behind.iter().map(Vec::len).fold(more.len(), usize::max);
    let mut outcome = outcome.borrow_mut();
    let Some(round) = outcome.rounds.last_mut().filter(|_| longest > 0) else { return Ok(()) };
    if let Some(books) = round.books.first_mut() {
        let frames = longest / format.frame_bytes();
        let text =
            format!("the device went on playing after the stream was closed: {frames} frames in 50 ms");
        books.errors.add(kernel.now(), "sound after STOP", text);
    }
    round.output.extend(more);
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), SetupError> {
    fs::write(path, text).map_err(|source| SetupError::Output { path: path.to_owned(), source })
}

fn publish(job: &Job, report: &Report, rounds: Vec<Round>) -> Result<(), SetupError> {
    if let Some(path) = &job.recording {
        let of = |round: &Round| round.books.iter().find(|books| !books.recorded.is_empty()).cloned();
        let recorded: Vec<Books> = rounds.iter().filter_map(of).collect();
        let format =
            recorded.iter().find_map(|books| books.opened.clone()).unwrap_or(job.fed.with_data(Vec::new()));
        let sound = recorded.into_iter().flat_map(|books| books.recorded).collect();
        format.with_data(sound).save(path)?;
    }
    if let Some(path) = &job.out {
        let output = rounds.into_iter().flat_map(|round| round.output).collect();
        job.fed.with_data(output).save(path)?;
    }
    if let Some(path) = &job.machine.report {
        write(path, &report.to_json())?;
    }
    if let Some(path) = &job.machine.html {
        write(path, &html::page(report))?;
    }
    println!("{}", terminal::summary(report, std::io::stdout().is_terminal()));
    Ok(())
}
