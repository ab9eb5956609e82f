//! What events say of campaigns.

#![expect(
    clippy::unnecessary_wraps,
    reason = "what an event says of a fact is a value or none"
)]

use super::*;
use crate::domain::{Fact, FactValue, Timestamp};

fn facts(event_type: &str, payload: &str) -> Vec<(Fact, Option<FactValue>)> {
    let event = decoded(&with_payload(event_type, payload), "");
    assert_eq!(event.campaign().unwrap().as_str(), "c");
    assert_eq!(event.donation(), None);
    match event.kind {
        EventKind::CampaignCreated(update)
        | EventKind::CampaignUpdated(update)
        | EventKind::CampaignStatusChanged(update) => update.facts,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Option<FactValue> {
    Some(FactValue::Text(text.to_owned()))
}

fn goal(minor: i64) -> Option<FactValue> {
    Some(FactValue::Amount(crate::domain::Money::from_minor(minor)))
}

fn date(text: &str) -> Option<FactValue> {
    Some(FactValue::Moment(Timestamp::parse(text).unwrap()))
}

#[test]
fn a_new_campaign_says_what_it_is() {
    let payload = r#"{"campaignId":"c","title":"Wells","description":"…","goalAmount":10000,"ownerId":"u",
        "startDate":"2025-11-21T10:00:00Z","endDate":"2025-12-21","category":"water"}"#;
    let said = [
        (Fact::Title, text("Wells")),
        (Fact::Goal, goal(1_000_000)),
        (Fact::StartsAt, date("2025-11-21T10:00:00Z")),
        (Fact::EndsAt, date("2025-12-21T00:00:00Z")),
        (Fact::Category, text("water")),
    ];
    assert_eq!(facts("campaign.created", payload), said);
    assert_eq!(facts("campaign.created", r#"{"campaignId":"c"}"#), []);
}

#[test]
fn a_change_says_only_what_it_names() {
    for (updates, said) in [
        ("{}", vec![]),
        (r#"{"description":"new"}"#, vec![]),
        (r#"{"goalAmount":"12.5"}"#, vec![(Fact::Goal, goal(1250))]),
        (r#"{"goalAmount":0}"#, vec![(Fact::Goal, None)]),
        (r#"{"goalAmount":"0.00"}"#, vec![(Fact::Goal, None)]),
        (r#"{"goalAmount":null}"#, vec![(Fact::Goal, None)]),
        (r#"{"endDate":null}"#, vec![(Fact::EndsAt, None)]),
        (r#"{"endDate":""}"#, vec![(Fact::EndsAt, None)]),
        (r#"{"title":""}"#, vec![(Fact::Title, None)]),
        (
            r#"{"status":"PAUSED","title":7}"#,
            vec![(Fact::Title, text("7")), (Fact::Status, text("PAUSED"))],
        ),
    ] {
        let payload = format!(r#"{{"campaignId":"c","updates":{updates}}}"#);
        assert_eq!(facts("campaign.updated", &payload), said, "{updates}");
    }
    let status = r#"{"campaignId":"c","oldStatus":"DRAFT","newStatus":"ACTIVE"}"#;
    assert_eq!(
        facts("campaign.status_changed", status),
        [(Fact::Status, text("ACTIVE"))]
    );
}

#[test]
fn a_fact_that_cannot_be_one_is_refused() {
    use InvalidCode as Code;
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(1025));
    for (updates, code, reason) in [
        (
            "[]",
            Code::InvalidField,
            "updates must be a JSON object, got `[]`",
        ),
        ("null", Code::MissingField, "updates is missing"),
        (
            r#"{"title":[]}"#,
            Code::InvalidField,
            "title must be a string or a whole number",
        ),
        (
            &long,
            Code::InvalidField,
            "title must be at most 1024 bytes long, and has 1025",
        ),
        (
            r#"{"goalAmount":-1}"#,
            Code::InvalidAmount,
            "goalAmount must be greater than 0",
        ),
        (
            r#"{"goalAmount":10.005}"#,
            Code::InvalidAmount,
            "goalAmount must have at most 2 decimals",
        ),
        (
            r#"{"endDate":"soon"}"#,
            Code::InvalidField,
            "endDate must be an RFC 3339 time",
        ),
        (
            r#"{"title":"a","title":"b"}"#,
            Code::InvalidJson,
            "duplicate field `title`",
        ),
    ] {
        let payload = format!(r#"{{"campaignId":"c","updates":{updates}}}"#);
        let (found, message) = refused(&with_payload("campaign.updated", &payload));
        assert_eq!(found, code, "{updates}: {message}");
        assert!(message.contains(reason), "{updates}: {message}");
    }
    let (code, message) = refused(&with_payload("campaign.status_changed", r#"{"campaignId":"c"}"#));
    assert_eq!(
        (code, message.as_str()),
        (Code::MissingField, "newStatus is missing")
    );
}

#[test]
fn a_campaigns_event_that_names_no_id_has_one_by_what_it_says() {
    let bare = |body: &str| decoded(body, "campaign.updated").id;
    let one = bare(r#"{"campaignId":"c","updates":{"title":"t","goalAmount":5}}"#);
    assert_eq!(
        one,
        bare(r#"{"updates":{"goalAmount":5.0,"title":"t"},"campaignId":"c"}"#)
    );
    for other in [
        r#"{"campaignId":"d","updates":{"title":"t","goalAmount":5}}"#,
        r#"{"campaignId":"c","updates":{"title":"t","goalAmount":6}}"#,
        r#"{"campaignId":"c","updates":{"title":"t"}}"#,
        r#"{"campaignId":"c","updates":{"title":"t","goalAmount":null}}"#,
        r#"{"campaignId":"c","updates":{"title":"t","goalAmount":5},"timestamp":"2025-11-21T10:00:00Z"}"#,
    ] {
        assert_ne!(one, bare(other), "{other}");
    }
}
