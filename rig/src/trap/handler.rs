//! The signal handler, and the normal world behind the trampoline.

use std::{cell::Cell, ffi::c_void, io, mem, ptr, slice, sync::OnceLock};

use iced_x86::{Decoder, DecoderOptions, Instruction};

use super::{
    Trap,
    access::DeviceAccess,
    cause::{Access, Cause, Privileged, software_interrupt},
    code, mmio,
    registers::{
        Registers,
        flags::{AC, DF, TF},
    },
    step::{self, Verdict},
    trampoline::{Frame, trampoline},
};

/// What is told of a trap.
pub type Hook = fn(&mut Trap<'_>);

/// What is told of a trap that leaves no room for a hook. It runs in a signal handler on a stack of its own: it
/// can report and end the process, and little else. When it returns, the process dies of the signal.
pub type LastResortHook = fn(&LastResort);

/// A trap of code whose stack is full.
#[derive(Clone, Copy, Debug)]
pub struct LastResort {
    /// Registers of the code.
    pub registers: Registers,
    /// Linux' signal.
    pub signal: i32,
    /// Address that could not be accessed.
    pub address: usize,
    /// Whether the code is a driver's.
    pub in_driver: bool,
}

/// The processor's exception numbers.
mod exception {
    pub(super) const DIVIDE_ERROR: u64 = 0;
    pub(super) const DEBUG: u64 = 1;
    pub(super) const BREAKPOINT: u64 = 3;
    pub(super) const INVALID_OPCODE: u64 = 6;
    pub(super) const GENERAL_PROTECTION: u64 = 13;
    pub(super) const PAGE_FAULT: u64 = 14;
    pub(super) const X87: u64 = 16;
    pub(super) const ALIGNMENT: u64 = 17;
    pub(super) const SIMD: u64 = 19;
    /// None of the processor's: the watchdog.
    pub(super) const WATCHDOG: u64 = 256;
}

/// Bits of the error code of a page fault.
const FAULT_WRITE: u64 = 1 << 1;
const FAULT_FETCH: u64 = 1 << 4;

const SIGNALS: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// Size of the handler's own stack.
const HANDLER_STACK: usize = 64 << 10;

/// Below the stack pointer lie bytes that System V code may still use.
const RED_ZONE: u64 = 128;

/// Size of an `fxsave` area, and where Linux describes in it what follows.
const LEGACY: usize = 512;
const EXTENSION: usize = 464;
const EXTENSION_MAGIC: u32 = 0x4650_5853;

thread_local! {
    static HOOKS: Cell<Option<(Hook, LastResortHook)>> = const { Cell::new(None) };
    /// Registers of the trap that the handler is copying to a stack that may be full.
    static COPYING: Cell<Option<(Registers, bool)>> = const { Cell::new(None) };
}

/// What the signals did before.
static BEFORE: OnceLock<[libc::sigaction; SIGNALS.len()]> = OnceLock::new();

/// Takes the traps of the calling thread: `hook` hears of each, `last_resort` of those for which the stack is
/// too full. May be called again with other hooks.
///
/// # Errors
/// Linux refused a signal stack or a handler.
pub fn install(hook: Hook, last_resort: LastResortHook) -> io::Result<()> {
    if HOOKS.get().is_none() {
        give_stack()?;
    }
    HOOKS.set(Some((hook, last_resort)));
    let mut result = Ok(());
    BEFORE.get_or_init(|| {
        SIGNALS.map(|signal| {
            // SAFETY: all zeroes is a valid record: default action, empty mask.
            let mut before = unsafe { mem::zeroed() };
            if let Err(error) = handle(signal, &mut before) {
                result = Err(error);
            }
            before
        })
    });
    result
}

/// Gives the thread a stack for the handler. It stays for ever: a handler may run as long as the thread does.
fn give_stack() -> io::Result<()> {
    let stack = Box::leak(vec![0_u8; HANDLER_STACK].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: HANDLER_STACK };
    // SAFETY: the memory is never freed.
    match unsafe { libc::sigaltstack(&stack, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn handle(signal: i32, before: &mut libc::sigaction) -> io::Result<()> {
    // SAFETY: all zeroes is a valid record: default action, empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: the handler is made for this, and both records are valid.
    let failed = unsafe { libc::sigaction(signal, &action, before) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The signal is not ours: what was there before is to take it. A fault comes again by itself when the code is
/// executed again; a signal that somebody sent does not.
fn decline(signal: i32, was_sent: bool) {
    let ours = SIGNALS.iter().position(|&ours| ours == signal);
    match ours.zip(BEFORE.get()) {
        // SAFETY: the record is Linux' own.
        Some((index, before)) => unsafe {
            libc::sigaction(signal, &before[index], ptr::null_mut());
        },
        None => reset(signal),
    }
    if was_sent {
        // SAFETY: takes an integer.
        unsafe { libc::raise(signal) };
    }
}

extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: Linux passes a valid record for a handler with SA_SIGINFO.
    let was_sent = unsafe { (*info).si_code } <= 0;
    // SAFETY: the same, and it is this handler's alone until it returns.
    let context = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    let Some((_, last_resort)) = HOOKS.get().filter(|_| !was_sent) else {
        return decline(signal, was_sent);
    };
    let word = |index: i32| context.gregs[index as usize] as u64;
    let (rip, exception) = (word(libc::REG_RIP), word(libc::REG_TRAPNO));
    let (error, address) = (word(libc::REG_ERR), word(libc::REG_CR2));

    if let Some((registers, in_driver)) = COPYING.get() {
        last_resort(&LastResort { registers, signal, address: address as usize, in_driver });
        reset(signal);
        return;
    }
    let in_driver = code::find(rip as usize).is_some();
    if exception == exception::DEBUG {
        match step::stepped(rip, in_driver) {
            Verdict::Continue => return,
            Verdict::Stop => {
                context.gregs[libc::REG_EFL as usize] &= !(TF as i64);
                return;
            }
            Verdict::Deliver => {}
        }
    }
    let is_fetch = exception == exception::PAGE_FAULT && error & FAULT_FETCH != 0;
    if is_fetch && in_driver && step::entered() {
        context.gregs[libc::REG_EFL as usize] |= TF as i64;
        return;
    }
    redirect(signal, context, in_driver);
}

/// In the watchdog's handler: if driver code was interrupted, the hook hears of it.
pub(super) fn interrupt(signal: i32, context: &mut libc::mcontext_t) {
    let in_driver = code::find(context.gregs[libc::REG_RIP as usize] as usize).is_some();
    if in_driver && HOOKS.get().is_some() && COPYING.get().is_none() {
        context.gregs[libc::REG_TRAPNO as usize] = exception::WATCHDOG as i64;
        redirect(signal, context, in_driver);
    }
}

/// Gives the signal its default action: the process dies of it when the code is executed again.
fn reset(signal: i32) {
    // SAFETY: takes an integer and a constant.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Copies the state to the interrupted code's stack and has it go on in the trampoline.
fn redirect(signal: i32, context: &mut libc::mcontext_t, in_driver: bool) {
    let registers = interrupted(context);
    let word = |index: i32| context.gregs[index as usize] as u64;
    let saved = context.fpregs.cast::<u8>();
    let (size, components) = extended_state(saved);

    let extended = (registers.rsp - RED_ZONE - size as u64) & !63;
    let at = (extended - size_of::<Frame>() as u64) & !63;
    let frame = Frame {
        extended: ptr::with_exposed_provenance_mut(extended as usize),
        components,
        registers,
        signal,
        exception: word(libc::REG_TRAPNO),
        error: word(libc::REG_ERR),
        address: word(libc::REG_CR2),
    };
    COPYING.set(Some((registers, in_driver)));
    // SAFETY: below the red zone of its own stack the interrupted code keeps nothing. Where the stack ends the
    // write faults, and the handler, entered again, knows why.
    unsafe { ptr::copy_nonoverlapping(saved, frame.extended, size) };
    // SAFETY: as above; the address is aligned.
    unsafe { ptr::with_exposed_provenance_mut::<Frame>(at as usize).write(frame) };
    COPYING.set(None);

    context.gregs[libc::REG_RSP as usize] = at as i64;
    context.gregs[libc::REG_RIP as usize] = trampoline as unsafe extern "sysv64" fn() as usize as i64;
    context.gregs[libc::REG_EFL as usize] &= !((TF | DF | AC) as i64);
}

fn interrupted(context: &libc::mcontext_t) -> Registers {
    let word = |index: i32| context.gregs[index as usize] as u64;
    let segments = word(libc::REG_CSGSFS);
    Registers {
        rax: word(libc::REG_RAX),
        rcx: word(libc::REG_RCX),
        rdx: word(libc::REG_RDX),
        rbx: word(libc::REG_RBX),
        rbp: word(libc::REG_RBP),
        rsi: word(libc::REG_RSI),
        rdi: word(libc::REG_RDI),
        r8: word(libc::REG_R8),
        r9: word(libc::REG_R9),
        r10: word(libc::REG_R10),
        r11: word(libc::REG_R11),
        r12: word(libc::REG_R12),
        r13: word(libc::REG_R13),
        r14: word(libc::REG_R14),
        r15: word(libc::REG_R15),
        rip: word(libc::REG_RIP),
        cs: segments & 0xffff,
        rflags: word(libc::REG_EFL),
        rsp: word(libc::REG_RSP),
        ss: segments >> 48,
    }
}

/// Size of the extended state that Linux saved, and the components in it.
fn extended_state(saved: *const u8) -> (usize, u64) {
    // SAFETY: Linux always saves at least the legacy area, and these fields lie in it.
    let (magic, components, size) = unsafe {
        let extension = saved.add(EXTENSION);
        (
            extension.cast::<u32>().read(),
            extension.add(8).cast::<u64>().read(),
            extension.add(16).cast::<u32>().read(),
        )
    };
    if magic == EXTENSION_MAGIC { (size as usize, components) } else { (LEGACY, 0) }
}

/// Behind the trampoline: finds out what happened, tells the hook, and does what the hook wants.
pub(super) extern "sysv64" fn dispatch(frame: &mut Frame) {
    let Some((hook, _)) = HOOKS.get() else { return };
    let range = code::find(frame.registers.rip as usize);
    let instruction = range.as_ref().and_then(|range| decode(frame.registers.rip, range.end));
    // SAFETY: the frame's copy has at least the legacy area, and lives as long as the frame.
    let vectors = unsafe { &*frame.extended.cast::<[u8; LEGACY]>() };
    let in_driver = range.is_some();
    let mut tell = |registers: &mut Registers, cause| {
        let mut trap = Trap { registers, cause, in_driver, vectors, answer: None };
        hook(&mut trap);
        trap.answer
    };
    let stepping = frame.registers.rflags & TF != 0;
    let device = instruction.and_then(|instruction| device_access(frame, &instruction));
    let done = if let Some(access) = device {
        if access.is_exhausted(&frame.registers) {
            frame.registers.rip += access.instruction.len() as u64;
            true
        } else {
            access.perform(&mut frame.registers, &mut tell)
        }
    } else {
        let cause = cause(frame, instruction.as_ref());
        let answer = tell(&mut frame.registers, cause);
        if let (Some(answer), Some(instruction)) = (answer, instruction)
            && !matches!(cause, Cause::Step | Cause::Breakpoint | Cause::Watchdog)
        {
            if let Cause::Privileged(operation) = cause {
                operation.store(&instruction, &mut frame.registers, answer);
            }
            frame.registers.rip += instruction.len() as u64;
            true
        } else {
            false
        }
    };
    if done && stepping {
        step::note(frame.registers.rip);
    }
}

/// The instruction at `rip`, in code that ends at `end`.
fn decode(rip: u64, end: usize) -> Option<Instruction> {
    let length = (end - rip as usize).min(15);
    // SAFETY: the range is registered as code, which is mapped, and readable since it was about to be executed.
    let bytes = unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(rip as usize), length) };
    let instruction = Decoder::with_ip(64, bytes, rip, DecoderOptions::NONE).decode();
    (!instruction.is_invalid()).then_some(instruction)
}

fn device_access(frame: &Frame, instruction: &Instruction) -> Option<DeviceAccess> {
    match frame.exception {
        exception::GENERAL_PROTECTION => DeviceAccess::of_port(instruction, &frame.registers),
        exception::PAGE_FAULT if frame.error & FAULT_FETCH == 0 && mmio::is_mmio(frame.address as usize) => {
            let is_write = frame.error & FAULT_WRITE != 0;
            DeviceAccess::of_memory(instruction, &frame.registers, frame.address as usize, is_write)
        }
        _ => None,
    }
}

fn cause(frame: &Frame, instruction: Option<&Instruction>) -> Cause {
    let registers = &frame.registers;
    match frame.exception {
        exception::PAGE_FAULT => {
            let access = match frame.error {
                error if error & FAULT_FETCH != 0 => Access::Execute,
                error if error & FAULT_WRITE != 0 => Access::Write,
                _ => Access::Read,
            };
            Cause::PageFault { address: frame.address as usize, access }
        }
        exception::GENERAL_PROTECTION => instruction
            .and_then(|instruction| {
                software_interrupt(instruction, registers)
                    .or_else(|| Privileged::of(instruction, registers).map(Cause::Privileged))
            })
            .unwrap_or(Cause::GeneralProtection),
        exception::ALIGNMENT => Cause::GeneralProtection,
        exception::DEBUG => Cause::Step,
        exception::BREAKPOINT => Cause::Breakpoint,
        exception::INVALID_OPCODE => Cause::InvalidOpcode,
        exception::DIVIDE_ERROR => Cause::DivideError,
        exception::X87 | exception::SIMD => Cause::FloatingPoint,
        exception::WATCHDOG => Cause::Watchdog,
        exception => Cause::Other { signal: frame.signal, exception },
    }
}
