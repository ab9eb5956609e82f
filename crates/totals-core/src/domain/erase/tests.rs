use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{AmountRules, EventKind, Precision, decode_payload};

fn rules() -> AmountRules {
    AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    }
}

fn pseudonym(donor: &str) -> Pseudonym {
    Pseudonym {
        donor: Some(donor.try_into().unwrap()),
        random: DonorId::forgotten(7),
    }
}

fn never(_: &str) -> bool {
    false
}

const RANDOM: &str = "forgotten_00000000000000000000000000000007";

#[test]
fn of_a_donors_payload_only_what_is_read_is_left_digit_for_digit() {
    let payload = r#"{"donationId":"d1", "campaignId":"c","amount":10.50,"donorId":"ada","donorName":"Ada","isAnonymous":false,
        "email":"ada@x","isGuest":false,"timestamp":"2025-11-21T10:00:00.000Z","deep":{"amount":7}}"#;
    let erased = pseudonym("ada").erased_payload(EventType::DonationCreated, payload);
    let expected = format!(
        r#"{{"donationId":"d1","campaignId":"c","amount":10.50,"donorId":"{RANDOM}","isGuest":false,"timestamp":"2025-11-21T10:00:00.000Z"}}"#
    );
    assert_eq!(erased.as_deref(), Some(expected.as_str()));
    let payment =
        r#"{"paymentId":"p","donationId":"d1","amount":1e1,"provider":"s","metadata":{"email":"ada@x"}}"#;
    let erased = pseudonym("ada").erased_payload(EventType::PaymentCompleted, payment);
    assert_eq!(
        erased.as_deref(),
        Some(r#"{"paymentId":"p","donationId":"d1","amount":1e1}"#)
    );
}

