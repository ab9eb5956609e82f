//! A campaign's totals as callers get them.

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::io::Write as _;

use axum::body::Bytes;
use axum::http::HeaderValue;
use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency, Timestamp};
use totals_core::store;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// One campaign's totals.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: TotalsData,
}

/// What one campaign has raised so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignTotals)]
pub struct TotalsData {
    #[schema(value_type = String, example = "camp_123")]
    campaign_id: CampaignId,
    /// Exact, in major units of the currency: a decimal number, never rounded.
    #[schema(schema_with = amount)]
    total_amount: DecimalNumber,
    /// Donations that were not wholly refunded.
    #[schema(minimum = 0, example = 42)]
    total_pledges: i64,
    /// Registered donors behind those donations, each counted once; guests are not counted.
    #[schema(minimum = 0, example = 35)]
    total_donors: i64,
    /// When the totals last changed.
    #[schema(value_type = String, format = DateTime, example = "2024-11-21T10:30:00.000Z")]
    last_updated: Timestamp,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: &'static str,
    /// Grows with every change of the totals, and sometimes without one. A campaign that is reset counts its revisions anew.
    #[schema(minimum = 1, example = 57)]
    revision: i64,
}

/// A number without a format: `double` would promise less than the exact decimal that is sent.
fn amount() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .description(Some(
            "Exact, in major units of the currency: a decimal number, never rounded.",
        ))
        .examples([5000.5])
        .build()
}

impl TotalsData {
    /// The totals as callers get them.
    pub fn new(found: &store::CampaignTotals, currency: Currency) -> Self {
        Self {
            campaign_id: found.campaign.clone(),
            total_amount: currency.format(found.totals.amount),
            total_pledges: found.totals.pledges,
            total_donors: found.totals.donors,
            last_updated: found.last_updated,
            currency: currency.code(),
            revision: found.revision,
        }
    }
}

/// How many rendered versions each thread keeps: a crowd looks at few campaigns.
const KEPT: usize = 64;

thread_local! {
    /// What this thread has rendered, each at the place that its campaign's id leads to.
    static RENDERED: RefCell<[Option<KeptVersion>; KEPT]> = const { RefCell::new([const { None }; KEPT]) };
}

/// A version, in this currency, as it was rendered.
type KeptVersion = (store::CampaignTotals, Currency, Rendered);

/// One version of a campaign's totals, ready to send.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The body of an answer.
    pub body: Bytes,
    /// Its validator, made of the revision and the time of the change: a campaign that was reset counts its revisions anew.
    pub etag: HeaderValue,
}

impl Rendered {
    /// As [`Rendered::new`], but the version is not rendered again if this thread has just rendered it. For a crowd that looks at
    /// one campaign, rendering would cost more than all else that the answer needs beside HTTP.
    pub fn of(totals: store::CampaignTotals, currency: Currency) -> Self {
        let id = totals.campaign.as_str().bytes();
        let place = id.fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        }) % KEPT;
        RENDERED.with_borrow_mut(|kept| match &kept[place] {
            Some((known, of, rendered)) if *known == totals && *of == currency => rendered.clone(),
            _ => {
                let rendered = Self::new(&totals, currency);
                kept[place] = Some((totals, currency, rendered.clone()));
                rendered
            }
        })
    }

    /// Renders one version, as a [`TotalsBody`] serialises.
    pub fn new(totals: &store::CampaignTotals, currency: Currency) -> Self {
        let mut body = Vec::with_capacity(256 + totals.campaign.as_str().len());
        body.extend_from_slice(b"{\"success\":true,\"data\":");
        write_json(&mut body, totals, currency);
        body.push(b'}');
        // Two numbers of at most 20 and 16 digits.
        let mut etag = [0; 48];
        let mut rest = &mut etag[..];
        let _ = write!(rest, "\"{}\"", version(totals));
        let length = 48 - rest.len();
        Self {
            body: body.into(),
            etag: HeaderValue::from_bytes(&etag[..length])
                .unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
        }
    }
}

