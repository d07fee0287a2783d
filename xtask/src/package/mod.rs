//! Makes the package that Windows installs: images and their symbols, INF, catalog, signatures; a zip file, the image of
//! a disc, and on demand what Microsoft's dashboard takes.
//!
//! ```text
//! driver for each processor --+--> page hashes, hash --> catalog --> signed --+
//! waverust.inx --> stamped ---+--> hash ---------------------^                 +--> zip, ISO, cabinet
//!                             +--> image signed -------------------------------+
//! ```
//!
//! Two builds of one commit give the same bytes but for the signatures; what was before signing is kept beside, in
//! `unsigned/`.

mod archive;
pub mod date;
mod disc;
pub mod sign;
pub mod stamp;

use std::fs;
use std::path::{Path, PathBuf};

use driver_catalog::Catalog;

use self::date::Date;
use self::sign::Signer;
use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::image;
use crate::inf::{self as inf_rules, Driver};
use crate::repository::Repository;

const SOURCE: &str = "inf/waverust.inx";
const INF: &str = "waverust.inf";
const CATALOG: &str = "waverust.cat";
const CERTIFICATE: &str = "waverust.cer";
/// Scripts for the guest, from inf/.
const SCRIPTS: [&str; 2] = ["install.ps1", "uninstall.ps1"];

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The processors.
    pub architectures: Vec<Architecture>,
    /// Certificate (PEM) and key, a file or a PKCS #11 URI; without, a test certificate.
    pub signer: Option<(PathBuf, String)>,
    /// The PKCS #11 library of the token that has the key.
    pub module: Option<PathBuf>,
    /// A time-stamping service.
    pub timestamp: Option<String>,
    /// Whether to make a cabinet for the dashboard.
    pub submission: bool,
    /// Where to leave it, in place of target/package/; an older package there goes.
    pub out: Option<PathBuf>,
}

/// The files of a package, by what they are for.
struct Contents {
    architectures: Vec<Architecture>,
    /// What Windows installs.
    installed: Vec<String>,
    /// Symbols.
    symbols: Vec<String>,
    /// What people use beside.
    extras: Vec<String>,
}

impl Contents {
    fn of(architectures: &[Architecture]) -> Self {
        let stems = architectures.iter().map(|architecture| architecture.file_stem());
        let images = stems.clone().map(|stem| format!("{stem}.sys"));
        Self {
            architectures: architectures.to_vec(),
            installed: [INF, CATALOG].map(str::to_owned).into_iter().chain(images).collect(),
            symbols: stems.map(|stem| format!("{stem}.pdb")).collect(),
            extras: SCRIPTS.into_iter().chain([CERTIFICATE]).map(str::to_owned).collect(),
        }
    }

