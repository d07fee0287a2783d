//! Timers and waits as the clock of Windows ends them.

use core::ffi::c_void;
use std::cell::Cell;

use waverust_rig::nt::Kernel;
use waverust_rig::nt::WORKS;
use waverust_rig::nt::Work;
use waverust_rig::nt::abi::KDpc;
use waverust_rig::nt::abi::KTimer;

use crate::support::call;
use crate::support::expect;
use crate::support::image;
use crate::support::keep;
use crate::support::result;

/// Nanoseconds between two ticks.
const TICK: u64 = 15_625_000;

thread_local!(static FIRED: Cell<u32> = const { Cell::new(0) });

extern "win64" fn fire(_: *mut KDpc, _: *mut c_void, _: *mut c_void, _: *mut c_void) {
    FIRED.set(FIRED.get() + 1);
}

fn delay(kernel: &Kernel, units: i64) -> u64 {
    let before = kernel.now();
    call!(kernel, KeDelayExecutionThread(0 => i8, 0 => u8, &raw const units => *const i64) -> i32);
    kernel.now() - before
}

#[test]
fn a_delay_ends_with_a_tick_of_the_clock() {
    let took = result(|kernel| {
        delay(kernel, -10_000);
        [delay(kernel, -10_000), delay(kernel, -150_000), delay(kernel, -160_000)]
    });
    for (took, ticks) in took.into_iter().zip([1, 1, 2]) {
        assert!(took.abs_diff(ticks * TICK) < 1_000_000, "{took} ns for {ticks} tick(s)");
    }
}

fn timer(kernel: &Kernel, due: i64, period: u32) -> *mut KTimer {
    let dpc: *mut KDpc = keep([0_u64; 8]).cast();
    let timer: *mut KTimer = keep([0_u64; 8]).cast();
    FIRED.set(0);
    call!(kernel, KeInitializeDpc(dpc => *mut KDpc, fire as *const () => *const (), core::ptr::null_mut() => *mut c_void) -> ());
    call!(kernel, KeInitializeTimer(timer => *mut KTimer) -> ());
    call!(kernel, KeSetTimerEx(timer => *mut KTimer, due => i64, period => u32, dpc => *mut KDpc) -> u8);
    timer
}

#[test]
fn a_timer_of_a_millisecond_fires_with_the_clock() {
    let fired = result(|kernel| {
        let timer = timer(kernel, -10_000, 1);
        kernel.sleep_until(kernel.now() + 10 * TICK);
        call!(kernel, KeCancelTimer(timer => *mut KTimer) -> u8);
        FIRED.get()
    });
    // As often as it was missed, but at ticks only: what is queued already is not queued again.
    assert!((9..=11).contains(&fired), "{fired}");
}

#[test]
fn a_timer_interrupts_whoever_is_busy() {
    let stalls = result(|kernel| {
        timer(kernel, -10_000, 0);
        let mut stalls = 0;
        while FIRED.get() == 0 && stalls < 1_000 {
            call!(kernel, KeStallExecutionProcessor(50 => u32) -> ());
            stalls += 1;
        }
        stalls
    });
    assert!(stalls <= TICK as u32 / 50_000 + 1, "the timer's DPC came after {stalls} stalls");
}

#[test]
fn a_delay_of_nothing_lets_others_run() {
    let seen = result(|kernel| {
        let flag: &'static Cell<bool> = Box::leak(Box::new(Cell::new(false)));
        kernel.spawn("other", waverust_rig::nt::Context::Thread, false, || flag.set(true));
        let mut turns = 0;
        while !flag.get() && turns < 10 {
            delay(kernel, 0);
            turns += 1;
        }
        turns
    });
    assert_eq!(seen, 1);
}

#[test]
fn a_dpc_waits_for_those_of_others() {
    let waited: Vec<u64> = result(|kernel| {
        let dpc: *mut KDpc = keep([0_u64; 8]).cast();
        let none = core::ptr::null_mut();
        call!(kernel, KeInitializeDpc(dpc => *mut KDpc, fire as *const () => *const (), none => *mut c_void) -> ());
        FIRED.set(0);
        kernel.hold_up_dpcs(1_000_000);
        let queue = |_| {
            let before = kernel.now();
            call!(kernel, KeInsertQueueDpc(dpc => *mut KDpc, none => *mut c_void, none => *mut c_void) -> u8);
            kernel.now() - before
        };
        let waited = (0..50).map(queue).collect();
        assert_eq!(FIRED.get(), 50);
        waited
    });
    assert!(waited.iter().all(|waited| *waited < 1_100_000), "{waited:?}");
    assert!(waited.iter().any(|waited| *waited > 800_000) && waited.iter().any(|waited| *waited < 200_000));
}

