//! The collections and every index on them: created where missing, at start-up and later.
//!
//! `campaign_totals` has no index but the one on `_id`: each commit would pay for another one, for every campaign that it
//! touches. The API keeps the order of the list in memory.
//!
//! Each event pays for every index. A commit reads by `_id`, and donations by campaign and donor. Each other index
//! answers an operator's question, such as what belongs to a campaign, without reading everything.
//!
//! An administrator may have made an index of the same keys under another name. It serves as well; a second one would
//! cost twice.

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::{Database, IndexModel};

use crate::store::schema::document::{DONATIONS, EVENT_LOG};
pub(in crate::store) use structure::{CollectionIds, Structure, list_collections};

mod structure;

/// Server code `BadValue`, which a query gets whose hint names no index.
const BAD_VALUE: i32 = 2;

/// The log by campaign and time: `explain` walks it backwards, an audit forwards. Payments have no campaign and no key.
/// The failed rows of a campaign are found by their lack of `committedAt`.
pub(in crate::store) const LOG_BY_CAMPAIGN: &str = "by_campaign";

/// The refunds that came before their donation: an audit cannot find them by their donation's campaign. Other rows have
/// no key.
pub(in crate::store) const LOG_EARLY: &str = "early";

/// The completed payments by donation, for comparing them with the donations. The other fields of the key are those that
/// the filter asks for, so that MongoDB reads no row to tell whether there is any. Donations' events have no key.
pub(in crate::store) const LOG_PAYMENTS: &str = "payments";

/// The donations that were created and have no time, so that they are in no slot of the history: an earlier version has stored
/// them, and a rebuild tells their time. One look tells if there is any. Other donations have no key.
pub(in crate::store) const DONATIONS_UNTIMED: &str = "untimed";

/// The donations by campaign; those of which only refunds are known have none. Within a campaign, the live donations by
/// donor: one look tells if a donation is its donor's first there.
pub(in crate::store) const DONATIONS_BY_CAMPAIGN: &str = "by_campaign_and_donor";

/// An index that this service needs.
struct Index {
    collection: &'static str,
    /// Its name, unless another one serves in its place.
    name: &'static str,
    keys: Document,
    /// The index holds only documents that match this.
    filter: Option<Document>,
}

/// Matches the donations of [`DONATIONS_UNTIMED`].
pub(in crate::store) fn untimed() -> Document {
    doc! { "at": null, "campaignId": { "$gt": "" } }
}

fn wanted() -> [Index; 5] {
    [
        Index {
            collection: DONATIONS,
            name: DONATIONS_UNTIMED,
            keys: doc! { "at": 1 },
            filter: Some(untimed()),
        },
        Index {
            collection: EVENT_LOG,
            name: LOG_BY_CAMPAIGN,
            keys: doc! { "campaignId": 1, "committedAt": 1 },
            filter: Some(doc! { "campaignId": { "$exists": true } }),
        },
        Index {
            collection: EVENT_LOG,
            name: LOG_EARLY,
            keys: doc! { "donationId": 1 },
            filter: Some(doc! { "early": true }),
        },
        Index {
            collection: EVENT_LOG,
            name: LOG_PAYMENTS,
            keys: doc! { "donationId": 1, "type": 1, "status": 1 },
            filter: Some(doc! { "type": "payment.completed", "status": "PROCESSED" }),
        },
        Index {
            collection: DONATIONS,
            name: DONATIONS_BY_CAMPAIGN,
            keys: doc! { "campaignId": 1, "liveDonor": 1 },
            filter: None,
        },
    ]
}

