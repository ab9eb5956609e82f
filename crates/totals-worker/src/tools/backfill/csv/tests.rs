mod spelling;

use super::*;

const HEADER: &str = "donationId,campaignId,amount,timestamp";

fn read(file: &str, columns: &[&str]) -> Result<Vec<(u64, String)>, String> {
    let columns = columns.iter().map(|text| text.parse().unwrap()).collect();
    let options = TableOptions {
        columns,
        ..TableOptions::default()
    };
    read_as(file, &options)
}

fn read_as(file: &str, options: &TableOptions) -> Result<Vec<(u64, String)>, String> {
    let mut table = Table::new(file.as_bytes(), options)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next()? {
        assert!(!row.original.ends_with(b"\n") && !row.original.ends_with(b"\r"));
        let text = match row.object {
            Object::Made(text) | Object::Unreadable(_, text) => text,
            Object::Line => unreachable!("a record is no object"),
        };
        rows.push((row.line, text));
    }
    Ok(rows)
}

#[test]
fn a_record_becomes_an_object_whatever_its_line_ends_and_quotes() {
    let file = format!(
        "\u{feff}{HEADER},isGuest,note\r\nd1,c,1.50,t,YES,\"two\nlines, \"\"quoted\"\"\"\r\nd2,c,2,t,,\r\n\r\nd3,c,3,t,,\r\n"
    );
    let rows = read(&file, &[]).unwrap();
    let first: Value = serde_json::from_str(&rows[0].1).unwrap();
    let expected = serde_json::json!({ "donationId": "d1", "campaignId": "c", "amount": "1.50", "timestamp": "t",
        "isGuest": true, "note": "two\nlines, \"quoted\"" });
    assert_eq!((rows[0].0, first), (2, expected));
    let second = r#"{"amount":"2","campaignId":"c","donationId":"d2","timestamp":"t"}"#;
    assert_eq!(rows[1], (4, second.to_owned()));
    assert_eq!((rows.len(), rows[2].0), (3, 6));
}

#[test]
fn columns_go_by_other_names_if_told() {
    let file = "id,campaignId,amount,total_usd,timestamp\nd,c,wrong,3,t\n";
    let rows = read(file, &["donationId=id", "amount=total_usd"]).unwrap();
    let object = r#"{"amount":"3","campaignId":"c","donationId":"d","timestamp":"t"}"#;
    assert_eq!(rows, [(2, object.to_owned())]);
    assert!(
        "sum=total"
            .parse::<Column>()
            .unwrap_err()
            .contains("the fields are donationId, ")
    );
}

#[test]
fn what_is_missing_is_named_with_its_remedy() {
    let error = read("donationId,campaign,amount\n", &[]).unwrap_err();
    assert_eq!(
        error,
        "there is no column `campaignId` for campaignId (columns: donationId, campaign, amount); name the one \
         that holds it with --column campaignId=COLUMN"
    );
    assert!(
        read(HEADER, &["donorId=who"])
            .unwrap_err()
            .contains("no column `who` for donorId")
    );
    assert!(read("", &[]).unwrap_err().contains("no header row"));
    let rows = read(&format!("{HEADER}\nd1,c\nd2,c,1,t\n"), &[]).unwrap();
    assert_eq!(rows[0], (2, "the row has 2 fields, the header 4".to_owned()));
    assert_eq!(rows[1].0, 3);
}

#[test]
fn a_quote_left_open_does_not_take_in_the_whole_file() {
    let file = format!("{HEADER}\nd1,c,1,\"t\n{}", "d2,c,1,t\n".repeat(MAX_ROW_BYTES / 4));
    let error = read(&file, &[]).unwrap_err();
    assert!(
        error.starts_with("line 2: ") && error.contains("is a quote left open?"),
        "{error}"
    );
}

