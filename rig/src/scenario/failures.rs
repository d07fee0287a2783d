//! Every call that may fail, made to fail once, in turn: in a start, or in sleep, wake-up, stop and start under a stream.

use portcls::raw::PowerDeviceD0;
use portcls::raw::PowerDeviceD3;
use portcls::raw::PowerSystemSleeping3;

use super::SetupError;
use super::check;
use super::failed;
use super::lifecycle::silence;
use super::machine::Loader;
use super::occupant::Occupant;
use crate::nt::Kernel;
use crate::nt::kernel;
use crate::options::Lifecycle;
use crate::portcls::Adapter;

/// More failures than any start has steps: the end of a driver that never gets up.
const MOST_STEPS: u32 = 500;

/// The parts of a driver's life in which one call fails.
struct Parts {
    kernel: &'static Kernel,
    step: u32,
    /// Each part, and the calls in it that may fail.
    counts: Vec<(&'static str, u32)>,
    /// The part in which the call was.
    hit_in: &'static str,
}

impl Parts {
    /// Call number `step` will fail, counted through all parts.
    fn new(kernel: &'static Kernel, step: u32) -> Self {
        kernel.injection.arm(Some(step));
        kernel.injection.count(false);
        Self { kernel, step, counts: Vec::new(), hit_in: "" }
    }

    /// A part, in which calls are counted.
    fn part<R>(&mut self, name: &'static str, act: impl FnOnce() -> R) -> R {
        let injection = &self.kernel.injection;
        let before = injection.seen();
        injection.count(true);
        let result = act();
        injection.count(false);
        let after = injection.seen();
        if (before..after).contains(&self.step) {
            self.hit_in = name;
        }
        self.counts.push((name, after - before));
        result
    }

    /// In words, what may fail where.
    fn describe(&self) -> String {
        let counts = self.counts.iter().map(|(name, count)| format!("{count} {name}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// Fails call after call, until a life of the driver sees none fail because it makes no more of them.
///
/// # Errors
/// A step that must not fail and does, and a start that fails though no call in it did.
pub(super) fn fail_each_step(loader: &Loader, options: &Lifecycle) -> Result<String, SetupError> {
    let kernel = kernel();
    let mut lines = Vec::new();
    for step in 0..MOST_STEPS {
        let mut parts = Parts::new(kernel, step);
        let image = loader.load_driver(kernel)?;
        let entry = image.entry()?;
        let (loaded, status) = match options.rebalance {
            false => start(&mut parts, || Adapter::load(kernel, &entry)),
            true => {
                let adapter = Adapter::load(kernel, &entry).map_err(failed("DriverEntry"))?;
                let status = sleep_and_rebalance(&mut parts, &adapter)?;
                (Some(adapter), status)
            }
        };
        if let Some(adapter) = &loaded {
            check("removing the device", parts.part("removing it", || adapter.remove()))?;
        }
        let (_, hit) = kernel.injection.disarm();
        if let Some(adapter) = loaded {
            if hit.is_some() {
                next_start(&adapter)?;
            }
            adapter.unload();
        }
        if !kernel.verifier.findings().is_empty() {
            return Ok(format!("ended by findings after failure {step}: {hit:?}"));
        }
        loader.unload(&image);
        let Some(hit) = hit else {
            check("a start in which no call fails", status)?;
            let counts = parts.describe();
            return Ok(format!(
                "{}\n{step} failures planted, one at a time\ncalls that may fail: {counts}",
                lines.join("\n")
            ));
        };
        let answer = if status < 0 {
            format!("start fails with {status:#010x}")
        } else {
            "started without it".to_owned()
        };
        lines.push(format!("{hit} {}: {answer}", parts.hit_in));
    }
    Err(SetupError::Environment(format!("start still makes new calls after {MOST_STEPS} of them")))
}

/// Loads the driver and starts the device; the driver, if it is there, and the status of what failed.
fn start(parts: &mut Parts, load: impl FnOnce() -> Result<Adapter, i32>) -> (Option<Adapter>, i32) {
    parts.part("starting the device", || {
        let adapter = match load() {
            Ok(adapter) => adapter,
            Err(status) => return (None, status),
        };
        let added = adapter.add_device();
        let status = if added < 0 { added } else { adapter.start() };
        (Some(adapter), status)
    })
}

/// After a failure the device is found anew, and starts.
fn next_start(adapter: &Adapter) -> Result<(), SetupError> {
    check("AddDevice after a failure", adapter.add_device())?;
    check("the start after a failure", adapter.start())?;
    check("removing the device", adapter.remove())
}

/// Idle, and a sleep and a rebalance under a stream; the status of the start at the end. Where Windows cannot
/// stop the device under the stream, that is closed first.
fn sleep_and_rebalance(parts: &mut Parts, adapter: &Adapter) -> Result<i32, SetupError> {
    check("AddDevice", adapter.add_device())?;
    check("starting the device", adapter.start())?;
    check("D3", parts.part("entering D3", || adapter.set_power(PowerDeviceD3)))?;
    check("D0", parts.part("entering D0", || adapter.set_power(PowerDeviceD0)))?;
    let endpoint = adapter.render_endpoint();
    let endpoint = endpoint.ok_or_else(|| SetupError::Environment("the device plays nothing".to_owned()))?;
    let mut occupant = Some(Occupant::run(adapter, &endpoint, &silence())?);
    check("falling asleep", parts.part("falling asleep", || adapter.sleep(PowerSystemSleeping3)))?;
    check("waking up", parts.part("waking up", || adapter.wake()))?;
    if let Some(occupant) = occupant.take_if(|occupant| !occupant.may_be_moved()) {
        parts.part("closing the stream", || occupant.leave());
    }
    check("stopping the device", parts.part("stopping the device", || adapter.stop()))?;
    adapter.relocate();
    let status = parts.part("starting it again", || adapter.start());
    if let Some(occupant) = occupant {
        parts.part("closing the stream", || occupant.leave());
    }
    Ok(status)
}
