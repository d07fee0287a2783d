//! The catalog in ASN.1, top to bottom.
//!
//! ```text
//! ContentInfo { signedData, SignedData }                     PKCS #7
//!   SignedData { 1, digests {}, content, signers {} }        unsigned: both sets are empty
//!     content { CTL, TrustList }                             a list of trusted subjects
//!       TrustList { CATALOG_LIST, identifier, time, CATALOG_LIST_MEMBER_V2, members, extensions }
//!         member { hash, { File, OSAttr, MEMBERINFO2, SPC_INDIRECT_DATA } }
//!         extension { NAMEVALUE, OS | HWIDn }
//! ```
//!
//! Sources: wintrust.h and mscat.h of the Windows SDK for the object identifiers and the members of each structure,
//! "Windows Authenticode Portable Executable Signature Format" for SpcIndirectData, and the description of MakeCat's
//! encoding in Microsoft's dotnet/arcade for what version 2 writes.

use std::time::Duration;

use der::asn1::{Any, BitString, BmpString, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Decode, Encode, Sequence, Tag, TagNumber, ValueOrd};

use crate::{Catalog, Member, OS_ATTRIBUTE, PageHash};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CTL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.1");
const CATALOG_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.1");
const CATALOG_LIST_MEMBER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.3");
const NAME_VALUE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.1");
const MEMBER_INFO_2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.3");
const SPC_INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
const SPC_PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
const SPC_CAB_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.25");
const SPC_PAGE_HASHES_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.3.2");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The class of serialised objects that are page hashes.
const PAGE_HASH_CLASS: [u8; 16] =
    [0xA6, 0xB5, 0x86, 0xD5, 0xB4, 0xA1, 0x24, 0x66, 0xAE, 0x05, 0xA2, 0x17, 0xDA, 0x8E, 0x60, 0xD6];

/// The image as a whole counts: its resources and its import address table are included.
const PE_IMAGE_FLAGS: u8 = 0b1010_0000;
const PE_IMAGE_FLAGS_UNUSED: u8 = 5;

/// CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_DATAASCII | CRYPTCAT_ATTR_NAMEASCII (mscat.h): part of what is signed,
/// text with a name in plain text.
const NAME_VALUE_FLAGS: u32 = 0x1001_0001;

#[derive(Sequence)]
struct ContentInfo {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: Any,
}

#[derive(Sequence)]
struct SignedData {
    version: u8,
    digest_algorithms: SetOfVec<Algorithm>,
    content: ContentInfo,
    signers: SetOfVec<Any>,
}

#[derive(Sequence, ValueOrd)]
struct Algorithm {
    kind: ObjectIdentifier,
    parameters: Null,
}

