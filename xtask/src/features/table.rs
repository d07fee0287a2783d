//! The form of the table of features.
//!
//! ```text
//! # a comment
//! 24 S H SetWritePacket window | in RUN the packet after the current one is expected, otherwise the current one
//!   test waverust-tests/packets/what_may_be_written_when
//!   rest why the remainder is not shown
//! ```
//!
//! A row begins with its number, its level (`M` must, `S` should, `B` best in class), where it can be shown (`H` on this
//! host, `P` on the built image or the INF, `W` in Windows, `L` in Microsoft's test lab), its name, and behind a bar
//! what is asserted. Below it, indented: the tests that show it, as `package/target/function`, and what of it they do
//! not show.

use std::fmt;

/// A test: package, test target (`lib` for the unit tests of a library), and the last part of the function's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestName {
    /// The package that the test is in.
    pub package: String,
    /// The test program of that package.
    pub target: String,
    /// The function.
    pub function: String,
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.package, self.target, self.function)
    }
}

/// One row.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Rows are numbered from 1 on.
    pub number: u32,
    /// How much it is wanted.
    pub level: char,
    /// Where it can be shown.
    pub places: String,
    /// What it is called.
    pub name: String,
    /// What a test asserts.
    pub assertion: String,
    /// The tests that do.
    pub tests: Vec<TestName>,
    /// What they do not show, and why.
    pub rest: Option<String>,
}

/// All rows.
#[derive(Debug)]
pub struct Table {
    /// In order.
    pub features: Vec<Feature>,
}

impl Table {
    /// Reads the text of a table.
    ///
    /// # Errors
    /// Which line is not understood, and what would be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut features: Vec<Feature> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("line {} of the table of features: {what}: {line}", index + 1);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some(detail) = line.strip_prefix("  ") else {
                features
                    .push(row(line).ok_or_else(|| wrong("expected `NUMBER LEVEL PLACES NAME | ASSERTION`"))?);
                continue;
            };
            let feature = features.last_mut().ok_or_else(|| wrong("there is no row above"))?;
            match detail.split_once(' ') {
                Some(("test", name)) => {
                    let test = test_name(name).ok_or_else(|| wrong("expected `PACKAGE/TARGET/FUNCTION`"))?;
                    feature.tests.push(test);
                }
                Some(("rest", text)) => feature.rest = Some(text.to_owned()),
                _ => return Err(wrong("expected `test` or `rest`")),
            }
        }
        Ok(Self { features })
    }
}

fn row(line: &str) -> Option<Feature> {
    let (head, assertion) = line.split_once(" | ")?;
    let mut words = head.splitn(4, ' ');
    let number = words.next()?.parse().ok()?;
    let level = words.next().and_then(|word| word.parse().ok()).filter(|level| "MSB".contains(*level))?;
    let places = words.next().filter(|places| places.chars().all(|place| "HPWL".contains(place)))?;
    let name = words.next()?;
    Some(Feature {
        number,
        level,
        places: places.to_owned(),
        name: name.to_owned(),
        assertion: assertion.to_owned(),
        tests: Vec::new(),
        rest: None,
    })
}

fn test_name(text: &str) -> Option<TestName> {
    let mut parts = text.split('/').map(str::to_owned);
    let name = TestName { package: parts.next()?, target: parts.next()?, function: parts.next()? };
    parts.next().is_none().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_row_has_its_parts() {
        let text = "# about\n7 M HW Size | whole frames\n  test a/b/c\n  rest a reason\n";
        let table = Table::parse(text).expect("well-formed");
        let feature = &table.features[0];
        assert_eq!((feature.number, feature.level, feature.places.as_str()), (7, 'M', "HW"));
        assert_eq!((feature.name.as_str(), feature.assertion.as_str()), ("Size", "whole frames"));
        assert_eq!(feature.tests[0].to_string(), "a/b/c");
        assert_eq!(feature.rest.as_deref(), Some("a reason"));
    }

    #[test]
    fn malformed_lines_are_told_with_their_number() {
        for (text, line) in [
            ("x M H a | b\n", "line 1"),
            ("1 Q H a | b\n", "line 1"),
            ("1 M Z a | b\n", "line 1"),
            ("1 M H a b\n", "line 1"),
            ("1 M H a | b\n  test a/b\n", "line 2"),
            ("1 M H a | b\n  test a/b/c/d\n", "line 2"),
            ("1 M H a | b\n  tset a/b/c\n", "line 2"),
            ("  rest nothing above\n", "line 1"),
        ] {
            let error = Table::parse(text).expect_err(text);
            assert!(error.starts_with(line), "{error}");
        }
    }
}
