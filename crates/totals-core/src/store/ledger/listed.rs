//! Some of many, for people who cannot read all of them.

use serde::Serialize;

/// Some of a list, and how long the whole of it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub shown: Vec<T>,
}

impl<T> Listed<T> {
    /// The first `most` of `all`.
    pub fn of(mut all: Vec<T>, most: usize) -> Self {
        let count = all.len() as u64;
        all.truncate(most);
        Self { count, shown: all }
    }

    /// The same of something else.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Listed<U> {
        let shown = self.shown.into_iter().map(to).collect();
        Listed {
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

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            count: 0,
            shown: Vec::new(),
        }
    }
}
