//! The date of a package: that of the commit, or the one in SOURCE_DATE_EPOCH, never that of the build.

use std::env;
use std::fmt;
use std::process::Command;

use crate::failure::Failure;
use crate::repository::Repository;

/// A variable that says, in seconds since the beginning of 1970 (UTC), when the sources are from.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

const DAY: u64 = 24 * 60 * 60;

/// A moment, in seconds since the beginning of 1970 (UTC). Shown as a day of the INF: mm/dd/yyyy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date(u64);

impl Date {
    /// From seconds since the beginning of 1970 (UTC).
    pub fn from_epoch(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The date of the sources.
    ///
    /// # Errors
    /// [`Failure::Environment`] where SOURCE_DATE_EPOCH is no number, or is not there and neither is a commit.
    pub fn of(repository: &Repository) -> Result<Self, Failure> {
        if let Some(value) = env::var_os(VARIABLE) {
            let text = value.to_string_lossy();
            return text.parse().map(Self).map_err(|_| {
                Failure::Environment(format!("{VARIABLE} is {text:?}, not a number of seconds"))
            });
        }
        let mut git = Command::new("git");
        git.args(["log", "-1", "--format=%ct"]).current_dir(repository.root());
        let output = git.output().ok().filter(|output| output.status.success());
        let seconds = output.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok());
        seconds.map(Self).ok_or_else(|| {
            Failure::Environment(format!("there is no commit to take the date from: set {VARIABLE}"))
        })
    }

    /// Seconds since the beginning of 1970 (UTC).
    pub fn epoch(self) -> u64 {
        self.0
    }

    /// Year, month and day (UTC).
    pub(super) fn day(self) -> (u64, u64, u64) {
        // Eras of 400 years, counted from the first of March of the year 0: the leap day is then a year's last.
        const DAYS_TO_1970: u64 = 719_468;
        const ERA: u64 = 146_097;
        let days = self.0 / DAY + DAYS_TO_1970;
        let (era, of_era) = (days / ERA, days % ERA);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year + u64::from(month <= 2), month, day)
    }

    /// Hour, minute and second (UTC).
    pub(super) fn time(self) -> (u64, u64, u64) {
        let seconds = self.0 % DAY;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day();
        write!(f, "{month:02}/{day:02}/{year:04}")
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, (1970, 1, 1)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_735_689_599, (2024, 12, 31)),
            (1_735_689_600, (2025, 1, 1)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            assert_eq!(Date::from_epoch(seconds).day(), day, "{seconds}");
        }
        assert_eq!(Date::from_epoch(951_782_399).time(), (23, 59, 59));
        assert_eq!(Date::from_epoch(951_782_400).to_string(), "02/29/2000");
    }
}
