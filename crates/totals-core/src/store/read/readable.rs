//! Which documents among the totals can be read, as a condition that MongoDB checks.
//!
//! What many documents are read for here (the length of the list, the sum of all campaigns) the API's memory knows from
//! [`CampaignTotals::read`](super::one::CampaignTotals). Both must leave out the same documents, or a reader would be shown another
//! number whenever memory has nothing to tell. So each condition here says of a field what its reader in `schema/document` says.

use mongodb::bson::{Document, doc};

use crate::domain::Timestamp;
use crate::domain::facts::Fact;
use crate::domain::id::MAX_ID_BYTES;
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::store::schema::document::{MAX_REVISION, date};

/// True of a document whose `_id` can be a campaign's.
pub(in crate::store) fn has_an_id() -> Document {
    is_id("$_id")
}

/// Matches the documents that [`CampaignTotals::read`](super::one::CampaignTotals) can read.
pub(in crate::store) fn readable() -> Document {
    // A condition on a field also matches an array with such a member.
    let whole = doc! { "$type": ["int", "long"], "$not": { "$type": "array" } };
    let mut revision = whole.clone();
    revision.extend(doc! { "$gte": -MAX_REVISION, "$lte": MAX_REVISION });
    let (earliest, latest) = (date(Timestamp::EARLIEST), date(Timestamp::LATEST));
    doc! {
        "totalAmountMinor": &whole, "totalPledges": &whole, "totalDonors": &whole, "revision": &revision,
        "lastUpdated": { "$type": "date", "$not": { "$type": "array" }, "$gte": earliest, "$lte": latest },
        "$or": [{ "corrections": { "$exists": false } }, { "corrections": revision }],
        "$expr": { "$and": [has_an_id(), has_facts_or_none()] },
    }
}

/// True of a document that has no facts, or such as this service writes.
fn has_facts_or_none() -> Document {
    let mut all = vec![doc! { "$eq": [{ "$type": "$facts" }, "object"] }];
    all.extend(Fact::ALL.map(|fact| {
        let register = format!("$facts.{}", fact.name());
        let [value, at, by] = ["value", "at", "by"].map(|part| format!("{register}.{part}"));
        let written = vec![
            doc! { "$eq": [{ "$type": &register }, "object"] },
            is_moment(&at),
            is_id(&by),
            doc! { "$or": [is_absent(&value), is_value_of(fact, &value)] },
        ];
        doc! { "$or": [is_absent(&register), { "$and": written }] }
    }));
    doc! { "$or": [is_absent("$facts"), { "$and": all }] }
}

fn is_value_of(fact: Fact, value: &str) -> Document {
    match fact {
        Fact::Title | Fact::Status | Fact::Category => doc! { "$eq": [{ "$type": value }, "string"] },
        Fact::Goal => doc! { "$and": [
            { "$in": [{ "$type": value }, ["int", "long"]] },
            { "$gte": [value, 1] }, { "$lte": [value, MAX_AMOUNT_MINOR] },
        ] },
        Fact::StartsAt | Fact::EndsAt => is_moment(value),
    }
}

fn is_absent(field: &str) -> Document {
    doc! { "$in": [{ "$type": field }, ["missing", "null"]] }
}

fn is_moment(field: &str) -> Document {
    let (earliest, latest) = (date(Timestamp::EARLIEST), date(Timestamp::LATEST));
    doc! { "$and": [
        { "$eq": [{ "$type": field }, "date"] }, { "$gte": [field, earliest] }, { "$lte": [field, latest] },
    ] }
}

fn is_id(field: &str) -> Document {
    let longest = i64::try_from(MAX_ID_BYTES).unwrap_or(i64::MAX);
    // Not `$and` alone: only `$cond` promises that the length of what is no text is not asked for.
    doc! { "$cond": [
        { "$eq": [{ "$type": field }, "string"] },
        { "$and": [{ "$gt": [field, ""] }, { "$lte": [{ "$strLenBytes": field }, longest] }] },
        false,
    ] }
}
