//! Signs images, catalogs and cabinets, and verifies that they are signed. The work is osslsigncode's.
//!
//! Sources: osslsigncode's manual; "Kernel-mode code signing requirements" and "Test Signing" of the WDK.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// How long a test certificate is good, in days.
const VALIDITY: &str = "3650";
/// A test certificate that ends within so many seconds is made anew.
const WORTH_KEEPING: &str = "2592000";

/// Who signs.
#[derive(Debug, Clone)]
pub struct Signer {
    certificate: PathBuf,
    /// A file, or the URI of a key in a token: `pkcs11:...`.
    key: String,
    /// The library through which the token is reached.
    module: Option<PathBuf>,
    /// An RFC 3161 time-stamping service.
    timestamp: Option<String>,
    /// The time that goes into signatures, in seconds since 1970; where there is none, the clock's.
    time: Option<u64>,
}

impl Signer {
    /// Signs with somebody's certificate, by a key in a file, or in a token where `module` is its PKCS #11 library. The
    /// signatures say that they were made at `time` (seconds since 1970): with a file the same input gives the same
    /// bytes.
    pub fn with(
        certificate: &Path,
        key: &str,
        module: Option<&Path>,
        timestamp: Option<&str>,
        time: u64,
    ) -> Self {
        Self {
            certificate: certificate.to_path_buf(),
            key: key.to_owned(),
            module: module.map(Path::to_path_buf),
            timestamp: timestamp.map(str::to_owned),
            time: Some(time),
        }
    }

    /// Signs with a test certificate, which is made here unless `folder` has one. Its key stays there.
    ///
    /// # Errors
    /// [`Failure::Environment`] if the certificate cannot be made or written.
    pub fn for_tests(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| Failure::io(folder, &error))?;
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let signer = Self {
            certificate: certificate.clone(),
            key: key.display().to_string(),
            module: None,
            timestamp: None,
            time: None,
        };
        if certificate.is_file() && key.is_file() {
            let mut check = Command::new("openssl");
            check.args(["x509", "-checkend", WORTH_KEEPING, "-noout", "-in"]).arg(&certificate);
            if check.output().is_ok_and(|output| output.status.success()) {
                return Ok(signer);
            }
        }
        // RSA: Windows accepts no other key for what it loads into its kernel.
        let mut request = Command::new("openssl");
        request
            .args(["req", "-x509", "-newkey", "rsa:3072", "-nodes", "-sha256", "-days", VALIDITY])
            .args(["-subj", "/CN=WaveRusT test certificate"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "keyUsage=critical,digitalSignature"])
            .args(["-addext", "extendedKeyUsage=codeSigning"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate);
        finish(&mut request, "no test certificate can be made")?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))
            .map_err(|error| Failure::io(&key, &error))?;
        Ok(signer)
    }

    /// The certificate, in PEM.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Writes the certificate as Windows takes it (DER).
    ///
    /// # Errors
    /// [`Failure::Wrong`] if it is none.
    pub fn write_certificate(&self, to: &Path) -> Result<(), Failure> {
        let mut convert = Command::new("openssl");
        convert.args(["x509", "-outform", "DER", "-in"]).arg(&self.certificate).arg("-out").arg(to);
        finish(&mut convert, &format!("{} is no certificate", self.certificate.display()))
    }

    /// Signs `from` into `to`: an image with hashes of its pages, which Windows wants of one that is linked with
    /// /INTEGRITYCHECK, a catalog or a cabinet.
    ///
    /// # Errors
    /// [`Failure::Wrong`] if it cannot be signed, in the words of osslsigncode.
    pub fn sign(&self, from: &Path, to: &Path) -> Result<(), Failure> {
        let mut sign = Command::new("osslsigncode");
        sign.args(["sign", "-h", "sha256", "-n", "WaveRusT audio driver"]);
        if from.extension().is_some_and(|extension| extension == "sys") {
            sign.arg("-ph");
        }
        if let Some(module) = &self.module {
            sign.arg("-pkcs11module").arg(module);
        }
        if let Some(timestamp) = &self.timestamp {
            sign.args(["-ts", timestamp]);
        }
        if let Some(time) = self.time {
            sign.args(["-time", &time.to_string()]);
        }
        sign.arg("-certs").arg(&self.certificate).args(["-key", &self.key]);
        // It refuses to write over a file.
        match fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io(to, &error));
            }
            _ => {}
        }
        sign.arg("-in").arg(from).arg("-out").arg(to);
        finish(&mut sign, &format!("{} cannot be signed", from.display()))
    }
}

/// Fails unless `file` is signed by somebody whom `certificate` (PEM) vouches for; where `catalog` is given, unless that
/// one is, and has the file.
///
/// # Errors
/// [`Failure::Wrong`] with what osslsigncode finds fault with.
pub fn verify(file: &Path, catalog: Option<&Path>, certificate: &Path) -> Result<(), Failure> {
    let mut verify = Command::new("osslsigncode");
    verify.arg("verify").arg("-CAfile").arg(certificate).arg("-TSA-CAfile").arg(certificate);
    if let Some(catalog) = catalog {
        verify.arg("-catalog").arg(catalog);
    }
    verify.arg("-in").arg(file);
    finish(&mut verify, &format!("{} does not verify", file.display()))
}

/// Runs a command that is silent where all is well, and says what it said where not.
pub(super) fn finish(command: &mut Command, what: &str) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.output().map_err(|error| Failure::Environment(format!("cannot run {program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Failure::Wrong(format!("{what}:\n{}", String::from_utf8_lossy(&said).trim_end())))
}
