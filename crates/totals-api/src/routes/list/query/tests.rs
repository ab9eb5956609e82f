//! What a list may be asked for, and what callers are told that may not.

use super::*;

fn parse(query: &str) -> Result<ListQuery, String> {
    let parameters = Parameters::of(&format!("/?{query}").parse().unwrap()).unwrap();
    ListQuery::parse(&parameters).map_err(|error| error.to_string())
}

fn defaults() -> PageQuery {
    PageQuery {
        limit: 20,
        offset: 0,
        cursor: None,
        sort_by: SortBy::TotalAmount,
        sort_order: SortOrder::Descending,
    }
}

/// A list by `lastUpdated`, ascending, and the cursor behind its first page.
fn walk() -> (PageQuery, String) {
    let position = Position {
        value: 1_732_185_000_000,
        campaign: "camp_1".try_into().unwrap(),
    };
    let first = PageQuery {
        sort_by: SortBy::LastUpdated,
        sort_order: SortOrder::Ascending,
        ..defaults()
    };
    let cursor = first.next_cursor(position.clone());
    let second = PageQuery {
        cursor: Some(position),
        ..first
    };
    (second, cursor)
}

#[test]
fn what_is_not_given_has_its_default() {
    assert_eq!(parse(""), Ok(ListQuery::Page(defaults())));
    assert_eq!(parse("utm_source=letter&_=17"), Ok(ListQuery::Page(defaults())));
    assert_eq!(
        parse("limit=100&offset=2147483647&sortBy=lastUpdated&sortOrder=asc"),
        Ok(ListQuery::Page(PageQuery {
            limit: 100,
            offset: 2_147_483_647,
            cursor: None,
            sort_by: SortBy::LastUpdated,
            sort_order: SortOrder::Ascending,
        }))
    );
}

#[test]
fn a_cursor_brings_its_order_along() {
    let (second, cursor) = walk();
    for agreeing in [
        "",
        "&sortBy=lastUpdated",
        "&sortOrder=asc",
        "&sortBy=lastUpdated&sortOrder=asc",
    ] {
        let query = format!("cursor={cursor}{agreeing}");
        assert_eq!(parse(&query), Ok(ListQuery::Page(second.clone())), "{query}");
    }
}

#[test]
fn a_message_says_what_does_not_go_together() {
    let (_, cursor) = walk();
    for (query, message) in [
        (
            format!("cursor={cursor}&sortBy=totalDonors"),
            "sortBy `totalDonors` contradicts cursor, which is of a list with sortBy `lastUpdated`: leave sortBy \
             out, or start without a cursor",
        ),
        (
            format!("cursor={cursor}&sortOrder=desc"),
            "sortOrder `desc` contradicts cursor, which is of a list with sortOrder `asc`: leave sortOrder out, \
             or start without a cursor",
        ),
        (
            format!("cursor={cursor}&offset=0"),
            "cursor cannot be combined with offset: leave one of them out",
        ),
        (
            format!("cursor={}", &cursor[1..]),
            "cursor must be a nextCursor that this service gave out",
        ),
        (
            "cursor=".to_owned(),
            "cursor must be a nextCursor that this service gave out",
        ),
        (
            format!("cursor={cursor}&cursor={cursor}"),
            "cursor must be given at most once",
        ),
        (
            "ids=a&limit=5".to_owned(),
            "ids cannot be combined with limit: leave one of them out",
        ),
        (
            "sortOrder=asc&ids=a".to_owned(),
            "ids cannot be combined with sortOrder: leave one of them out",
        ),
        (
            "offset=0&ids=a".to_owned(),
            "ids cannot be combined with offset: leave one of them out",
        ),
        (
            "sortBy=totalDonors&ids=a".to_owned(),
            "ids cannot be combined with sortBy: leave one of them out",
        ),
        (
            format!("ids=a&cursor={cursor}"),
            "ids cannot be combined with cursor: leave one of them out",
        ),
    ] {
        assert_eq!(parse(&query), Err(message.to_owned()), "{query}");
    }
}

#[test]
fn a_message_names_the_parameter_what_it_allows_and_what_was_sent() {
    for (query, message) in [
        (
            "limit=abc",
            "limit must be a whole number from 1 to 100, got `abc`",
        ),
        ("limit=0", "limit must be a whole number from 1 to 100, got `0`"),
        (
            "limit=101",
            "limit must be a whole number from 1 to 100, got `101`",
        ),
        ("limit=", "limit must be a whole number from 1 to 100, got ``"),
        (
            "limit=%2B5",
            "limit must be a whole number from 1 to 100, got `+5`",
        ),
        (
            "limit=1.0",
            "limit must be a whole number from 1 to 100, got `1.0`",
        ),
        ("limit=%FF", "limit must be percent-encoded UTF-8"),
        ("limit=5&limit=5", "limit must be given at most once"),
        (
            "offset=-1",
            "offset must be a whole number from 0 to 2147483647, got `-1`",
        ),
        (
            "sortBy=amount",
            "sortBy must be one of totalAmount, totalPledges, totalDonors, lastUpdated, got `amount`",
        ),
        ("sortOrder=DESC", "sortOrder must be one of asc, desc, got `DESC`"),
    ] {
        assert_eq!(parse(query), Err(message.to_owned()), "{query}");
    }
}

#[test]
fn a_message_shows_the_start_of_an_endless_value() {
    let message = parse(&format!("limit={}", "9".repeat(60_000))).unwrap_err();
    assert!(message.len() < 200, "{message}");
}
