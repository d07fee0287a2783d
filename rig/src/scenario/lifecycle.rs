//! Load, start, stop, remove, unload: over and over.

use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::PowerDeviceD3;
use portcls::raw::PowerSystemSleeping3;

use super::Machine;
use super::SetupError;
use super::check;
use super::failed;
use super::failures;
use super::machine::Loader;
use super::occupant;
use super::occupant::Occupant;
use super::stopped_for_a_reason;
use super::summary;
use crate::nt::kernel;
use crate::options::Lifecycle;
use crate::portcls::Adapter;
use crate::report::Verdict;
use crate::report::html;
use crate::sound::Pcm;

/// `rig lifecycle`.
///
/// # Errors
/// Whatever keeps the run from beginning, in words for the user.
pub fn lifecycle(options: &Lifecycle) -> Result<Verdict, SetupError> {
    let machine = Machine::power_on(&options.machine, &Pcm::from_s16(48_000, 2, &[]), 10_000)?;
    let outcome: Rc<RefCell<Result<String, SetupError>>> = Rc::new(RefCell::new(Ok(String::new())));
    let image = machine.loader.load_driver(machine.kernel)?;
    let (shared, loader, options_copy) = (outcome.clone(), machine.loader.clone(), options.clone());
    machine.kernel.run(move || {
        let result = if options_copy.fail_each_step {
            failures::fail_each_step(&loader, &options_copy)
        } else {
            cycles(&loader, &options_copy)
        };
        *shared.borrow_mut() = result;
    });
    stopped_for_a_reason(machine.kernel)?;
    let findings = machine.kernel.verifier.findings();
    let text = outcome.replace(Ok(String::new()));
    if findings.is_empty() {
        println!("{}: nothing found, nothing left behind", text?);
    } else if let Ok(text) = text {
        println!("{text}");
    }
    for finding in &findings {
        println!("{finding}");
    }
    let report = summary::machine_report(&options.machine, &machine, &image);
    if let Some(path) = &options.machine.report {
        std::fs::write(path, report.to_json())
            .map_err(|source| SetupError::Output { path: path.clone(), source })?;
    }
    if let Some(path) = &options.machine.html {
        std::fs::write(path, html::page(&report))
            .map_err(|source| SetupError::Output { path: path.clone(), source })?;
    }
    Ok(report.verdict())
}

fn cycles(loader: &Loader, options: &Lifecycle) -> Result<String, SetupError> {
    for number in 1..=options.cycles {
        // What a driver left behind points into an image that is no longer there: nothing goes on from here.
        if !cycle(loader, options)? {
            return Ok(format!("ended by findings in cycle {number}"));
        }
    }
    // Last, as the device does not come back. It is at rest, so that a driver has to find out by itself.
    let removal = |adapter: &Adapter| {
        if options.sleep {
            return removal_in_d3(adapter);
        }
        check("surprise removal", adapter.surprise_remove())
    };
    if !life(loader, removal)? {
        return Ok("ended by findings after the surprise removal".to_owned());
    }
    let with = match (options.sleep, options.rebalance) {
        (false, false) => "",
        (true, false) => " with sleep",
        (false, true) => " with rebalance",
        (true, true) => " with sleep and rebalance",
    };
    let wanted = options.cycles;
    Ok(format!(
        "{wanted} cycles{with} of load, start, stop, start, remove, unload, and one with a surprise removal"
    ))
}

fn cycle(loader: &Loader, options: &Lifecycle) -> Result<bool, SetupError> {
    let clean = life(loader, |adapter| {
        check("stopping the device", adapter.stop())?;
        check("restarting the device", adapter.start())?;
        if options.sleep {
            occupant::sleeps(adapter, &silence())?;
        }
        if options.rebalance {
            occupant::rebalances(adapter, &silence())?;
        }
        Ok(())
    })?;
    // Once more, to be removed in D3.
    Ok(clean && (!options.sleep || life(loader, |adapter| check("D3", adapter.set_power(PowerDeviceD3)))?))
}

/// The format of streams that nobody listens to.
pub(super) fn silence() -> Pcm {
    Pcm::from_s16(48_000, 2, &[])
}

/// The device is torn out while it sleeps, under a stream.
fn removal_in_d3(adapter: &Adapter) -> Result<(), SetupError> {
    let occupant = adapter
        .render_endpoint()
        .map(|endpoint| Occupant::run(adapter, &endpoint, &silence()))
        .transpose()?;
    check("falling asleep", adapter.sleep(PowerSystemSleeping3))?;
    check("surprise removal", adapter.surprise_remove())?;
    if let Some(occupant) = occupant {
        occupant.leave();
    }
    Ok(())
}

/// One life of the driver, with what happens to its device once that is started; whether nothing was found in it.
fn life(
    loader: &Loader,
    started: impl FnOnce(&Adapter) -> Result<(), SetupError>,
) -> Result<bool, SetupError> {
    let image = loader.load_driver(kernel())?;
    let adapter = Adapter::load(kernel(), &image.entry()?).map_err(failed("DriverEntry"))?;
    check("AddDevice", adapter.add_device())?;
    check("starting the device", adapter.start())?;
    started(&adapter)?;
    check("removing the device", adapter.remove())?;
    let clean = adapter.unload();
    if clean {
        loader.unload(&image);
    }
    Ok(clean && kernel().verifier.findings().is_empty())
}
