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
fn anothers_payload_keeps_all_but_the_donors_id() {
    let payload = r#"{"amount":7,"orderId":7,"by":[{"changedBy":7.0,"n":1.50}],"ownerId":"7","owner":"77"}"#;
    let expected = format!(
        r#"{{"amount":7,"orderId":7,"by":[{{"changedBy":"{RANDOM}","n":1.50}}],"ownerId":"{RANDOM}","owner":"77"}}"#
    );
    assert_eq!(pseudonym("7").renamed(payload), Some(expected));
    assert_eq!(pseudonym("8").renamed(payload), None);
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
        assert_eq!(ada.in_body(body.as_bytes(), never), Tells::IsOf, "{body}");
        assert_eq!(ada.erased_body(&body), Some(expected.clone()));
        assert_eq!(
            ada.erased_body(&expected),
            Some(expected),
            "erased once is erased"
        );
        assert_eq!(pseudonym("eve").in_body(body.as_bytes(), never), Tells::Nothing);
        assert_eq!(
            pseudonym("eve").in_body(body.as_bytes(), |id| id == "d1"),
            Tells::Nothing
        );
    }
}

#[test]
fn a_body_that_cannot_be_read_is_the_donors_if_the_id_is_a_word_of_it() {
    let tells = |body: &[u8]| pseudonym("ada").in_body(body, never);
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
}

#[test]
fn a_random_id_is_known_and_no_other_is() {
    assert!(DonorId::forgotten(u128::MAX).is_forgotten());
    for id in ["ada", "forgotten_7", "forgotten_0000000000000000000000000000000g"] {
        assert!(!DonorId::try_from(id).unwrap().is_forgotten(), "{id}");
    }
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

    #[test]
    fn nothing_that_comes_can_break_it(body in any::<Vec<u8>>(), text in "\\PC{0,60}") {
        let ada = pseudonym("ada");
        let _ = (ada.in_body(&body, never), ada.erased_body(&text), ada.renamed(&text));
    }
}
