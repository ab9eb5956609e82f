//! From a difference to the one write that puts it right, if the document is still as the audit saw it.

use mongodb::bson::{Document, doc, serialize_to_document};
use mongodb::error::Error;

use super::write::Repair;
use crate::domain::{CampaignId, Timestamp, Totals};
use crate::store::error::StoreError;
use crate::store::ledger::audit::{CampaignAudit, DonationDifference, Unreadable};
use crate::store::schema::document::{DonationDocument, FactsDocument, MAX_REVISION, date};

/// Makes a donation what the log says.
pub(super) fn correct_donation(
    difference: &DonationDifference,
) -> Result<Repair<DonationDocument>, StoreError> {
    let document = |donation| DonationDocument::new(&difference.donation, donation);
    let expected = difference.expected.as_ref().map(document);
    let Some(stored) = &difference.stored else {
        let nothing = || StoreError::defect("a donation neither stored nor logged differs".to_owned());
        return expected.map(Repair::Create).ok_or_else(nothing);
    };
    let mut as_seen = doc! { "campaignId": null, "donorId": null, "amountMinor": null, "at": null };
    as_seen.extend(serialize_to_document(&document(stored)).map_err(Error::from)?);
    // Follows from the rest, and may be what is wrong.
    as_seen.remove("liveDonor");
    Ok(match expected {
        Some(expected) => {
            let mut replacement = serialize_to_document(&expected).map_err(Error::from)?;
            replacement.remove("_id");
            Repair::Update(doc! { "q": as_seen, "u": replacement })
        }
        None => Repair::Delete(doc! { "q": as_seen, "limit": 1 }),
    })
}

/// Makes a donation that cannot be read what the log says, or removes it if the log does not know it.
pub(super) fn replace_donation(unreadable: &Unreadable) -> Result<Repair<DonationDocument>, StoreError> {
    let query = *unreadable.as_seen.clone();
    let Some((id, expected)) = unreadable.expected.as_deref() else {
        return Ok(remove(unreadable));
    };
    let mut replacement = serialize_to_document(&DonationDocument::new(id, expected)).map_err(Error::from)?;
    replacement.remove("_id");
    Ok(Repair::Update(doc! { "q": query, "u": replacement }))
}

/// Removes a document that cannot be read.
pub(super) fn remove<T>(unreadable: &Unreadable) -> Repair<T> {
    Repair::Delete(doc! { "q": *unreadable.as_seen.clone(), "limit": 1 })
}

/// Puts the totals that the log says in the place of some that cannot be read. A worker that moves them meanwhile moves
/// their revision, or their fields, and they are looked at again.
pub(super) fn replace_totals(
    unreadable: &Unreadable,
    audit: &CampaignAudit,
) -> Result<Repair<Document>, StoreError> {
    let Some(expected) = audit.expected else {
        return Ok(remove(unreadable));
    };
    let now = Timestamp::now();
    let (created, _) = audit.committed.unwrap_or((now, now));
    // One that readers have not seen: each event has moved it by one at most.
    let logged = i64::try_from(audit.events).unwrap_or(i64::MAX);
    let revision = unreadable.number("revision").max(logged).saturating_add(1);
    Ok(Repair::Update(doc! {
        "q": *unreadable.as_seen.clone(),
        "u": {
            "totalAmountMinor": expected.amount.minor(), "totalPledges": expected.pledges,
            "totalDonors": expected.donors, "revision": revision,
            "corrections": unreadable.number("corrections").saturating_add(1),
            "createdAt": date(created), "lastUpdated": date(now),
            "facts": facts(audit)?,
        },
    }))
}

/// Gives the totals a revision that nobody has seen. Totals that are not there get none: a worker that saw stray
/// donations of a campaign that has none in the log may commit.
pub(super) fn new_revision(campaign: &CampaignId) -> Repair<Document> {
    // One that is no number, or is too large, cannot be added to, and is made anew. Another service's document has none.
    let number = doc! { "$gte": -MAX_REVISION, "$lte": MAX_REVISION };
    revise(doc! { "_id": campaign.as_str(), "revision": number })
}

