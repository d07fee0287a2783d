//! `cargo xtask`: the one way to build, check and play. See `--help`.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use xtask::{
    accept, check,
    driver::{self, Architecture, Edition, Profile},
    failure::Failure,
    features, fuzz, mutants, package, play,
    repository::Repository,
    setup::{self, Purpose},
    test,
};

/// Builds, checks and plays WaveRusT.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the driver and leaves waverust.sys and waverust.pdb under target/driver/
    Build {
        /// The processor that the driver is for
        #[arg(long, value_enum, default_value_t = Architecture::X86_64)]
        target: Architecture,
        /// Without optimisation, with debug assertions
        #[arg(long)]
        debug: bool,
        /// Build these sources in place of the repository's src/: an edition with a fault planted, for the tests
        #[arg(long, value_name = "FOLDER", requires = "out")]
        source: Option<PathBuf>,
        /// Leave the image there
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Checks format, lints, and the image of the driver for every processor
    Check,
    /// Plays a WAV file, or a bundled tune, through the driver and a sound device of QEMU's
    ///
    /// All arguments are for `rig play`; --help shows them. Exit status: 0 all well, 1 the sound that came out is
    /// not the sound that went in, 2 usage or environment, 3 a rule of Windows was broken.
    #[command(disable_help_flag = true)]
    Play {
        /// [WAV] [--device virtio-snd|ac97] [--client event|packet|position|rewrite|wavepci] ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Records what a sound device of QEMU's hears: a WAV file, or noise
    ///
    /// All arguments are for `rig record`; --help shows them. Exit status: as for play.
    #[command(disable_help_flag = true)]
    Record {
        /// [--seconds N] [--in WAV] [--device virtio-snd] [--client event|packet|position|wavepci] ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Plays and records at the same time
    ///
    /// All arguments are for `rig duplex`; --help shows them. Exit status: as for play.
    #[command(disable_help_flag = true)]
    Duplex {
        /// [WAV] [--seconds N] [--client CLIENT] [--record-client CLIENT] [--period FRAMES] ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Plays and records the whole matrix of formats, rates, clients, periods and interrupts, and prints a table
    ///
    /// Takes long. Exit status: 0 every run was exact and without finding, 1 one was not.
    Accept {
        /// Seconds of sound in each run
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only runs whose name has this in it
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Only say what would be run
        #[arg(long)]
        list: bool,
    },
    /// Runs the tests behind the table of features, docs/features.md, and prints it with what came of them
    ///
    /// Exit status: 0 every test passed, 1 one did not.
    Features {
        /// Only write the page anew from the table
        #[arg(long, conflicts_with = "from")]
        write: bool,
        /// Run none: take what became of them from this file, to which all that `test` prints was written
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Calls the driver with formats, ranges and property requests that mean ill, for a time
    ///
    /// `test` does so, too, with the same ones each time. Exit status: 0 nothing was found, 1 something was; what was
    /// tried last is printed.
    Fuzz {
        /// Seconds for each of the three kinds of call
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Mutates what of the driver is tested without a device, and looks whether the tests notice
    ///
    /// Takes hours. Installs cargo-mutants at first. Exit status: 0 each mutant that lives is one that is explained, and
    /// the other way round, 1 not so.
    Mutants {
        /// Only sources whose path has this in it
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Only name the sources, and the tests that hold them
        #[arg(long)]
        list: bool,
    },
    /// Runs a test program until the first test fails
    #[command(hide = true)]
    RunMutant {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<OsString>,
    },
    /// Makes the package that Windows installs: signed images, INF, catalog, zip file and ISO, in target/package/
    ///
    /// Signs with a test certificate that is made on the spot, or with --cert and --key. docs/packaging.md has the rest.
    Package {
        /// The processor that the package is for
        #[arg(long, value_enum, default_value_t = Target::All)]
        target: Target,
        /// Sign with this certificate, which its issuers up to the root follow (PEM)
        #[arg(long, value_name = "FILE", requires = "key")]
        cert: Option<PathBuf>,
        /// The certificate's key: a file, or the URI of a key in a token, "pkcs11:..."
        #[arg(long, value_name = "KEY", requires = "cert")]
        key: Option<String>,
        /// The PKCS #11 library of the token that holds the key
        #[arg(long, value_name = "FILE", requires = "key")]
        pkcs11_module: Option<PathBuf>,
        /// Have signatures time-stamped by this service (RFC 3161)
        #[arg(long, value_name = "URL", requires = "key")]
        timestamp: Option<String>,
        /// Make a cabinet for Microsoft's hardware dashboard, too
        #[arg(long)]
        submission: bool,
        /// Leave it there; an older package in that folder goes
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Installs what the other tasks need and this machine lacks; they do so by themselves, too
    Setup,
    /// Runs everything that continuous integration runs
    Test,
}

/// Processors that a package can be for.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Target {
    /// 64-bit x86.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    #[value(name = "aarch64")]
    Aarch64,
    /// Both, in one package.
    All,
}

impl Target {
    fn architectures(self) -> Vec<Architecture> {
        match self {
            Self::X86_64 => vec![Architecture::X86_64],
            Self::Aarch64 => vec![Architecture::Aarch64],
            Self::All => Architecture::ALL.to_vec(),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn run(task: Task) -> Result<ExitCode, Failure> {
    let repository = Repository::find()?;
    match task {
        Task::Build { target, debug, source, out } => {
            setup::ensure(Purpose::Build)?;
            let profile = if debug { Profile::Debug } else { Profile::Release };
            let driver = driver::build_edition(&repository, target, profile, &Edition { source, out })?;
            println!("{}\n{}", driver.image.display(), driver.symbols.display());
        }
        Task::Check => {
            setup::ensure(Purpose::Check)?;
            check::run(&repository)?;
        }
        Task::Play { arguments } => return play::run(&repository, play::Task::Play, &arguments),
        Task::Record { arguments } => return play::run(&repository, play::Task::Record, &arguments),
        Task::Duplex { arguments } => return play::run(&repository, play::Task::Duplex, &arguments),
        Task::Accept { seconds, only, list } => {
            accept::run(&repository, &accept::Wanted { seconds, only, list })?;
        }
        Task::Features { write: true, .. } => features::write(&repository)?,
        Task::Features { write: false, from } => {
            setup::ensure(Purpose::Test)?;
            features::run(&repository, from.as_deref())?;
        }
        Task::Fuzz { seconds } => {
            setup::ensure(Purpose::Test)?;
            fuzz::run(&repository, seconds)?;
        }
        Task::Mutants { only, list } => mutants::run(&repository, &mutants::Wanted { only, list })?,
        Task::RunMutant { words } => return mutants::run_test(&words),
        Task::Package { target, cert, key, pkcs11_module, timestamp, submission, out } => {
            setup::ensure(Purpose::Package)?;
            let architectures = target.architectures();
            let signer = cert.zip(key);
            let wanted =
                package::Wanted { architectures, signer, module: pkcs11_module, timestamp, submission, out };
            let package = package::make(&repository, &wanted)?;
            println!("{}", package.folder.display());
            package.files.iter().for_each(|file| println!("{}", file.display()));
        }
        Task::Setup => setup::ensure(Purpose::Test)?,
        Task::Test => test::run(&repository)?,
    }
    Ok(ExitCode::SUCCESS)
}
