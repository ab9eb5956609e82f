//! Whatever stands in the place of totals: what MongoDB counts and adds up is what can be read of them, so that a reader is
//! told the same with or without the API's memory.

use mongodb::bson::{
    Binary, Bson, DateTime, Decimal128, Document, Timestamp, doc, oid::ObjectId, spec::BinarySubtype,
};
use totals_core::store::{ClusterTime, Page, Scanned, SortBy, SortOrder, Start, Store};

use super::{AFTER_YEAR_9999, totals};
use crate::harness::World;

/// What is put into each field in turn.
fn values() -> Vec<Bson> {
    let binary = Binary {
        subtype: BinarySubtype::Generic,
        bytes: vec![1],
    };
    vec![
        Bson::Null,
        0.into(),
        5.into(),
        5_i64.into(),
        (-5_i64).into(),
        i64::MAX.into(),
        (i64::MAX / 2).into(),
        1_000_000_000_001_i64.into(),
        5.0.into(),
        1.5.into(),
        "5".parse::<Decimal128>().unwrap().into(),
        "".into(),
        "text".into(),
        "x".repeat(256).into(),
        "ü".repeat(129).into(),
        true.into(),
        DateTime::now().into(),
        AFTER_YEAR_9999.into(),
        DateTime::from_millis(-62_167_219_200_001).into(),
        ObjectId::new().into(),
        Timestamp {
            time: 1,
            increment: 1,
        }
        .into(),
        binary.into(),
        Bson::Symbol("text".to_owned()),
        Bson::JavaScriptCode("text".to_owned()),
        Bson::Undefined,
        Bson::Array(Vec::new()),
        vec![5_i64].into(),
        vec!["text"].into(),
        vec![DateTime::now()].into(),
        vec![doc! { "value": "text", "at": DateTime::now(), "by": "e" }].into(),
        doc! {}.into(),
        doc! { "title": 5 }.into(),
    ]
}

/// The fields in whose place something else is put, each as the names on the way to it.
const FIELDS: [&[&str]; 20] = [
    &["totalAmountMinor"],
    &["totalPledges"],
    &["totalDonors"],
    &["revision"],
    &["corrections"],
    &["lastUpdated"],
    &["facts"],
    &["facts", "unknown"],
    &["facts", "title"],
    &["facts", "title", "value"],
    &["facts", "title", "at"],
    &["facts", "title", "by"],
    &["facts", "goal"],
    &["facts", "goal", "value"],
    &["facts", "status", "value"],
    &["facts", "startsAt"],
    &["facts", "startsAt", "value"],
    &["facts", "endsAt", "value"],
    &["facts", "category"],
    &["facts", "category", "value"],
];

/// Totals with all that a campaign can have.
fn full() -> Document {
    let register = |value: Bson| doc! { "value": value, "at": DateTime::now(), "by": "e1" };
    let mut document = totals("c");
    document.insert("corrections", 1_i64);
    document.insert(
        "facts",
        doc! {
            "title": register("Wells".into()), "goal": register(5_i64.into()), "status": register("ACTIVE".into()),
            "startsAt": register(DateTime::now().into()), "endsAt": register(DateTime::now().into()),
            "category": register("water".into()),
        },
    );
    document
}

/// Totals with `value` in the place of a field; without the field if there is no value.
fn with(field: &[&str], value: Option<Bson>) -> Document {
    let mut document = full();
    let (last, way) = field.split_last().unwrap();
    let inner = way
        .iter()
        .fold(&mut document, |inner, name| inner.get_document_mut(name).unwrap());
    match value {
        Some(value) => drop(inner.insert(*last, value)),
        None => drop(inner.remove(last)),
    }
    document
}

/// What can be read of the only document there is: `Ok` with how many campaigns there are.
async fn read(store: &Store) -> Result<u64, ()> {
    let mut scan = store.scan(ClusterTime::default()).await.unwrap();
    match scan.next().await.unwrap() {
        Some(Scanned::Totals(_)) => Ok(1),
        Some(Scanned::Unreadable(_)) => Err(()),
        None => Ok(0),
    }
}

#[tokio::test]
async fn what_mongodb_counts_and_adds_up_is_what_can_be_read() {
    let world = World::new().await;
    let store = world.store().await;
    let page = Page {
        limit: 1,
        start: Start::Offset(0),
        sort_by: SortBy::TotalAmount,
        order: SortOrder::Ascending,
    };
    // MongoDB takes no other ids.
    let ids = values()
        .into_iter()
        .filter(|id| !matches!(id, Bson::Array(_) | Bson::Undefined));
    let by_id = ids.map(totals);
    let by_field = FIELDS.into_iter().flat_map(|field| {
        let values = values().into_iter().map(Some).chain([None]);
        values.map(|value| with(field, value))
    });
    let (mut readable, mut unreadable) = (0, 0);
    for document in by_id.chain(by_field).chain([full()]) {
        world.database.empty(&["campaign_totals"]).await;
        super::insert(&world, "campaign_totals", document.clone()).await;
        let read = read(&store).await;
        let listing = store
            .list(page.clone(), ClusterTime::default())
            .await
            .unwrap()
            .found;
        assert_eq!(listing.total, read.unwrap_or(0), "{document}");
        assert_eq!(listing.totals.len() as u64, listing.total, "{document}");
        let sum = store.sum(ClusterTime::default()).await.map_err(|_| ());
        assert_eq!(sum.map(|sum| sum.found.campaigns), read, "{document}");
        match read {
            Ok(1) => readable += 1,
            _ => unreadable += 1,
        }
    }
    assert!(readable > 50 && unreadable > 200, "{readable} {unreadable}");
}
