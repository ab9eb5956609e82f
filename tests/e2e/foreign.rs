//! Documents of another making: left out of what readers see, named to the operator with what to do, and put right.

use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};
use reqwest::StatusCode;
use serde_json::Value;

use crate::events::{created, paid, refunded};
use crate::harness::{EventStream, Process, World, eventually};
use crate::tool::{json, tool};

/// A date that no timestamp of an event can have: microseconds, taken for milliseconds.
const AFTER_YEAR_9999: DateTime = DateTime::from_millis(1_732_186_200_000_000);

/// Campaign `c` with 155.00 of three pledges, and `other` with 7.00 of one, of which a worker has counted all.
async fn counted() -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    let events = [
        created("e1", "d1").donor("ada").amount(100.0),
        created("e2", "d2").donor("ada").amount(50.0),
        refunded("e3", "d2").amount(20.0),
        created("e4", "d3").donor("bob").amount(25.0),
        created("e5", "d4").campaign("other").amount(7.0),
    ];
    world.publish_one_by_one(events).await;
    world.expect_settled(5).await;
    worker.terminate().await;
    world
}

async fn insert(world: &World, collection: &str, document: Document) {
    let collection = world.database.collection(collection);
    collection.insert_one(document).await.unwrap();
}

fn totals(id: impl Into<Bson>) -> Document {
    let now = mongodb::bson::DateTime::now();
    doc! {
        "_id": id, "totalAmountMinor": 1_i64, "totalPledges": 1_i64, "totalDonors": 1_i64, "revision": 1_i64,
        "createdAt": now, "lastUpdated": now,
    }
}

/// What no campaign's totals look like.
fn foreign() -> Vec<Document> {
    let mut wrong_type = totals("wrong-type");
    wrong_type.insert("totalAmountMinor", 1.5);
    let mut too_late = totals("too-late");
    too_late.insert("lastUpdated", AFTER_YEAR_9999);
    let mut too_large = totals("too-large");
    too_large.insert("revision", i64::MAX);
    vec![
        totals(ObjectId::new()),
        totals(7),
        totals(""),
        totals("x".repeat(257)),
        wrong_type,
        too_late,
        too_large,
        doc! { "_id": "without-fields" },
    ]
}

async fn listed(api: &Process) -> Vec<String> {
    let (status, body) = api
        .get("/api/totals/campaigns?sortBy=totalAmount&sortOrder=asc&limit=1")
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["data"]["total"], 2, "{body}");
    let (status, body) = api
        .get("/api/totals/campaigns?sortBy=totalAmount&sortOrder=asc")
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let totals = body["data"]["totals"].as_array().unwrap();
    let id = |totals: &Value| totals["campaignId"].as_str().unwrap().to_owned();
    totals.iter().map(id).collect()
}

async fn expect_left_out(api: &Process) {
    assert_eq!(listed(api).await, ["other", "c"]);
    let (status, _) = api.get("/api/totals/campaigns/without-fields").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.get("/api/totals/campaigns/c").await.0, StatusCode::OK);
    assert_eq!(listed(api).await, ["other", "c"]);
    let told = api.log().matches("it is left out of lists").count();
    assert!(told <= foreign().len(), "{told} lines");
}

#[tokio::test]
async fn foreign_totals_are_left_out_of_lists_whether_they_were_there_or_come() {
    let world = counted().await;
    let later = world.live_api(&[]).await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    let api = world.live_api(&[]).await;
    expect_left_out(&api).await;
    api.logged("it is left out of lists").await;
    // It heard of them along the change stream, and of this one after them.
    world.database.donate("c").await.unwrap();
    eventually(
        || later.get("/api/totals/campaigns/c"),
        |(_, body)| body["data"]["totalPledges"] == 4,
    )
    .await;
    let health = later.healthy().await;
    assert_eq!(
        (&health["live"]["current"], &health["live"]["listed"]),
        (&true.into(), &true.into())
    );
    expect_left_out(&later).await;
    assert!(!later.log().contains("changes are lost"), "{}", later.log());
}

