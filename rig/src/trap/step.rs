//! Driver code instruction by instruction.
//!
//! The trap flag is set only while driver code runs: the rig's own code would be slow, and is not of interest.
//! While stepping is wanted but the rig runs, the images of this thread are not executable ("armed"). Whatever
//! way control comes back to them (a call, a return from an import, another coroutine) it faults, and the
//! handler makes them executable and sets the flag. The first trap outside them arms again.

use std::cell::Cell;

use super::code;

/// What is done after each instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Count,
    Deliver,
}

/// Stepping of one thread.
#[derive(Clone, Copy)]
struct State {
    mode: Mode,
    /// The images are not executable.
    armed: bool,
    count: u64,
    /// Where the last instruction led: a repeated one leads to itself again and again.
    last: u64,
}

const OFF: State = State { mode: Mode::Off, armed: false, count: 0, last: 0 };

thread_local!(static STATE: Cell<State> = const { Cell::new(OFF) });

/// What the signal handler is to do about a single step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on stepping.
    Continue,
    /// Go on without the trap flag.
    Stop,
    /// Tell the hook.
    Deliver,
}

/// Counts the instructions of driver code that `run` executes on this thread.
///
/// An instruction that the hook performs counts as well, and a repeated string instruction counts once. Driver
/// code which a hook calls does not count (it interrupts what is counted), nor does what is counted by a call
/// in `run` to this function.
pub fn count_instructions<R>(run: impl FnOnce() -> R) -> (R, u64) {
    let outer = Outer::enter(Mode::Count);
    let result = run();
    let count = STATE.get().count;
    drop(outer);
    (result, count)
}

/// From now on (or no more) each instruction of driver code on this thread ends in [`super::Cause::Step`].
///
/// Driver code which a hook calls runs at full speed.
pub fn set_single_step(on: bool) {
    let mode = if on { Mode::Deliver } else { Mode::Off };
    STATE.set(State { mode, ..STATE.get() });
    arm(on);
}

/// Restores the state of the caller.
struct Outer(State);

impl Outer {
    fn enter(mode: Mode) -> Self {
        let outer = Self(STATE.get());
        STATE.set(State { mode, count: 0, last: 0, ..outer.0 });
        arm(true);
        outer
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        arm(self.0.armed);
        STATE.set(self.0);
    }
}

/// Whether the images of this thread are to fault when executed.
pub(super) fn is_armed() -> bool {
    STATE.get().armed
}

fn arm(armed: bool) {
    let state = STATE.get();
    if state.armed != armed {
        code::set_executable(!armed);
        STATE.set(State { armed, ..state });
    }
}

/// In the signal handler: driver code cannot be executed. Whether that was for stepping only; then the trap
/// flag is to be set, and the code will run.
pub(super) fn entered() -> bool {
    let armed = STATE.get().armed;
    arm(false);
    STATE.set(State { last: 0, ..STATE.get() });
    armed
}

/// In the signal handler: an instruction of driver code led to `rip`.
pub(super) fn stepped(rip: u64, in_driver: bool) -> Verdict {
    let state = STATE.get();
    if state.mode == Mode::Off {
        return Verdict::Stop;
    }
    note(rip);
    match (in_driver, state.mode) {
        (false, _) => {
            arm(true);
            Verdict::Stop
        }
        (true, Mode::Deliver) => Verdict::Deliver,
        (true, _) => Verdict::Continue,
    }
}

/// An instruction led to `rip`, be it executed by the processor or by the rig.
pub(super) fn note(rip: u64) {
    let state = STATE.get();
    if state.mode != Mode::Off && state.last != rip {
        STATE.set(State { count: state.count + 1, last: rip, ..state });
    }
}
