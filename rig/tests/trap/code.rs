//! Machine code as a driver image, and a hook that writes down what it hears.

use std::{
    arch::asm,
    cell::{Cell, RefCell},
    collections::VecDeque,
    ops::Range,
    ptr,
};

use waverust_rig::trap::{self, Cause, Code, Hook, Registration, Trap};

/// Machine code between two labels, assembled with this test and copied to a page of its own.
macro_rules! code {
    ($name:ident: $($line:literal),+ $(,)?) => {
        mod $name {
            std::arch::global_asm!(
                concat!(stringify!($name), "_start:"), $($line,)+ concat!(stringify!($name), "_end:"),
            );
            unsafe extern "C" {
                #[link_name = concat!(stringify!($name), "_start")]
                static START: u8;
                #[link_name = concat!(stringify!($name), "_end")]
                static END: u8;
            }

            pub(super) fn image() -> crate::code::Image {
                crate::code::Image::new((&raw const START)..(&raw const END))
            }
        }
    };
}

const PAGE: usize = 4096;

/// One page of machine code, registered as a driver image. Traps go to the hook of this module.
pub(crate) struct Image {
    _registration: Registration,
    page: Page,
}

struct Page(*mut u8);

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the page is ours, and no code runs in it any more.
        unsafe { libc::munmap(self.0.cast(), PAGE) };
    }
}

impl Image {
    pub(crate) fn new(code: Range<*const u8>) -> Self {
        let length = code.end.addr() - code.start.addr();
        assert!(length <= PAGE);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, access, flags, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED);
        // SAFETY: the labels enclose readable code, and the page has room for it.
        unsafe { ptr::copy_nonoverlapping(code.start, page.cast(), length) };
        // SAFETY: the page is ours.
        unsafe { libc::mprotect(page, PAGE, libc::PROT_READ | libc::PROT_EXEC) };
        trap::install(hook, |last| overflow(last.in_driver)).unwrap();
        let range = page.addr()..page.addr() + PAGE;
        let registration = trap::register_image(&[Code { range, writable: false }]);
        Self { _registration: registration, page: Page(page.cast()) }
    }

    /// Calls its first byte with two arguments.
    pub(crate) fn call(&self, first: u64, second: u64) -> u64 {
        self.call3(first, second, 0)
    }

    /// Calls its first byte with three arguments.
    pub(crate) fn call3(&self, first: u64, second: u64, third: u64) -> u64 {
        type Function = extern "sysv64" fn(u64, u64, u64) -> u64;
        // SAFETY: every piece of test code begins with a function of this form.
        let function = unsafe { std::mem::transmute::<*mut u8, Function>(self.page.0) };
        function(first, second, third)
    }
}

thread_local! {
    static CAUSES: RefCell<Vec<Cause>> = const { RefCell::new(Vec::new()) };
    static ANSWERS: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
    static HOOK: Cell<Hook> = const { Cell::new(answer) };
}

fn hook(trap: &mut Trap<'_>) {
    CAUSES.with_borrow_mut(|causes| causes.push(trap.cause()));
    HOOK.get()(trap);
}

/// What the hook of this thread has heard.
pub(crate) fn causes() -> Vec<Cause> {
    CAUSES.with_borrow(Clone::clone)
}

/// What the hook of this thread will answer, one after the other; afterwards 0.
pub(crate) fn set_answers(answers: &[u64]) {
    ANSWERS.with_borrow_mut(|queue| *queue = answers.iter().copied().collect());
}

/// What the hook of this thread does besides writing down.
pub(crate) fn set_hook(hook: Hook) {
    HOOK.set(hook);
}

/// The usual hook: answers, and goes on behind whatever it was.
pub(crate) fn answer(trap: &mut Trap<'_>) {
    let is_write = matches!(trap.cause(), Cause::MemoryWrite { .. } | Cause::PortWrite { .. });
    let next = if is_write { None } else { ANSWERS.with_borrow_mut(VecDeque::pop_front) };
    trap.complete_read(next.unwrap_or(0));
}

/// Length of the instruction of [`touch`].
pub(crate) const TOUCH_LENGTH: u64 = 2;

/// Reads a byte as rig code.
pub(crate) fn touch(address: u64) {
    // SAFETY: it faults, as the caller wants.
    unsafe { asm!("mov al, [rdi]", in("rdi") address, out("al") _) };
}

/// The last resort of these tests: tells by its exit status what it heard.
fn overflow(in_driver: bool) {
    // SAFETY: ends the process, nothing else.
    unsafe { libc::_exit(if in_driver { 42 } else { 43 }) };
}