#[tokio::test]
async fn foreign_totals_are_left_out_of_pages_that_the_database_sorts() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    world.database.hide_changes().await;
    let api = world.api().await;
    expect_left_out(&api).await;
}

#[tokio::test]
async fn totals_that_break_and_are_mended_under_an_api_go_and_come_back() {
    let world = counted().await;
    let api = world.live_api(&[]).await;
    assert_eq!(listed(&api).await, ["other", "c"]);
    let other = async || api.get("/api/totals/campaigns/other").await;
    let page = async || api.get("/api/totals/campaigns").await;
    let gone = async || {
        eventually(other, |(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE).await;
        eventually(page, |(_, body)| body["data"]["total"] == 1).await;
    };
    let back = async || {
        eventually(other, |(status, _)| *status == StatusCode::OK).await;
        eventually(page, |(_, body)| body["data"]["total"] == 2).await;
    };
    let set = async |field: &str, value: Bson| {
        let set = doc! { "$set": { field: value } };
        world.database.change("campaign_totals", "other", set).await;
    };
    for (field, broken, mended) in [
        (
            "lastUpdated",
            Bson::from("yesterday"),
            Bson::from(DateTime::now()),
        ),
        ("lastUpdated", AFTER_YEAR_9999.into(), DateTime::now().into()),
        ("revision", i64::MAX.into(), 2_i64.into()),
    ] {
        set(field, broken).await;
        gone().await;
        set(field, mended).await;
        back().await;
    }
    let all = world.database.collection("campaign_totals");
    let other_totals = doc! { "_id": "other" };
    let right = all.find_one(other_totals.clone()).await.unwrap().unwrap();
    let mut late = right.clone();
    late.insert("lastUpdated", AFTER_YEAR_9999);
    all.replace_one(other_totals.clone(), late).await.unwrap();
    gone().await;
    all.replace_one(other_totals, right).await.unwrap();
    back().await;
    assert!(!api.log().contains("has died"), "{}", api.log());
}

/// Asks for `c`, totals of another making and `other`, by id.
async fn expect_left_out_of_ids(api: &Process) {
    for _ in 0..2 {
        let (status, body) = api
            .get("/api/totals/campaigns?ids=c,without-fields,wrong-type,other")
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let totals = body["data"]["totals"].as_array().unwrap();
        let ids: Vec<_> = totals.iter().map(|totals| &totals["campaignId"]).collect();
        assert_eq!(ids, ["c", "other"]);
        assert_eq!(body["data"]["total"], 2, "{body}");
    }
    let (status, _) = api.get("/api/totals/campaigns/without-fields").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    api.logged("it is left out of lists").await;
    let told = api.log().matches("it is left out of lists").count();
    assert!(told <= foreign().len(), "{told} lines");
}

#[tokio::test]
async fn foreign_totals_do_not_take_other_campaigns_from_who_asks_for_several() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    let api = world.live_api(&[]).await;
    expect_left_out_of_ids(&api).await;

    let url = format!("{}/api/totals/stream?ids=c,wrong-type,other", api.url);
    let mut stream = EventStream::open(&url, None).await;
    for campaign in ["c", "other"] {
        assert_eq!(stream.next().await.unwrap().campaign(), campaign);
    }
    world.database.donate("other").await.unwrap();
    assert_eq!(stream.next().await.unwrap().campaign(), "other");
    let mended = doc! { "$set": { "totalAmountMinor": 150_i64 } };
    world
        .database
        .change("campaign_totals", "wrong-type", mended)
        .await;
    assert_eq!(stream.next().await.unwrap().campaign(), "wrong-type");
    let alone = format!("{}/api/totals/campaigns/without-fields/stream", api.url);
    assert_eq!(EventStream::request(&alone, None).await.status(), 503);
}

