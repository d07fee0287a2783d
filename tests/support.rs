//! What the end-to-end tests share: the rig as a program, the driver as an image, and faulty editions of it.
//!
//! The tests see what a user sees: command lines, exit statuses, `report.json`, WAV files.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value;

pub mod fake;
mod mutant;

pub use mutant::Mutant;

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository")
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn cargo(arguments: &[&str]) -> Output {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root()).output().expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The rig's program.
pub fn rig_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        cargo(&["build", "--quiet", "--profile", "rig", "--package", "waverust-rig"]);
        target().join("rig/rig")
    })
}

/// The driver's image as users get it.
pub fn driver() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        cargo(&["xtask", "build", "--target", "x86_64"]);
        target().join("driver/x86_64/waverust.sys")
    })
}

/// The image with debug assertions.
pub fn debug_driver() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        cargo(&["xtask", "build", "--target", "x86_64", "--debug"]);
        target().join("driver/x86_64-debug/waverust.sys")
    })
}

/// The image of a disc with the package that Windows installs.
pub fn disc() -> PathBuf {
    let package = folder("package");
    let out = package.to_str().expect("paths of the tests are text");
    cargo(&["xtask", "package", "--target", "x86_64", "--out", out]);
    package.join("waverust.iso")
}

/// A folder of the test's own, empty.
pub fn folder(name: &str) -> PathBuf {
    let folder = target().join("tests").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// A finished run of the rig.
#[derive(Debug)]
pub struct Run {
    /// The exit status.
    pub status: i32,
    /// Everything that was printed.
    pub text: String,
    /// `report.json`, if one was written.
    pub report: Option<Value>,
}

impl Run {
    /// The figure at a path like `/position/max_ahead_frames`.
    ///
    /// # Panics
    /// If there is no report, or no such figure in it.
    pub fn figure(&self, path: &str) -> &Value {
        let report = self.report.as_ref().unwrap_or_else(|| panic!("no report was written:\n{}", self.text));
        report.pointer(path).unwrap_or_else(|| panic!("the report has no {path}"))
    }

    /// A number of the report.
    ///
    /// # Panics
    /// If it is none.
    pub fn number(&self, path: &str) -> f64 {
        self.figure(path).as_f64().unwrap_or_else(|| panic!("{path} is no number"))
    }

    /// Names of the rules that were broken.
    pub fn rules(&self) -> Vec<String> {
        let findings = self.figure("/findings").as_array().cloned().unwrap_or_default();
        findings.iter().filter_map(|finding| Some(finding.get("rule")?.as_str()?.to_owned())).collect()
    }

    /// Asserts that all was well: exit status 0, bit-exact, nothing found.
    ///
    /// # Panics
    /// If it was not.
    #[track_caller]
    pub fn assert_well(&self) {
        assert_eq!(self.status, 0, "{}", self.text);
        assert_eq!(self.figure("/bit_exact"), true, "{}", self.text);
        assert_eq!(self.number("/glitches/count"), 0.0);
        assert_eq!(self.number("/position/backward_steps"), 0.0);
        assert!(self.rules().is_empty());
    }
}

/// Runs the rig with the driver image `driver`; the report goes to `folder`. Arguments that name no device mean AC'97.
pub fn rig_with(driver: &Path, folder: &Path, arguments: &[&str]) -> Run {
    let named = arguments.iter().any(|argument| argument.starts_with("--device"));
    let device: &[&str] = if named { &[] } else { &["--device", "ac97"] };
    let report = folder.join("report.json");
    let _ = fs::remove_file(&report);
    let output = Command::new(rig_program())
        .args(arguments)
        .args(device)
        .arg("--driver")
        .arg(driver)
        .arg("--report")
        .arg(&report)
        .current_dir(folder)
        .output()
        .expect("the rig starts");
    let text = format!(
        "$ rig {}\n{}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let report = fs::read_to_string(&report).ok().and_then(|text| serde_json::from_str(&text).ok());
    Run { status: output.status.code().unwrap_or(-1), text, report }
}

/// Runs the rig with the driver as users get it.
pub fn rig(folder: &Path, arguments: &[&str]) -> Run {
    rig_with(driver(), folder, arguments)
}

/// Writes a WAV file of 16-bit stereo noise whose first frame is not silent.
pub fn noise(path: &Path, seconds: u32, rate: u32) {
    waverust_rig::sound::tune::noise(seconds, rate, 2, 0x5EED)
        .save(path)
        .expect("writing a WAV file for the test");
}
