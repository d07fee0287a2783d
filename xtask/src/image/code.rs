//! Rules on the instructions.

use iced_x86::{CpuidFeature, Decoder, DecoderOptions, EncodingKind, Instruction};

use super::{Findings, pe::Image};
use crate::driver::Architecture;

/// No x87, MMX or AVX: the kernel does not save their registers for a driver, and using them corrupts the state of
/// whatever it interrupts. SSE is saved on x86-64. On ARM64 there is no such register set.
pub(super) fn no_extended_state(image: &Image<'_>, findings: &mut Findings) {
    if image.architecture != Architecture::X86_64 {
        return;
    }
    for section in image.executable_sections() {
        let start = u64::from(section.addresses().start);
        for instruction in Decoder::with_ip(64, section.data(), start, DecoderOptions::NONE) {
            if let Some(kind) = extended_state(&instruction) {
                findings.add(
                    format!("{}+{:#x}", section.name(), instruction.ip() - start),
                    format!("{:?}, {kind}", instruction.code()),
                    "general registers or SSE",
                );
            }
        }
    }
}

/// What registers beyond SSE's the instruction uses.
fn extended_state(instruction: &Instruction) -> Option<&'static str> {
    if instruction.is_invalid() {
        return None;
    }
    // General-register instructions share the encoding; only those on vector and mask registers count.
    let vex = !matches!(instruction.encoding(), EncodingKind::Legacy | EncodingKind::D3NOW);
    let features = instruction.cpuid_features();
    if vex && !features.iter().any(|feature| matches!(feature, CpuidFeature::BMI1 | CpuidFeature::BMI2)) {
        return Some("an AVX instruction");
    }
    features.iter().find_map(|feature| match feature {
        CpuidFeature::FPU | CpuidFeature::FPU287 | CpuidFeature::FPU387 => Some("an x87 instruction"),
        CpuidFeature::MMX | CpuidFeature::D3NOW => Some("an MMX instruction"),
        _ => None,
    })
}
