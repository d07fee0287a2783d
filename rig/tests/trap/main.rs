//! Traps of machine code that is registered as a driver image.

#[macro_use]
mod code;
mod overflow;
mod step;
mod watchdog;

use code::{answer, causes, set_answers, set_hook};
use waverust_rig::{
    pci::Width,
    trap::{self, Access, Cause, MmioWindow, Privileged, flags},
};

code!(ports:
    "push rbx",
    "mov edx, 0x1234", "mov rax, -1",
    "in al, dx", "mov [rdi], rax",
    "mov rax, -1", "in ax, dx", "mov [rdi + 8], rax",
    "mov rax, -1", "in eax, dx", "mov [rdi + 16], rax",
    "in al, 0x61",
    "mov eax, 0x87654321",
    "out dx, al", "out dx, ax", "out dx, eax", "out 0x80, al",
    "pop rbx", "ret",
);

#[test]
fn ports_of_all_widths() {
    let image = ports::image();
    set_answers(&[0x11, 0x2222, 0x3333_3333, 0x44]);
    let mut read = [0_u64; 3];
    image.call(read.as_mut_ptr().addr() as u64, 0);
    assert_eq!(read, [0xffff_ffff_ffff_ff11, 0xffff_ffff_ffff_2222, 0x3333_3333]);
    let port = 0x1234;
    assert_eq!(
        causes(),
        [
            Cause::PortRead { port, width: Width::Byte },
            Cause::PortRead { port, width: Width::Word },
            Cause::PortRead { port, width: Width::Dword },
            Cause::PortRead { port: 0x61, width: Width::Byte },
            Cause::PortWrite { port, width: Width::Byte, value: 0x21 },
            Cause::PortWrite { port, width: Width::Word, value: 0x4321 },
            Cause::PortWrite { port, width: Width::Dword, value: 0x8765_4321 },
            Cause::PortWrite { port: 0x80, width: Width::Byte, value: 0x21 },
        ]
    );
}

code!(port_strings:
    "mov edx, 0x300", "mov ecx, 3", "cld", "rep insw",
    "mov ecx, 2", "rep outsb",
    "xor ecx, ecx", "rep insd",
    "mov rax, rdi", "ret",
);

#[test]
fn port_strings_go_element_by_element() {
    let image = port_strings::image();
    set_answers(&[0x1111, 0x2222, 0x3333]);
    let mut read = [0_u16; 4];
    let start = read.as_mut_ptr().addr() as u64;
    assert_eq!(image.call(start, b"xy".as_ptr().addr() as u64), start + 6);
    assert_eq!(read, [0x1111, 0x2222, 0x3333, 0]);
    let (port, width) = (0x300, Width::Byte);
    assert_eq!(causes()[..3], [Cause::PortRead { port, width: Width::Word }; 3]);
    assert_eq!(
        causes()[3..],
        [Cause::PortWrite { port, width, value: 0x78 }, Cause::PortWrite { port, width, value: 0x79 }]
    );
}

code!(mmio_loads:
    "mov rax, -1", "mov eax, [rdi]", "mov [rsi], rax",
    "mov rax, -1", "mov al, [rdi + 5]", "mov [rsi + 8], rax",
    "movzx eax, word ptr [rdi + 6]", "mov [rsi + 16], rax",
    "movsx rax, byte ptr [rdi + 1]", "mov [rsi + 24], rax",
    "movsxd rax, dword ptr [rdi + 4]", "mov [rsi + 32], rax",
    "mov rax, [rdi + 8]", "mov [rsi + 40], rax",
    "mov rax, -1", "mov ah, [rdi]", "mov [rsi + 48], rax",
    "ret",
);

#[test]
fn device_memory_is_loaded() {
    let (image, window) = (mmio_loads::image(), window());
    set_answers(&[0xdead_beef, 0x77, 0xffff, 0x80, 0x8000_0000, u64::MAX - 1, 0x12]);
    let mut read = [0_u64; 7];
    image.call(window.base() as u64, read.as_mut_ptr().addr() as u64);
    assert_eq!(
        read,
        [
            0xdead_beef,
            0xffff_ffff_ffff_ff77,
            0xffff,
            0xffff_ffff_ffff_ff80,
            0xffff_ffff_8000_0000,
            u64::MAX - 1,
            0xffff_ffff_ffff_12ff,
        ]
    );
    let read = |offset, width| Cause::MemoryRead { address: window.base() + offset, width };
    assert_eq!(
        causes(),
        [
            read(0, Width::Dword),
            read(5, Width::Byte),
            read(6, Width::Word),
            read(1, Width::Byte),
            read(4, Width::Dword),
            read(8, Width::Qword),
            read(0, Width::Byte),
        ]
    );
}

code!(mmio_stores:
    "mov rax, 0x1122334455667788",
    "mov [rdi], al", "mov [rdi + 2], ax", "mov [rdi + 4], eax", "mov [rdi + 8], rax", "mov [rdi + 1], ah",
    "mov dword ptr [rdi], -2", "mov qword ptr [rdi + 16], -1", "mov byte ptr [rdi + 3], 5",
    "movnti [rdi + 4], eax",
    "ret",
);