#[tokio::test]
async fn foreign_totals_do_not_take_other_campaigns_from_who_asks_a_database_without_changes() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    world.database.hide_changes().await;
    let api = world.api().await;
    expect_left_out_of_ids(&api).await;
    // Another failure is no reason to leave a campaign out.
    let fails = doc! { "$addFields": { "never": { "$divide": ["$revision", 0] } } };
    world
        .database
        .run(doc! { "collMod": "campaign_totals", "viewOn": "hidden_totals", "pipeline": [fails] })
        .await;
    let path = "/api/totals/campaigns?ids=c,without-fields,other";
    let (status, body) = api.get(path).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
}

/// Whatever stands where a donation or totals should: named with its collection and id, and made anew by a rebuild.
#[tokio::test]
async fn unreadable_donations_and_totals_are_named_and_made_anew() {
    let world = counted().await;
    let id = ObjectId::new();
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    insert(&world, "donations", doc! { "_id": id, "campaignId": "c" }).await;
    insert(&world, "donations", doc! { "_id": 8, "refundedMinor": 0_i64 }).await;
    for (donation, set) in [
        ("d1", doc! { "amountMinor": 100.5 }),
        ("d2", doc! { "campaignId": "" }),
        ("d3", doc! { "campaignId": 3 }),
    ] {
        world
            .database
            .change("donations", donation, doc! { "$set": set })
            .await;
    }
    let unset = doc! { "$unset": { "campaignId": "" } };
    world.database.change("donations", "d4", unset).await;
    let broken = doc! { "$set": { "revision": "four", "totalAmountMinor": "a lot" } };
    world.database.change("campaign_totals", "c", broken).await;

    let verified = json(&world, 1, &["verify"]).await;
    let shown = verified["differences"]["shown"].as_array().unwrap();
    let mut named: Vec<_> = shown
        .iter()
        .filter(|it| it["kind"] == "document")
        .map(|it| {
            format!(
                "{} {}",
                it["collection"].as_str().unwrap(),
                it["id"].as_str().unwrap()
            )
        })
        .collect();
    named.sort();
    let object_id = format!("donations ObjectId(\"{id}\")");
    let donations = [
        &object_id,
        "donations 8",
        "donations \"d1\"",
        "donations \"d2\"",
        "donations \"d3\"",
        "donations \"d4\"",
    ];
    for wanted in donations {
        assert!(named.iter().any(|it| it == wanted), "{wanted}: {named:#?}");
    }
    assert_eq!(named.len(), donations.len() + foreign().len() + 1, "{named:#?}");
    assert!(verified["payments"]["donations"].is_number(), "{verified}");
    let said = tool(&world, &["verify"]).await;
    assert!(
        said.text()
            .contains("a rebuild removes it, and makes it anew if the log has it"),
        "{said:?}"
    );

    json(&world, 0, &["rebuild"]).await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.expect_totals("c", 15_500, 3, 2).await;
    world.expect_totals("other", 700, 1, 0).await;
    world.database.check_invariants().await;
    let left = world
        .database
        .collection("campaign_totals")
        .count_documents(doc! {})
        .await;
    assert_eq!(left.unwrap(), 2);
}

