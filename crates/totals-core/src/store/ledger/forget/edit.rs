//! What becomes of one row of the log when a donor is forgotten.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument, doc};

use super::Traces;
use crate::domain::{ContentHash, EventType, Tells, without_excerpts};
use crate::store::schema::document::{binary, hash};

/// What the ids of rows begin with whose message names no event: the rest is a hash of the message.
const UNNAMED: &str = "body:";

/// The statement that erases a row.
pub(super) enum Edit {
    /// Some of it goes.
    Update(Document),
    /// All of it goes.
    Delete(Document),
}

impl Edit {
    /// What to make of a row; `None` if nothing is to be erased.
    pub fn of(row: &RawDocument, traces: &Traces) -> Option<Self> {
        match row.get_str("status").ok()? {
            "PROCESSED" => processed(row, traces).map(Self::Update),
            "FAILED" => failed(row, traces),
            _ => None,
        }
    }
}

fn type_of(row: &RawDocument) -> Option<EventType> {
    row.get_str("type").ok().and_then(EventType::from_name)
}

/// What a row tells of the donor.
pub(super) fn tells(row: &RawDocument, traces: &Traces) -> Tells {
    let is_theirs = |donation: &str| traces.has_donation(donation);
    let event_type = type_of(row);
    match (row.get_str("payload"), body(row)) {
        (Ok(payload), _) => traces.pseudonym.in_payload(event_type, payload, is_theirs),
        (Err(_), Some(body)) => traces.pseudonym.in_body(body, event_type, &[], is_theirs),
        // The message was too large for its row.
        (Err(_), None) if row.get_str("donationId").is_ok_and(is_theirs) => Tells::IsOf,
        _ => Tells::Nothing,
    }
}

fn processed(row: &RawDocument, traces: &Traces) -> Option<Document> {
    let payload = row.get_str("payload").ok()?;
    let event_type = type_of(row)?;
    let erased = match tells(row, traces) {
        Tells::Nothing => None,
        Tells::Names => traces.pseudonym.renamed_payload(Some(event_type), payload),
        Tells::IsOf => traces.pseudonym.erased_payload(event_type, payload),
    };
    let erased = erased.filter(|erased| erased != payload)?;
    let query = doc! { "_id": id(row)?, "status": "PROCESSED", "payload": payload };
    Some(doc! { "q": query, "u": { "$set": { "payload": erased } } })
}

/// The row of a failure stays where it names its event, as its letter does. It gets the fingerprint of the letter that is
/// left. Any other row is known by a hash of the message alone, and goes: the letter that is left gets a row of its own.
fn failed(row: &RawDocument, traces: &Traces) -> Option<Edit> {
    let tells = tells(row, traces);
    let id = id(row)?;
    let mut query = doc! { "_id": &id, "status": "FAILED" };
    if let Some(hash) = hash(row) {
        query.insert("contentHash", binary(hash));
    }
    if tells == Tells::Nothing {
        return None;
    }
    let event_type = type_of(row);
    let unnamed = id.as_str().is_none_or(|id| id.starts_with(UNNAMED));
    let text = body(row).and_then(|body| std::str::from_utf8(body).ok());
    let left = text.and_then(|text| match tells {
        Tells::Names => traces.pseudonym.renamed(text, event_type),
        _ => traces.pseudonym.erased_body(text),
    });
    let error = row.get_str("error").ok();
    let told = error.map(without_excerpts);
    let is_left = body(row) == left.as_deref().map(str::as_bytes) && error == told.as_deref();
    if is_left {
        return None;
    }
    if unnamed {
        return Some(Edit::Delete(doc! { "q": query, "limit": 1 }));
    }
    let mut set =
        doc! { "contentHash": binary(ContentHash::of_bytes(left.as_deref().unwrap_or_default().as_bytes())) };
    set.extend(told.map(|told| ("error".to_owned(), Bson::from(told))));
    let mut update = Document::new();
    match left {
        Some(left) => drop(set.insert("body", left)),
        None => drop(update.insert("$unset", doc! { "body": "" })),
    }
    update.insert("$set", set);
    Some(Edit::Update(doc! { "q": query, "u": update }))
}

/// A failure's message, if its row has it.
pub(super) fn body(row: &RawDocument) -> Option<&[u8]> {
    match row.get("body").ok()?? {
        RawBsonRef::String(text) => Some(text.as_bytes()),
        RawBsonRef::Binary(binary) if binary.subtype == BinarySubtype::Generic => Some(binary.bytes),
        _ => None,
    }
}

pub(super) fn id(row: &RawDocument) -> Option<Bson> {
    Bson::try_from(row.get("_id").ok()??).ok()
}
