//! The documents of the history: what is booked in the slots of one day.
//!
//! `campaign_history` has one for each campaign and day, at `{campaignId, day}`; `platform_history` one for each day and lane, at
//! `{day, lane}`, and their sum is the platform's: so lanes, and workers of several queues, never write to the same document.
//! `day` is an `Int32`, the days since 1970-01-01 in UTC. Both hold `amountMinor` and `pledges`, each a document from the
//! number of the slot ("0" to "95") to an `Int64`. A slot in which nothing was ever booked is missing, and so may be a whole
//! member. A slot of which nothing is left may hold zeros.

use std::collections::BTreeMap;
use std::fmt;

use mongodb::bson::{Document, RawBsonRef, RawDocument, doc};

use super::fields::{as_i64, id_in};
use super::is_revision;
use crate::domain::history::{DAYS, SLOTS_A_DAY};
use crate::domain::{Booking, CampaignId, History, Slot};

/// What is booked for each campaign.
pub(in crate::store) const CAMPAIGN_HISTORY: &str = "campaign_history";

/// What is booked for all campaigns together.
pub(in crate::store) const PLATFORM_HISTORY: &str = "platform_history";

/// How often a rebuild has corrected a document.
const CORRECTIONS: &str = "corrections";

/// The lane of what a rebuild corrects in the platform's history.
pub(in crate::store) const REBUILD_LANE: &str = "rebuild";

/// The `_id` of a campaign's day.
pub(in crate::store) fn campaign_day(campaign: &CampaignId, day: i32) -> Document {
    doc! { "campaignId": campaign.as_str(), "day": day }
}

/// The `_id` of the platform's day in one lane.
pub(in crate::store) fn platform_day(day: i32, lane: &str) -> Document {
    doc! { "day": day, "lane": lane }
}

/// The campaign and the day of an `_id`; `None` if the document is no campaign's day.
pub(in crate::store) fn campaign_day_of(document: &RawDocument) -> Option<(CampaignId, i32)> {
    let id = id_of_two(document, "campaignId")?;
    Some((id_in(id, "campaignId")?, day_in(id)?))
}

/// The day and the lane of an `_id`; `None` if the document is no day of the platform's.
pub(in crate::store) fn platform_day_of(document: &RawDocument) -> Option<(i32, &str)> {
    let id = id_of_two(document, "day")?;
    Some((day_in(id)?, id.get_str("lane").ok()?))
}

/// An `_id` of two fields. In another order they make another `_id`.
fn id_of_two<'a>(document: &'a RawDocument, first: &str) -> Option<&'a RawDocument> {
    let id = document.get_document("_id").ok()?;
    let mut names = id.iter().map(|field| field.ok().map(|(name, _)| name.as_str()));
    let is_ours = names.next()? == Some(first) && names.count() == 1;
    is_ours.then_some(id)
}

fn day_in(id: &RawDocument) -> Option<i32> {
    let day = id.get_i32("day").ok()?;
    DAYS.contains(&day).then_some(day)
}

/// The slots of one day, as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct DayDocument {
    /// What is booked. Slots that hold zeros are missing.
    pub history: History,
    /// How often a rebuild has corrected the document.
    pub corrections: i64,
}

impl DayDocument {
    /// Reads the document of a day.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(document: &RawDocument, day: i32) -> Result<Self, String> {
        let mut slots = BTreeMap::<Slot, Booking>::new();
        each_slot(document, day, |slot, booking| {
            *slots.entry(slot).or_default() += booking;
        })?;
        let corrections = match document.get(CORRECTIONS) {
            Ok(None) => 0,
            Ok(Some(value)) => number(CORRECTIONS, value)?,
            Err(error) => return Err(error.to_string()),
        };
        Ok(Self {
            history: slots.into_iter().collect(),
            corrections,
        })
    }
}

const AMOUNTS: &str = "amountMinor";
const PLEDGES: &str = "pledges";

/// Tells what is booked in the slots of a day: for each slot its amount and its pledges, one after the other.
///
/// # Errors
/// What is wrong with the document.
pub(in crate::store) fn each_slot(
    document: &RawDocument,
    day: i32,
    mut tell: impl FnMut(Slot, Booking),
) -> Result<(), String> {
    let none = Booking::default();
    each_number(document, AMOUNTS, |quarter, amount_minor| {
        tell(Slot { day, quarter }, Booking { amount_minor, ..none });
    })?;
    each_number(document, PLEDGES, |quarter, pledges| {
        tell(Slot { day, quarter }, Booking { pledges, ..none });
    })
}

fn each_number(document: &RawDocument, member: &str, mut tell: impl FnMut(u8, i64)) -> Result<(), String> {
    let member_of_slots = match document.get(member) {
        Ok(None) => return Ok(()),
        Ok(Some(RawBsonRef::Document(slots))) => slots,
        Ok(Some(_)) => return Err(format!("its {member} is no document of slots")),
        Err(error) => return Err(error.to_string()),
    };
    for slot in member_of_slots {
        let (name, value) = slot.map_err(|error| error.to_string())?;
        let name = name.as_str();
        let quarter =
            quarter(name).ok_or_else(|| format!("its {member} has a slot that is none of 0 to 95"))?;
        tell(quarter, number(format_args!("{member}.{name}"), value)?);
    }
    Ok(())
}

