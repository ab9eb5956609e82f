//! Documents as the audit reads them: millions, so field by field from their bytes, without serde in between.

use mongodb::bson::{RawBsonRef, RawDocument};

use super::Damage;
use super::failed::failed;
use super::problem::Problem;
use super::unreadable::{Found, Unreadable, campaign};
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{Creation, Currency, Donation, DonationId, EventKind, InvalidId, Money, Timestamp};
use crate::store::schema::document::{LogRow, timestamp, whole};

/// A log row, or what is wrong with it.
pub(super) type Logged = Found<Result<Entry, Damage>, Damage>;

/// A donation, or what is wrong with it.
pub(super) type Donated = Found<Result<(DonationId, StoredDonation), Unreadable>, Unreadable>;

/// A row that holds what was logged.
pub(super) struct Entry {
    pub id: String,
    pub donation: DonationId,
    pub kind: EventKind,
    pub early: bool,
    pub committed: Timestamp,
}

/// Reads a row of the log, and checks it.
pub(super) fn log_entry(row: &RawDocument, currency: Currency) -> Logged {
    match (campaign(row, "campaignId"), checked(row, currency)) {
        (Some(campaign), Ok(entry)) => Ok((campaign, Ok(entry))),
        (Some(campaign), Err(problem)) => Ok((campaign, Err(Damage::new(row, problem)))),
        (None, _) => Err(Damage::new(row, "its campaignId is missing, or none")),
    }
}