#[test]
fn device_memory_is_stored() {
    let (image, window) = (mmio_stores::image(), window());
    image.call(window.base() as u64, 0);
    let write = |offset, width, value| Cause::MemoryWrite { address: window.base() + offset, width, value };
    assert_eq!(
        causes(),
        [
            write(0, Width::Byte, 0x88),
            write(2, Width::Word, 0x7788),
            write(4, Width::Dword, 0x5566_7788),
            write(8, Width::Qword, 0x1122_3344_5566_7788),
            write(1, Width::Byte, 0x77),
            write(0, Width::Dword, 0xffff_fffe),
            write(16, Width::Qword, u64::MAX),
            write(3, Width::Byte, 5),
            write(4, Width::Dword, 0x5566_7788),
        ]
    );
}

code!(mmio_arithmetic:
    "mov eax, 0xff0", "and eax, [rdi]", "mov [rsi], rax",
    "cmp dword ptr [rdi], 7", "sete al", "mov [rsi + 8], al",
    "mov ecx, 9", "cmp ecx, [rdi]", "setb al", "mov [rsi + 9], al",
    "test byte ptr [rdi], 0x80", "setnz al", "mov [rsi + 10], al",
    "or dword ptr [rdi], 0x100",
    "inc word ptr [rdi]",
    "mov eax, 5", "lock xadd [rdi], eax", "mov [rsi + 16], rax",
    "mov eax, 6", "xchg [rdi], eax", "mov [rsi + 24], rax",
    "mov eax, 1", "mov edx, 2", "lock cmpxchg [rdi], edx", "mov [rsi + 32], rax",
    "bts dword ptr [rdi], 4", "setc al", "mov [rsi + 11], al",
    "ret",
);

#[test]
fn device_memory_takes_part_in_arithmetic() {
    let (image, window) = (mmio_arithmetic::image(), window());
    set_answers(&[0xff, 7, 10, 0x80, 0x23, 0xffff, 10, 20, 3, 0x10]);
    let mut result = [0_u64; 5];
    image.call(window.base() as u64, result.as_mut_ptr().addr() as u64);
    let flags = result[1].to_le_bytes();
    assert_eq!(result[0], 0xf0);
    assert_eq!(flags[..4], [1, 1, 1, 1]);
    assert_eq!(result[2..], [10, 20, 3]);
    let writes: Vec<_> = causes()
        .into_iter()
        .filter_map(|cause| if let Cause::MemoryWrite { value, .. } = cause { Some(value) } else { None })
        .collect();
    assert_eq!(writes, [0x123, 0, 15, 6, 3, 0x10]);
}

code!(mmio_strings:
    "mov ecx, 2", "cld", "rep movsd",
    "mov rdi, rdx", "mov eax, 0x55", "mov ecx, 2", "rep stosw",
    "ret",
);

#[test]
fn strings_move_to_and_from_device_memory() {
    let (image, window) = (mmio_strings::image(), window());
    let source = [1_u32, 2];
    image.call3(window.base() as u64, source.as_ptr().addr() as u64, window.base() as u64 + 32);
    let write = |offset, width, value| Cause::MemoryWrite { address: window.base() + offset, width, value };
    assert_eq!(
        causes(),
        [
            write(0, Width::Dword, 1),
            write(4, Width::Dword, 2),
            write(32, Width::Word, 0x55),
            write(34, Width::Word, 0x55),
        ]
    );
    set_answers(&[8, 9, 0, 0]);
    let mut target = [0_u32; 2];
    image.call3(target.as_mut_ptr().addr() as u64, window.base() as u64, window.base() as u64);
    assert_eq!(target, [8, 9]);
}

code!(faults:
    "mov rax, [rdi]", "mov [rdi + 8], eax",
    "mov ecx, 7", "int 0x29", "int 0x2c",
    "int3", "ud2", "xor ecx, ecx", "div ecx",
    "mov rdx, 0x8000000000000000", "mov al, [rdx]",
    "ret",
);

#[test]
fn faults_are_told_apart() {
    let image = faults::image();
    image.call(0x5000, 0);
    assert_eq!(
        causes(),
        [
            Cause::PageFault { address: 0x5000, access: Access::Read },
            Cause::PageFault { address: 0x5008, access: Access::Write },
            Cause::FastFail { code: 7 },
            Cause::SoftwareInterrupt { vector: 0x2c },
            Cause::Breakpoint,
            Cause::InvalidOpcode,
            Cause::DivideError,
            Cause::GeneralProtection,
        ]
    );
}

code!(privileged:
    "mov rax, cr8", "mov [rdi], rax", "mov ecx, 2", "mov cr8, rcx",
    "cli", "sti", "hlt",
    "mov ecx, 0x1b", "rdmsr", "mov [rdi + 8], eax", "mov [rdi + 12], edx",
    "wrmsr", "mov rax, dr7", "wbinvd",
    "ret",
);

