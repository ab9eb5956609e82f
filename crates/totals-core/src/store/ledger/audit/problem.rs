//! What is wrong with a row of the log, in words.

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Problem {
    /// As a sentence.
    pub sentence: String,
    /// The update, as mongosh takes it, that mends the row; `None` if the rest of the row does not tell it.
    pub update: Option<&'static str>,
}

impl<T: Into<String>> From<T> for Problem {
    fn from(sentence: T) -> Self {
        Self {
            sentence: sentence.into(),
            update: None,
        }
    }
}
