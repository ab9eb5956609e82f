use super::*;

const HEADER: &str = "donationId,campaignId,amount,timestamp";

fn read(file: &str, columns: &[&str]) -> Result<Vec<(u64, String)>, String> {
    let columns: Vec<Column> = columns.iter().map(|text| text.parse().unwrap()).collect();
    let mut table = Table::new(file.as_bytes(), &columns)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next()? {
        let text = match row.object {
            Object::Made(text) | Object::Unreadable(text) => text,
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
