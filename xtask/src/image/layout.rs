//! Rules on headers, sections and relocations.

use object::{
    LittleEndian as LE,
    pe::{
        IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
        IMAGE_DLLCHARACTERISTICS_NX_COMPAT, IMAGE_REL_BASED_DIR64, IMAGE_SCN_MEM_NOT_PAGED,
        IMAGE_SCN_MEM_WRITE, IMAGE_SUBSYSTEM_NATIVE,
    },
};

use super::{Findings, pe::Image};

const PAGE: u32 = 0x1000;

/// The loader takes only native images into the kernel.
pub(super) fn native_subsystem(image: &Image<'_>, findings: &mut Findings) {
    let subsystem = image.optional_header().subsystem.get(LE);
    if subsystem != IMAGE_SUBSYSTEM_NATIVE {
        findings.add("optional header", format!("subsystem {}", subsystem.0), "subsystem 1 (native)");
    }
}

/// Data that cannot be executed, an address that can be chosen, and a signature that is always verified.
pub(super) fn protections(image: &Image<'_>, findings: &mut Findings) {
    let characteristics = image.optional_header().dll_characteristics.get(LE);
    for (flag, name, switch) in [
        (IMAGE_DLLCHARACTERISTICS_NX_COMPAT, "NX_COMPAT", "/NXCOMPAT"),
        (IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, "DYNAMIC_BASE", "/DYNAMICBASE"),
        (IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY, "FORCE_INTEGRITY", "/INTEGRITYCHECK"),
    ] {
        if characteristics & flag != flag {
            findings.add("optional header", format!("{name} is not set"), format!("linking with {switch}"));
        }
    }
}

/// The loader refuses a driver whose checksum is not that of the file.
pub(super) fn checksum(image: &Image<'_>, findings: &mut Findings) {
    let stored = image.optional_header().check_sum.get(LE);
    let computed = compute_checksum(image.bytes, image.checksum_offset());
    if stored != computed {
        findings.add(
            "optional header",
            format!("checksum {stored:#x}"),
            format!("{computed:#x}, as by /RELEASE"),
        );
    }
}

/// The sum of all 16-bit words but those of the checksum itself, carries added in, plus the length of the file.
pub(super) fn compute_checksum(bytes: &[u8], checksum_offset: usize) -> u32 {
    let mut sum = 0u32;
    for (at, pair) in (0..).step_by(2).zip(bytes.chunks(2)) {
        if (checksum_offset..checksum_offset + 4).contains(&at) {
            continue;
        }
        sum += u32::from(pair[0]) | u32::from(*pair.get(1).unwrap_or(&0)) << 8;
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    sum + bytes.len() as u32
}

/// Sections on pages of their own, so that each can have its own protection.
pub(super) fn section_alignment(image: &Image<'_>, findings: &mut Findings) {
    let alignment = image.optional_header().section_alignment.get(LE);
    if alignment != PAGE {
        findings.add("optional header", format!("section alignment {alignment:#x}"), "0x1000, a page");
    }
}

/// No memory that can be both written and executed: hypervisor-protected code integrity refuses it.
pub(super) fn no_writable_code(image: &Image<'_>, findings: &mut Findings) {
    for section in image.executable_sections().filter(|section| section.has(IMAGE_SCN_MEM_WRITE)) {
        findings.add(section.name(), "writable and executable", "one or the other");
    }
}

/// Code and data stay in memory: interrupts and DPCs use them where no page can be fetched.
pub(super) fn not_paged(image: &Image<'_>, findings: &mut Findings) {
    for section in image.sections() {
        let name = section.name();
        if [".text", ".rdata", ".data"].contains(&name.as_str()) && !section.has(IMAGE_SCN_MEM_NOT_PAGED) {
            findings.add(name, "can be paged out", "IMAGE_SCN_MEM_NOT_PAGED");
        }
    }
}

/// No relocated pointer across a page boundary: the kernel relocates page by page, as pages come in.
pub(super) fn relocations_within_pages(image: &Image<'_>, findings: &mut Findings) {
    let blocks = image.directories().relocation_blocks(image.bytes, &image.table());
    let mut blocks = match blocks {
        Ok(Some(blocks)) => blocks,
        Ok(None) => return,
        Err(error) => return findings.add("relocations", error.to_string(), "a readable table"),
    };
    loop {
        match blocks.next() {
            Ok(Some(block)) => {
                for relocation in block {
                    let address = relocation.virtual_address;
                    if relocation.typ != IMAGE_REL_BASED_DIR64 {
                        findings.add(
                            format!("relocation of {address:#x}"),
                            format!("type {}", relocation.typ.0),
                            "64-bit pointers only (type 10)",
                        );
                    } else if address % PAGE > PAGE - 8 {
                        findings.add(
                            format!("relocation of {address:#x}"),
                            "a pointer across two pages",
                            "aligned pointers",
                        );
                    }
                }
            }
            Ok(None) => return,
            Err(error) => return findings.add("relocations", error.to_string(), "a readable table"),
        }
    }
}
