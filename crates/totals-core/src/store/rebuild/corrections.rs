//! From a difference to the one write that puts it right, if the document still is as the audit saw it.

use mongodb::bson::{Document, doc, serialize_to_bson, serialize_to_document};
use mongodb::error::Error;

use super::write::Repair;
use crate::domain::{CampaignId, Timestamp, Totals};
use crate::store::StoreError;
use crate::store::audit::{DonationDifference, DonorDifference, TotalsDifference};
use crate::store::document::{DonationDocument, DonorDocument, DonorKey, date};

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
    let mut as_seen = doc! { "campaignId": null, "donorId": null, "amountMinor": null };
    as_seen.extend(serialize_to_document(&document(stored)).map_err(Error::from)?);
    Ok(match expected {
        Some(expected) => {
            let mut replacement = serialize_to_document(&expected).map_err(Error::from)?;
            replacement.remove("_id");
            Repair::Update(doc! { "q": as_seen, "u": replacement })
        }
        None => Repair::Delete(doc! { "q": as_seen, "limit": 1 }),
    })
}

/// Makes a donor's live pledges what the log says.
pub(super) fn correct_donor(
    campaign: &CampaignId,
    difference: &DonorDifference,
) -> Result<Repair<DonorDocument>, StoreError> {
    let key = DonorKey {
        campaign: campaign.clone(),
        donor: difference.donor.clone(),
    };
    let expected = difference.expected;
    let Some(stored) = difference.stored else {
        return Ok(Repair::Create(DonorDocument {
            id: key,
            live: expected,
        }));
    };
    let as_seen = doc! { "_id": serialize_to_bson(&key).map_err(Error::from)?, "live": stored };
    Ok(match expected {
        0 => Repair::Delete(doc! { "q": as_seen, "limit": 1 }),
        live => Repair::Update(doc! { "q": as_seen, "u": { "$set": { "live": live } } }),
    })
}

/// Adds what the totals are off by; removes them where the log knows no donation.
pub(super) fn correct_totals(
    campaign: &CampaignId,
    difference: &TotalsDifference,
    events: u64,
    committed: Option<(Timestamp, Timestamp)>,
) -> Repair<Document> {
    let (stored, corrections) = difference.stored.unwrap_or_default();
    let Some(expected) = difference.expected else {
        return Repair::Delete(doc! {
            "q": {
                "_id": campaign.as_str(), "totalAmountMinor": stored.amount.minor(),
                "totalPledges": stored.pledges, "totalDonors": stored.donors,
            },
            "limit": 1,
        });
    };
    // Totals that were lost get a revision that readers have not seen, unless they were corrected before: each event
    // has moved it by one at most.
    let revision = if difference.stored.is_some() {
        1
    } else {
        i64::try_from(events).unwrap_or(i64::MAX) + 1
    };
    let now = Timestamp::now();
    let (created, updated) = committed
        .filter(|_| difference.stored.is_none())
        .unwrap_or((now, now));
    let off = |field: fn(&Totals) -> i64| field(&expected) - field(&stored);
    // A count of zero is absent: workers know nothing of corrections.
    let as_seen = match corrections {
        0 => doc! { "$exists": false },
        seen => doc! { "$eq": seen },
    };
    Repair::Update(doc! {
        "q": { "_id": campaign.as_str(), "corrections": as_seen },
        "u": {
            "$inc": {
                "totalAmountMinor": off(|totals| totals.amount.minor()),
                "totalPledges": off(|totals| totals.pledges), "totalDonors": off(|totals| totals.donors),
                "revision": revision, "corrections": 1_i64,
            },
            "$max": { "lastUpdated": date(updated) },
            "$setOnInsert": { "createdAt": date(created) },
        },
        "upsert": difference.stored.is_none(),
    })
}
