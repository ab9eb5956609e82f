//! What the store itself finds wrong, without a failure of the driver.

use mongodb::bson::{RawBsonRef, RawDocument};

use super::{Cause, DUPLICATE_KEY, Decision, StoreError};

impl StoreError {
    fn found(decision: Decision, cause: Cause, summary: String) -> Self {
        Self {
            decision,
            code: None,
            cause,
            summary,
        }
    }

    /// A failure of this service's own making.
    pub(in crate::store) fn defect(summary: String) -> Self {
        Self::found(Decision::Retry, Cause::Other, summary)
    }

    /// A campaign's totals were written between the look at its donors and the commit that rests on it.
    pub(in crate::store) fn overtaken() -> Self {
        Self::defect("another commit has changed a campaign since its donors were looked up".to_owned())
    }

    /// A write that was made, and that a majority has not confirmed.
    pub(in crate::store) fn unconfirmed(code: i32) -> Self {
        Self {
            code: Some(code),
            ..Self::defect(format!(
                "MongoDB made a write that no majority has confirmed: code {code}"
            ))
        }
    }

    /// A document that this service could not have written, and that no event that needs it can be counted with.
    pub(in crate::store) fn damaged(collection: &str, document: &RawDocument, problem: &str) -> Self {
        let id = match document.get("_id") {
            Ok(Some(RawBsonRef::String(id))) => format!("{id:?}"),
            Ok(Some(id)) => format!("{id:?}"),
            Ok(None) | Err(_) => "without _id".to_owned(),
        };
        let summary = format!("the document {collection} {id} is damaged: {problem}");
        Self::found(Decision::Reject, Cause::Document, summary)
    }

    /// A refund would take more from a campaign's totals than they hold.
    pub(in crate::store) fn uncovered(campaign: &str) -> Self {
        let summary = format!(
            "the document campaign_totals {campaign:?} is damaged: it holds less than the refund takes, or the refunded \
             donation is filed under the wrong campaign; `totals-worker rebuild` puts either right"
        );
        Self::found(Decision::Reject, Cause::Document, summary)
    }

    /// A document that was to be read and that this service did not write.
    pub(in crate::store) fn foreign(summary: String) -> Self {
        Self::found(Decision::Retry, Cause::Foreign, summary)
    }

    /// The database's currency or precision is another one than this process counts by, or nobody can tell.
    pub(in crate::store) fn other_settings(summary: String) -> Self {
        Self::found(Decision::Retry, Cause::Settings, summary)
    }

    /// An index that a query names is missing.
    pub(in crate::store) fn missing_index(collection: &str, index: &str) -> Self {
        let summary = format!(
            "the index {index} on {collection} is missing (a worker makes it anew as it starts and while it runs)"
        );
        Self::found(Decision::Retry, Cause::Structure, summary)
    }

    /// Something other than a collection has the name of one of ours.
    pub(in crate::store) fn not_a_collection(name: &str, kind: &str) -> Self {
        let summary = format!("{name} is a {kind} and must be a collection: drop or rename it");
        Self::found(Decision::Retry, Cause::Structure, summary)
    }

    /// A collection of ours that somebody has made with options that the service cannot work with, and that cannot be
    /// changed.
    pub(in crate::store) fn unusable_collection(name: &str, problem: &str) -> Self {
        let summary = format!(
            "the collection {name} {problem}: stop the workers, and in mongosh copy it into an ordinary one, \
             db.{name}.renameCollection(\"{name}_old\"); db.{name}_old.aggregate([{{$out: \"{name}\"}}])"
        );
        Self::found(Decision::Retry, Cause::Structure, summary)
    }

    /// A write that an administrator's unique index refuses; `None` if another rule refuses it. The `_id`s are unique as
    /// well: a duplicate of one means that the document is there already.
    pub(in crate::store) fn foreign_unique_index(code: i32, message: &str) -> Option<Self> {
        let (_, index) = message.split_once(" index: ")?;
        let index = index
            .split(' ')
            .next()
            .filter(|index| code == DUPLICATE_KEY && *index != "_id_")?;
        let summary = format!("the unique index {index} refuses it: it is none of this service's, drop it");
        Some(Self::found(Decision::Reject, Cause::Other, summary))
    }
}