/// Each kind of damage to the log: named with the command that ends it, after which a rebuild works again.
#[tokio::test]
async fn what_is_damaged_in_the_log_is_named_with_the_command_that_ends_it() {
    let id = ObjectId::new();
    for (set, row, unset) in [
        (doc! {}, "e2", "contentHash"),
        (doc! { "contentHash": "text" }, "e2", ""),
        (doc! { "campaignId": "" }, "e2", ""),
        (doc! { "campaignId": 3 }, "e2", ""),
        (doc! {}, "e2", "campaignId"),
        (doc! { "status": "DONE" }, "e2", ""),
        (doc! { "_id": id, "status": "PROCESSED" }, "", ""),
        (doc! { "_id": id }, "", ""),
    ] {
        let world = counted().await;
        let shell = if row.is_empty() {
            insert(&world, "event_log", set.clone()).await;
            format!("ObjectId(\"{id}\")")
        } else {
            let mut update = doc! {};
            if !set.is_empty() {
                update.insert("$set", set.clone());
            }
            if !unset.is_empty() {
                update.insert("$unset", doc! { unset: "" });
            }
            world.database.change("event_log", row, update).await;
            format!("\"{row}\"")
        };
        let verified = json(&world, 1, &["verify"]).await;
        let shown = verified["differences"]["shown"].as_array().unwrap();
        let rows: Vec<_> = shown.iter().filter(|it| it["kind"] == "logRow").collect();
        let command = format!("db.event_log.deleteOne({{_id: {shell}}})");
        let remedy = |it: &Value| it["remedy"].as_str().unwrap().contains(&command);
        assert!(rows.iter().any(|it| remedy(it)), "{set} {unset}: {verified:#}");
        let refused = json(&world, 1, &["rebuild"]).await;
        let damaged = refused["damaged"]["shown"].as_array().unwrap();
        assert!(damaged.iter().any(remedy), "{refused:#}");
        world.expect_totals("c", 15_500, 3, 2).await;

        // As the command does.
        let gone = if row.is_empty() {
            Bson::from(id)
        } else {
            Bson::from(row)
        };
        let log = world.database.collection("event_log");
        assert_eq!(
            log.delete_one(doc! { "_id": gone }).await.unwrap().deleted_count,
            1
        );
        if !row.is_empty() {
            // Its refund has no donation any more.
            log.delete_one(doc! { "_id": "e3" }).await.unwrap();
        }
        json(&world, 0, &["rebuild"]).await;
        assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
        let expected = if row.is_empty() {
            (15_500, 3, 2)
        } else {
            (12_500, 2, 2)
        };
        world.expect_totals("c", expected.0, expected.1, expected.2).await;
    }
}

