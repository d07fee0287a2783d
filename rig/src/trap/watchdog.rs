//! A bound for driver code that does not come back: time of the host's processor, counted while this thread uses it.
//!
//! The bound is no part of the virtual machine, which stands still meanwhile. It is generous, so that only code which
//! never ends can meet it, on however slow a host.

use std::cell::Cell;
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use super::handler;

/// The signal of the timer, which nobody else here uses.
const SIGNAL: i32 = libc::SIGVTALRM;

/// Parts of the bound after each of which the timer looks.
const LOOKS: u32 = 10;

/// A timer that counts this thread's time.
struct Timer(libc::timer_t);

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: made by `start`, deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

thread_local! {
    static TIMER: Cell<Option<Timer>> = const { Cell::new(None) };
    static SEEN: Cell<u32> = const { Cell::new(0) };
}

static HANDLER: OnceLock<bool> = OnceLock::new();

/// From now on no code of this thread may run for longer than `bound` without [`feed`]: where driver code does,
/// the hook hears [`super::Cause::Watchdog`]; where the rig does on its behalf, [`overdue`] says so.
///
/// # Errors
/// Linux refused a handler or a timer.
pub fn watch(bound: Duration) -> io::Result<()> {
    if !HANDLER.get_or_init(handle) {
        return Err(io::Error::last_os_error());
    }
    feed();
    TIMER.set(None);
    TIMER.set(Some(start(bound / LOOKS)?));
    Ok(())
}

/// The bound begins anew.
pub fn feed() {
    SEEN.set(0);
}

/// Whether the bound is exceeded.
#[must_use]
pub fn overdue() -> bool {
    SEEN.get() >= LOOKS
}

fn handle() -> bool {
    // SAFETY: all zeroes is a valid record: default action, empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction =
        on_tick as extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the handler is made for this, and the record is valid.
    unsafe { libc::sigaction(SIGNAL, &action, ptr::null_mut()) == 0 }
}

fn start(interval: Duration) -> io::Result<Timer> {
    // SAFETY: all zeroes is a valid record.
    let mut event: libc::sigevent = unsafe { mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = SIGNAL;
    // SAFETY: takes nothing.
    event.sigev_notify_thread_id = unsafe { libc::gettid() };
    let mut timer: libc::timer_t = ptr::null_mut();
    // SAFETY: both records are valid.
    if unsafe { libc::timer_create(libc::CLOCK_THREAD_CPUTIME_ID, &mut event, &mut timer) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let timer = Timer(timer);
    let every = libc::timespec {
        tv_sec: interval.as_secs() as libc::time_t,
        tv_nsec: libc::c_long::from(interval.subsec_nanos() as i32),
    };
    let times = libc::itimerspec { it_interval: every, it_value: every };
    // SAFETY: the timer was just made, and the record is valid.
    if unsafe { libc::timer_settime(timer.0, 0, &times, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(timer)
}

extern "C" fn on_tick(signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    SEEN.set(SEEN.get().saturating_add(1));
    if overdue() {
        // SAFETY: Linux passes a valid record for a handler with SA_SIGINFO, this handler's alone until it returns.
        let context = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
        handler::interrupt(signal, context);
    }
}
