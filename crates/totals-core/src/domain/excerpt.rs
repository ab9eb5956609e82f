//! Text that somebody sent, for a message or a line of the log.

/// The most characters that are shown.
const MAX_CHARS: usize = 80;

/// The start of a text, with `…` where more follows. Only its start is copied, however long the text is.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_where_it_is_too_long() {
        let (whole, longer) = ("é".repeat(MAX_CHARS), "é".repeat(MAX_CHARS + 1));
        assert_eq!(excerpt(&whole), whole);
        assert_eq!(excerpt(&longer), whole + "…");
    }
}