impl Index {
    /// The index among these that serves as this one: first of all the one of its own name.
    fn served_by<'a>(&self, there: &'a [IndexModel]) -> Option<&'a str> {
        let mut serving = there.iter().filter(|index| self.is_served_by(index));
        let named = serving.clone().find(|index| name(index) == self.name);
        named.or_else(|| serving.next()).map(name)
    }

    /// Returns true if queries of this index may name that one and find all that they look for.
    fn is_served_by(&self, index: &IndexModel) -> bool {
        let Some(options) = &index.options else {
            return false;
        };
        let filter = options.partial_filter_expression.as_ref();
        self.has_keys_of(index)
            && (filter.is_none() || filter == self.filter.as_ref())
            && options.sparse != Some(true)
            && options.collation.is_none()
            && options.hidden != Some(true)
    }

    /// Returns true if that index has the same keys. Shells store them as numbers of any type.
    fn has_keys_of(&self, index: &IndexModel) -> bool {
        let ascending = |value: &Bson| match value {
            Bson::Int32(1) | Bson::Int64(1) => true,
            Bson::Double(value) => value.total_cmp(&1.0).is_eq(),
            _ => false,
        };
        self.keys.len() == index.keys.len()
            && self
                .keys
                .keys()
                .zip(&index.keys)
                .all(|(wanted, (key, value))| wanted == key && ascending(value))
    }
}

fn name(index: &IndexModel) -> &str {
    let options = index.options.as_ref();
    options
        .and_then(|options| options.name.as_deref())
        .unwrap_or_default()
}

/// Returns true if a query failed because its hint names no index, or more than one.
pub(in crate::store) fn is_unknown_hint(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(command)
        if command.code == BAD_VALUE && command.message.contains("hint"))
}

/// The index that serves as the one of this name, if any does.
pub(in crate::store) async fn serving(
    database: &Database,
    collection: &str,
    name: &str,
) -> Result<Option<String>, Error> {
    let there = structure::list(database, collection).await?;
    let index = wanted()
        .into_iter()
        .find(|index| index.collection == collection && index.name == name);
    Ok(index.and_then(|index| index.served_by(&there).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use mongodb::options::IndexOptions;

    use super::*;

    fn index(keys: Document, options: IndexOptions) -> IndexModel {
        IndexModel::builder().keys(keys).options(options).build()
    }

    fn named(name: &str) -> IndexOptions {
        IndexOptions::builder().name(name.to_owned()).build()
    }

    #[test]
    fn an_index_serves_for_another_if_it_has_the_same_keys_and_all_documents() {
        let [.., donations] = wanted();
        let keys = || donations.keys.clone();
        let of = |keys, change: fn(&mut IndexOptions)| {
            let mut options = named("dba");
            change(&mut options);
            donations.served_by(&[index(keys, options)]).is_some()
        };
        assert!(of(keys(), |_| ()));
        assert!(of(doc! { "campaignId": 1.0, "liveDonor": 1_i64 }, |_| ()));
        assert!(!of(doc! { "liveDonor": 1, "campaignId": 1 }, |_| ()));
        assert!(!of(doc! { "campaignId": 1, "liveDonor": -1 }, |_| ()));
        assert!(!of(doc! { "campaignId": 1 }, |_| ()));
        assert!(!of(keys(), |options| options.sparse = Some(true)));
        assert!(!of(keys(), |options| options.hidden = Some(true)));
        assert!(!of(keys(), |options| {
            options.partial_filter_expression = Some(doc! { "liveDonor": { "$exists": true } });
        }));
    }

    #[test]
    fn an_index_of_our_own_name_goes_before_another_and_one_of_other_keys_is_none() {
        let [.., early, _, donations] = wanted();
        let other = index(donations.keys.clone(), named("dba"));
        let own = index(donations.keys.clone(), named(DONATIONS_BY_CAMPAIGN));
        assert_eq!(donations.served_by(&[other, own]), Some(DONATIONS_BY_CAMPAIGN));
        let of_other_keys = index(doc! { "donorId": 1 }, named(DONATIONS_BY_CAMPAIGN));
        assert_eq!(donations.served_by(&[of_other_keys]), None);
        let whole = index(early.keys.clone(), named("whole"));
        assert_eq!(early.served_by(&[whole]), Some("whole"));
    }
}
