mod status;

use totals_core::domain::Precision;

use super::*;

fn usd() -> AmountRules {
    AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    }
}

fn decoded(line: &str) -> Result<Vec<(String, String)>, Box<Reason>> {
    let row = Row {
        line: 1,
        original: line.as_bytes().to_vec(),
        object: Object::Line,
        held: None,
    };
    let (event, refund) = events(&row, usd())?;
    let told = std::iter::once(event)
        .chain(refund)
        .map(|event| (event.id.to_string(), event.event_type().to_string()));
    Ok(told.collect())
}

fn bare(more: &str) -> String {
    format!(r#"{{"donationId":"d","campaignId":"c","amount":5,"timestamp":"2025-11-21T10:00:00Z"{more}}}"#)
}

fn pair(id: &str, kind: &str) -> (String, String) {
    (id.to_owned(), kind.to_owned())
}

#[test]
fn ids_follow_from_the_donation_unless_the_row_has_one() {
    let created = pair("backfill_d", "donation.created");
    assert_eq!(
        decoded(&bare("")).unwrap().as_slice(),
        std::slice::from_ref(&created)
    );
    for zero in ["0", "0.00", "\"\"", "\"0.0\"", "null"] {
        let row = bare(&format!(r#","refundedAmount":{zero}"#));
        assert_eq!(
            decoded(&row).unwrap().as_slice(),
            std::slice::from_ref(&created),
            "{zero}"
        );
    }
    let refunded = pair("backfill-refund_d", "donation.refunded");
    assert_eq!(
        decoded(&bare(r#","refundedAmount":"2.50""#)).unwrap(),
        [created, refunded]
    );
    let envelope = format!(
        r#"{{"eventId":"e","eventType":"donation.refunded","payload":{}}}"#,
        bare("")
    );
    assert_eq!(decoded(&envelope).unwrap(), [pair("e", "donation.refunded")]);
}

#[test]
fn what_is_no_event_has_its_reason() {
    for (line, code, text) in [
        ("no json", "INVALID_JSON", "must be a JSON object"),
        ("{}", "MISSING_FIELD", "neither a payload"),
        (
            &bare(r#","refundedAmount":"-1""#),
            "INVALID_AMOUNT",
            "refundedAmount: amount must be",
        ),
        (
            &bare(r#","refundedAmount":"...""#),
            "INVALID_AMOUNT",
            "refundedAmount: amount must be",
        ),
        (
            &bare(r#","currency":"EUR""#),
            "WRONG_CURRENCY",
            "currency must be USD",
        ),
        (
            &bare(r#","refundedAmount":1,"refundedAmount":2"#),
            "UNREADABLE_ROW",
            "duplicate field `refundedAmount`",
        ),
    ] {
        let reason = decoded(line).unwrap_err();
        assert!(reason.code == code && reason.text.contains(text), "{reason:?}");
    }
}

#[test]
fn a_donation_id_leaves_room_for_the_event_ids() {
    let named =
        |length: usize, more: &str| bare(more).replacen(r#""d""#, &format!("\"{}\"", "d".repeat(length)), 1);
    let refunded = r#","refundedAmount":1"#;
    assert_eq!(decoded(&named(247, "")).unwrap().len(), 1);
    assert_eq!(decoded(&named(240, refunded)).unwrap().len(), 2);
    for row in [named(248, ""), named(256, ""), named(241, refunded)] {
        let reason = decoded(&row).unwrap_err();
        assert!(
            reason.code == "INVALID_FIELD" && reason.text.contains("donationId is too long"),
            "{reason:?}"
        );
    }
}

const REFUNDED: &str = r#","eventType":"donation.refunded""#;

#[test]
fn a_row_is_what_it_says() {
    let refunded = |id| [pair(id, "donation.refunded")];
    for (more, told) in [
        (
            r#","eventType":"donation.created","eventId":"e""#,
            [pair("backfill_d", "donation.created")],
        ),
        (r#","payload":"text""#, [pair("backfill_d", "donation.created")]),
        (
            r#","payload":{"a":1},"refundId":"","reason":null"#,
            [pair("backfill_d", "donation.created")],
        ),
        (r#","refundId":"r""#, refunded("backfill-refund-1_d_r")),
        (
            r#","refundId":"r","reason":"asked for""#,
            refunded("backfill-refund-1_d_r"),
        ),
        (
            &format!(r#"{REFUNDED},"refundId":"r","donorId":"u""#),
            refunded("backfill-refund-1_d_r"),
        ),
        (
            &format!(r#"{REFUNDED},"refundId":"r","eventId":"e""#),
            refunded("e"),
        ),
        (
            r#","eventType":"payment.completed","eventId":"e","paymentId":"p""#,
            [pair("e", "payment.completed")],
        ),
    ] {
        assert_eq!(decoded(&bare(more)).unwrap(), told, "{more}");
    }
}

#[test]
fn a_row_that_does_not_tell_or_contradicts_itself_is_a_reject() {
    for (more, code) in [
        (REFUNDED, "MISSING_FIELD"),
        (
            r#","eventType":"payment.refunded","paymentId":"p","refundId":"r""#,
            "MISSING_FIELD",
        ),
        (r#","eventType":"refund""#, "UNKNOWN_EVENT_TYPE"),
        (r#","eventType":true"#, "INVALID_FIELD"),
        (
            r#","eventType":"donation.created","eventType":"donation.refunded","eventId":"e""#,
            "UNREADABLE_ROW",
        ),
        (r#","reason":"in memory""#, "AMBIGUOUS_ROW"),
        (r#","reason":"in memory","eventId":"gala""#, "AMBIGUOUS_ROW"),
        (r#","refundId":"r","donorId":"u""#, "AMBIGUOUS_ROW"),
        (r#","refundId":"r","paymentId":"p""#, "AMBIGUOUS_ROW"),
        (r#","refundId":"r","refundedAmount":1"#, "AMBIGUOUS_ROW"),
        (
            r#","eventType":"donation.created","refundId":"r""#,
            "CONTRADICTORY_ROW",
        ),
        (
            r#","eventType":"donation.created","reason":"asked for""#,
            "CONTRADICTORY_ROW",
        ),
        (
            r#","eventType":"donation.refunded","eventId":"e","refundedAmount":1"#,
            "CONTRADICTORY_ROW",
        ),
        (r#","kind":"donation.refunded""#, "CONTRADICTORY_ROW"),
    ] {
        let reason = decoded(&bare(more)).unwrap_err();
        assert_eq!(reason.code, code, "{more}: {}", reason.text);
    }
}

#[test]
fn a_member_that_looks_like_one_that_is_read_is_a_reject() {
    for (member, field) in [
        (r#""Currency":"EUR""#, "currency"),
        (r#""refunded_amount":40"#, "refundedAmount"),
        (r#""donor_id":"u""#, "donorId"),
        (r#""donorId":"u","DonorID":"v""#, "donorId"),
        (r#""is-guest":true"#, "isGuest"),
        (r#""Refund ID":"r""#, "refundId"),
        (r#""event_type":"donation.refunded","eventId":"e""#, "eventType"),
    ] {
        let reason = decoded(&bare(&format!(",{member}"))).unwrap_err();
        let named = format!("looks like {field}: rename it");
        assert!(
            reason.code == "AMBIGUOUS_ROW" && reason.text.contains(&named),
            "{member}: {reason:?}"
        );
    }
    for more in [
        r#","donor_id":null,"refunded_amount":"""#,
        r#","donor":"u","donorName":"Ada","amountUsd":1"#,
    ] {
        assert_eq!(
            decoded(&bare(more)).unwrap(),
            [pair("backfill_d", "donation.created")]
        );
    }
}

#[test]
fn a_table_keeps_columns_that_it_was_not_asked_about() {
    let row = Row {
        line: 2,
        original: Vec::new(),
        object: Object::Made(bare(r#","event_id":"gala","Reason":"in memory""#)),
        held: None,
    };
    let (event, _) = events(&row, usd()).unwrap();
    assert_eq!(event.id.as_str(), "backfill_d");
}

#[test]
fn a_row_spelled_otherwise_has_the_same_ids() {
    let spellings = [
        r#"{"donationId":"d_1","campaignId":"c","amount":5,"timestamp":"2025-11-21T10:00:00Z","refundId":"12"}"#,
        r#"{"refundId":12, "note":"x", "timestamp":"2025-11-21T10:00:00+00:00", "amount":"5.00", "campaignId":"c",
            "donation\u0049d":"d\u005f1", "eventType":"donation.refunded", "reason":"asked for", "eventId":null}"#,
    ];
    for spelling in spellings {
        assert_eq!(
            decoded(spelling).unwrap(),
            [pair("backfill-refund-3_d_1_12", "donation.refunded")]
        );
    }
}

#[test]
fn two_rows_never_get_one_id() {
    let mut words = vec![String::new()];
    for index in 0..13 {
        for letter in ["_", "1", "a"] {
            words.push(format!("{}{letter}", words[index]));
        }
    }
    let mut ids = std::collections::HashMap::new();
    let row = |donation: &str, more: &str| {
        let row = bare(more).replacen(r#""d""#, &format!("\"{donation}\""), 1);
        decoded(&row).unwrap()
    };
    for donation in &words[1..] {
        for (id, _) in row(donation, r#","refundedAmount":1"#) {
            assert_eq!(ids.insert(id, (donation, "")), None);
        }
        for refund in &words[1..] {
            for (id, _) in row(donation, &format!(r#","refundId":"{refund}""#)) {
                assert_eq!(ids.insert(id, (donation, refund)), None);
            }
        }
    }
}

#[test]
fn a_row_that_tells_of_a_campaign_and_of_no_donation_is_that() {
    let row = |more: &str| format!(r#"{{"campaignId":"c"{more}}}"#);
    let at = r#","timestamp":"2025-11-21T10:00:00Z""#;
    for told in [
        r#""title":"Wells""#,
        r#""goalAmount":100,"status":"DRAFT""#,
        r#""endDate":"2026-01-01""#,
    ] {
        let told = row(&format!(",{told}{at}"));
        assert_eq!(
            decoded(&told).unwrap(),
            [pair("backfill-campaign-1763719200000_c", "campaign.created")],
            "{told}"
        );
    }
    let named = row(&format!(r#","title":"Wells","eventId":"e"{at}"#));
    assert_eq!(decoded(&named).unwrap(), [pair("e", "campaign.created")]);
    let changed = row(&format!(
        r#","eventType":"campaign.status_changed","newStatus":"ACTIVE","eventId":"e"{at}"#
    ));
    assert_eq!(decoded(&changed).unwrap(), [pair("e", "campaign.status_changed")]);
    // Without a time what it says would win over all that was said before the run.
    assert_eq!(
        decoded(&row(r#","title":"Wells""#)).unwrap_err().code,
        "MISSING_FIELD"
    );
    assert_eq!(decoded(&row(at)).unwrap_err().code, "MISSING_FIELD");
    // A donation may come with what is known of its campaign.
    let donation = bare(r#","title":"Wells","goalAmount":100"#);
    assert_eq!(
        decoded(&donation).unwrap(),
        [pair("backfill_d", "donation.created")]
    );
}
