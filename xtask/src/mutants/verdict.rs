//! Whether the mutants that live are those that are explained.

use super::outcomes::{Fate, Tried};
use super::table::Explained;

/// How many mutants of a source ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Found by a test, or by a test that did not end.
    pub(super) caught: usize,
    /// Not programs.
    pub(super) unviable: usize,
    /// Not found, which is explained.
    pub(super) explained: usize,
    /// Not found.
    pub(super) open: usize,
}

/// What is found of a source's mutants.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) counts: Counts,
    /// What is wrong, for people.
    pub(super) faults: Vec<String>,
}

/// Holds what was `tried` on `file`, whose text is `code`, against what is explained.
pub(super) fn judge(file: &str, code: &str, tried: &[Tried], explained: &[Explained]) -> Verdict {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let mut verdict = Verdict::default();
    let mut left: Vec<&Explained> = explained.iter().collect();
    for mutant in tried {
        match mutant.fate {
            Fate::Caught | Fate::Endless => verdict.counts.caught += 1,
            Fate::Unviable => verdict.counts.unviable += 1,
            Fate::Lives => {
                let Tried { change, line, .. } = mutant;
                let code =
                    line.checked_sub(1).and_then(|index| lines.get(index)).copied().unwrap_or_default();
                match left.iter().position(|it| it.change == *change && it.code == code) {
                    Some(known) => {
                        left.remove(known);
                        verdict.counts.explained += 1;
                    }
                    None => {
                        verdict.counts.open += 1;
                        verdict.faults.push(format!("{file}:{line}: no test notices: {change}\n    {code}"));
                    }
                }
            }
        }
    }
    verdict.faults.extend(left.iter().map(|stale| {
        let Explained { change, code, .. } = stale;
        format!("{file}: explained, but a test notices it, or there is no such mutant: {change}\n    {code}")
    }));
    verdict
}

#[cfg(test)]
mod tests {
    use super::{Counts, judge};
    use crate::mutants::outcomes::{Fate, Tried};
    use crate::mutants::table::Explained;

    const CODE: &str = "fn f() {\n    a < b\n}\n";

    fn mutant(fate: Fate) -> Tried {
        Tried { change: "replace < with <= in f".into(), line: 2, fate }
    }

    fn explanation(change: &str, code: &str) -> Explained {
        Explained { change: change.into(), code: code.into(), reason: "they are never equal".into() }
    }

    #[test]
    fn a_mutant_that_lives_is_a_fault() {
        let verdict = judge("src/a.rs", CODE, &[mutant(Fate::Caught), mutant(Fate::Lives)], &[]);
        assert_eq!(verdict.faults, ["src/a.rs:2: no test notices: replace < with <= in f\n    a < b"]);
        assert_eq!(verdict.counts, Counts { caught: 1, open: 1, ..Counts::default() });
    }

    #[test]
    fn a_mutant_that_is_explained_may_live() {
        let known = [explanation("replace < with <= in f", "a < b")];
        let tried = [Fate::Lives, Fate::Unviable, Fate::Endless].map(mutant);
        let verdict = judge("src/a.rs", CODE, &tried, &known);
        assert!(verdict.faults.is_empty(), "{:?}", verdict.faults);
        assert_eq!(verdict.counts, Counts { caught: 1, unviable: 1, explained: 1, open: 0 });
    }

    #[test]
    fn an_explanation_serves_once_and_for_its_line_only() {
        let known = [explanation("replace < with <= in f", "a < b")];
        let twice = judge("src/a.rs", CODE, &[mutant(Fate::Lives), mutant(Fate::Lives)], &known);
        assert_eq!((twice.counts.explained, twice.counts.open, twice.faults.len()), (1, 1, 1));
        let elsewhere = judge("src/a.rs", "fn f() {\n    a < c\n}\n", &[mutant(Fate::Lives)], &known);
        assert_eq!((elsewhere.counts.open, elsewhere.faults.len()), (1, 2));
    }

    #[test]
    fn an_explanation_of_what_is_dead_is_a_fault() {
        let known = [explanation("replace < with <= in f", "a < b")];
        for tried in [vec![mutant(Fate::Caught)], vec![]] {
            let verdict = judge("src/a.rs", CODE, &tried, &known);
            assert_eq!(verdict.faults.len(), 1);
            assert!(verdict.faults[0].starts_with("src/a.rs: explained, but a test notices it"));
        }
    }

    #[test]
    fn a_line_beyond_the_end_is_no_explanation() {
        let beyond = Tried { line: 9, ..mutant(Fate::Lives) };
        assert_eq!(
            judge("src/a.rs", CODE, &[beyond], &[explanation("replace < with <= in f", "a < b")])
                .faults
                .len(),
            2
        );
    }
}
