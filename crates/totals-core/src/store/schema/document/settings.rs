//! The document of the settings that all processes of the service agree on, and how to tell it from another service's.

use mongodb::bson::{Document, doc};

/// The collection: one document of each kind of setting.
pub(in crate::store) const SETTINGS: &str = "settings";

/// The `_id` of the document that all processes of the service agree on.
pub(in crate::store) const SERVICE: &str = "service";

/// Its currency.
pub(in crate::store) const CURRENCY: &str = "currency";

/// What becomes of amounts that are finer than the currency's minor unit.
pub(in crate::store) const PRECISION: &str = "amountPrecision";

/// The members of that document.
pub(in crate::store) const MEMBERS: [&str; 2] = [CURRENCY, PRECISION];

/// Matches the document that all processes agree on, damaged or not.
pub(in crate::store) fn written() -> Document {
    let members = MEMBERS.map(|member| doc! { member: { "$exists": true } });
    doc! { "_id": SERVICE, "$or": members.to_vec() }
}

/// Matches the documents of another service, which keeps settings of its own.
pub(in crate::store) fn of_another() -> Document {
    doc! { "$nor": [written()] }
}
