//! Where a list of donations goes on, as a text that callers send back and need not understand.
//!
//! It names a place in the log by its time, and no event, donation or donor.

use totals_core::domain::Timestamp;
use totals_core::store::LogPlace;

use crate::error::ApiError;
use crate::routes::sealed::{not_given_out, open, seal};

/// The most rows of a campaign that one millisecond may have: several of the largest batches. The database steps over so many
/// rows at once.
const MAX_ROWS: u32 = 100_000;

/// The bytes of a place: its time and its rows.
const CONTENT_BYTES: usize = size_of::<i64>() + size_of::<u32>();

/// The cursor of a place: 22 letters, digits, `-` and `_`.
pub fn encode(place: LogPlace) -> String {
    let (time, rows) = (
        place.committed_at.unix_millis().to_be_bytes(),
        place.rows.to_be_bytes(),
    );
    seal(&[time.as_slice(), &rows].concat())
}

/// The place of a cursor that a caller sends.
///
/// # Errors
/// [`ApiError::Invalid`] if it is not a cursor that this service gave out.
pub fn parse(text: &str) -> Result<LogPlace, ApiError> {
    decode(text).ok_or_else(not_given_out)
}

fn decode(text: &str) -> Option<LogPlace> {
    let content = open(text, CONTENT_BYTES)?;
    let (time, rows) = content.split_first_chunk()?;
    let rows = u32::from_be_bytes(rows.try_into().ok()?);
    Some(LogPlace {
        committed_at: Timestamp::from_unix_millis(i64::from_be_bytes(*time))?,
        rows: (rows <= MAX_ROWS).then_some(rows)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places() -> impl Strategy<Value = LogPlace> {
        let times = Timestamp::EARLIEST.unix_millis()..=Timestamp::LATEST.unix_millis();
        (times, 0..=MAX_ROWS).prop_map(|(millis, rows)| LogPlace {
            committed_at: Timestamp::from_unix_millis(millis).unwrap(),
            rows,
        })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was_through_any_url(place in places()) {
            let text = encode(place);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            prop_assert_eq!(text.len(), 22);
            prop_assert_eq!(decode(&text), Some(place));
        }

        #[test]
        fn anything_else_is_no_cursor(
            place in places(), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]", text in "\\PC*"
        ) {
            let cursor = encode(place);
            let at = at.index(cursor.len());
            prop_assert_eq!(decode(&cursor[..at]), None);
            prop_assert_eq!(decode(&text), None);
            let changed = [&cursor[..at], &letter, &cursor[at + 1..]].concat();
            prop_assume!(changed != cursor);
            prop_assert_eq!(decode(&changed), None);
        }
    }

    /// A caller that makes one up cannot have the database step over a million rows.
    #[test]
    fn a_cursor_beyond_all_batches_is_refused() {
        let beyond = LogPlace {
            committed_at: Timestamp::EARLIEST,
            rows: MAX_ROWS + 1,
        };
        assert_eq!(decode(&encode(beyond)), None);
    }
}