thread_local!(static EXPIRED_AT: Cell<u64> = const { Cell::new(0) });

extern "win64" fn expired(_: *mut c_void, _: *mut c_void) {
    EXPIRED_AT.set(waverust_rig::nt::kernel().now());
}

type Callback = extern "win64" fn(*mut c_void, *mut c_void);

fn allocate(kernel: &Kernel, attributes: u32) -> *mut c_void {
    let null = core::ptr::null_mut();
    call!(kernel, ExAllocateTimer(expired => Callback, null => *mut c_void, attributes => u32) -> *mut c_void)
}

fn set(kernel: &Kernel, timer: *mut c_void, due: i64, period: i64) {
    let null = core::ptr::null_mut();
    call!(kernel, ExSetTimer(timer => *mut c_void, due => i64, period => i64, null => *mut c_void) -> u8);
}

fn delete(kernel: &Kernel, timer: *mut c_void, cancel: u8, wait: u8) {
    let null = core::ptr::null_mut();
    call!(kernel, ExDeleteTimer(timer => *mut c_void, cancel => u8, wait => u8, null => *mut c_void) -> u8);
}

/// `EX_TIMER_HIGH_RESOLUTION`.
const EXACT: u32 = 4;

#[test]
fn a_timer_of_high_resolution_fires_between_the_ticks_of_the_device() {
    let (late, default_late) = result(|kernel| {
        kernel.set_quantum(10_000_000);
        let lateness = |attributes| {
            let timer = allocate(kernel, attributes);
            let due = kernel.now() + 12_345 * 100;
            set(kernel, timer, -12_345, 0);
            kernel.sleep_until(kernel.now() + 5 * TICK);
            delete(kernel, timer, 1, 1);
            EXPIRED_AT.get() - due
        };
        (lateness(EXACT), lateness(0))
    });
    assert!(late < 100, "{late} ns");
    assert!(default_late > 100_000, "{default_late} ns");
}

#[test]
fn timers_that_are_misused() {
    let misuses: [fn(&Kernel, *mut c_void); 4] = [
        |kernel, timer| set(kernel, timer, 12_345, 0),
        |kernel, timer| set(kernel, timer, -12_345, 1 << 31),
        |kernel, timer| delete(kernel, timer, 0, 1),
        |kernel, timer| {
            call!(kernel, KfRaiseIrql(2 => u8) -> u8);
            delete(kernel, timer, 1, 1);
        },
    ];
    for misuse in misuses {
        expect("ExTimer", 0xC7, move |kernel| {
            let timer = allocate(kernel, EXACT);
            misuse(kernel, timer);
        });
    }
}

#[test]
fn the_counter_tells_its_frequency() {
    let (frequency, before, after) = result(|kernel| {
        let read =
            |frequency: *mut u64| call!(kernel, KeQueryPerformanceCounter(frequency => *mut u64) -> u64);
        let frequency = keep(0_u64);
        let before = read(frequency);
        kernel.stall(1_000_000);
        // SAFETY: the kernel has just written it.
        (unsafe { *frequency }, before, read(core::ptr::null_mut()))
    });
    assert_eq!(frequency, 10_000_000);
    assert!((10_000..10_010).contains(&(after - before)), "{}", after - before);
}

#[test]
fn instructions_are_counted_by_kind() {
    let work = result(|kernel| {
        // nop; nop; ret
        let routine: *const () = image(&[0x90, 0x90, 0xC3]);
        let dpc: *mut KDpc = keep([0_u64; 8]).cast();
        let null = core::ptr::null_mut();
        call!(kernel, KeInitializeDpc(dpc => *mut KDpc, routine => *const (), null => *mut c_void) -> ());
        for _ in 0..300 {
            call!(kernel, KeInsertQueueDpc(dpc => *mut KDpc, null => *mut c_void, null => *mut c_void) -> u8);
        }
        let timer = call!(kernel, ExAllocateTimer(routine => *const (), null => *mut c_void, EXACT => u32) -> *mut c_void);
        set(kernel, timer, -10_000, 0);
        kernel.sleep_until(kernel.now() + 2_000_000);
        delete(kernel, timer, 1, 1);
        kernel.accounts.snapshot().work.to_vec()
    });
    let of = |kind: Work| work[WORKS.iter().position(|each| *each == kind).expect("a kind")];
    let (dpc, timer) = (of(Work::Dpc), of(Work::Timer));
    // The first 48, and of the others each whose number is a multiple of 17.
    assert_eq!((dpc.ran, dpc.counted, dpc.max_instructions), (300, 48 + 15, 3));
    assert!((dpc.estimate() - 900.0).abs() < 1e-9, "{}", dpc.estimate());
    assert_eq!((timer.ran, timer.counted, timer.instructions), (1, 1, 3));
}
