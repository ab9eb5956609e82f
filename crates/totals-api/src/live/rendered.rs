//! A campaign's totals with everything about their answer that can be made before anyone asks.

use axum::body::Bytes;
use axum::http::HeaderValue;
use totals_core::domain::Currency;
use totals_core::store;

use crate::routes::totals::{CampaignTotals, TotalsBody};

/// What the body of an answer has around the totals.
const AROUND: (&str, &str) = ("{\"success\":true,\"data\":", "}");

/// One version of a campaign's totals, ready to send.
#[derive(Debug)]
pub struct Rendered {
    /// The totals.
    pub totals: store::CampaignTotals,
    /// The body of an answer.
    pub body: Bytes,
    /// Its validator: revision and time of the change, because a campaign that was reset counts its revisions anew.
    pub etag: HeaderValue,
}

impl Rendered {
    /// Renders one version.
    pub fn new(totals: store::CampaignTotals, currency: Currency) -> Self {
        let body = serde_json::to_vec(&TotalsBody::new(CampaignTotals::new(&totals, currency)));
        // Plain fields always serialize.
        let body = body.unwrap_or_default().into_boxed_slice();
        let changed = totals.last_updated.unix_millis();
        let etag = format!("\"{}-{changed:x}\"", totals.revision);
        Self {
            body: Bytes::from(body),
            etag: HeaderValue::try_from(etag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            totals,
        }
    }

    /// The totals alone, as they stand in the body, in a list and in an event.
    pub fn json(&self) -> Bytes {
        let (before, after) = (AROUND.0.len(), AROUND.1.len());
        self.body.slice(before..self.body.len() - after)
    }

    /// What is between the quotes of the validator: the id of an event that shows this version.
    pub fn version(&self) -> &str {
        self.etag.to_str().unwrap_or_default().trim_matches('"')
    }

    /// Whether both are the same version.
    pub fn is(&self, other: &Self) -> bool {
        self.etag == other.etag
    }
}

#[cfg(test)]
mod tests {
    use totals_core::domain::{CampaignId, Money, Timestamp, Totals};

    use super::*;

    #[test]
    fn the_totals_are_cut_out_of_the_body() {
        let totals = store::CampaignTotals {
            campaign: CampaignId::try_from("camp_1").unwrap(),
            totals: Totals {
                amount: Money::from_minor(50_050),
                pledges: 3,
                donors: 2,
            },
            revision: 7,
            last_updated: Timestamp::from_unix_millis(1_732_185_000_000),
        };
        let rendered = Rendered::new(totals, "USD".parse().unwrap());
        let cut: serde_json::Value = serde_json::from_slice(&rendered.json()).unwrap();
        let whole: serde_json::Value = serde_json::from_slice(&rendered.body).unwrap();
        assert_eq!(cut, whole["data"]);
        assert_eq!(cut["totalAmount"], 500.5);
        assert_eq!(rendered.etag, "\"7-1934e458840\"");
        assert_eq!(rendered.version(), "7-1934e458840");
    }
}
