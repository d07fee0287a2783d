//! What a client holds against the driver: answers that cannot be right, whatever came out as sound.

use crate::report::model::ClientError;

/// Errors by kind: the first of each is told in full, the others are counted.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    entries: Vec<Entry>,
    closed: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    kind: &'static str,
    first: ClientError,
    more: u64,
}

impl Errors {
    /// Books an error that was noticed at `now` ns. `kind` is what errors of the same cause have in common.
    pub fn add(&mut self, now: u64, kind: &'static str, message: String) {
        match self.entries.iter_mut().find(|entry| entry.kind == kind) {
            _ if self.closed => {}
            Some(entry) => entry.more += 1,
            None => {
                self.entries.push(Entry { kind, first: ClientError { time_ns: now, message }, more: 0 });
            }
        }
    }

    /// Whatever cannot be right from now on is not the driver's fault.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// One line a kind, in the order in which they were first noticed.
    pub fn list(&self) -> Vec<ClientError> {
        let line = |entry: &Entry| {
            let mut error = entry.first.clone();
            if entry.more > 0 {
                error.message += &format!(" (and {} more of this kind)", entry.more);
            }
            error
        };
        self.entries.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Errors;

    #[test]
    fn the_first_of_a_kind_is_told_and_the_rest_counted() {
        let mut errors = Errors::default();
        errors.add(7, "position", "off by 9".to_owned());
        errors.add(8, "event", "none came".to_owned());
        errors.add(9, "position", "off by 10".to_owned());
        let list = errors.list();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].time_ns, list[0].message.as_str()), (7, "off by 9 (and 1 more of this kind)"));
        assert_eq!(list[1].message, "none came");
    }

    #[test]
    fn nothing_is_added_once_they_are_closed() {
        let mut errors = Errors::default();
        errors.add(7, "position", "off by 9".to_owned());
        errors.close();
        errors.add(8, "event", "none came".to_owned());
        assert_eq!(errors.list().len(), 1);
    }
}
