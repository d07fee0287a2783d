//! Power-on: the device, the kernel of the wanted Windows, and the images.

use std::cell::RefCell;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use super::SetupError;
use super::ear::Ear;
use crate::client::Pace;
use crate::nt;
use crate::nt::Kernel;
use crate::nt::Resolver;
use crate::nt::abi::DriverEntry;
use crate::options::DeviceName;
use crate::options::MachineOptions;
use crate::pci::Hardware;
use crate::pci::qemu;
use crate::pci::virtio_snd;
use crate::pci::virtio_snd::VirtioSnd;
use crate::pe;
use crate::portcls::Image;
use crate::sound::Encoding;
use crate::sound::Pcm;
use crate::trap;

/// A machine that is switched on, with no driver in it yet.
pub struct Machine {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// Loads the driver's image, as often as it is asked to.
    pub loader: Rc<Loader>,
    /// The device's step, microseconds.
    pub tick_us: u32,
    /// The device in the rig itself, if it is that.
    pub fake: Option<virtio_snd::Handle>,
    _ear: Ear,
}

/// Loads images: the driver, and those that stand in for built-in modules.
pub struct Loader {
    /// The driver's file.
    pub driver: PathBuf,
    resolver: Resolver,
    modules: RefCell<Vec<(String, Rc<LoadedImage>)>>,
    addresses: Rc<RefCell<Addresses>>,
}

/// An image in memory, whose code the trap layer knows.
pub struct LoadedImage {
    /// The mapped image.
    pub image: pe::Image,
    /// How many functions and data it imports.
    pub imports: usize,
    _registration: trap::Registration,
}

impl LoadedImage {
    /// What the kernel calls: `DriverEntry` and where the image lies.
    ///
    /// # Errors
    /// An image without an entry point.
    pub fn entry(&self) -> Result<Image, SetupError> {
        let range = self.image.range();
        let entry = self.image.entry_point().ok_or_else(|| {
            SetupError::Environment(format!("{}: no entry point, hence no driver", self.image.name()))
        })?;
        let stem = Path::new(self.image.name()).file_stem().unwrap_or_default();
        Ok(Image {
            name: stem.to_string_lossy().into_owned(),
            base: range.start as u64,
            size: range.len() as u32,
            // SAFETY: the entry point of a native driver image is DriverEntry, by the definition of the subsystem.
            entry: unsafe { core::mem::transmute::<*const (), DriverEntry>(entry) },
        })
    }

    /// The version resource's file version, as `1.2.3.4`.
    pub fn version(&self) -> Option<String> {
        let [a, b, c, d] = self.image.file_version()?;
        Some(format!("{a}.{b}.{c}.{d}"))
    }
}

struct Known {
    image: Rc<LoadedImage>,
    path: PathBuf,
    symbols: Rc<pe::Symbols>,
}

/// Names the addresses of all images.
#[derive(Default)]
struct Addresses(Vec<Known>);

impl Addresses {
    fn describe(&self, address: u64) -> Option<String> {
        self.0.iter().find_map(|known| {
            let offset = known.image.image.offset_of(address as usize)?;
            Some(known.symbols.describe(offset))
        })
    }
}

/// The device's step for a period of so many frames, microseconds: QEMU's own 10 ms, or less where two steps would be
/// more than a period. A buffer of two periods cannot tell a position that stands still from one that moves by half a
/// buffer at a time.
pub(super) fn default_tick(period: u32, rate: u32) -> u32 {
    let period_us = u64::from(period) * 1_000_000 / u64::from(rate.max(1));
    [10_000, 5_000].into_iter().find(|tick| 2 * u64::from(*tick) <= period_us).unwrap_or(1_000)
}

impl Machine {
    /// Switches it on. `fed` is what the device hears, as the mixer carries it: so is what comes out.
    ///
    /// # Errors
    /// QEMU or an image is not as it should be.
    pub fn power_on(options: &MachineOptions, fed: &Pcm, tick_us: u32) -> Result<Self, SetupError> {
        let ear = Ear::new(fed)?;
        let mut fake = None;
        let hardware: Box<dyn Hardware> = match options.device.model() {
            Some(model) => Box::new(emulated(model, options, fed, &ear, tick_us)?),
            None => {
                let device = modelled(options, fed)?;
                fake = Some(device.handle());
                Box::new(device)
            }
        };
        let kernel = nt::boot(options.windows, hardware);
        kernel.set_quantum(u64::from(tick_us) * 1_000);
        kernel.accounts.uncounted.set(options.uncounted);
        kernel.hold_up_dpcs(u64::from(options.dpc_delay) * 1_000);
        // As the INF file asks.
        kernel.support_messages(None);
        kernel.set_driver_bytes("DispatchSettings\\UsePositionLock", &[1, 0, 0, 0]);
        for (name, number) in &options.registry {
            kernel.set_driver_value(name, *number);
        }

        let addresses = Rc::new(RefCell::new(Addresses::default()));
        let known = addresses.clone();
        kernel.verifier.set_symbols(move |address| known.borrow().describe(address));
        let loader = Loader {
            driver: options.driver.clone(),
            resolver: Resolver::of(kernel),
            modules: RefCell::default(),
            addresses,
        };
        for (name, path) in &options.modules {
            let image = loader.load(kernel, path)?;
            loader.modules.borrow_mut().push((name.clone(), image));
        }
        Ok(Self { kernel, loader: Rc::new(loader), tick_us, fake, _ear: ear })
    }
}