fn checked(row: &RawDocument, currency: Currency) -> Result<Entry, Problem> {
    let [
        event,
        status,
        event_type,
        content_hash,
        payload,
        donation_id,
        campaign_id,
        early,
        committed,
        occurred,
        effect,
    ] = fields(
        row,
        [
            "_id",
            "status",
            "type",
            "contentHash",
            "payload",
            "donationId",
            "campaignId",
            "early",
            "committedAt",
            "occurredAt",
            "effect",
        ],
    )?;
    let status = status.and_then(RawBsonRef::as_str);
    if status == Some("FAILED") {
        return Err(failed(payload.is_some()));
    }
    let logged = LogRow {
        id: text("_id", event)?,
        event_type: text("type", event_type)?,
        content_hash: wanted("contentHash", content_hash, RawBsonRef::as_binary)?.bytes,
        payload: text("payload", payload)?,
        donation_id: text("donationId", donation_id)?,
        campaign_id: Some(text("campaignId", campaign_id)?),
        early: early.and_then(RawBsonRef::as_bool).unwrap_or_default(),
    };
    if status != Some("PROCESSED") {
        return Err("its status is neither PROCESSED nor FAILED".into());
    }
    let (donation, kind) = logged.check(currency)?;
    let is_refund = matches!(kind, EventKind::DonationRefunded(_));
    check_early(early, is_refund)?;
    let committed = check_times(committed, occurred)?;
    if !effect.is_none_or(is_effect) {
        // The effect explains the totals; none of them follows from it.
        return Err(Problem {
            sentence: "its effect is not that of an event: amountMinor, pledges and donors, whole numbers in their range".to_owned(),
            update: Some(r#"{$unset: {effect: ""}}"#),
        });
    }
    Ok(Entry {
        id: logged.id.to_owned(),
        donation,
        kind,
        early: logged.early,
        committed,
    })
}

/// When the event was committed. Nothing that is counted follows from a row's times, so one may stand for the other.
fn check_times(
    committed: Option<RawBsonRef<'_>>,
    occurred: Option<RawBsonRef<'_>>,
) -> Result<Timestamp, Problem> {
    let moment = |value: Option<RawBsonRef<'_>>| value.and_then(RawBsonRef::as_datetime).and_then(timestamp);
    let (what, update) = match (moment(committed), moment(occurred)) {
        (Some(committed), Some(_)) => return Ok(committed),
        (Some(_), None) => ("occurredAt is", r#"[{$set: {occurredAt: "$committedAt"}}]"#),
        (None, Some(_)) => ("committedAt is", r#"[{$set: {committedAt: "$occurredAt"}}]"#),
        (None, None) => (
            "committedAt and occurredAt are",
            r#"[{$set: {committedAt: "$$NOW", occurredAt: "$$NOW"}}]"#,
        ),
    };
    Err(Problem {
        sentence: format!("{what} missing, of another type, or not within the years 0 to 9999"),
        update: Some(update),
    })
}

/// An early event is counted elsewhere: any but a refund would be counted nowhere.
fn check_early(early: Option<RawBsonRef<'_>>, is_refund: bool) -> Result<(), Problem> {
    match early {
        None | Some(RawBsonRef::Boolean(false)) => Ok(()),
        Some(_) if !is_refund => Err(no_early_event()),
        Some(RawBsonRef::Boolean(true)) => Ok(()),
        Some(_) => Err("early is neither true nor false".into()),
    }
}

/// What is wrong with a row that is early and no refund's.
pub(super) fn no_early_event() -> Problem {
    Problem {
        sentence: "it is marked early, which only a refund can be".to_owned(),
        update: Some(r#"{$unset: {early: ""}}"#),
    }
}

/// Returns true if the value can be the effect of an event, which moves one donation of one donor.
fn is_effect(value: RawBsonRef<'_>) -> bool {
    let limits = [("amountMinor", MAX_AMOUNT_MINOR), ("pledges", 1), ("donors", 1)];
    value.as_document().is_some_and(|effect| {
        limits.into_iter().all(|(name, limit)| {
            let number = effect.get(name).ok().flatten().and_then(whole);
            number.is_some_and(|number| (-limit..=limit).contains(&number))
        })
    })
}

/// A donation as it is stored.
#[derive(Debug)]
pub struct StoredDonation {
    /// What is stored of it.
    pub stored: Donation,
    /// Whether its `liveDonor` does not follow from that.
    pub misfiled: bool,
}

/// Reads a donation that was created.
pub(super) fn donation(stored: &RawDocument) -> Donated {
    match (campaign(stored, "campaignId"), any_donation(stored)) {
        (Some(campaign), donation) => {
            let unreadable = |problem| Unreadable::donation(stored, problem);
            Ok((campaign, donation.map_err(unreadable)))
        }
        (None, _) => Err(Unreadable::donation(stored, "its campaignId is missing, or none")),
    }
}

/// Reads a donation, created or not.
pub(super) fn any_donation(stored: &RawDocument) -> Result<(DonationId, StoredDonation), String> {
    let [donation, campaign, donor, amount, refunded, live_donor] = fields(
        stored,
        [
            "_id",
            "campaignId",
            "donorId",
            "amountMinor",
            "refundedMinor",
            "liveDonor",
        ],
    )?;
    let [campaign, donor, amount] =
        [campaign, donor, amount].map(|value| value.filter(|value| *value != RawBsonRef::Null));
    let donation = id("_id", donation)?;
    let refunded = Money::from_minor(wanted("refundedMinor", refunded, whole)?);
    let creation = match (campaign, donor, amount) {
        (None, None, None) => None,
        (None, ..) => return Err("it has a donor or an amount, and no campaignId".to_owned()),
        (campaign, donor, amount) => Some(Creation {
            campaign: id("campaignId", campaign)?,
            donor: donor.map(|donor| id("donorId", Some(donor))).transpose()?,
            amount: Money::from_minor(wanted("amountMinor", amount, whole)?),
        }),
    };
    let stored = Donation { creation, refunded };
    let wanted = stored
        .live_donor()
        .map(|(_, donor)| RawBsonRef::String(donor.as_str()));
    let misfiled = live_donor != wanted;
    Ok((donation, StoredDonation { stored, misfiled }))
}

/// A document's fields of these names, found in one walk.
fn fields<'a, const N: usize>(
    document: &'a RawDocument,
    names: [&str; N],
) -> Result<[Option<RawBsonRef<'a>>; N], String> {
    let mut found = [None; N];
    for element in document.iter_elements() {
        let element = element.map_err(|error| error.to_string())?;
        let key = element.key().as_str();
        if let Some(wanted) = names.iter().position(|name| *name == key) {
            found[wanted] = Some(element.value().map_err(|error| error.to_string())?);
        }
    }
    Ok(found)
}

/// A field that has to be there, as what it has to be.
fn wanted<'a, T>(
    name: &str,
    value: Option<RawBsonRef<'a>>,
    read: impl Fn(RawBsonRef<'a>) -> Option<T>,
) -> Result<T, String> {
    let value = value.and_then(read);
    value.ok_or_else(|| format!("{name} is missing, or of another type"))
}

fn text<'a>(name: &str, value: Option<RawBsonRef<'a>>) -> Result<&'a str, String> {
    wanted(name, value, RawBsonRef::as_str)
}

fn id<'a, T>(name: &str, value: Option<RawBsonRef<'a>>) -> Result<T, String>
where
    T: TryFrom<&'a str, Error = InvalidId>,
{
    T::try_from(text(name, value)?).map_err(|error| format!("{name} {error}"))
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
