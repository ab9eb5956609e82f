use super::*;

/// The answer to a query at noon of 21 November 2025: how many intervals, the start of the first, and the end of the last.
fn parse(query: &str) -> Result<(usize, String, String), String> {
    let parameters = Parameters::of(&format!("/?{query}").parse().unwrap()).unwrap();
    let now = "2025-11-21T12:00:00.5Z".parse().unwrap();
    let HistoryQuery(intervals) = HistoryQuery::parse(&parameters, now).map_err(|error| error.to_string())?;
    let show = |moment| intervals.calendar.show(moment);
    Ok((
        intervals.starts.len(),
        show(intervals.starts[0]),
        show(intervals.end),
    ))
}

/// How many intervals a query has, the start of the first, and the end of the last.
const INTERVALS_OF: &[(&str, usize, &str, &str)] = &[
    ("", 30, "2025-10-23T00:00:00+00:00", "2025-11-22T00:00:00+00:00"),
    (
        "interval=hour",
        30,
        "2025-11-20T07:00:00+00:00",
        "2025-11-21T13:00:00+00:00",
    ),
    (
        "interval=quarter",
        30,
        "2025-11-21T04:45:00+00:00",
        "2025-11-21T12:15:00+00:00",
    ),
    (
        "interval=week",
        30,
        "2025-04-28T00:00:00+00:00",
        "2025-11-24T00:00:00+00:00",
    ),
    (
        "interval=month",
        30,
        "2023-06-01T00:00:00+00:00",
        "2025-12-01T00:00:00+00:00",
    ),
    (
        "timeZone=Europe/Berlin",
        30,
        "2025-10-23T00:00:00+02:00",
        "2025-11-22T00:00:00+01:00",
    ),
    (
        "from=2025-11-20",
        2,
        "2025-11-20T00:00:00+00:00",
        "2025-11-22T00:00:00+00:00",
    ),
    (
        "to=2025-03-31&timeZone=europe/berlin",
        30,
        "2025-03-01T00:00:00+01:00",
        "2025-03-31T00:00:00+02:00",
    ),
    (
        "from=2025-01-01&to=2026-01-01&timeZone=Asia/Kolkata",
        365,
        "2025-01-01T00:00:00+05:30",
        "2026-01-01T00:00:00+05:30",
    ),
    // Before midnight of one day and after that of the next.
    (
        "from=2025-03-29T23:59&to=2025-03-31T00:01&timeZone=Europe/Berlin",
        3,
        "2025-03-29T00:00:00+01:00",
        "2025-04-01T00:00:00+02:00",
    ),
    (
        "from=2025-11-21T10:20:00Z&to=2025-11-21T10:30:00.001Z&interval=quarter",
        2,
        "2025-11-21T10:15:00+00:00",
        "2025-11-21T10:45:00+00:00",
    ),
    (
        "from=2025-11-20T23:30:00%2B01:00&to=2025-11-21&interval=hour",
        2,
        "2025-11-20T22:00:00+00:00",
        "2025-11-21T00:00:00+00:00",
    ),
    // A plus that is not encoded is a space.
    (
        "from=2025-11-20T23:30:00+01:00&to=2025-11-21&interval=hour",
        2,
        "2025-11-20T22:00:00+00:00",
        "2025-11-21T00:00:00+00:00",
    ),
    (
        "from=2025-11-20%2023:30&to=2025-11-21&interval=hour",
        1,
        "2025-11-20T23:00:00+00:00",
        "2025-11-21T00:00:00+00:00",
    ),
    (
        "from=1969-12-31T23:59:59.5Z&to=1970-01-01&interval=quarter",
        1,
        "1969-12-31T23:45:00+00:00",
        "1970-01-01T00:00:00+00:00",
    ),
    (
        "from=0001-01-01&to=0001-02-01",
        31,
        "0001-01-01T00:00:00+00:00",
        "0001-02-01T00:00:00+00:00",
    ),
    // There is nothing before the year 1.
    (
        "to=0001-03-15&interval=month",
        3,
        "0001-01-01T00:00:00+00:00",
        "0001-04-01T00:00:00+00:00",
    ),
    (
        "from=0001-01-01&to=0001-01-02&timeZone=Etc/GMT-14",
        1,
        "0001-01-01T00:00:00+14:00",
        "0001-01-02T00:00:00+14:00",
    ),
    (
        "from=9998-12-31&to=9998-12-31T23:59&interval=month",
        1,
        "9998-12-01T00:00:00+00:00",
        "9999-01-01T00:00:00+00:00",
    ),
];

#[test]
fn intervals_are_whole_and_have_all_from_the_one_moment_to_the_other() {
    for &(query, count, start, end) in INTERVALS_OF {
        assert_eq!(
            parse(query),
            Ok((count, start.to_owned(), end.to_owned())),
            "{query}"
        );
    }
}

#[test]
fn a_message_says_what_is_allowed_and_what_was_sent() {
    for (query, message) in [
        (
            "interval=year",
            "interval must be one of quarter, hour, day, week, month, got `year`",
        ),
        (
            "timeZone=Berlin",
            "timeZone must be a name of the IANA time zone database, such as UTC, Europe/Berlin or America/New_York; got `Berlin`",
        ),
        (
            "from=2025-11-21&to=2025-11-21",
            "from must be earlier than to, which is now if it is not sent; from is 2025-11-21T00:00:00+00:00, and to is 2025-11-21T00:00:00+00:00",
        ),
        (
            "from=2025-11-22",
            "from must be earlier than to, which is now if it is not sent; from is 2025-11-22T00:00:00+00:00, and to is 2025-11-21T12:00:00+00:00",
        ),
        (
            "from=2025-01-01&interval=hour&timeZone=Europe/Berlin",
            "an answer has at most 1000 intervals, and from 2025-01-01T00:00:00+01:00 to 2025-11-21T13:00:00+01:00 there are more \
             with interval `hour`: ask for longer intervals, or for one part after another",
        ),
        ("interval=day&interval=day", "interval must be given at most once"),
        (
            "timezone=Europe/Berlin",
            "there is no parameter `timezone`: the parameters are interval, from, to, timeZone",
        ),
    ] {
        assert_eq!(parse(query), Err(message.to_owned()), "{query}");
    }
    for text in [
        "",
        "yesterday",
        "2025-13-01",
        "2025-02-30",
        "2025-11-21T25:00",
        "2025-11-21T10:00[Europe/Berlin]",
        "0000-12-31",
        "9999-01-01",
        "-000001-01-01",
        "1763719200",
    ] {
        let message = parse(&format!("from={text}")).unwrap_err();
        let expected = format!(
            "from must be a date such as 2025-11-21, or a date and a time such as 2025-11-21T10:00 by the clocks of timeZone or \
             2025-11-21T10:00:00+01:00 with an offset, of the years 1 to 9998; got `{text}`"
        );
        assert_eq!(message, expected);
    }
}
