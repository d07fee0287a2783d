//! The figures of one run that decide, out of its `report.json`.

use serde_json::Value;

/// Above the lines of [`Figures::line`].
pub(super) const HEADING: &str = "case                                         exact glitches   ahead  behind  \
                                  kicks   irqs  other  instr  copied alloc  getpos";

/// By how much an average may be off: what is counted begins and ends somewhere in a period.
const EDGE: f64 = 0.005;

/// What a run may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Limits {
    /// Kicks a period.
    pub(super) kicks: Option<f64>,
    /// Interrupts a period.
    pub(super) interrupts: Option<f64>,
    /// Other device accesses a period.
    pub(super) others: Option<f64>,
    /// Driver instructions a period.
    pub(super) instructions: Option<f64>,
    /// Device accesses in one `GetPosition`.
    pub(super) get_position: Option<f64>,
}

/// What a run was like.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Figures {
    exact: bool,
    glitches: f64,
    findings: usize,
    client_errors: usize,
    backward_steps: f64,
    ahead: f64,
    behind: f64,
    kicks: f64,
    interrupts: f64,
    others: f64,
    instructions: Option<f64>,
    copied: f64,
    allocations: f64,
    get_position: f64,
    /// Of everything that happened.
    pub(super) trace: String,
}

impl Figures {
    /// From the text of a report; `None` where it is none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let report: Value = serde_json::from_str(text).ok()?;
        let number = |path: &str| report.pointer(path).and_then(Value::as_f64);
        let length = |path: &str| report.pointer(path).and_then(Value::as_array).map(Vec::len);
        let per = |name: &str| number(&format!("/device_accesses/per_period/{name}")).unwrap_or(0.0);
        Some(Self {
            exact: report.pointer("/bit_exact")?.as_bool()?,
            glitches: number("/glitches/count")?,
            findings: length("/findings")?,
            client_errors: length("/client_errors")?,
            backward_steps: number("/position/backward_steps")?,
            ahead: number("/position/max_ahead_frames")?,
            behind: number("/position/max_behind_frames")?,
            kicks: per("kicks"),
            interrupts: per("interrupts"),
            others: per("reads") + per("writes"),
            instructions: number("/device_accesses/per_period/instructions"),
            copied: number("/run/bytes_copied")?,
            allocations: number("/run/allocations")?,
            get_position: number("/get_position/max_accesses")?,
            trace: report.pointer("/trace_hash")?.as_str()?.to_owned(),
        })
    }

    /// One line of the table.
    pub(super) fn line(&self, name: &str) -> String {
        let instructions = self.instructions.map_or("-".to_owned(), |count| format!("{count:.0}"));
        format!(
            "{name:<44} {:>5} {:>8} {:>7.1} {:>7.1} {:>6.2} {:>6.2} {:>6.2} {instructions:>6} {:>7} {:>5} {:>7}",
            if self.exact { "yes" } else { "NO" },
            self.glitches,
            self.ahead,
            self.behind,
            self.kicks,
            self.interrupts,
            self.others,
            self.copied,
            self.allocations,
            self.get_position,
        )
    }

    /// What is not as it should be, in words.
    pub(super) fn faults(&self, limits: &Limits) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, text: String| {
            if wrong {
                faults.push(text);
            }
        };
        fault(!self.exact, "not bit-exact".to_owned());
        fault(self.findings > 0, format!("{} finding(s)", self.findings));
        fault(self.client_errors > 0, format!("{} client error(s)", self.client_errors));
        fault(self.backward_steps > 0.0, format!("{} backward step(s)", self.backward_steps));
        fault(self.copied > 0.0, format!("{} bytes copied in RUN", self.copied));
        fault(self.allocations > 0.0, format!("{} allocations in RUN", self.allocations));
        let limited = [
            ("kicks a period", Some(self.kicks), limits.kicks),
            ("interrupts a period", Some(self.interrupts), limits.interrupts),
            ("other accesses a period", Some(self.others), limits.others),
            ("instructions a period", self.instructions, limits.instructions),
            ("accesses in a GetPosition", Some(self.get_position), limits.get_position),
        ];
        for (what, count, limit) in limited {
            match (count, limit) {
                (Some(count), Some(limit)) => {
                    fault(count > limit + EDGE, format!("{count:.2} {what}, where {limit:.2} are allowed"));
                }
                (None, Some(_)) => fault(true, format!("{what} were not counted")),
                (_, None) => {}
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Limits};

    const REPORT: &str = r#"{
        "bit_exact": true, "glitches": { "count": 0 }, "findings": [], "client_errors": [],
        "position": { "backward_steps": 0, "max_ahead_frames": 12.5, "max_behind_frames": 240 },
        "device_accesses": { "per_period":
            { "kicks": 0.5, "reads": 0, "writes": 0.25, "interrupts": 1, "instructions": 700.5 } },
        "run": { "bytes_copied": 0, "allocations": 0 }, "get_position": { "max_accesses": 0 },
        "trace_hash": "ab"
    }"#;

    fn figures() -> Figures {
        Figures::of(REPORT).expect("a report")
    }

    #[test]
    fn a_report_becomes_a_line() {
        let line = figures().line("play");
        assert!(line.starts_with("play ") && line.contains(" yes "), "{line}");
        assert_eq!(Figures::of("{}"), None);
        assert_eq!(figures().faults(&Limits::default()), [""; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let bad = Figures {
            exact: false,
            findings: 1,
            client_errors: 2,
            backward_steps: 1.0,
            copied: 4.0,
            allocations: 1.0,
            instructions: None,
            ..figures()
        };
        let one = Some(0.0);
        let limits =
            Limits { kicks: one, interrupts: one, others: one, instructions: one, get_position: one };
        let faults = bad.faults(&limits);
        assert_eq!(faults.len(), 10, "{faults:?}");
        assert!(faults.contains(&"0.50 kicks a period, where 0.00 are allowed".to_owned()), "{faults:?}");
        assert!(faults.contains(&"instructions a period were not counted".to_owned()), "{faults:?}");
    }
}