    fn all(&self) -> Vec<String> {
        [&self.installed[..], &self.symbols, &self.extras].concat()
    }
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Package {
    /// The folder with all of it.
    pub folder: PathBuf,
    /// The zip file, the image of a disc, and the cabinet if it was asked for.
    pub files: Vec<PathBuf>,
    /// The certificate that verifies it, in PEM.
    pub certificate: PathBuf,
}

/// The version of the driver, which is that of its package.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The INF for `architectures`, stamped with `date`.
///
/// # Errors
/// [`Failure`] where its source cannot be read or stamped.
pub fn inf(repository: &Repository, architectures: &[Architecture], date: Date) -> Result<String, Failure> {
    let path = repository.root().join(SOURCE);
    let source = fs::read_to_string(&path).map_err(|error| Failure::io(&path, &error))?;
    stamp::stamp(&source, architectures, date, VERSION)
}

/// Makes the package, anew.
///
/// # Errors
/// [`Failure::Wrong`] where something of it is not as it should be, [`Failure::Environment`] where the machine lacks
/// something.
pub fn make(repository: &Repository, wanted: &Wanted) -> Result<Package, Failure> {
    let date = Date::of(repository)?;
    let folder = wanted.out.clone().unwrap_or_else(|| repository.target().join("package"));
    let unsigned = folder.join("unsigned");
    if folder.exists() {
        // Somebody else's folder is not emptied.
        let is_empty = folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if wanted.out.is_some() && !is_empty && !unsigned.is_dir() {
            return Err(Failure::Environment(format!(
                "{} holds no package, but other files",
                folder.display()
            )));
        }
        fs::remove_dir_all(&folder).map_err(|error| Failure::io(&folder, &error))?;
    }
    fs::create_dir_all(&unsigned).map_err(|error| Failure::io(&unsigned, &error))?;
    let contents = Contents::of(&wanted.architectures);

    for architecture in &wanted.architectures {
        build(repository, *architecture, &unsigned)?;
    }
    let text = inf(repository, &wanted.architectures, date)?;
    let findings = inf_rules::check(&text, &Driver::read(repository)?);
    refuse(SOURCE, &findings)?;
    write(&unsigned.join(INF), text.as_bytes())?;
    write(&unsigned.join(CATALOG), &catalog(&unsigned, &contents, &text, date)?)?;

    let signer = match &wanted.signer {
        Some((certificate, key)) => {
            let (module, timestamp) = (wanted.module.as_deref(), wanted.timestamp.as_deref());
            Signer::with(certificate, key, module, timestamp, date.epoch())
        }
        None => Signer::for_tests(&repository.target().join("test-certificate"))?,
    };
    for name in contents.installed.iter().chain(&contents.symbols) {
        let (from, to) = (unsigned.join(name), folder.join(name));
        if name.ends_with(".sys") || name.ends_with(".cat") {
            signer.sign(&from, &to)?;
        } else {
            copy(&from, &to)?;
        }
    }
    for script in SCRIPTS {
        copy(&repository.root().join("inf").join(script), &folder.join(script))?;
    }
    signer.write_certificate(&folder.join(CERTIFICATE))?;
    if wanted.timestamp.is_none() {
        verify(&folder, &contents, signer.certificate())?;
    }

    let mut files = vec![folder.join(format!("waverust-{VERSION}.zip")), folder.join("waverust.iso")];
    archive::zip(&folder, &contents.all(), &format!("waverust-{VERSION}"), date, &files[0])?;
    disc::write(&folder, &contents, &folder.join("disc"), date, &files[1])?;
    if wanted.submission {
        let cabinet = folder.join(format!("waverust-{VERSION}.cab"));
        submission(&folder, &unsigned, &contents, wanted.signer.is_some().then_some(&signer), &cabinet)?;
        files.push(cabinet);
    }
    Ok(Package { folder, files, certificate: signer.certificate().to_path_buf() })
}

/// Builds the driver for a processor, checks its image, and puts both files of it into `folder`.
fn build(repository: &Repository, architecture: Architecture, folder: &Path) -> Result<(), Failure> {
    let driver = driver::build(repository, architecture, Profile::Release)?;
    let findings = image::check(&read(&driver.image)?, architecture);
    refuse(&driver.image.display().to_string(), &findings)?;
    let stem = architecture.file_stem();
    copy(&driver.image, &folder.join(format!("{stem}.sys")))?;
    copy(&driver.symbols, &folder.join(format!("{stem}.pdb")))
}

/// Shows findings, and fails if there are any.
fn refuse(what: &str, findings: &[impl std::fmt::Display]) -> Result<(), Failure> {
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("{what}: {} findings", findings.len())))
    }
}

/// The catalog of what Windows installs.
fn catalog(folder: &Path, contents: &Contents, inf: &str, date: Date) -> Result<Vec<u8>, Failure> {
    let mut catalog = Catalog::new(date.epoch());
    for architecture in &contents.architectures {
        // As Inf2Cat names the oldest system of the INF: any 64-bit Windows 10, and the first for 64-bit ARM.
        catalog.for_system(match architecture {
            Architecture::X86_64 => "_v100_X64",
            Architecture::Aarch64 => "_v100_ARM64_RS3",
        });
    }
    inf_rules::hardware(inf).iter().for_each(|id| catalog.for_hardware(id));
    for name in contents.installed.iter().filter(|name| *name != CATALOG) {
        let bytes = read(&folder.join(name))?;
        if name.ends_with(".sys") {
            catalog.add_image(name, &bytes).map_err(|error| Failure::Wrong(format!("{name}: {error}")))?;
        } else {
            catalog.add_file(name, &bytes);
        }
    }
    catalog.to_der().map_err(|error| Failure::Wrong(format!("no catalog: {error}")))
}

/// Each image is signed, the catalog is, and it has the images.
fn verify(folder: &Path, contents: &Contents, certificate: &Path) -> Result<(), Failure> {
    let catalog = folder.join(CATALOG);
    sign::verify(&catalog, None, certificate)?;
    for image in contents.installed.iter().filter(|name| name.ends_with(".sys")) {
        sign::verify(&folder.join(image), None, certificate)?;
        sign::verify(&folder.join(image), Some(&catalog), certificate)?;
    }
    Ok(())
}

/// A cabinet with INF, images and symbols, without catalog and signatures, which are Microsoft's to make; signed as a
/// whole if somebody is there whose signature the dashboard knows.
fn submission(
    folder: &Path,
    unsigned: &Path,
    contents: &Contents,
    signer: Option<&Signer>,
    to: &Path,
) -> Result<(), Failure> {
    let submitted = contents.installed.iter().chain(&contents.symbols).filter(|name| *name != CATALOG);
    let names: Vec<String> = submitted.cloned().collect();
    let Some(signer) = signer else { return archive::cabinet(unsigned, &names, "waverust", to) };
    let plain = folder.join("unsigned/submission.cab");
    archive::cabinet(unsigned, &names, "waverust", &plain)?;
    signer.sign(&plain, to)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::io(path, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::io(path, &error))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map(drop).map_err(|error| Failure::io(from, &error))
}
