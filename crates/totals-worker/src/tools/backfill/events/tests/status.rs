//! What rows say of their own state.

use super::*;

#[test]
fn a_row_that_says_that_it_was_not_paid_or_was_refunded_is_no_whole_donation() {
    for (more, code, told) in [
        (r#","status":"FAILED""#, "NOT_PAID", "status says FAILED"),
        (r#","status":"pending""#, "NOT_PAID", "status says pending"),
        (
            r#","paymentStatus":"Cancelled""#,
            "NOT_PAID",
            "paymentStatus says Cancelled",
        ),
        (
            r#","status":"PAID","paymentStatus":"declined""#,
            "NOT_PAID",
            "declined",
        ),
        (r#","status":"FAILED","refundedAmount":5"#, "NOT_PAID", "FAILED"),
        (
            r#","eventType":"donation.refunded","refundId":"r","status":"failed""#,
            "NOT_PAID",
            "failed",
        ),
        (
            r#","status":"REFUNDED""#,
            "CONTRADICTORY_ROW",
            "no refundedAmount",
        ),
        (
            r#","status":"partially_refunded","refundedAmount":0"#,
            "CONTRADICTORY_ROW",
            "no refundedAmount",
        ),
        (r#","refunded":true"#, "CONTRADICTORY_ROW", "refunded says true"),
        (
            r#","isRefunded":"Yes""#,
            "CONTRADICTORY_ROW",
            "isRefunded says Yes",
        ),
        (
            r#","refundedAt":"2025-11-21""#,
            "CONTRADICTORY_ROW",
            "refundedAt says 2025-11-21",
        ),
        (r#","refunded":2.5"#, "AMBIGUOUS_ROW", "is a refundedAmount"),
        (r#","status":"thanked""#, "AMBIGUOUS_ROW", "status says `thanked`"),
        (r#","status":3"#, "AMBIGUOUS_ROW", "status says `3`"),
        (r#","status":true"#, "INVALID_FIELD", "status must be a string"),
        (r#","Status":"FAILED""#, "AMBIGUOUS_ROW", "looks like status"),
    ] {
        let reason = decoded(&bare(more)).unwrap_err();
        assert!(
            reason.code == code && reason.text.contains(told),
            "{more}: {reason:?}"
        );
    }
    let created = || pair("backfill_d", "donation.created");
    for more in [
        r#","status":"PAID""#,
        r#","status":"completed","paymentStatus":"Succeeded","refunded":false,"refundedAt":null"#,
        r#","status":"CAPTURED","isRefunded":"0""#,
        r#","status":"confirmed","refunded":"no","refundedAt":"""#,
        r#","status":null,"thanks":"pending""#,
    ] {
        assert_eq!(decoded(&bare(more)).unwrap(), [created()], "{more}");
    }
    let both = [created(), pair("backfill-refund_d", "donation.refunded")];
    for more in [
        r#","status":"REFUNDED""#,
        r#","refunded":true"#,
        r#","refundedAt":"2025-11-21","status":"PAID""#,
    ] {
        assert_eq!(
            decoded(&bare(&format!(r#"{more},"refundedAmount":"5""#))).unwrap(),
            both,
            "{more}"
        );
    }
    let refund = r#","eventType":"donation.refunded","refundId":"r","status":"REFUNDED""#;
    assert_eq!(decoded(&bare(refund)).unwrap().len(), 1);
}

#[test]
fn a_state_is_read_by_whatever_name_the_table_has_for_it() {
    for more in [
        r#","order_status":"failed""#,
        r#","Donation Status":"PENDING""#,
        r#","transactionStatus":"Pre-Paid","orderSTATUS2":"cancelled""#,
        r#","transactionStatus":"paid","transactionStatus":"failed""#,
        r#","paid":false"#,
        r#","is_paid":0"#,
        r#","isPaid":"No""#,
        r#","Success":"f""#,
        r#","successful":"FALSE""#,
        r#","paid":"0.00""#,
        r#","paid":"pending""#,
        r#","cancelled":true"#,
        r#","canceled_at":"2025-11-21""#,
        r#","isVoided":1"#,
        r#","deletedAt":{"$date":"2025-11-21T10:00:00Z"}"#,
        r#","Deleted At":1763719200000"#,
        r#","FAILED":"yes""#,
        r#","isFailed":"card declined""#,
        r#","chargeback":"t""#,
    ] {
        let more = &more.replace("Pre-Paid", "PA-ID");
        let reason = decoded(&bare(more)).unwrap_err();
        assert_eq!(reason.code, "NOT_PAID", "{more}: {reason:?}");
    }
    for more in [
        r#","status":"!paid""#,
        r#","status":"PAID?""#,
        r#","status":"p.a.i.d""#,
        r#","status":"-""#,
        r#","order_status":"thanked""#,
    ] {
        let reason = decoded(&bare(more)).unwrap_err();
        assert_eq!(reason.code, "AMBIGUOUS_ROW", "{more}: {reason:?}");
    }
    for more in [
        r#","order_status":"Paid","paid":true,"isSuccess":"yes","successful":null,"success":"""#,
        r#","cancelled":false,"canceledAt":null,"voided":"","isDeleted":0,"failed":"no","chargeback":"0.00""#,
        r#","deletedAt":"0000-00-00 00:00:00","failed_at":" ","order_status":" ""#,
        r#","state":"FAILED","statusText":"failed","repaid":false,"failures":1,"paid":"2025-11-21""#,
    ] {
        assert_eq!(decoded(&bare(more)).unwrap().len(), 1, "{more}");
    }
    let refunded = r#","order_status":"refunded""#;
    assert_eq!(decoded(&bare(refunded)).unwrap_err().code, "CONTRADICTORY_ROW");
}

#[test]
fn an_event_in_its_envelope_is_read_as_the_worker_reads_it() {
    let payload = bare(r#","status":"FAILED","paid":false"#);
    let envelope =
        format!(r#"{{"eventId":"e","eventType":"donation.created","status":"FAILED","payload":{payload}}}"#);
    assert_eq!(decoded(&envelope).unwrap(), [pair("e", "donation.created")]);
}