/// A row of a counted event that one field keeps from counting, or from being explained: a rebuild would take its donation
/// off the totals, so it refuses, and the command that is printed mends the row without losing the event.
#[tokio::test]
async fn a_counted_row_that_is_not_counted_any_more_is_damage_and_is_mended_in_place() {
    let failed = doc! { "status": "FAILED" };
    let processed = doc! { "$set": { "status": "PROCESSED" } };
    let no_early = doc! { "$unset": { "early": "" } };
    let no_effect = doc! { "$unset": { "effect": "" } };
    let set_status = r#"{$set: {status: "PROCESSED"}}"#;
    let unset_early = r#"{$unset: {early: ""}}"#;
    let unset_effect = r#"{$unset: {effect: ""}}"#;
    let world = counted().await;
    let worker = world.worker().await;
    world.publish([paid("p1", "d1")]).await;
    world.expect_settled(6).await;
    worker.terminate().await;
    let effect =
        |amount: Bson| doc! { "effect": { "amountMinor": amount, "pledges": 1_i64, "donors": 1_i64 } };
    for (row, set, command, update) in [
        ("e1", doc! { "early": true }, unset_early, &no_early),
        ("e1", doc! { "early": 1 }, unset_early, &no_early),
        ("e1", failed.clone(), set_status, &processed),
        ("e3", failed.clone(), set_status, &processed),
        ("p1", failed, set_status, &processed),
        ("p1", doc! { "early": true }, unset_early, &no_early),
        ("e4", doc! { "effect": "much" }, unset_effect, &no_effect),
        ("e4", effect(f64::NAN.into()), unset_effect, &no_effect),
        ("e4", effect(i64::MAX.into()), unset_effect, &no_effect),
    ] {
        world
            .database
            .change("event_log", row, doc! { "$set": set.clone() })
            .await;
        expect_refused(&world, row, command).await;
        world.database.change("event_log", row, update.clone()).await;
        assert_eq!(
            json(&world, 0, &["verify"]).await["differences"]["count"],
            0,
            "{set}"
        );
        json(&world, 0, &["explain", "c"]).await;
    }
    let times = [("occurredAt", "$committedAt"), ("committedAt", "$occurredAt")];
    for (field, other) in times {
        for update in [
            doc! { "$set": { field: "today" } },
            doc! { "$unset": { field: "" } },
            doc! { "$set": { field: AFTER_YEAR_9999 } },
        ] {
            world.database.change("event_log", "e1", update).await;
            let command = format!(r#"[{{$set: {{{field}: "{other}"}}}}]"#);
            expect_refused(&world, "e1", &command).await;
            expect_no_panic(&world).await;
            mend(&world, "e1", doc! { field: other }).await;
        }
    }
    let neither = doc! { "$set": { "committedAt": AFTER_YEAR_9999, "occurredAt": AFTER_YEAR_9999 } };
    world.database.change("event_log", "e1", neither).await;
    expect_refused(
        &world,
        "e1",
        r#"[{$set: {committedAt: "$$NOW", occurredAt: "$$NOW"}}]"#,
    )
    .await;
    expect_no_panic(&world).await;
    mend(
        &world,
        "e1",
        doc! { "committedAt": "$$NOW", "occurredAt": "$$NOW" },
    )
    .await;
    // Of a refund that is marked neither way nothing tells which it was.
    let neither = doc! { "$set": { "early": "yes" } };
    world.database.change("event_log", "e3", neither).await;
    let verified = json(&world, 1, &["verify"]).await;
    assert_eq!(
        verified["differences"]["shown"][0]["problem"],
        "early is neither true nor false"
    );
    world.expect_totals("c", 15_500, 3, 2).await;
}

/// Sets fields of a row to what these expressions make of it, after which campaign `c` can be explained.
async fn mend(world: &World, row: &str, set: Document) {
    let log = world.database.collection("event_log");
    let update = vec![doc! { "$set": set }];
    log.update_one(doc! { "_id": row }, update).await.unwrap();
    json(world, 0, &["verify"]).await;
    json(world, 0, &["explain", "c"]).await;
}

/// Campaign `c` cannot be explained, which is said.
async fn expect_no_panic(world: &World) {
    let said = tool(world, &["explain", "c"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("totals-worker verify"), "{said:?}");
}

/// The row is damage with this command for its remedy, and nothing is rebuilt.
async fn expect_refused(world: &World, row: &str, update: &str) {
    let command = format!("db.event_log.updateOne({{_id: \"{row}\"}}, {update})");
    let verified = json(world, 1, &["verify"]).await;
    let named = verified["differences"]["shown"].as_array().unwrap();
    let is_named = |it: &Value| {
        it["eventId"] == row
            && it["remedy"]
                .as_str()
                .is_some_and(|remedy| remedy.contains(&command))
    };
    assert!(
        named.iter().any(|it| it["kind"] == "logRow" && is_named(it)),
        "{command}: {verified:#}"
    );
    let refused = json(world, 1, &["rebuild"]).await;
    let damaged = refused["damaged"]["shown"].as_array().unwrap();
    assert!(damaged.iter().any(is_named), "{command}: {refused:#}");
    world.expect_totals("c", 15_500, 3, 2).await;
}

/// The row of an event that failed, and its replacement by the event as it should be, have nothing of each other.
#[tokio::test]
async fn a_failed_row_is_no_damage_before_and_after_it_is_replaced() {
    let world = World::new().await;
    let worker = world.worker().await;
    for amount in [-1.0, -2.0] {
        world.publish([created("e1", "d1").amount(amount)])
            .await;
    }
    world.expect_dead_letters(2).await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.publish([created("e1", "d1").amount(1.0)])
        .await;
    world.expect_settled(1).await;
    world.publish([created("e1", "d1").amount(-3.0)])
        .await;
    world.expect_dead_letters(1).await;
    worker.terminate().await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
}

#[tokio::test]
async fn a_campaign_that_nothing_is_known_of_is_not_well() {
    let world = counted().await;
    for arguments in [
        ["verify", "--campaign", "TYPO"].as_slice(),
        &["rebuild", "--campaign", "TYPO"],
        &["explain", "TYPO"],
        &["reset", "TYPO", "--yes"],
    ] {
        let said = tool(&world, arguments).await;
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        assert!(said.text().contains("TYPO"), "{said:?}");
    }
}
