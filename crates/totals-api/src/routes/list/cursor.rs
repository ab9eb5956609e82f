//! Where a list goes on, as a text that callers send back and need not understand.

use totals_core::domain::CampaignId;
use totals_core::domain::id::MAX_ID_BYTES;
use totals_core::store::{Position, SortBy, SortOrder};

use super::sort::{ORDERS, SORTS};
use crate::error::ApiError;
use crate::routes::sealed::{not_given_out, open, seal};

/// The place behind a page, and the order of the list that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCursor {
    /// What the list is sorted by.
    pub sort_by: SortBy,
    /// The direction of the list.
    pub sort_order: SortOrder,
    /// The last campaign of the page.
    pub position: Position,
}

/// The bytes before the id: the list's two choices, and the position's value.
const HEAD_BYTES: usize = 2 + size_of::<i64>();

impl PageCursor {
    /// The cursor as a text that needs no percent-encoding: at most 360 letters, digits, `-` and `_`.
    pub fn encode(&self) -> String {
        let choices = [self.sort_by as u8, self.sort_order as u8];
        let value = self.position.value.to_be_bytes();
        let id = self.position.campaign.as_str().as_bytes();
        seal(&[&choices, value.as_slice(), id].concat())
    }

    /// The cursor that a caller sends.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is not a cursor that this service gave out.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        Self::decode(text).ok_or_else(not_given_out)
    }

    fn decode(text: &str) -> Option<Self> {
        let content = open(text, HEAD_BYTES + MAX_ID_BYTES)?;
        let ([sort_by, sort_order], rest) = content.split_first_chunk()?;
        let (value, id) = rest.split_first_chunk()?;
        Some(Self {
            sort_by: SORTS.get(usize::from(*sort_by))?.1,
            sort_order: ORDERS.get(usize::from(*sort_order))?.1,
            position: Position {
                value: i64::from_be_bytes(*value),
                campaign: CampaignId::try_from(str::from_utf8(id).ok()?).ok()?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;
    use crate::routes::sealed::characters;

    fn cursors() -> impl Strategy<Value = PageCursor> {
        let (sorts, orders) = (0..SORTS.len(), 0..ORDERS.len());
        (sorts, orders, any::<i64>(), "\\PC{1,64}").prop_map(|(sort, order, value, id)| PageCursor {
            sort_by: SORTS[sort].1,
            sort_order: ORDERS[order].1,
            position: Position {
                value,
                campaign: id.as_str().try_into().unwrap(),
            },
        })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was_through_any_url(cursor in cursors()) {
            let text = cursor.encode();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            prop_assert_eq!(PageCursor::decode(&text), Some(cursor));
        }

        #[test]
        fn a_cursor_that_was_cut_off_or_changed_is_none(
            cursor in cursors(), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]"
        ) {
            let text = cursor.encode();
            let at = at.index(text.len());
            prop_assert_eq!(PageCursor::decode(&text[..at]), None);
            let changed = [&text[..at], &letter, &text[at + 1..]].concat();
            prop_assume!(changed != text);
            prop_assert_eq!(PageCursor::decode(&changed), None);
        }

        #[test]
        fn anything_else_is_no_cursor(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC*") {
            prop_assert_eq!(PageCursor::decode(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), None);
            prop_assert_eq!(PageCursor::decode(&text), None);
        }
    }

    /// The one that the OpenAPI document shows; cursors that are under way when a new version starts stay good.
    #[test]
    fn a_cursor_is_spelt_the_same_in_every_version() {
        let example = PageCursor {
            sort_by: SortBy::TotalAmount,
            sort_order: SortOrder::Descending,
            position: Position {
                value: 500_050,
                campaign: "camp_123".try_into().unwrap(),
            },
        };
        assert_eq!(example.encode(), "AAEAAAAAAAehUmNhbXBfMTIzCcKg5A");
    }

    #[test]
    fn the_longest_cursor_is_one_and_a_longer_one_is_refused_unread() {
        let of = |campaign: String| PageCursor {
            sort_by: SortBy::LastUpdated,
            sort_order: SortOrder::Ascending,
            position: Position {
                value: i64::MIN,
                campaign: campaign.try_into().unwrap(),
            },
        };
        let longest = of("é".repeat(MAX_ID_BYTES / 2));
        assert_eq!(longest.encode().len(), characters(HEAD_BYTES + MAX_ID_BYTES));
        assert_eq!(PageCursor::decode(&longest.encode()), Some(longest));
        assert_eq!(PageCursor::decode(&"A".repeat(60_000)), None);
    }
}