/// A device of QEMU's.
fn emulated(
    model: qemu::Device,
    options: &MachineOptions,
    fed: &Pcm,
    ear: &Ear,
    tick_us: u32,
) -> Result<qemu::Qemu, SetupError> {
    let mut machine = qemu::Options::new(model);
    machine.rate = fed.rate;
    machine.format = match (fed.encoding, fed.container) {
        (Encoding::Float, _) => qemu::SampleFormat::F32,
        (Encoding::Integer, 32) => qemu::SampleFormat::S32,
        (Encoding::Integer, _) => qemu::SampleFormat::S16,
    };
    machine.capture = ear.path().into();
    machine.vectors = options.vectors;
    // The first half of a device's streams play.
    machine.streams = 2 * options.streams as u8;
    machine.tick_us = tick_us;
    Ok(qemu::Qemu::open(&machine)?)
}

/// The device in the rig itself.
fn modelled(options: &MachineOptions, fed: &Pcm) -> Result<VirtioSnd, SetupError> {
    let mut machine = options.fake.clone();
    machine.capture = fed.data.clone();
    Ok(VirtioSnd::open(machine)?)
}

/// How a device moves sound of so many frames a second: QEMU moves whole frames at each step, so that where a step is
/// no whole number of them, it is a little fast or slow; the device in the rig keeps its own account.
pub(super) fn pace(options: &MachineOptions, tick_us: u32, rate: u32) -> Pace {
    if options.device == DeviceName::Fake {
        let pace = &options.fake.pace;
        let step_frames = ((pace.step_ns + pace.jitter_ns) as f64 * f64::from(rate) / 1e9).ceil();
        let frames_per_second = f64::from(rate) * (1.0 + f64::from(pace.drift_ppm) / 1e6);
        return Pace { step_frames, frames_per_second };
    }
    let step_frames = (f64::from(tick_us) * f64::from(rate) / 1e6).round();
    Pace { step_frames, frames_per_second: step_frames * 1e6 / f64::from(tick_us) }
}

impl Loader {
    /// A fresh image of the driver in memory, not entered yet.
    ///
    /// # Errors
    /// The file is no image that this Windows can load: every missing export is named.
    pub fn load_driver(&self, kernel: &Kernel) -> Result<Rc<LoadedImage>, SetupError> {
        self.load(kernel, &self.driver)
    }

    fn load(&self, kernel: &Kernel, path: &Path) -> Result<Rc<LoadedImage>, SetupError> {
        let mut imports = 0;
        let image = pe::Image::load(path, &mut |module, symbol| {
            imports += 1;
            self.find(kernel, module, symbol)
        })?;
        let registration = trap::register_image(&image.code());
        let image = Rc::new(LoadedImage { image, imports, _registration: registration });
        let mut addresses = self.addresses.borrow_mut();
        // The same file again has the same symbols; reading them takes a while.
        let known = addresses.0.iter().find(|known| known.path == path).map(|known| known.symbols.clone());
        let symbols = known.unwrap_or_else(|| Rc::new(pe::Symbols::for_image(path)));
        addresses.0.push(Known { image: image.clone(), path: path.to_owned(), symbols });
        Ok(image)
    }

    /// An import: from an image given on the command line for that module, else from the built-in one.
    fn find(&self, kernel: &Kernel, module: &str, symbol: pe::Symbol<'_>) -> Option<*const ()> {
        let modules = self.modules.borrow();
        let Some((_, replacement)) = modules.iter().find(|(name, _)| name.eq_ignore_ascii_case(module))
        else {
            let pe::Symbol::Name(name) = symbol else { return None };
            return self.resolver.resolve(kernel, module, name);
        };
        let export = match symbol {
            pe::Symbol::Name(name) => replacement.image.export(name),
            pe::Symbol::Ordinal(ordinal) => replacement.image.export_by_ordinal(ordinal),
        };
        match export? {
            pe::Export::Address(address) => Some(address),
            pe::Export::Forward { module, symbol } => {
                self.resolver.resolve(kernel, &format!("{module}.sys"), &symbol)
            }
        }
    }

    /// Forgets an image that was unloaded.
    pub fn unload(&self, image: &Rc<LoadedImage>) {
        let mut addresses = self.addresses.borrow_mut();
        // One is kept for its symbols.
        if addresses.0.iter().filter(|known| known.path == self.driver).count() > 1 {
            addresses.0.retain(|known| !Rc::ptr_eq(&known.image, image));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::default_tick;

    #[test]
    fn a_step_is_at_most_half_a_period_where_the_device_can() {
        assert_eq!(
            [1024, 960, 480, 441, 128, 48].map(|period| default_tick(period, 48_000)),
            [10_000, 10_000, 5_000, 1_000, 1_000, 1_000]
        );
        assert_eq!(default_tick(441, 44_100), 5_000);
    }
}