fn quarter(name: &str) -> Option<u8> {
    // One way to write it: `07` and `+7` would be other fields than `7`.
    let is_plain = name == "0" || name.starts_with(|first: char| ('1'..='9').contains(&first));
    let quarter: u8 = name.parse().ok()?;
    (is_plain && quarter < SLOTS_A_DAY).then_some(quarter)
}

/// A number that can be added to.
fn number(name: impl fmt::Display, value: RawBsonRef<'_>) -> Result<i64, String> {
    let number = as_i64(value).filter(|number| is_revision(*number));
    number.ok_or_else(|| format!("its {name} is not a whole number in its range"))
}

/// The change of a day's slots, as `$inc` takes it; empty if none changes.
pub(in crate::store) fn increments(slots: impl Iterator<Item = (Slot, Booking)>) -> Document {
    let mut increments = Document::new();
    for (Slot { quarter, .. }, booking) in slots {
        let numbers = [(AMOUNTS, booking.amount_minor), (PLEDGES, booking.pledges)];
        for (member, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
            increments.insert(format!("{member}.{quarter}"), number);
        }
    }
    increments
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn read(document: &RawDocumentBuf) -> Result<DayDocument, String> {
        DayDocument::read(document, 7)
    }

    #[test]
    fn a_day_is_read_and_anything_else_is_named() {
        let day = rawdoc! {
            "_id": { "campaignId": "c", "day": 7 }, "amountMinor": { "37": 5_i64, "0": 0_i64, "95": 7 },
            "pledges": { "37": 1_i64, "0": 0_i64, "95": 2_i64 }, "corrections": 3_i64,
        };
        let booked = |quarter, amount_minor, pledges| {
            (
                Slot { day: 7, quarter },
                Booking {
                    amount_minor,
                    pledges,
                },
            )
        };
        let expected = DayDocument {
            history: History::from_iter([booked(37, 5, 1), booked(95, 7, 2)]),
            corrections: 3,
        };
        assert_eq!(read(&day), Ok(expected));
        assert_eq!(read(&rawdoc! { "_id": 1 }), Ok(DayDocument::default()));
        for (damaged, problem) in [
            (
                rawdoc! { "amountMinor": 5 },
                "its amountMinor is no document of slots",
            ),
            (
                rawdoc! { "amountMinor": { "96": 5 } },
                "its amountMinor has a slot that is none of 0 to 95",
            ),
            (
                rawdoc! { "pledges": { "07": 5 } },
                "its pledges has a slot that is none of 0 to 95",
            ),
            (
                rawdoc! { "pledges": { "7": 0.5 } },
                "its pledges.7 is not a whole number in its range",
            ),
            (
                rawdoc! { "amountMinor": { "7": i64::MAX } },
                "its amountMinor.7 is not a whole number in its range",
            ),
            (
                rawdoc! { "corrections": "1" },
                "its corrections is not a whole number in its range",
            ),
        ] {
            assert_eq!(read(&damaged).unwrap_err(), problem);
        }
    }

    #[test]
    fn only_an_id_that_this_service_writes_names_a_day() {
        let campaign = CampaignId::try_from("c").unwrap();
        let named = |id: RawDocumentBuf| campaign_day_of(&rawdoc! { "_id": id });
        let written = RawDocumentBuf::try_from(campaign_day(&campaign, -3)).unwrap();
        assert_eq!(named(written), Some((campaign, -3)));
        for id in [
            rawdoc! { "campaignId": "c" },
            rawdoc! { "campaignId": "", "day": 1 },
            rawdoc! { "campaignId": "c", "day": 1_i64 },
            rawdoc! { "campaignId": "c", "day": 2_932_897 },
            rawdoc! { "campaignId": "c", "day": 1, "lane": "l" },
            rawdoc! { "day": 1, "campaignId": "c" },
        ] {
            assert_eq!(named(id.clone()), None, "{id:?}");
        }
        let id = RawDocumentBuf::try_from(platform_day(7, "q/0")).unwrap();
        assert_eq!(platform_day_of(&rawdoc! { "_id": id }), Some((7, "q/0")));
    }

    #[test]
    fn a_change_names_only_what_moves() {
        let slot = |quarter| Slot { day: 7, quarter };
        let change = History::from_iter([
            (
                slot(3),
                Booking {
                    amount_minor: -5,
                    pledges: 0,
                },
            ),
            (
                slot(95),
                Booking {
                    amount_minor: 0,
                    pledges: 1,
                },
            ),
        ]);
        let expected = doc! { "amountMinor.3": -5_i64, "pledges.95": 1_i64 };
        assert_eq!(increments(change.day(7)), expected);
        assert_eq!(increments(change.day(8)), Document::new());
    }
}
