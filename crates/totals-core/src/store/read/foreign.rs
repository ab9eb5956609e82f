//! Documents among the totals that this service did not write: left out wherever many are read, with one line in the
//! log for each.
//!
//! One such document must not take a page, or the list of all campaigns, from everyone. It is not forgotten either:
//! `verify` names it, and a read of that one campaign fails, so that nobody is shown a zero.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use mongodb::bson::{Bson, RawDocument};
use parking_lot::Mutex;

use crate::store::error::StoreError;

/// Documents that are logged one by one. After so many, one line says that there are more.
const TOLD: usize = 100;

/// What was left out so far.
#[derive(Debug, Default)]
pub(in crate::store) struct LeftOut {
    met: AtomicBool,
    told: Mutex<HashSet<String>>,
}

impl LeftOut {
    /// Returns true if any document was left out since the process started.
    pub fn any(&self) -> bool {
        self.met.load(Ordering::Relaxed)
    }

    /// Leaves a document out, with one line in the log the first time.
    pub fn add(&self, error: &StoreError) {
        self.met.store(true, Ordering::Relaxed);
        let mut told = self.told.lock();
        if told.len() > TOLD || !told.insert(error.to_string()) {
            return;
        }
        let full = told.len() > TOLD;
        drop(told);
        if full {
            tracing::warn!(
                "more than {TOLD} documents of campaign_totals are left out; `totals-worker verify` names all"
            );
        } else {
            tracing::warn!("campaign_totals: {error}; it is left out of lists");
        }
    }
}

/// A document's `_id` as mongosh takes it.
pub(in crate::store) fn shell_id(document: &RawDocument) -> String {
    let id = document.get("_id").ok().flatten();
    id.and_then(|id| Bson::try_from(id).ok())
        .map_or_else(|| "none".to_owned(), |id| shell(&id))
}

/// A value as mongosh takes it, on one line.
pub(in crate::store) fn shell(value: &Bson) -> String {
    match value {
        Bson::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        Bson::ObjectId(id) => format!("ObjectId(\"{id}\")"),
        Bson::Int32(number) => number.to_string(),
        Bson::Null => "null".to_owned(),
        Bson::Boolean(truth) => truth.to_string(),
        Bson::Int64(number) => format!("NumberLong(\"{number}\")"),
        Bson::Double(number) => format!("Double({number:?})"),
        Bson::Document(fields) => {
            let field = |(name, value)| format!("{}: {}", serde_json::Value::from(name), shell(value));
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| field((name.as_str(), value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Bson::Binary(binary) => format!(
            "HexData({}, \"{}\")",
            u8::from(binary.subtype),
            hex(&binary.bytes)
        ),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{doc, oid::ObjectId};

    use super::*;

    #[test]
    fn an_id_is_written_as_mongosh_takes_it() {
        let id = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
        for (value, written) in [
            (Bson::from("a \"b\"\n"), r#""a \"b\"\n""#),
            (Bson::from(id), r#"ObjectId("0123456789abcdef01234567")"#),
            (Bson::from(7), "7"),
            (Bson::from(7_i64), r#"NumberLong("7")"#),
            (Bson::from(doc! { "a": 1 }), r#"{"a": 1}"#),
        ] {
            assert_eq!(shell(&value), written);
        }
    }
}