#[derive(Sequence)]
struct TrustList {
    usage: Vec<ObjectIdentifier>,
    identifier: OctetString,
    this_update: UtcTime,
    algorithm: Algorithm,
    members: Vec<TrustedSubject>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct TrustedSubject {
    identifier: OctetString,
    attributes: SetOfVec<Attribute>,
}

#[derive(Sequence, ValueOrd)]
struct Attribute {
    kind: ObjectIdentifier,
    values: SetOfVec<Any>,
}

#[derive(Sequence)]
struct Extension {
    kind: ObjectIdentifier,
    value: OctetString,
}

#[derive(Sequence)]
struct NameValue {
    name: BmpString,
    flags: u32,
    value: OctetString,
}

#[derive(Sequence)]
struct IndirectData {
    data: TypeAndValue,
    digest: DigestInfo,
}

#[derive(Sequence)]
struct TypeAndValue {
    kind: ObjectIdentifier,
    value: Any,
}

#[derive(Sequence)]
struct DigestInfo {
    algorithm: Algorithm,
    digest: OctetString,
}

#[derive(Sequence)]
struct PeImageData {
    flags: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    file: Any,
}

/// The catalog as a file.
pub(crate) fn encode(catalog: &Catalog) -> der::Result<Vec<u8>> {
    let members = catalog.members.iter().map(member).collect::<der::Result<Vec<_>>>()?;
    let mut extensions = Vec::new();
    if !catalog.systems.is_empty() {
        extensions.push(extension("OS", &catalog.systems.join(","))?);
    }
    // Inf2Cat counts hardware ids down.
    for (index, id) in catalog.hardware.iter().enumerate().rev() {
        extensions.push(extension(&format!("HWID{}", index + 1), id)?);
    }
    let list = TrustList {
        usage: vec![CATALOG_LIST],
        identifier: OctetString::new(catalog.identifier())?,
        this_update: UtcTime::from_unix_duration(Duration::from_secs(catalog.created))?,
        algorithm: Algorithm { kind: CATALOG_LIST_MEMBER_V2, parameters: Null },
        members,
        extensions,
    };
    let data = SignedData {
        version: 1,
        digest_algorithms: SetOfVec::new(),
        content: ContentInfo { kind: CTL, content: Any::encode_from(&list)? },
        signers: SetOfVec::new(),
    };
    ContentInfo { kind: SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
}

fn member(member: &Member) -> der::Result<TrustedSubject> {
    let attributes = [
        attribute(NAME_VALUE, &name_value("File", &member.name)?)?,
        attribute(NAME_VALUE, &name_value("OSAttr", OS_ATTRIBUTE)?)?,
        attribute(MEMBER_INFO_2, &context(2, false, &[])?)?,
        attribute(SPC_INDIRECT_DATA, &indirect_data(member)?)?,
    ];
    Ok(TrustedSubject {
        identifier: OctetString::new(member.hash)?,
        attributes: SetOfVec::from_iter(attributes)?,
    })
}

fn attribute(kind: ObjectIdentifier, value: &impl Encode) -> der::Result<Attribute> {
    Ok(Attribute { kind, values: SetOfVec::from_iter([any(value)?])? })
}

fn extension(name: &str, value: &str) -> der::Result<Extension> {
    Ok(Extension { kind: NAME_VALUE, value: OctetString::new(name_value(name, value)?.to_der()?)? })
}

/// Text is UTF-16, little-endian, with a terminating null.
fn name_value(name: &str, value: &str) -> der::Result<NameValue> {
    let text: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    Ok(NameValue {
        name: BmpString::from_utf8(name)?,
        flags: NAME_VALUE_FLAGS,
        value: OctetString::new(text)?,
    })
}

/// What is hashed, and the hash.
fn indirect_data(member: &Member) -> der::Result<IndirectData> {
    let data = match &member.pages {
        Some(pages) => {
            let flags = BitString::new(PE_IMAGE_FLAGS_UNUSED, [PE_IMAGE_FLAGS])?;
            let image = PeImageData { flags, file: page_hash_link(pages)? };
            TypeAndValue { kind: SPC_PE_IMAGE_DATA, value: Any::encode_from(&image)? }
        }
        None => TypeAndValue { kind: SPC_CAB_DATA, value: no_file()? },
    };
    Ok(IndirectData {
        data,
        digest: DigestInfo {
            algorithm: Algorithm { kind: SHA_256, parameters: Null },
            digest: OctetString::new(member.hash)?,
        },
    })
}

/// SpcLink, of the kind "file", without a name.
fn no_file() -> der::Result<Any> {
    context(2, true, &context(0, false, &[])?.to_der()?)
}

/// SpcLink, of the kind "moniker": a serialised object that holds the page hashes.
fn page_hash_link(pages: &[PageHash]) -> der::Result<Any> {
    let hashes: Vec<u8> =
        pages.iter().flat_map(|page| page.offset.to_le_bytes().into_iter().chain(page.hash)).collect();
    let hashes = attribute(SPC_PAGE_HASHES_V2, &OctetString::new(hashes)?)?;
    let serialised = SetOfVec::from_iter([hashes])?.to_der()?;
    let class = OctetString::new(PAGE_HASH_CLASS)?.to_der()?;
    context(1, true, &[class, OctetString::new(serialised)?.to_der()?].concat())
}

/// A value with a tag of its context.
fn context(number: u32, constructed: bool, content: &[u8]) -> der::Result<Any> {
    Any::new(Tag::ContextSpecific { constructed, number: TagNumber(number) }, content)
}

fn any(value: &impl Encode) -> der::Result<Any> {
    Any::from_der(&value.to_der()?)
}
