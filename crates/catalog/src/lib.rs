#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod image;
mod structure;

use std::error::Error;
use std::fmt;

use sha2::{Digest, Sha256};

pub use image::{Image, ImageError, PageHash};

/// A hash of SHA-256.
pub type Hash = [u8; 32];

/// What the catalog says of the systems that a member is for: Windows 10 and all that share its version number.
///
/// `2` is the platform (Windows NT).
const OS_ATTRIBUTE: &str = "2:10.0";

/// The list of a package's files.
#[derive(Debug, Clone)]
pub struct Catalog {
    created: u64,
    systems: Vec<String>,
    hardware: Vec<String>,
    members: Vec<Member>,
}

/// A file of the package.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) hash: Hash,
    /// Hashes of pages; none where the file is no image.
    pub(crate) pages: Option<Vec<PageHash>>,
}

impl Catalog {
    /// A catalog without members, made `created` seconds after the beginning of 1970 (UTC).
    pub fn new(created: u64) -> Self {
        Self { created, systems: Vec::new(), hardware: Vec::new(), members: Vec::new() }
    }

    /// Names a system that the package is for, as Inf2Cat writes it into its catalogs: `_v100_X64`, `_v100_ARM64_RS3`.
    pub fn for_system(&mut self, name: &str) {
        self.systems.push(name.to_owned());
    }

    /// Names a device that the package is for by its hardware id; a second time the same one counts once.
    pub fn for_hardware(&mut self, id: &str) {
        let id = id.to_ascii_lowercase();
        if !self.hardware.contains(&id) {
            self.hardware.push(id);
        }
    }

    /// Adds a PE image: the hash that a signature in the image covers, and one of each page, which Windows checks
    /// where an image asks for it (`/INTEGRITYCHECK`). A signature in the image changes neither.
    ///
    /// # Errors
    /// [`ImageError`] where `bytes` are no PE image.
    pub fn add_image(&mut self, name: &str, bytes: &[u8]) -> Result<(), ImageError> {
        let image = Image::parse(bytes)?;
        self.add(name, image.hash(), Some(image.page_hashes()));
        Ok(())
    }

    /// Adds a file of any other kind.
    pub fn add_file(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, Sha256::digest(bytes).into(), None);
    }

    /// Members are kept in the order of their hashes, as the list has to be; of equal ones the first stays.
    fn add(&mut self, name: &str, hash: Hash, pages: Option<Vec<PageHash>>) {
        if let Err(place) = self.members.binary_search_by(|member| member.hash.cmp(&hash)) {
            self.members.insert(place, Member { name: name.to_owned(), hash, pages });
        }
    }

    /// Sixteen bytes that tell this list from any other: of the hash of all that is in it.
    fn identifier(&self) -> [u8; 16] {
        let mut hasher = Sha256::new();
        hasher.update(self.created.to_le_bytes());
        for text in self.systems.iter().chain(&self.hardware) {
            hasher.update(text);
            hasher.update([0]);
        }
        for member in &self.members {
            hasher.update(member.hash);
            hasher.update(&member.name);
            hasher.update([0]);
        }
        let hash: Hash = hasher.finalize().into();
        std::array::from_fn(|index| hash[index])
    }

    /// The catalog as a file, unsigned: PKCS #7 signed data without signers.
    ///
    /// # Errors
    /// [`CatalogError`] where a name has characters beyond the Basic Multilingual Plane, or the catalog was made after
    /// 2049.
    pub fn to_der(&self) -> Result<Vec<u8>, CatalogError> {
        structure::encode(self).map_err(CatalogError::Encoding)
    }
}

/// Why there is no catalog.
#[derive(Debug)]
pub enum CatalogError {
    /// A member that was to be an image is none.
    Image(ImageError),
    /// Something cannot be written in DER.
    Encoding(der::Error),
}

impl From<ImageError> for CatalogError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(error) => write!(f, "no image: {error}"),
            Self::Encoding(error) => write!(f, "not to be written in DER: {error}"),
        }
    }
}

impl Error for CatalogError {}
