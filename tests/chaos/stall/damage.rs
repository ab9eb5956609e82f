//! Documents that someone has damaged by hand, and how they were.

use futures::TryStreamExt;
use harness::Database;
use mongodb::bson::{Bson, Document, doc};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::history::CAMPAIGNS;
use crate::spelling::campaign_id;

/// How many of the newest donations or log rows are damaged. Some are refunded, or come again, within seconds.
const DOCUMENTS: i64 = 30;

/// Campaigns from this one on: the reader does not read them.
const UNREAD: u16 = 10;

/// One field of a document.
#[derive(Debug)]
pub struct Damage {
    collection: &'static str,
    id: Bson,
    field: &'static str,
    damaged: Option<Bson>,
    right: Bson,
}

/// Damages documents of a collection.
pub async fn damage(database: &Database, collection: &'static str, random: &mut StdRng) -> Vec<Damage> {
    let (filter, field, count) = match collection {
        "donations" => (
            doc! { "_id": { "$regex": "^donation-" }, "amountMinor": { "$type": "long" } },
            "amountMinor",
            DOCUMENTS,
        ),
        "event_log" => (
            doc! { "_id": { "$regex": "^event-" }, "status": "PROCESSED", "contentHash": { "$exists": true } },
            "contentHash",
            DOCUMENTS,
        ),
        _ => {
            let campaign = campaign_id(random.random_range(UNREAD..CAMPAIGNS));
            let field = if random.random_bool(0.5) {
                "totalAmountMinor"
            } else {
                "revision"
            };
            (doc! { "_id": campaign, field: { "$type": "long" } }, field, 1)
        }
    };
    let documents = database.collection(collection);
    let newest = documents.find(filter).sort(doc! { "$natural": -1 }).limit(count);
    let found: Vec<Document> = newest.await.unwrap().try_collect().await.unwrap();
    let as_text = random.random_bool(0.5);
    let mut done = Vec::new();
    for mut document in found {
        let (Some(id), Some(right)) = (document.remove("_id"), document.remove(field)) else {
            continue;
        };
        let damaged = match (&right, collection) {
            // Amounts are far below the 2^53 up to which a double is exact.
            #[expect(clippy::cast_precision_loss, reason = "see above")]
            (Bson::Int64(number), "donations") if !as_text => Some(Bson::Double(*number as f64)),
            (Bson::Int64(number), _) => Some(Bson::String(number.to_string())),
            _ => None,
        };
        let change = damaged.clone().map(|value| doc! { "$set": { field: value } });
        let update = change.unwrap_or_else(|| doc! { "$unset": { field: "" } });
        // Not if the worker was faster.
        let as_it_was = doc! { "_id": &id, field: &right };
        if documents
            .update_one(as_it_was, update)
            .await
            .unwrap()
            .modified_count
            == 1
        {
            done.push(Damage {
                collection,
                id,
                field,
                damaged,
                right,
            });
        }
    }
    done
}

/// Puts the damaged fields right, unless something else has done so.
pub async fn mend(database: &Database, damages: &mut Vec<Damage>) {
    for damage in damages.drain(..) {
        let Damage {
            collection,
            id,
            field,
            damaged,
            right,
        } = damage;
        let as_damaged = damaged.unwrap_or_else(|| Bson::Document(doc! { "$exists": false }));
        let filter = doc! { "_id": id, field: as_damaged };
        let mended = database.collection(collection);
        mended
            .update_one(filter, doc! { "$set": { field: right } })
            .await
            .unwrap();
    }
}
