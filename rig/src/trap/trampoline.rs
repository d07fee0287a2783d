//! From the signal handler to the hook and back to the interrupted code.

use std::arch::naked_asm;

use super::{handler, registers::Registers};

/// What the handler leaves on the interrupted code's stack. The trampoline starts with the stack pointer here.
#[repr(C)]
pub(super) struct Frame {
    /// Copy of the processor's extended state, as Linux saved it: 64-byte aligned.
    pub(super) extended: *mut u8,
    /// Components of the extended state, as `xrstor` takes them; 0 if it is a plain `fxsave` area.
    pub(super) components: u64,
    /// The registers, popped at the end.
    pub(super) registers: Registers,
    /// Signal number.
    pub(super) signal: i32,
    /// The processor's exception number.
    pub(super) exception: u64,
    /// The processor's error code.
    pub(super) error: u64,
    /// Address of a page fault.
    pub(super) address: u64,
}

/// Calls [`handler::dispatch`] with the [`Frame`] at the stack pointer and goes on with the registers in it.
///
/// # Safety
/// To be entered only by the signal handler, with the stack pointer at a frame and direction and trap flag clear.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn trampoline() {
    naked_asm!(
        "mov rbx, rsp",
        "mov rdi, rsp",
        "call {dispatch}",
        "mov rsp, rbx",
        // The extended state.
        "pop rdi",
        "pop rax",
        "test rax, rax",
        "jz 2f",
        "mov rdx, rax",
        "shr rdx, 32",
        "xrstor64 [rdi]",
        "jmp 3f",
        "2: fxrstor64 [rdi]",
        "3:",
        "pop rax",
        "pop rcx",
        "pop rdx",
        "pop rbx",
        "pop rbp",
        "pop rsi",
        "pop rdi",
        "pop r8",
        "pop r9",
        "pop r10",
        "pop r11",
        "pop r12",
        "pop r13",
        "pop r14",
        "pop r15",
        // The rest at once: instruction pointer, flags and stack pointer.
        "iretq",
        dispatch = sym handler::dispatch,
    )
}
