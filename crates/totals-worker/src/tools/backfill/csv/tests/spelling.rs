//! Separators, decimal commas and encodings.

use super::*;

#[test]
fn columns_are_separated_by_what_the_header_row_has_or_by_what_the_operator_says() {
    let object = r#"{"amount":"1.50","campaignId":"c","donationId":"d","note":"a, b; c","timestamp":"t"}"#;
    let expected = [(2, object.to_owned())];
    for separator in [",", ";", "\t"] {
        let file = format!("{HEADER},note\nd,c,1.50,t,\"a, b; c\"\n").replace(',', separator);
        let file = file.replace(&format!("\"a{separator} b; c\""), "\"a, b; c\"");
        assert_eq!(read(&file, &[]).unwrap(), expected, "{separator:?}");
    }
    let file = format!("{HEADER};first, last\nd;c;1.50;t;a, b\n").replacen(',', ";", 3);
    let error = read(&file, &[]).unwrap_err();
    assert!(
        error.contains("--separator comma or --separator semicolon"),
        "{error}"
    );
    let options = TableOptions {
        separator: Some(Separator::Semicolon),
        ..TableOptions::default()
    };
    let rows = read_as(&file, &options).unwrap();
    assert!(rows[0].1.contains(r#""first, last":"a, b""#), "{rows:?}");
}

#[test]
fn a_first_line_may_declare_the_separator_and_is_no_header_row() {
    let table = "donationId;campaignId;amount;first, last\r\nd;c;1;a, b\r\n";
    for declaration in ["sep=;", "\"sep=;\"", "\u{feff}sep=;"] {
        let rows = read(&format!("{declaration}\r\n{table}"), &[]).unwrap();
        assert_eq!(rows.len(), 1);
        assert!(
            rows[0].0 == 3 && rows[0].1.contains(r#""first, last":"a, b""#),
            "{rows:?}"
        );
    }
    let options = TableOptions {
        separator: Some(Separator::Semicolon),
        ..TableOptions::default()
    };
    assert_eq!(
        read_as(&format!("sep=,\n{table}"), &options).unwrap().len(),
        1,
        "the operator knows better"
    );
    let error = read(&format!("sep=|\n{table}"), &[]).unwrap_err();
    assert!(error.contains("declares the separator `|`"), "{error}");
    assert!(read("sep=;\n", &[]).unwrap_err().contains("no header row"));
}

#[test]
fn decimal_commas_are_read_if_the_operator_says_so_and_never_shift_a_column() {
    let options = TableOptions {
        decimal_comma: true,
        ..TableOptions::default()
    };
    let header = HEADER.replace(',', ";");
    let rows = read_as(&format!("{header}\nd;c;1234,56;t\nd;c;1.234,56;t\n"), &options).unwrap();
    let object = r#"{"amount":"1234.56","campaignId":"c","donationId":"d","timestamp":"t"}"#;
    assert_eq!(rows[0], (2, object.to_owned()));
    assert!(
        rows[1].1.starts_with("amount must have one comma and no point"),
        "{rows:?}"
    );

    // The last row has lost its empty note, and as many fields as the header.
    let header = "donationId,campaignId,timestamp,amount,note";
    let file = format!("{header}\nd,c,t,\"12,50\",n\nd,c,t,12,50,n\nd,c,t,12,50\n");
    let rows = read_as(&file, &options).unwrap();
    assert!(rows[0].1.contains(r#""amount":"12.50""#), "{rows:?}");
    assert_eq!(rows[1].1, "the row has 6 fields, the header 5");
    assert!(
        rows[2].1.starts_with("amount is not in quotes, got 12"),
        "{rows:?}"
    );

    let rows = read(&format!("{HEADER}\nd,c,\"12,50\",t\n"), &[]).unwrap();
    assert!(rows[0].1.contains("add --decimal-comma"), "{rows:?}");
}

#[test]
fn a_file_in_utf_16_is_refused_with_its_remedy() {
    let text = format!("{HEADER}\r\nd,c,1,t\r\n");
    for mark in ["\u{feff}", ""] {
        let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for file in [little, big] {
            let error = Table::new(file.as_slice(), &TableOptions::default())
                .err()
                .unwrap();
            assert!(error.contains("iconv -f UTF-16 -t UTF-8"), "{error}");
        }
    }
}
