//! Donations as the audit reads them.

use mongodb::bson::{RawBsonRef, RawDocument};

use super::fields::{fields, id, wanted};
use super::unreadable::{Filed, Unreadable};
use crate::domain::{Creation, Donation, DonationId, Money};
use crate::store::schema::document::{as_i64, id_in, moment_of};

/// A donation, or what is wrong with it.
pub(super) type Donated = Filed<Result<(DonationId, StoredDonation), Unreadable>, Unreadable>;

/// A donation as it is stored.
#[derive(Debug)]
pub struct StoredDonation {
    /// What is stored of it.
    pub stored: Donation,
    /// True if its `liveDonor` does not follow from that.
    pub misfiled: bool,
}

/// Reads a donation that was created.
pub(super) fn donation(stored: &RawDocument) -> Donated {
    match (id_in(stored, "campaignId"), any_donation(stored)) {
        (Some(campaign), donation) => {
            let unreadable = |problem| Unreadable::donation(stored, problem);
            Ok((campaign, donation.map_err(unreadable)))
        }
        (None, _) => Err(Unreadable::donation(stored, "its campaignId is missing, or none")),
    }
}

/// Reads a donation, created or not.
pub(super) fn any_donation(stored: &RawDocument) -> Result<(DonationId, StoredDonation), String> {
    let [donation, campaign, donor, amount, refunded, live_donor, at] = fields(
        stored,
        [
            "_id",
            "campaignId",
            "donorId",
            "amountMinor",
            "refundedMinor",
            "liveDonor",
            "at",
        ],
    )?;
    let [campaign, donor, amount, at] =
        [campaign, donor, amount, at].map(|value| value.filter(|value| *value != RawBsonRef::Null));
    let donation = id("_id", donation)?;
    let refunded = Money::from_minor(wanted("refundedMinor", refunded, as_i64)?);
    let at = at.map(|at| wanted("at", Some(at), moment_of)).transpose()?;
    let creation = match (campaign, donor, amount, at) {
        (None, None, None, None) => None,
        (None, ..) => return Err("it has a donor, an amount or a time, and no campaignId".to_owned()),
        (campaign, donor, amount, _) => Some(Creation {
            campaign: id("campaignId", campaign)?,
            donor: donor.map(|donor| id("donorId", Some(donor))).transpose()?,
            amount: Money::from_minor(wanted("amountMinor", amount, as_i64)?),
        }),
    };
    let stored = Donation {
        creation,
        refunded,
        at,
    };
    let wanted = stored
        .live_donor()
        .map(|(_, donor)| RawBsonRef::String(donor.as_str()));
    let misfiled = live_donor != wanted;
    Ok((donation, StoredDonation { stored, misfiled }))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawBson, RawDocumentBuf, rawdoc};

    use super::*;

    fn stored() -> RawDocumentBuf {
        rawdoc! { "_id": "d", "campaignId": "c", "donorId": "ada", "amountMinor": 5_i64, "refundedMinor": 2_i64 }
    }

    #[test]
    fn a_donation_is_read_whatever_else_the_document_has() {
        let mut document = stored();
        document.append(mongodb::bson::cstr!("note"), "by hand");
        let (campaign, read) = donation(&document).unwrap();
        let (id, donation) = read.unwrap();
        assert_eq!((campaign.as_str(), id.as_str()), ("c", "d"));
        assert_eq!(donation.stored.contribution().minor(), 3);
        let donor = donation.stored.creation.unwrap().donor.unwrap();
        assert_eq!(donor.as_str(), "ada");
    }

    #[test]
    fn what_a_person_corrected_by_hand_is_read() {
        let by_hand =
            rawdoc! { "_id": "d", "campaignId": "c", "donorId": null, "amountMinor": 5, "refundedMinor": 2 };
        let (_, donation) = any_donation(&by_hand).unwrap();
        assert_eq!(donation.stored.contribution().minor(), 3);
        assert_eq!(donation.stored.creation.unwrap().donor, None);
    }

    #[test]
    fn a_document_of_another_shape_is_named_with_what_is_wrong_with_it() {
        let without_amount = rawdoc! { "_id": "d7", "campaignId": "c", "refundedMinor": 2_i64 };
        let named = donation(&without_amount).unwrap().1.unwrap_err();
        assert_eq!(named.id, "\"d7\"");
        assert!(named.problem.contains("amountMinor"), "{named:?}");
        let of_another_type =
            rawdoc! { "_id": "d7", "campaignId": "c", "amountMinor": "5", "refundedMinor": 2 };
        let error = any_donation(&of_another_type).unwrap_err();
        assert!(
            error.contains("amountMinor is missing, or of another type"),
            "{error}"
        );
    }

    #[test]
    fn a_donation_is_misfiled_unless_its_live_donor_is_what_its_amounts_say() {
        let ada = RawBson::from("ada");
        let earlier = RawBson::from(rawdoc! { "c": "c", "d": "ada" });
        for (refunded, live_donor, misfiled) in [
            (2, Some(&ada), false),
            (5, None, false),
            (2, None, true),
            (5, Some(&ada), true),
            (5, Some(&RawBson::Null), true),
            (2, Some(&RawBson::from("eve")), true),
            (2, Some(&earlier), true),
        ] {
            let mut document = rawdoc! {
                "_id": "d", "campaignId": "c", "donorId": "ada", "amountMinor": 5, "refundedMinor": refunded,
            };
            if let Some(live_donor) = live_donor {
                document.append(mongodb::bson::cstr!("liveDonor"), live_donor.clone());
            }
            assert_eq!(
                any_donation(&document).unwrap().1.misfiled,
                misfiled,
                "{document:?}"
            );
        }
    }
}
