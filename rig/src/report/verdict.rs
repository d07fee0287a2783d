//! What the facts of a run amount to.

use super::model::Report;

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The sound came out as it went in, and no rule was broken.
    Exact,
    /// No rule was broken, but the sound that came out is another.
    Differs,
    /// The sound is right, but not what the driver told its client about it.
    Mistold,
    /// The verifier has something to say; it outweighs the sound.
    Finding,
}

impl Verdict {
    /// Exit status of the program: 0, 1 or 3 (2 is for runs that never began).
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Differs | Self::Mistold => 1,
            Self::Finding => 3,
        }
    }
}

impl Report {
    /// How the run went.
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Finding
        } else if !self.bit_exact && self.has_played() {
            Verdict::Differs
        } else if !self.client_errors.is_empty() {
            Verdict::Mistold
        } else {
            Verdict::Exact
        }
    }

    /// Whether there was a client that played: without one there is no sound that could differ.
    pub fn has_played(&self) -> bool {
        !self.client.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;
    use crate::report::sample;

    #[test]
    fn a_finding_outweighs_the_sound() {
        let mut report = sample::exact();
        assert_eq!((report.verdict(), report.verdict().exit_status()), (Verdict::Exact, 0));
        report.bit_exact = false;
        assert_eq!((report.verdict(), report.verdict().exit_status()), (Verdict::Differs, 1));
        report.findings = sample::broken().findings;
        assert_eq!((report.verdict(), report.verdict().exit_status()), (Verdict::Finding, 3));
        report.bit_exact = true;
        assert_eq!(report.verdict(), Verdict::Finding);
    }

    #[test]
    fn a_client_that_was_told_nonsense_is_no_success() {
        let mut report = sample::exact();
        report.client_errors = sample::mistold().client_errors;
        assert_eq!((report.verdict(), report.verdict().exit_status()), (Verdict::Mistold, 1));
        report.bit_exact = false;
        assert_eq!(report.verdict(), Verdict::Differs);
    }

    #[test]
    fn without_a_client_no_sound_is_missed() {
        let report = super::Report { client: String::new(), bit_exact: false, ..sample::exact() };
        assert_eq!(report.verdict(), Verdict::Exact);
    }
}
