//! The image check: a sound image passes, and each rule fires on an image that breaks it and on nothing else.

mod fixture;

use fixture::{EXECUTE, Fixture, NOT_PAGED, READ, WRITE};
use xtask::{
    driver::Architecture,
    image::{Finding, check},
};

fn findings(fixture: &Fixture) -> Vec<Finding> {
    check(&fixture.bytes(), Architecture::X86_64)
}

/// The image must violate this one rule, with these words in what was found and where.
#[track_caller]
fn assert_breaks(fixture: &Fixture, rule: &str, words: &[&str]) {
    let findings = findings(fixture);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].rule, rule);
    let text = findings[0].to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[test]
fn a_sound_image_has_no_finding() {
    assert_eq!(findings(&Fixture::default()), []);
}

#[test]
fn no_image_at_all() {
    let findings = check(b"MZ, and nothing else", Architecture::X86_64);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "format");
}

#[test]
fn an_image_for_another_processor() {
    let findings = check(&Fixture::default().bytes(), Architecture::Aarch64);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].to_string().contains("0x8664"), "{findings:?}");
}

#[test]
fn all_rules_run_and_all_findings_are_reported() {
    let fixture =
        Fixture { subsystem: 3, dll_characteristics: 0, version: Some([0; 4]), ..Fixture::default() };
    let rules: Vec<&str> = findings(&fixture).iter().map(|finding| finding.rule).collect();
    let protections = ["protections"; 3];
    assert_eq!(rules, [&["native subsystem"][..], &protections, &["version", "version"]].concat());
}

#[test]
fn a_console_program() {
    assert_breaks(&Fixture { subsystem: 3, ..Fixture::default() }, "native subsystem", &["subsystem 3"]);
}

#[test]
fn each_protection_left_out() {
    for (flag, name) in [(0x0040, "DYNAMIC_BASE"), (0x0080, "FORCE_INTEGRITY"), (0x0100, "NX_COMPAT")] {
        let mut fixture = Fixture::default();
        fixture.dll_characteristics &= !flag;
        assert_breaks(&fixture, "protections", &[name]);
    }
}

#[test]
fn a_wrong_checksum() {
    assert_breaks(&Fixture { checksum: Some(0), ..Fixture::default() }, "checksum", &["checksum 0x0"]);
}

#[test]
fn sections_closer_than_pages() {
    let fixture = Fixture { section_alignment: 0x2000, ..Fixture::default() };
    assert_breaks(&fixture, "section alignment", &["0x2000", "0x1000"]);
}

/// Row 77: image for memory integrity.
#[test]
fn writable_code() {
    let fixture = Fixture { text: READ | EXECUTE | WRITE | NOT_PAGED, ..Fixture::default() };
    assert_breaks(&fixture, "writable code", &[".text"]);
}

/// Row 19: GetPosition at DISPATCH_LEVEL.
#[test]
fn pageable_sections() {
    let pageable = |change: fn(&mut Fixture)| {
        let mut fixture = Fixture::default();
        change(&mut fixture);
        fixture
    };
    assert_breaks(&pageable(|fixture| fixture.text &= !NOT_PAGED), "not paged", &[".text"]);
    assert_breaks(&pageable(|fixture| fixture.rdata &= !NOT_PAGED), "not paged", &[".rdata"]);
    assert_breaks(&pageable(|fixture| fixture.data &= !NOT_PAGED), "not paged", &[".data"]);
}

#[test]
fn a_relocation_across_pages() {
    let fixture = Fixture { relocations: vec![(10, 0xFF8), (10, 0xFFC)], ..Fixture::default() };
    assert_breaks(&fixture, "relocations", &["0x3ffc", "across two pages"]);
}

#[test]
fn a_relocation_of_half_a_pointer() {
    let fixture = Fixture { relocations: vec![(3, 0x10)], ..Fixture::default() };
    assert_breaks(&fixture, "relocations", &["0x3010", "type 3"]);
}

#[test]
fn import_tables_among_the_code() {
    let fixture = Fixture { rdata: READ | EXECUTE | NOT_PAGED, ..Fixture::default() };
    let findings = findings(&fixture);
    let tables: Vec<&Finding> = findings.iter().filter(|finding| finding.rule == "import table").collect();
    assert_eq!(tables.len(), 2, "{findings:?}");
    assert!(tables[0].place.starts_with("import table at"));
    assert!(tables[1].place.starts_with("import address table at"));
}

#[test]
fn an_import_newer_than_the_oldest_windows() {
    let imports = vec![("ntoskrnl.exe", vec!["memcpy", "ExAllocatePool2"])];
    let fixture = Fixture { imports, ..Fixture::default() };
    assert_breaks(&fixture, "imports", &["ntoskrnl.exe!ExAllocatePool2", "19041", "10240"]);
}

#[test]
fn imports_that_do_not_exist() {
    let fixture =
        Fixture { imports: vec![("portcls.sys", vec!["PcAddStreamResource2"])], ..Fixture::default() };
    assert_breaks(&fixture, "imports", &["portcls.sys!PcAddStreamResource2", "no known export"]);
    let fixture = Fixture { imports: vec![("ole32.dll", vec!["CoInitialize"])], ..Fixture::default() };
    assert_breaks(&fixture, "imports", &["ole32.dll!CoInitialize", "not a module"]);
}

/// Row 78: no AVX, version set.
#[test]
fn instructions_whose_registers_nobody_saves() {
    for (code, name) in [
        (&[0xC5, 0xF8, 0x57, 0xC0][..], "AVX"), // vxorps xmm0, xmm0, xmm0
        (&[0x62, 0xF1, 0x7C, 0x48, 0x57, 0xC0], "AVX"), // vxorps zmm0, zmm0, zmm0
        (&[0xD9, 0xE8], "x87"),                 // fld1
        (&[0x0F, 0xEF, 0xC0], "MMX"),           // pxor mm0, mm0
    ] {
        let fixture = Fixture { code: [&[0x90], code, &[0xC3]].concat(), ..Fixture::default() };
        assert_breaks(&fixture, "instructions", &[".text+0x1", name]);
    }
}

#[test]
fn instructions_that_only_look_like_them() {
    for code in [
        &[0x0F, 0x57, 0xC0][..],         // xorps xmm0, xmm0
        &[0xC4, 0xE2, 0xF8, 0xF2, 0xC0], // andn rax, rax, rax: general registers
        &[0x66, 0x0F, 0xEF, 0xC0],       // pxor xmm0, xmm0
    ] {
        assert_eq!(findings(&Fixture { code: code.to_vec(), ..Fixture::default() }), [], "{code:x?}");
    }
}

#[test]
fn no_version() {
    assert_breaks(&Fixture { version: None, ..Fixture::default() }, "version", &["no VERSIONINFO"]);
}

/// Row 78: no AVX, version set.
#[test]
fn a_version_of_zeros() {
    let findings = findings(&Fixture { version: Some([0; 4]), ..Fixture::default() });
    assert_eq!(findings.len(), 2);
    assert!(findings[0].found.contains("file version 0.0.0.0"), "{findings:?}");
    assert!(findings[1].found.contains("product version 0.0.0.0"), "{findings:?}");
}
