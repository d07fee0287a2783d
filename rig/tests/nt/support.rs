//! A machine without a driver image: the tests' own routines call the exports as an image does, through stubs.

use core::ffi::c_void;
use std::cell::RefCell;
use std::rc::Rc;

use waverust_rig::nt;
use waverust_rig::nt::Kernel;
use waverust_rig::nt::Resolver;
use waverust_rig::pci::Hardware;
use waverust_rig::pci::fake::Fake;
use waverust_rig::trap;
use waverust_rig::verify::Finding;

/// Runs `driver` on a fresh machine; what was found.
pub(crate) fn findings(driver: impl FnOnce(&'static Kernel) + 'static) -> Vec<Finding> {
    findings_with(Box::new(Fake::new().expect("memory")), driver)
}

/// The same with a certain device.
pub(crate) fn findings_with(
    hardware: Box<dyn Hardware>,
    driver: impl FnOnce(&'static Kernel) + 'static,
) -> Vec<Finding> {
    let profile = "26100".parse().expect("a known build");
    let kernel = nt::boot(profile, hardware);
    kernel.set_quantum(1_000_000);
    kernel.run(move || {
        driver(kernel);
        kernel.verifier.check_unloaded(kernel);
    });
    kernel.verifier.findings()
}

/// The result of a driver in which nothing is to be found.
#[track_caller]
pub(crate) fn result<R: Default + 'static>(driver: impl FnOnce(&'static Kernel) -> R + 'static) -> R {
    let shared = Rc::new(RefCell::new(R::default()));
    let out = shared.clone();
    let found = findings(move |kernel| {
        *out.borrow_mut() = driver(kernel);
    });
    assert!(found.is_empty(), "{}", found[0]);
    shared.take()
}

/// Asserts that exactly this rule was broken, with this bug check.
#[track_caller]
pub(crate) fn expect(rule: &str, bug_check: u32, driver: impl FnOnce(&'static Kernel) + 'static) -> Finding {
    let found = findings(driver);
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, [rule]);
    assert_eq!(found[0].bug_check, bug_check, "{}", found[0]);
    found[0].clone()
}

/// An export's address as an import table has it.
pub(crate) fn import(kernel: &Kernel, name: &str) -> *const () {
    let resolver = Resolver::of(kernel);
    ["ntoskrnl.exe", "hal.dll"]
        .iter()
        .find_map(|module| resolver.resolve(kernel, module, name))
        .unwrap_or_else(|| panic!("no export {name}"))
}

/// Memory that a test's driver keeps, outside of the pool.
pub(crate) fn keep<T>(value: T) -> *mut T {
    Box::leak(Box::new(value))
}

/// Machine code as an image, for as long as the process lives; `F` is the type of function that it is.
pub(crate) fn image<F: Copy>(code: &[u8]) -> F {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping; the result is checked.
    let page: *mut c_void = unsafe { libc::mmap(core::ptr::null_mut(), 4096, access, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: a page has room for a few bytes.
    unsafe { core::ptr::copy_nonoverlapping(code.as_ptr(), page.cast(), code.len()) };
    // SAFETY: the page is ours.
    unsafe { libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC) };
    let range = page.addr()..page.addr() + 4096;
    std::mem::forget(trap::register_image(&[trap::Code { range, writable: false }]));
    assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
    // SAFETY: a pointer to code; the caller names the type that the code has.
    unsafe { core::mem::transmute_copy(&page) }
}

/// Calls an export with the given argument types.
macro_rules! call {
    ($kernel:expr, $name:ident($($value:expr => $type:ty),* $(,)?) -> $result:ty) => {{
        let address = crate::support::import($kernel, stringify!($name));
        // SAFETY: the export has this signature.
        let routine: extern "win64" fn($($type),*) -> $result = unsafe { core::mem::transmute(address) };
        routine($($value),*)
    }};
}
pub(crate) use call;
