//! Tab-separated tables with `#` comments.

/// The rows of a table, each with exactly `columns` cells.
pub(crate) fn rows(text: &str, columns: usize) -> Vec<Vec<&str>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), columns, "a row of {columns} cells: {line:?}");
            cells
        })
        .collect()
}

/// A number out of a cell, decimal or with `0x`.
pub(crate) fn number(cell: &str) -> usize {
    match cell.strip_prefix("0x") {
        Some(hex) => usize::from_str_radix(hex, 16),
        None => cell.parse(),
    }
    .unwrap_or_else(|_| panic!("a number: {cell:?}"))
}

/// Fails with all faults at once.
pub(crate) fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