#[test]
fn a_quote_left_open_or_not_doubled_is_told() {
    let error = read(&format!("{HEADER},note\nd1,c,1,t,\"open\nd2,c,1,t,\n"), &[]).unwrap_err();
    assert!(
        error.starts_with("line 2: ") && error.contains("is never closed"),
        "{error}"
    );

    // Closed by the quote of a later row.
    let file = format!(
        "{HEADER},note\nd1,c,1,t,\"open\nd2,c,1,t,\"note\"\nd3,c,1,t,\"a \"\"b\"\"\"\nd4,c,1,t,5\" pipe\n"
    );
    let rows = read(&file, &[]).unwrap();
    assert!(
        rows[0].1.starts_with("text follows the closing quote of field 5"),
        "{rows:?}"
    );
    assert_eq!((rows[1].0, rows[2].0), (4, 5));
    assert!(rows[1].1.contains(r#""note":"a \"b\"""#), "{rows:?}");
    assert!(rows[2].1.contains(r#""note":"5\" pipe""#), "{rows:?}");
}

#[test]
fn white_space_around_a_value_is_no_part_of_it_in_quotes_or_not() {
    let value = |text: &str| {
        let rows = read(&format!("{HEADER},note\nd,c,1,t,{text}\n"), &[]).unwrap();
        let object: Result<Value, _> = serde_json::from_str(&rows[0].1);
        object.map_err(|_| rows[0].1.clone())
    };
    for text in [
        "a b",
        " a b ",
        "\ta b\u{a0}",
        "\"a b\"",
        " \"a b\" ",
        "\u{3000}\"a b\"\u{a0}",
        "\" a b\"",
        "\"\na b\"",
    ] {
        assert_eq!(value(text).unwrap()["note"], "a b", "{text:?}");
    }
    assert_eq!(value("\u{a0}\"a, \"\"b\"\"\"").unwrap()["note"], "a, \"b\"");
    for nothing in ["", "  ", " \"\" ", "\" \""] {
        assert!(value(nothing).unwrap().get("note").is_none(), "{nothing:?}");
    }
    for text in ["\"a\" b", " \"a\" \"b\"", "\"a\"\u{a0}b"] {
        let problem = value(text).unwrap_err();
        assert!(
            problem.starts_with("text follows the closing quote of field 5"),
            "{text:?}: {problem}"
        );
    }
    assert_eq!(value("a \"b\"").unwrap()["note"], "a \"b\"");
    // Quotes in the header as well, and nothing that is asked about for the sake of a space.
    let rows = read(
        "\"donationId\" , \"campaignId\",amount , timestamp, \"isGuest\"\nd,c,1, NULL , yes\n",
        &[],
    );
    let object = r#"{"amount":"1","campaignId":"c","donationId":"d","isGuest":true}"#;
    assert_eq!(rows.unwrap(), [(2, object.to_owned())]);
}

#[test]
fn a_table_may_end_its_lines_with_carriage_returns_alone() {
    let rows = read(&format!("{HEADER}\rd1,c,1,t\r\rd2,c,2,\"t\ru\"\r"), &[]).unwrap();
    assert_eq!((rows.len(), rows[0].0, rows[1].0), (2, 2, 4));
    assert!(rows[1].1.contains(r#""timestamp":"t\ru""#), "{rows:?}");
}

#[test]
fn what_databases_write_for_nothing_is_absent() {
    let rows = read(
        &format!("{HEADER},donorId,isGuest,note,deleted_at\nd1,c,1,t,NULL,\\N,NULL,NULL\n"),
        &[],
    )
    .unwrap();
    let object = r#"{"amount":"1","campaignId":"c","donationId":"d1","note":"NULL","timestamp":"t"}"#;
    assert_eq!(rows[0].1, object);
}

#[test]
fn no_column_is_taken_for_two_fields_nor_two_for_one() {
    let refused = |header: &str, columns: &[&str]| read(header, columns).unwrap_err();
    for (header, columns, told) in [
        (
            HEADER,
            ["amount=a", "amount=b"].as_slice(),
            "two columns for amount",
        ),
        (
            HEADER,
            &["donorId=who", "donationId=who"],
            "`who` for both donorId and donationId",
        ),
        (
            HEADER,
            &["donorId=donationId"],
            "`donationId` was named for donorId",
        ),
        (
            "donationId,campaignId,amount,amount,timestamp",
            &[],
            "2 columns `amount`",
        ),
        (
            "id,campaignId,amount,timestamp,id",
            &["donationId=id"],
            "2 columns `id`",
        ),
        (
            "donationId,campaignId,amount,timestamp,Event Type",
            &[],
            "--column eventType=Event Type",
        ),
        (
            "donationId,campaignId,amount,timestamp,donor_id",
            &[],
            "--column donorId=donor_id",
        ),
        (
            "donationId,campaignId,amount,timestamp,Currency",
            &[],
            "--column currency=Currency",
        ),
        (
            "donationId,campaignId,amount,timestamp,payment_id",
            &[],
            "--column paymentId=payment_id",
        ),
        (
            "donationId,campaignId,amount,Timestamp",
            &[],
            "--column timestamp=Timestamp",
        ),
        (
            "donationId,campaignId,amount,Payment Status",
            &[],
            "--column paymentStatus=Payment Status",
        ),
    ] {
        let error = refused(header, columns);
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_table_may_say_nothing_of_times() {
    let rows = read("donationId,campaignId,amount\nd,c,1\n", &[]).unwrap();
    let object = r#"{"amount":"1","campaignId":"c","donationId":"d"}"#;
    assert_eq!(rows, [(2, object.to_owned())]);
}

#[test]
fn a_table_of_campaigns_needs_neither_donations_nor_amounts() {
    let file = "id,title,goal,status\nc,Wells,100.50,DRAFT\n";
    let rows = read(file, &["campaignId=id", "goalAmount=goal"]).unwrap();
    let object = r#"{"campaignId":"c","goalAmount":"100.50","status":"DRAFT","title":"Wells"}"#;
    assert_eq!(rows, [(2, object.to_owned())]);
    assert!(
        read("id,title\nc,Wells\n", &[])
            .unwrap_err()
            .contains("no column `campaignId`")
    );
    // A title beside a donation makes no campaign of it.
    assert!(
        read("donationId,campaignId,title\nd,c,Wells\n", &[])
            .unwrap_err()
            .contains("no column `amount`")
    );
}

#[test]
fn a_field_has_the_column_that_was_named_for_it_and_no_column_is_lost() {
    let file = format!("{HEADER},Currency\nd1,c,1,t,EUR\n");
    let rows = read(&file, &["currency=Currency"]).unwrap();
    assert!(rows[0].1.contains(r#""currency":"EUR""#), "{rows:?}");
    let file = format!("{HEADER},eventId,note,note,\nd1,c,1,t,r1,a,b,\n");
    let rows = read(&file, &["refundId=eventId"]).unwrap();
    assert!(
        rows[0].1.contains(r#""note":"a","note_2":"b","refundId":"r1""#),
        "{rows:?}"
    );
}
