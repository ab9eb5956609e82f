//! The start of a list and the length of all of it, for people who cannot read all of it.

use serde::Serialize;

/// The first items of a list, and how many it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truncated<T> {
    /// How many items there are.
    pub count: u64,
    /// The first of them.
    pub shown: Vec<T>,
}

impl<T> Truncated<T> {
    /// The first `most` of `all`.
    pub fn of(mut all: Vec<T>, most: usize) -> Self {
        let count = all.len() as u64;
        all.truncate(most);
        Self { count, shown: all }
    }

    /// The same list with each item replaced.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Truncated<U> {
        let shown = self.shown.into_iter().map(to).collect();
        Truncated {
            count: self.count,
            shown,
        }
    }

    /// Counts one more, and keeps it while there are fewer than `most`.
    pub fn add(&mut self, item: T, most: usize) {
        self.count += 1;
        if self.shown.len() < most {
            self.shown.push(item);
        }
    }
}

impl<T> Default for Truncated<T> {
    fn default() -> Self {
        Self {
            count: 0,
            shown: Vec::new(),
        }
    }
}