#[test]
fn privileged_instructions_are_decoded() {
    let image = privileged::image();
    set_answers(&[2, 0, 0, 0, 0, 0x1122_3344_5566_7788, 0, 0x400]);
    let mut read = [0_u64; 2];
    image.call(read.as_mut_ptr().addr() as u64, 0);
    assert_eq!(read, [2, 0x1122_3344_5566_7788]);
    assert_eq!(
        causes(),
        [
            Privileged::ReadControl(8),
            Privileged::WriteControl { register: 8, value: 2 },
            Privileged::Cli,
            Privileged::Sti,
            Privileged::Hlt,
            Privileged::ReadMsr(0x1b),
            Privileged::WriteMsr { register: 0x1b, value: 0x1122_3344_5566_7788 },
            Privileged::ReadDebug(7),
            Privileged::Other,
        ]
        .map(Cause::Privileged)
    );
}

code!(everything:
    "push rbx", "push rbp", "push r12", "push r13", "push r14", "push r15",
    "mov rax, 1", "mov rcx, 2", "mov rdx, 0x33", "mov rbx, 4", "mov rbp, 5", "mov rsi, 6",
    "mov r8, 8", "mov r9, 9", "mov r10, 10", "mov r11, 11", "mov r12, 12", "mov r13, 13", "mov r14, 14",
    "mov r15, 15", "movq xmm0, r13", "movq xmm15, r15", "std", "stc",
    "mov [rdi + 256], rsp",
    "out dx, al",
    "pushfq", "pop [rdi]",
    "cld",
    "mov [rdi + 8], rax", "mov [rdi + 16], rcx", "mov [rdi + 24], rdx", "mov [rdi + 32], rbx",
    "mov [rdi + 40], rbp", "mov [rdi + 48], rsi", "mov [rdi + 56], r8", "mov [rdi + 64], r9",
    "mov [rdi + 72], r10", "mov [rdi + 80], r11", "mov [rdi + 88], r12", "mov [rdi + 96], r13",
    "mov [rdi + 104], r14", "mov [rdi + 112], r15", "movq [rdi + 120], xmm0", "movq [rdi + 128], xmm15",
    "mov [rdi + 264], rsp",
    "pop r15", "pop r14", "pop r13", "pop r12", "pop rbp", "pop rbx",
    "ret",
);

#[test]
fn every_register_survives() {
    let image = everything::image();
    set_hook(|trap| {
        assert_eq!(trap.xmm(15), 15);
        assert_eq!(trap.registers.r14, 14);
        // Whatever the hook does to the processor itself must not be seen.
        let scratch: Vec<f64> = (0..64).map(|number| f64::from(number).sqrt()).collect();
        assert!(scratch.iter().sum::<f64>() > 300.0);
        answer(trap);
    });
    let mut seen = [0_u64; 40];
    image.call(seen.as_mut_ptr().addr() as u64, 0);
    assert_eq!(seen[1..17], [1, 2, 0x33, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 13, 15]);
    assert_eq!(seen[32], seen[33]);
    assert_eq!(seen[0] & (flags::CF | flags::DF | flags::TF), flags::CF | flags::DF);
}

code!(nested: "mov edx, 0x10", "in al, dx", "mov edx, 0x20", "movzx eax, al", "ret");

#[test]
fn hook_may_run_driver_code_that_traps() {
    let image = nested::image();
    set_hook(|trap| {
        let deep = causes().len();
        answer(trap);
        if deep < 3 {
            let inner = nested::image();
            trap.complete_read(inner.call(0, 0) + 1);
        } else {
            trap.complete_read(10);
        }
    });
    assert_eq!(image.call(0, 0), 12);
    assert_eq!(causes().len(), 3);
}

code!(retry: "mov rax, [rdi]", "ret");

#[test]
fn hook_may_mend_and_retry() {
    static GOOD: u64 = 77;
    let image = retry::image();
    set_hook(|trap| trap.registers.rdi = (&raw const GOOD).addr() as u64);
    assert_eq!(image.call(0x1000, 0), 77);
}

#[test]
fn rig_code_with_a_bad_pointer_is_told_from_driver_code() {
    let image = retry::image();
    set_hook(|trap| {
        assert!(trap.in_driver());
        set_hook(|trap| {
            assert!(!trap.in_driver());
            assert!(matches!(trap.cause(), Cause::PageFault { address: 0x3000, access: Access::Read }));
            trap.registers.rip += code::TOUCH_LENGTH;
        });
        code::touch(0x3000);
        trap.registers.rax = 5;
        trap.complete();
    });
    assert_eq!(image.call(0x1000, 0), 5);
}

fn window() -> MmioWindow {
    trap::reserve_mmio(1).unwrap()
}

#[test]
fn window_ends_with_its_owner() {
    let window = window();
    let base = window.base();
    assert!(trap::is_mmio(base) && trap::is_mmio(base + 4095) && !trap::is_mmio(base + 4096));
    drop(window);
    assert!(!trap::is_mmio(base));
}
