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

/// A reason without the text that it quotes of a message, which may be a donor's data.
pub fn without_excerpts(reason: &str) -> String {
    match reason.split_once('`') {
        None => reason.to_owned(),
        Some((before, quoted)) => {
            // The quoted text may have a mark of its own.
            let after = quoted.rsplit_once('`').map_or("", |(_, after)| after);
            format!("{before}`…`{after}")
        }
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

    #[test]
    fn what_a_reason_quotes_of_a_message_is_left_out() {
        for (reason, told) in [
            ("amount is missing", "amount is missing"),
            (
                "campaignId must be a string, got `7`",
                "campaignId must be a string, got `…`",
            ),
            (
                "the message must be a JSON object, got `Ada `gave` 5…`",
                "the message must be a JSON object, got `…`",
            ),
            ("got `Ada` and more", "got `…` and more"),
            ("got `Ada", "got `…`"),
        ] {
            assert_eq!(without_excerpts(reason), told);
        }
    }
}
