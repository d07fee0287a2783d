//! The events that the driver wrote for tracing.

use serde::Deserialize;
use serde::Serialize;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// When, in nanoseconds.
    pub time_ns: u64,
    /// The provider's name.
    pub provider: String,
    /// The event's.
    pub name: String,
    /// 2 error, 3 warning, 4 information.
    pub level: u8,
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
}

/// How often each event came, in the order of their first coming.
pub fn counted(events: &[Traced]) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for event in events {
        match names.iter_mut().find(|(name, _)| *name == event.name) {
            Some((_, count)) => *count += 1,
            None => names.push((&event.name, 1)),
        }
    }
    let said = |(name, count): &(&str, usize)| {
        if *count == 1 { (*name).to_owned() } else { format!("{count} {name}") }
    };
    if names.is_empty() { "none".to_owned() } else { names.iter().map(said).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::{Traced, counted};

    #[test]
    fn events_are_counted_by_name() {
        let events =
            ["Start", "State", "State", "Stop"].map(|name| Traced { name: name.into(), ..Traced::default() });
        assert_eq!(counted(&events), "Start, 2 State, Stop");
        assert_eq!(counted(&[]), "none");
    }
}