#[test]
fn a_payload_is_the_donors_by_its_donor_its_donation_or_its_payer() {
    let of =
        |payload: &str| pseudonym("7").in_payload(Some(EventType::DonationCreated), payload, |id| id == "d1");
    for (payload, tells) in [
        (r#"{"donationId":"d9","donorId":"7"}"#, Tells::IsOf),
        (r#"{"donationId":"d9","donorId":7}"#, Tells::IsOf),
        (r#"{"donationId":"d9","donorId":"\u0037"}"#, Tells::IsOf),
        (r#"{"donationId":"d1","reason":"Ada asked"}"#, Tells::IsOf),
        (r#"{"donationId":"d1","donorId":"eve"}"#, Tells::Nothing),
        (
            r#"{"donationId":"d9","donorId":"eve","fundraiserOwnerId":"7"}"#,
            Tells::Names,
        ),
        (
            r#"{"donationId":"d9","paymentId":"p","metadata":{"userId":7}}"#,
            Tells::IsOf,
        ),
        (r#"{"donationId":"d9","amount":7,"orderId":7}"#, Tells::Nothing),
        (r#"{"donationId":"d9"}"#, Tells::Nothing),
    ] {
        assert_eq!(of(payload), tells, "{payload}");
    }
    let campaign = r#"{"campaignId":"d1","ownerId":"7"}"#;
    let tells = pseudonym("7").in_payload(Some(EventType::CampaignCreated), campaign, never);
    assert_eq!(tells, Tells::Names);
}

#[test]
fn whatever_stands_in_the_donors_field_makes_the_event_the_donors() {
    let tells = |payload: &str| {
        let ada = pseudonym("ada");
        let tells = ada.in_payload(Some(EventType::DonationCreated), payload, never);
        (tells, ada.donation_in_payload(payload).is_some())
    };
    for payload in [
        r#"{"donationId":"d1","donorId":{"id":"ada","name":"Ada"}}"#,
        r#"{"donationId":"d1","donorId":["ada"]}"#,
        r#"{"donationId":"d1","donorId":[{"x":{"y":"\u0061da"}}]}"#,
    ] {
        assert_eq!(tells(payload), (Tells::IsOf, true), "{payload}");
    }
    for payload in [
        r#"{"donationId":"d1","donor":{"id":"ada","name":"Ada"}}"#,
        r#"{"donationId":"d1","donor_id":"ada"}"#,
        r#"{"donationId":"d1","by":[{"donorId":"ada"}]}"#,
    ] {
        assert_eq!(tells(payload), (Tells::IsOf, false), "{payload}");
    }
    for payload in [
        r#"{"donationId":"d1","donorId":{"id":"adam"}}"#,
        r#"{"donationId":"d1","donorId":"adam","note":"ada"}"#,
        r#"{"donationId":"d1","donorId":"adam","friend":{"donorId":"ada"}}"#,
        r#"{"donationId":"d1","donorId":null,"note":"of ada"}"#,
    ] {
        assert_ne!(tells(payload).0, Tells::IsOf, "{payload}");
    }
    let seven = pseudonym("7").in_payload(None, r#"{"donationId":"d1","donorId":7.5}"#, never);
    assert_eq!(seven, Tells::Nothing);
}

#[test]
fn anothers_payload_keeps_all_but_the_donors_id() {
    let renamed = |donor: &str, payload: &str| pseudonym(donor).renamed_payload(None, payload);
    let payload =
        r#"{"amount":7,"orderId":7,"no":"7","by":[{"changedBy":7.0,"n":1.50}],"ownerId":"7","owner":"77"}"#;
    let expected = format!(
        r#"{{"amount":7,"orderId":7,"no":"7","by":[{{"changedBy":"{RANDOM}","n":1.50}}],"ownerId":"{RANDOM}","owner":"77"}}"#
    );
    assert_eq!(renamed("7", payload), Some(expected));
    assert_eq!(renamed("8", payload), None);
    let payload = r#"{"donationId":"ada","campaignId":"ada","title":"ada","donorId":"eve","donorName":"ada","amount":1.50,
        "asked":"ada","tags":["ada","adam"],"note":"of ada","ada":{"n":"Ada"},"owner":{"id":"ada","name":"Ada"},
        "team":{"members":[{"user_id":"ada","mail":"a@x"},{"id":"eve"}]}}"#;
    let expected = format!(
        r#"{{"donationId":"ada","campaignId":"ada","title":"ada","donorId":"eve","donorName":"ada","amount":1.50,"asked":"{RANDOM}","tags":["{RANDOM}","adam"],"note":"of ada","{RANDOM}":null,"owner":{{"id":"{RANDOM}"}},"team":{{"members":[{{"user_id":"{RANDOM}"}},{{"id":"eve"}}]}}}}"#
    );
    assert_eq!(renamed("ada", payload).as_deref(), Some(expected.as_str()));
    assert_eq!(renamed("ada", &expected), None, "erased once is erased");
    // The number of anything, and of the owner.
    let payload = r#"{"category":{"id":"7","n":"x"},"owner":{"id":7,"n":"x"}}"#;
    let expected = format!(r#"{{"category":{{"id":"7","n":"x"}},"owner":{{"id":"{RANDOM}"}}}}"#);
    assert_eq!(renamed("7", payload), Some(expected));
}

/// Nobody's donation: only the donor's id goes, however often it stands there.
#[test]
fn an_event_of_a_campaign_is_never_the_donors() {
    let mary = pseudonym("mary");
    for (event_type, payload, left) in [
        (
            EventType::CampaignUpdated,
            r#"{"campaignId":"cw","updates":{"title":"Help for mary","goalAmount":"abc"}}"#,
            None,
        ),
        (
            EventType::CampaignUpdated,
            r#"{"campaignId":"cw","updates":{"title":"mary","goalAmount":"abc"},"changedBy":"mary"}"#,
            Some(r#"{"campaignId":"cw","updates":{"title":"mary","goalAmount":"abc"},"changedBy":"RANDOM"}"#),
        ),
        (EventType::CampaignCreated, r#"{"title":"mary"}"#, None),
        (
            EventType::CampaignCreated,
            r#"{"campaignId":"mary","title":{"id":"mary","n":"M"},"donorId":"mary"}"#,
            Some(r#"{"campaignId":"mary","title":{"id":"RANDOM"},"donorId":"RANDOM"}"#),
        ),
    ] {
        let left = left.map(|left| left.replace("RANDOM", RANDOM));
        let tells = if left.is_some() {
            Tells::Names
        } else {
            Tells::Nothing
        };
        assert_eq!(
            mary.in_payload(Some(event_type), payload, |_| true),
            tells,
            "{payload}"
        );
        assert_eq!(mary.renamed_payload(Some(event_type), payload), left);
        // In an envelope that names the type, and bare, with the type of the routing key.
        let wrapped =
            |payload: &str| format!(r#"{{"eventId":"mary","eventType":"{event_type}","payload":{payload}}}"#);
        for (body, told) in [(wrapped(payload), None), (payload.to_owned(), Some(event_type))] {
            let headers = ["mary".to_owned()];
            assert_eq!(
                mary.in_body(body.as_bytes(), told, &headers, |_| true),
                tells,
                "{body}"
            );
        }
        let renamed = mary.renamed(&wrapped(payload), None);
        assert_eq!(renamed, left.as_deref().map(wrapped));
        if let Some(left) = &left {
            assert_eq!(
                mary.in_body(left.as_bytes(), Some(event_type), &[], never),
                Tells::Nothing
            );
        }
        let encoded = |payload: &str| {
            format!(
                r#"{{"type":"{event_type}","data_base64":{}}}"#,
                json::encoded(payload)
            )
        };
        let renamed = mary.renamed(&encoded(payload), None);
        assert_eq!(renamed, left.as_deref().map(encoded));
    }
}

#[test]
fn a_body_is_erased_whatever_wraps_it() {
    let payload = r#"{"donationId":"d1","amount":"ten","donorId":"ada","donorName":"Ada"}"#;
    let left = format!(r#"{{"donationId":"d1","amount":"ten","donorId":"{RANDOM}"}}"#);
    let encoded = |text: &str| json::encoded(text);
    for (body, expected) in [
        (payload.to_owned(), left.clone()),
        (
            format!(r#"{{"eventId":"e","version":"1.0","payload":{payload},"user":"ada"}}"#),
            format!(r#"{{"eventId":"e","payload":{left}}}"#),
        ),
        (
            format!(r#"{{"specversion":"1.0","subject":"ada","data":{payload}}}"#),
            format!(r#"{{"specversion":"1.0","data":{left}}}"#),
        ),
        (
            format!(r#"{{"id":"1","data_base64":{}}}"#, encoded(payload)),
            format!(r#"{{"id":"1","data_base64":{}}}"#, encoded(&left)),
        ),
    ] {
        let ada = pseudonym("ada");
        assert_eq!(
            ada.in_body(body.as_bytes(), None, &[], never),
            Tells::IsOf,
            "{body}"
        );
        assert_eq!(ada.erased_body(&body), Some(expected.clone()));
        assert_eq!(
            ada.erased_body(&expected),
            Some(expected),
            "erased once is erased"
        );
        assert_eq!(
            pseudonym("eve").in_body(body.as_bytes(), None, &[], never),
            Tells::Nothing
        );
        assert_eq!(
            pseudonym("eve").in_body(body.as_bytes(), None, &[], |id| id == "d1"),
            Tells::Nothing
        );
    }
}

#[test]
fn a_body_that_cannot_be_read_is_the_donors_if_the_id_is_a_word_of_it() {
    let tells = |body: &[u8]| pseudonym("ada").in_body(body, None, &[], never);
    for body in [
        &b"{\"donorId\":\"ada\",\"amou"[..],
        b"ada",
        b"\xff ada;",
        b"[{\"donorId\":\"ada\"}]",
    ] {
        assert_eq!(tells(body), Tells::IsOf, "{body:?}");
    }
    for body in [&b"canada"[..], b"ada-2", b"adam", b"", b"ad"] {
        assert_eq!(tells(body), Tells::Nothing, "{body:?}");
    }
    assert_eq!(pseudonym("ada").erased_body("[]"), None);
    // An event of a donor's whose donation is not there, its payload encoded twice.
    let twice = br#"{"eventType":"donation.created","payload":"{\"donorId\":\"\\u0061da\"}"}"#;
    assert_eq!(tells(twice), Tells::IsOf);
    let ada = pseudonym("ada");
    let of_d1 = |body: &str| ada.in_body(body.as_bytes(), None, &[], |donation| donation == "d1");
    assert_eq!(
        of_d1(r#"{"payload":{"donationId":"d1","donorName":"A"#),
        Tells::IsOf
    );
    assert_eq!(
        of_d1(r#"{"payload":{"donationId":"d10","donorName":"A"#),
        Tells::Nothing
    );
    // Its headers say whose it is, unless the body does.
    for (body, headers, expected) in [
        ("garbage", ["ada"], Tells::IsOf),
        ("garbage", ["users/ada"], Tells::IsOf),
        ("garbage", ["adam"], Tells::Nothing),
        (r#"{"hello":1}"#, ["ada"], Tells::IsOf),
        (r#"{"donationId":"d","donorId":"eve"}"#, ["ada"], Tells::Nothing),
    ] {
        let headers = headers.map(str::to_owned);
        assert_eq!(
            ada.in_body(body.as_bytes(), None, &headers, never),
            expected,
            "{body}"
        );
    }
}

/// A guest's donation is recognised without a donor, and each run has another random id.
#[test]
fn an_id_that_is_random_already_stays() {
    let guest = |random| Pseudonym {
        donor: None,
        random: DonorId::forgotten(random),
    };
    let once = guest(7)
        .erased_body(r#"{"donationId":"d1","donorId":"late"}"#)
        .unwrap();
    assert!(once.contains(RANDOM), "{once}");
    assert_eq!(guest(8).erased_body(&once).as_ref(), Some(&once));
}

#[test]
fn a_random_id_is_known_and_no_other_is() {
    assert!(DonorId::forgotten(u128::MAX).is_forgotten());
    for id in ["ada", "forgotten_7", "forgotten_0000000000000000000000000000000g"] {
        assert!(!DonorId::try_from(id).unwrap().is_forgotten(), "{id}");
    }
}

fn name() -> impl Strategy<Value = String> {
    let names = [
        "donationId",
        "donorId",
        "donor",
        "paymentId",
        "campaignId",
        "title",
        "updates",
        "changedBy",
        "owner",
        "id",
        "userId",
        "note",
        "ada",
        "amount",
        "payload",
        "data",
    ];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let text =
        prop::sample::select(vec!["ada", "for ada", "adam", "Ada", ""]).prop_map(serde_json::Value::from);
    text.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            prop::collection::vec((name(), inner), 0..3)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is left of a creation counts as before, but for its donor; and nothing of what is not read is left.
    #[test]
    fn what_is_left_says_the_same(
        donor in "[a-z]{1,9}", minor in 1_i64..1_000_000, guest in any::<bool>(), secret in "SECRET[\\PC]{0,20}", name in "\\PC{1,12}"
    ) {
        prop_assume!(Field::from_name(&name).is_none());
        let mut payload = json!({
            "donationId": "d", "campaignId": "c", "amount": format!("{}.{:02}", minor / 100, minor % 100),
            "donorId": donor, "isGuest": guest, "timestamp": "2025-11-21T10:00:00.000Z", "nested": { "secret": secret },
        });
        payload[name] = json!(secret);
        let pseudonym = pseudonym(&donor);
        let erased = pseudonym.erased_payload(EventType::DonationCreated, &payload.to_string()).unwrap();
        prop_assert!(!erased.contains("SECRET"));
        let read = |text: &str| decode_payload(EventType::DonationCreated, text, rules()).unwrap();
        let EventKind::DonationCreated(donation, mut creation, stated) = read(&payload.to_string()) else { unreachable!() };
        if creation.donor.is_some() {
            creation.donor = Some(pseudonym.random.clone());
        }
        prop_assert_eq!(read(&erased), EventKind::DonationCreated(donation, creation, stated));
        prop_assert_eq!(pseudonym.erased_payload(EventType::DonationCreated, &erased), Some(erased));
    }

    /// What is left of any message has nothing left to erase.
    #[test]
    fn erased_once_is_erased(
        event_type in prop::sample::select(EventType::ALL.to_vec()), values in prop::collection::vec((name(), value()), 1..6),
        is_wrapped in any::<bool>(), theirs in any::<bool>(),
    ) {
        let payload: serde_json::Map<_, _> = values.into_iter().collect();
        let payload = serde_json::Value::from(payload);
        let body = if is_wrapped { json!({ "eventType": event_type.as_str(), "payload": payload }) } else { payload };
        let ada = pseudonym("ada");
        let erase = |body: &str| match ada.in_body(body.as_bytes(), Some(event_type), &[], |_| theirs) {
            Tells::Nothing => body.to_owned(),
            Tells::Names => ada.renamed(body, Some(event_type)).unwrap(),
            Tells::IsOf => ada.erased_body(body).unwrap(),
        };
        let once = erase(&body.to_string());
        prop_assert_eq!(erase(&once), once);
    }

    #[test]
    fn nothing_that_comes_can_break_it(body in any::<Vec<u8>>(), text in "\\PC{0,60}") {
        let ada = pseudonym("ada");
        let _ = (ada.in_body(&body, None, &[], never), ada.erased_body(&text), ada.renamed(&text, None));
    }
}

/// Each level that is taken apart takes a part of the stack.
#[test]
fn what_is_nested_without_end_is_looked_at_as_a_text() {
    const LEVELS: usize = 50_000;
    let nested = |name: &str| {
        format!(
            "{}{{\"{name}\":\"ada\"}}{}",
            "[".repeat(LEVELS),
            "]".repeat(LEVELS)
        )
    };
    let objects = |value: &str| format!("{}{value}{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS));
    let ada = pseudonym("ada");
    for deep in [nested("donorId"), nested("x"), objects("\"ada\""), objects("7")] {
        let body = format!(r#"{{"x":{deep}}}"#);
        let tells = ada.in_body(body.as_bytes(), None, &[], never);
        assert_eq!(
            tells == Tells::IsOf,
            deep.contains("ada"),
            "{}",
            &deep[deep.len() / 2..][..20]
        );
        let others = format!(r#"{{"donationId":"d","donorId":"eve","title":"T","extra":{deep}}}"#);
        let renamed = ada.renamed_payload(Some(EventType::DonationCreated), &others);
        let left = renamed.unwrap_or_else(|| others.clone());
        assert!(!left.contains("ada") && left.contains("eve"), "{}", left.len());
    }
}

#[test]
fn a_donor_who_stands_there_twice_is_the_donor() {
    let of = |payload: &str| pseudonym("ada").in_payload(Some(EventType::DonationCreated), payload, never);
    for payload in [
        r#"{"donationId":"d","donorId":"eve","donorId":"ada"}"#,
        r#"{"donationId":"d","donorId":"ada","donorId":"eve"}"#,
    ] {
        assert_eq!(of(payload), Tells::IsOf, "{payload}");
    }
}
