//! Identifiers as types of their own, checked once where they enter, so that no campaign is ever looked up by a
//! donation's id and no empty or boundless id reaches the store.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest id accepted, in bytes of UTF-8: four times a long UUID-based id, and small enough to index.
pub const MAX_ID_BYTES: usize = 256;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The text has no characters.
    #[error("must not be empty")]
    Empty,
    /// The text is longer than [`MAX_ID_BYTES`].
    #[error("must be at most {MAX_ID_BYTES} bytes, got {0}")]
    TooLong(usize),
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The id's text: 1 to [`MAX_ID_BYTES`] bytes.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                match text.len() {
                    0 => Err(InvalidId::Empty),
                    1..=MAX_ID_BYTES => Ok(Self(text)),
                    long => Err(InvalidId::TooLong(long)),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        /// Lets a map be asked with a text that was not checked.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Names one event; the same id seen again is the same event.
    EventId
}
id! {
    /// Names one donation, across its creation, refunds and payment.
    DonationId
}
id! {
    /// Names the campaign that a donation was made to.
    CampaignId
}
id! {
    /// Names a registered donor, across campaigns.
    DonorId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_256_bytes() {
        assert_eq!(CampaignId::try_from(""), Err(InvalidId::Empty));
        assert_eq!(CampaignId::try_from("a").unwrap().as_str(), "a");
        let longest = "é".repeat(MAX_ID_BYTES / 2);
        assert_eq!(CampaignId::try_from(longest.as_str()).unwrap().as_str(), longest);
        assert_eq!(
            CampaignId::try_from(format!("{longest}x")),
            Err(InvalidId::TooLong(257))
        );
    }
}
