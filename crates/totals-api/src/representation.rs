//! A campaign's totals, and what is known of it beside them, as callers get them.

mod donations;
mod facts;
mod history;
mod sum;

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::io::Write as _;

use axum::body::Bytes;
use axum::http::HeaderValue;
use serde::Serialize;
use serde_json::Value;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency, Timestamp};
use totals_core::store;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

pub use self::donations::{DonationsBody, DonationsData};
use self::facts::{GoalData, write_facts};
pub use self::history::{HistoryAnswer, HistoryBody, HistoryData};
pub use self::sum::{SumBody, SumData};

/// One campaign's totals.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: TotalsData,
}

/// What one campaign has raised so far, and what is known of it beside that. A fact that is unknown is absent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignTotals)]
pub struct TotalsData {
    #[schema(value_type = String, example = "camp_123")]
    campaign_id: CampaignId,
    /// Exact, in major units of the currency: a decimal number, never rounded.
    #[schema(schema_with = amount)]
    total_amount: DecimalNumber,
    /// The same in minor units of the currency (cents): an integer, which programs can add.
    #[schema(minimum = 0, example = 500_050)]
    total_amount_minor: i64,
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
    /// What the campaign is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "Clean water for Tula")]
    title: Option<String>,
    /// The campaign's status, in the platform's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "ACTIVE")]
    status: Option<String>,
    /// When the campaign starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = "2024-11-01T00:00:00.000Z")]
    starts_at: Option<Timestamp>,
    /// When the campaign ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = "2024-12-24T18:00:00.000Z")]
    ends_at: Option<Timestamp>,
    /// What kind of campaign it is, in the platform's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "environment")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = GoalData, required = false)]
    goal: Option<GoalData>,
}

fn amount() -> Object {
    exact(
        "Exact, in major units of the currency: a decimal number, never rounded.",
        5000.5,
    )
}

/// What is left of a donation.
fn left() -> Object {
    exact(
        "What refunds have left of it, in major units: an exact decimal number that was never rounded.",
        50.25,
    )
}

/// A number without a format: `double` would promise less than the exact decimal that is sent.
fn exact(description: &str, example: impl Into<Value>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .description(Some(description))
        .examples([example.into()])
        .build()
}

impl TotalsData {
    /// The totals as callers get them.
    pub fn new(found: &store::CampaignTotals, currency: Currency) -> Self {
        let facts = found.facts.as_deref().cloned().unwrap_or_default();
        Self {
            campaign_id: found.campaign.clone(),
            total_amount: currency.format(found.totals.amount),
            total_amount_minor: found.totals.amount.minor(),
            total_pledges: found.totals.pledges,
            total_donors: found.totals.donors,
            last_updated: found.last_updated,
            currency: currency.code(),
            revision: found.revision,
            title: facts.title,
            status: facts.status,
            starts_at: facts.starts_at,
            ends_at: facts.ends_at,
            category: facts.category,
            goal: facts
                .goal
                .map(|goal| GoalData::new(goal, found.totals.amount, currency)),
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
    member(",\"totalAmountMinor\":", totals.totals.amount.minor());
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
    if let Some(facts) = &totals.facts {
        write_facts(json, facts, totals.totals.amount, currency);
    }
    json.push(b'}');
}

/// Names this version of a campaign's totals: in the quotes of the validator, and as the id of an event.
pub fn version(totals: &store::CampaignTotals) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{}-{:x}", totals.revision, totals.last_updated.unix_millis()))
}

#[cfg(test)]
mod tests;
