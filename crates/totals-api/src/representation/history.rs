//! What was raised when, as callers get it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use serde::Serialize;
use sha2::{Digest, Sha256};
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency};
use totals_core::store::{CampaignTotals, Raised, RaisedOverTime};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::sum::integer;
use crate::calendar::{Interval, Intervals};
use crate::compression::Precompressed;

/// What was raised when.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: HistoryData,
}

/// How much was raised in each of some intervals that follow each other, without a gap.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TotalsOverTime)]
pub struct HistoryData {
    /// Whose history it is; absent if it is that of all campaigns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "camp_123")]
    campaign_id: Option<CampaignId>,
    #[schema(inline, example = "day")]
    interval: Interval,
    /// The time zone whose intervals they are, as the IANA time zone database writes it.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: &'static str,
    /// When the first interval begins.
    #[schema(value_type = String, format = DateTime, example = "2025-11-20T00:00:00+01:00")]
    from: String,
    /// When the last interval ends.
    #[schema(value_type = String, format = DateTime, example = "2025-11-22T00:00:00+01:00")]
    to: String,
    /// One for each interval, also for one in which nothing was raised.
    #[schema(min_items = 1, max_items = 1000)]
    points: Vec<HistoryPoint>,
    #[schema(schema_with = super::amount)]
    total_amount: DecimalNumber,
    #[schema(schema_with = integer)]
    total_amount_minor: i128,
    /// Donations that were not wholly refunded, of all times.
    #[schema(value_type = i64, minimum = 0, example = 42)]
    total_pledges: i128,
    /// The revision of the campaign's totals that this is the history of; absent for all campaigns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1, example = 57)]
    revision: Option<i64>,
}

/// What was raised in one interval: by the donations of that time, less what was refunded of them, whenever that was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPoint {
    /// When the interval begins. It lasts until the next one begins; the last one until `to`.
    #[schema(value_type = String, format = DateTime, example = "2025-11-21T00:00:00+01:00")]
    start: String,
    #[schema(schema_with = super::amount)]
    amount: DecimalNumber,
    #[schema(schema_with = integer)]
    amount_minor: i128,
    /// Donations of the interval that were not wholly refunded.
    #[schema(value_type = i64, minimum = 0, example = 3)]
    pledges: i128,
    #[schema(schema_with = total)]
    total: DecimalNumber,
    #[schema(schema_with = integer)]
    total_minor: i128,
}

fn total() -> Object {
    super::exact(
        "What had been raised at the end of the interval, from the very beginning on: exact, in major units.",
        5000.5,
    )
}

/// An answer with a history, ready to send.
pub struct HistoryAnswer {
    /// The body, a [`HistoryBody`].
    pub body: Precompressed,
    /// Its validator, made from all of the body: what that shows depends on the time as well, where a request does not say
    /// until when. It is weak, as that of each body that is compressed.
    pub etag: String,
}

impl HistoryData {
    /// The history of all campaigns in these intervals.
    pub fn of_all(intervals: &Intervals, raised: &RaisedOverTime, currency: Currency) -> Self {
        let calendar = &intervals.calendar;
        let mut so_far = raised.before;
        let points = intervals
            .starts
            .iter()
            .zip(&raised.intervals)
            .map(|(start, raised)| {
                so_far += *raised;
                HistoryPoint::new(calendar.show(*start), *raised, so_far, currency)
            });
        let points = points.collect();
        let total = raised.total();
        Self {
            campaign_id: None,
            interval: calendar.interval,
            time_zone: calendar.zone_name().to_owned(),
            currency: currency.code(),
            from: calendar.show(intervals.starts[0]),
            to: calendar.show(intervals.end),
            points,
            total_amount: currency.format_sum(total.amount_minor),
            total_amount_minor: total.amount_minor,
            total_pledges: total.pledges,
            revision: None,
        }
    }

    /// The history of the campaign that has these totals.
    pub fn of_campaign(
        totals: &CampaignTotals,
        intervals: &Intervals,
        raised: &RaisedOverTime,
        currency: Currency,
    ) -> Self {
        Self {
            campaign_id: Some(totals.campaign.clone()),
            revision: Some(totals.revision),
            ..Self::of_all(intervals, raised, currency)
        }
    }
}

impl HistoryPoint {
    fn new(start: String, raised: Raised, so_far: Raised, currency: Currency) -> Self {
        Self {
            start,
            amount: currency.format_sum(raised.amount_minor),
            amount_minor: raised.amount_minor,
            pledges: raised.pledges,
            total: currency.format_sum(so_far.amount_minor),
            total_minor: so_far.amount_minor,
        }
    }
}

impl HistoryAnswer {
    /// Renders an answer.
    pub fn new(data: HistoryData) -> Self {
        // Cannot fail: it writes to memory.
        let body = serde_json::to_vec(&HistoryBody { success: true, data }).unwrap_or_default();
        let hash = Sha256::digest(&body);
        let tag = URL_SAFE_NO_PAD.encode(&hash[..12]);
        Self {
            etag: format!("W/\"{tag}\""),
            body: Precompressed::new(body, Compression::fast()),
        }
    }

    /// The bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.body.bytes() + size_of::<Self>()
    }
}
