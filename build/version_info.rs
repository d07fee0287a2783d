//! A resource file (.res) that holds the image's VERSIONINFO, which Windows shows and driver installation compares.
//!
//! Written here because resource compilers belong to other systems' toolchains, while every linker of Windows
//! images takes the file they would make. Layout: Microsoft Learn, "Resource File Formats" and "VS_VERSIONINFO".

use std::num::ParseIntError;

/// The strings that the file's properties show; file and product version are added.
const STRINGS: [(&str, &str); 5] = [
    ("CompanyName", "The WaveRusT authors"),
    ("FileDescription", "WaveRusT audio driver"),
    ("LegalCopyright", "MIT OR Apache-2.0"),
    ("OriginalFilename", "waverust.sys"),
    ("ProductName", "WaveRusT"),
];

/// U.S. English, in Unicode: language and code page of the strings.
const LANGUAGE: u16 = 0x0409;
const CODE_PAGE: u16 = 1200;

/// RT_VERSION, and the only name a version resource may have.
const TYPE_VERSION: u16 = 16;
const NAME_VERSION_INFO: u16 = 1;

const MOVEABLE_PURE: u16 = 0x0030;

/// Makes the resource file for `version` ("major.minor.patch").
pub(crate) fn resource_file(version: &str) -> Result<Vec<u8>, ParseIntError> {
    let numbers = version
        .split(['.', '-', '+'])
        .take(3)
        .map(str::parse)
        .collect::<Result<Vec<u16>, ParseIntError>>()?;
    let mut file = entry(0, 0, 0, 0, &[]);
    file.extend(entry(
        TYPE_VERSION,
        NAME_VERSION_INFO,
        MOVEABLE_PURE,
        LANGUAGE,
        &version_info(version, &numbers),
    ));
    Ok(file)
}

/// One resource with its header (RESOURCEHEADER). The file begins with an empty one.
fn entry(kind: u16, name: u16, memory_flags: u16, language: u16, data: &[u8]) -> Vec<u8> {
    const HEADER_SIZE: u32 = 32;
    let mut entry = Vec::new();
    entry.extend((data.len() as u32).to_le_bytes());
    entry.extend(HEADER_SIZE.to_le_bytes());
    // A number in place of a name: 0xFFFF ahead of it.
    for word in [0xFFFF, kind, 0xFFFF, name] {
        entry.extend(word.to_le_bytes());
    }
    entry.extend(0u32.to_le_bytes()); // DataVersion
    entry.extend(memory_flags.to_le_bytes());
    entry.extend(language.to_le_bytes());
    entry.extend(0u32.to_le_bytes()); // Version
    entry.extend(0u32.to_le_bytes()); // Characteristics
    entry.extend(data);
    align(&mut entry);
    entry
}

/// VS_VERSIONINFO: the fixed numbers, the strings, and the language that the strings are in.
fn version_info(version: &str, numbers: &[u16]) -> Vec<u8> {
    let strings: Vec<u8> = STRINGS
        .into_iter()
        .chain([("FileVersion", version), ("ProductVersion", version)])
        .fold(Vec::new(), |mut strings, (key, value)| {
            align(&mut strings);
            strings.extend(text_block(key, value));
            strings
        });
    let table = block(&format!("{LANGUAGE:04X}{CODE_PAGE:04X}"), Value::None, &strings);
    let mut children = block("StringFileInfo", Value::None, &table);
    align(&mut children);
    let translation = [LANGUAGE.to_le_bytes(), CODE_PAGE.to_le_bytes()].concat();
    children.extend(block(
        "VarFileInfo",
        Value::None,
        &block("Translation", Value::Binary(&translation), &[]),
    ));
    block("VS_VERSION_INFO", Value::Binary(&fixed_file_info(numbers)), &children)
}

/// VS_FIXEDFILEINFO of a sound driver.
fn fixed_file_info(numbers: &[u16]) -> Vec<u8> {
    const VS_FFI_SIGNATURE: u32 = 0xFEEF_04BD;
    const VS_FFI_STRUCVERSION: u32 = 0x0001_0000;
    const VS_FFI_FILEFLAGSMASK: u32 = 0x3F;
    const VOS_NT_WINDOWS32: u32 = 0x0004_0004;
    const VFT_DRV: u32 = 3;
    const VFT2_DRV_SOUND: u32 = 9;
    let number = |at: usize| u32::from(numbers.get(at).copied().unwrap_or(0));
    let high = number(0) << 16 | number(1);
    let low = number(2) << 16;
    [
        VS_FFI_SIGNATURE,
        VS_FFI_STRUCVERSION,
        high,
        low,
        high,
        low,
        VS_FFI_FILEFLAGSMASK,
        0,
        VOS_NT_WINDOWS32,
        VFT_DRV,
        VFT2_DRV_SOUND,
        0,
        0,
    ]
    .iter()
    .flat_map(|value| value.to_le_bytes())
    .collect()
}

enum Value<'a> {
    None,
    Text(&'a str),
    Binary(&'a [u8]),
}

fn text_block(key: &str, value: &str) -> Vec<u8> {
    block(key, Value::Text(value), &[])
}

/// One block of the version tree: three 16-bit words (its length, the value's length, text or not), key, value and
/// children, each at a multiple of four bytes. The length of text is in characters, its end included.
fn block(key: &str, value: Value<'_>, children: &[u8]) -> Vec<u8> {
    let (bytes, length, is_text) = match value {
        Value::None => (Vec::new(), 0, 1u16),
        Value::Text(text) => {
            let bytes = utf16(text);
            let characters = bytes.len() / 2;
            (bytes, characters, 1)
        }
        Value::Binary(bytes) => (bytes.to_vec(), bytes.len(), 0),
    };
    let mut block = vec![0; 2];
    block.extend((length as u16).to_le_bytes());
    block.extend(is_text.to_le_bytes());
    block.extend(utf16(key));
    align(&mut block);
    block.extend(bytes);
    if !children.is_empty() {
        align(&mut block);
        block.extend(children);
    }
    let whole = (block.len() as u16).to_le_bytes();
    block[..2].copy_from_slice(&whole);
    block
}

/// UTF-16, little-endian, with a terminating null.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Pads to a multiple of four bytes.
fn align(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