/// Gives totals that were right a new revision, if nobody has moved them since.
pub(super) fn confirm_totals(campaign: &CampaignId, audit: &CampaignAudit) -> Repair<Document> {
    let found = audit.stored.unwrap_or_default();
    revise(doc! { "_id": campaign.as_str(), "revision": as_seen(found.revision) })
}

fn revise(query: Document) -> Repair<Document> {
    Repair::Update(doc! { "q": query, "u": { "$inc": { "revision": 1_i64 } } })
}

/// A number as it was seen. Zero may be stored as nothing: workers know nothing of corrections, and totals that are not
/// there have no revision.
pub(super) fn as_seen(number: i64) -> Document {
    match number {
        0 => doc! { "$in": [0, null] },
        seen => doc! { "$eq": seen },
    }
}

/// Adds what the totals are off by, and sets the facts if they differ; removes both if the log tells nothing of the campaign.
pub(super) fn correct_totals(
    campaign: &CampaignId,
    audit: &CampaignAudit,
) -> Result<Repair<Document>, StoreError> {
    let found = audit.stored.unwrap_or_default();
    let stored = found.totals;
    let mut query = doc! { "_id": campaign.as_str(), "corrections": as_seen(found.corrections) };
    let off = audit.expected.and_then(|expected| off(expected, stored));
    // An addition is right whatever workers add meanwhile, if the totals rest on the right donations.
    let adds =
        audit.stored.is_some() && off.is_some() && !audit.contributions_differ() && !audit.facts_differ();
    if !adds {
        query.insert("revision", as_seen(found.revision));
    }
    let Some(expected) = audit.expected else {
        return Ok(Repair::Delete(doc! { "q": query, "limit": 1 }));
    };
    // Totals that were lost get a revision that readers have not seen, unless they were corrected before: each event
    // has moved it by one at most.
    let revision = if audit.stored.is_some() {
        1
    } else {
        i64::try_from(audit.events).unwrap_or(i64::MAX) + 1
    };
    let now = Timestamp::now();
    let (created, updated) = audit
        .committed
        .filter(|_| audit.stored.is_none())
        .unwrap_or((now, now));
    let mut added = doc! { "revision": revision, "corrections": 1_i64 };
    let mut update = doc! {
        "$max": { "lastUpdated": date(updated) },
        "$setOnInsert": { "createdAt": date(created) },
    };
    let mut set = Document::new();
    match off {
        Some(off) => added.extend(off),
        None => set.extend(numbers(expected)),
    }
    if audit.facts_differ() {
        set.insert("facts", facts(audit)?);
    }
    if !set.is_empty() {
        update.insert("$set", set);
    }
    update.insert("$inc", added);
    Ok(Repair::Update(
        doc! { "q": query, "u": update, "upsert": audit.stored.is_none() },
    ))
}

/// The facts as the log says, as they are stored.
fn facts(audit: &CampaignAudit) -> Result<Document, StoreError> {
    let facts = FactsDocument::from(&audit.expected_facts);
    Ok(serialize_to_document(&facts).map_err(Error::from)?)
}

/// What has to be added to the stored totals to make them the expected ones; `None` if the stored ones are so absurd
/// that the difference is too large for one addition.
fn off(expected: Totals, stored: Totals) -> Option<Document> {
    Some(doc! {
        "totalAmountMinor": expected.amount.minor().checked_sub(stored.amount.minor())?,
        "totalPledges": expected.pledges.checked_sub(stored.pledges)?,
        "totalDonors": expected.donors.checked_sub(stored.donors)?,
    })
}

/// The numbers of a campaign's totals, as they are stored.
fn numbers(totals: Totals) -> Document {
    doc! {
        "totalAmountMinor": totals.amount.minor(), "totalPledges": totals.pledges, "totalDonors": totals.donors,
    }
}
