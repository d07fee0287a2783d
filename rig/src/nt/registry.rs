//! The registry: keys with values, in memory, and empty but for what the system itself puts there.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// What lies in a key under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// As it was written.
    pub(crate) name: String,
    /// `REG_...`.
    pub(crate) kind: u32,
    /// Its bytes.
    pub(crate) data: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct Key {
    name: String,
    values: BTreeMap<String, Value>,
}

/// All keys by their paths, which know no case.
#[derive(Default)]
pub(crate) struct Registry(RefCell<BTreeMap<String, Key>>);

/// Where the control set's keys are that everybody names by its alias.
const CONTROL_SET: &str = "\\registry\\machine\\system\\currentcontrolset";
const ALIASES: [&str; 1] = ["\\registry\\machine\\system\\controlset001"];

/// A path as keys are found by it.
fn plain(path: &str) -> String {
    let lower = path.trim_end_matches('\\').to_lowercase();
    let alias = ALIASES.iter().find_map(|alias| lower.strip_prefix(alias));
    alias.map_or(lower.clone(), |rest| format!("{CONTROL_SET}{rest}"))
}

/// The last part of a path.
fn leaf(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

impl Registry {
    /// The key at a path, if it is there.
    pub(crate) fn open(&self, path: &str) -> Option<String> {
        let path = plain(path);
        self.0.borrow().contains_key(&path).then_some(path)
    }

    /// The key at a path; whether it is new.
    pub(crate) fn create(&self, path: &str) -> (String, bool) {
        let name = leaf(path.trim_end_matches('\\')).to_owned();
        let path = plain(path);
        let mut keys = self.0.borrow_mut();
        let new = !keys.contains_key(&path);
        if new {
            keys.insert(path.clone(), Key { name, values: BTreeMap::new() });
        }
        (path, new)
    }

    /// A value of a key.
    pub(crate) fn value(&self, key: &str, name: &str) -> Option<Value> {
        self.0.borrow().get(key)?.values.get(&name.to_lowercase()).cloned()
    }

    /// The `index`-th value of a key, in the order of their names.
    pub(crate) fn value_at(&self, key: &str, index: usize) -> Option<Value> {
        self.0.borrow().get(key)?.values.values().nth(index).cloned()
    }

    /// The name of the `index`-th key directly below one.
    pub(crate) fn subkey_at(&self, key: &str, index: usize) -> Option<String> {
        let keys = self.0.borrow();
        let below = keys.iter().filter(|(path, _)| {
            path.strip_prefix(key)
                .and_then(|rest| rest.strip_prefix('\\'))
                .is_some_and(|rest| !rest.contains('\\'))
        });
        below.map(|(_, key)| key.name.clone()).nth(index)
    }

    /// Sets a value.
    pub(crate) fn set(&self, key: &str, value: Value) {
        if let Some(key) = self.0.borrow_mut().get_mut(key) {
            key.values.insert(value.name.to_lowercase(), value);
        }
    }

    /// Deletes a value; whether there was one.
    pub(crate) fn delete_value(&self, key: &str, name: &str) -> bool {
        let mut keys = self.0.borrow_mut();
        keys.get_mut(key).is_some_and(|key| key.values.remove(&name.to_lowercase()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use super::Value;

    #[test]
    fn keys_know_no_case_and_one_alias() {
        let registry = Registry::default();
        let (path, new) = registry.create("\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Toy");
        assert!(new);
        assert!(!registry.create("\\Registry\\Machine\\System\\CurrentControlSet\\services\\TOY").1);
        assert_eq!(
            registry.subkey_at("\\registry\\machine\\system\\currentcontrolset\\services", 0).as_deref(),
            Some("Toy")
        );
        registry.set(&path, Value { name: "Depth".into(), kind: 4, data: vec![7, 0, 0, 0] });
        assert_eq!(registry.value(&path, "DEPTH").map(|value| value.data), Some(vec![7, 0, 0, 0]));
        assert_eq!(registry.value_at(&path, 1), None);
        assert!(registry.delete_value(&path, "depth") && !registry.delete_value(&path, "depth"));
    }
}