/// Writes the totals as [`TotalsData`] serialises: in a body, in a list and in an event. Every answer needs it, and by hand it
/// takes a third of the time.
pub fn write_json(json: &mut Vec<u8>, totals: &store::CampaignTotals, currency: Currency) {
    // Cannot fail: all of it writes to memory.
    json.extend_from_slice(b"{\"campaignId\":");
    let _ = serde_json::to_writer(&mut *json, &totals.campaign);
    json.extend_from_slice(b",\"totalAmount\":");
    let _ = write!(json, "{}", currency.format(totals.totals.amount));
    let mut number = itoa::Buffer::new();
    let mut member = |name: &str, value: i64| {
        json.extend_from_slice(name.as_bytes());
        json.extend_from_slice(number.format(value).as_bytes());
    };
    member(",\"totalPledges\":", totals.totals.pledges);
    member(",\"totalDonors\":", totals.totals.donors);
    let _ = write!(
        json,
        ",\"lastUpdated\":\"{}\",\"currency\":\"",
        totals.last_updated
    );
    json.extend_from_slice(currency.code().as_bytes());
    json.extend_from_slice(b"\",\"revision\":");
    json.extend_from_slice(number.format(totals.revision).as_bytes());
    json.push(b'}');
}

/// Names this version of a campaign's totals: in the quotes of the validator, and as the id of an event.
pub fn version(totals: &store::CampaignTotals) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{}-{:x}", totals.revision, totals.last_updated.unix_millis()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use totals_core::domain::{CampaignId, Money, Timestamp, Totals};

    use super::*;

    fn totals() -> impl Strategy<Value = store::CampaignTotals> {
        let campaign = "\\PC{1,20}|[\"\\\\\n\u{0}/]{1,9}";
        let millis = -62_167_219_200_000_i64..253_402_300_800_000;
        (
            campaign,
            any::<i64>(),
            any::<i64>(),
            any::<i64>(),
            any::<i64>(),
            millis,
        )
            .prop_map(|(campaign, amount, pledges, donors, revision, millis)| {
                store::CampaignTotals {
                    campaign: CampaignId::try_from(campaign).unwrap(),
                    totals: Totals {
                        amount: Money::from_minor(amount),
                        pledges,
                        donors,
                    },
                    revision,
                    last_updated: Timestamp::from_unix_millis(millis).unwrap(),
                }
            })
    }

    proptest! {
        #[test]
        fn what_is_rendered_is_what_would_be_serialized(
            totals in totals(), currency in proptest::sample::select(vec!["USD", "JPY", "KWD"])
        ) {
            let currency: Currency = currency.parse().unwrap();
            let rendered = Rendered::new(&totals, currency);
            let data = TotalsData::new(&totals, currency);
            let mut json = Vec::new();
            write_json(&mut json, &totals, currency);
            prop_assert_eq!(&json, &serde_json::to_vec(&data).unwrap());
            prop_assert_eq!(&rendered.body[..], serde_json::to_vec(&TotalsBody { success: true, data }).unwrap());
            // The second time it is kept.
            for _ in 0..2 {
                let kept = Rendered::of(totals.clone(), currency);
                prop_assert_eq!((kept.body, kept.etag), (rendered.body.clone(), rendered.etag.clone()));
            }
            let other = store::CampaignTotals { revision: totals.revision ^ 1, ..totals };
            prop_assert_eq!(Rendered::of(other.clone(), currency).body, Rendered::new(&other, currency).body);
        }
    }

    #[test]
    fn the_validator_is_the_revision_and_the_time() {
        let totals = store::CampaignTotals {
            campaign: CampaignId::try_from("camp_1").unwrap(),
            totals: Totals {
                amount: Money::from_minor(50_050),
                pledges: 3,
                donors: 2,
            },
            revision: 7,
            last_updated: Timestamp::from_unix_millis(1_732_185_000_000).unwrap(),
        };
        let rendered = Rendered::new(&totals, "USD".parse().unwrap());
        let body: serde_json::Value = serde_json::from_slice(&rendered.body).unwrap();
        assert_eq!(body["data"]["totalAmount"], 500.5);
        assert_eq!(rendered.etag, "\"7-1934e458840\"");
        assert_eq!(version(&totals).to_string(), "7-1934e458840");
    }
}
