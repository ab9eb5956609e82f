//! CloudEvents, in either mode, beside the bare payloads that they carry.

use super::*;

const DATA: &str = r#"{"donationId":"d1","campaignId":"c1","amount":50.25,"donorId":"u1"}"#;
const HEADERS: [(&str, &str); 5] = [
    ("cloudEvents:specversion", "1.0"),
    ("cloudEvents:id", "A-1"),
    ("cloudEvents:source", "/donations"),
    ("cloudEvents:type", "org.example.donation.created"),
    ("cloudEvents:time", "2025-11-21T10:00:00Z"),
];

fn structured() -> String {
    format!(
        r#"{{"specversion":"1.0","id":"A-1","source":"/donations","type":"org.example.donation.created",
            "time":"2025-11-21T10:00:00Z","datacontenttype":"application/json","data":{DATA}}}"#
    )
}

fn in_body(body: &str, routing_key: &str) -> Result<Event, Invalid> {
    let received = Received::new(body.as_bytes(), routing_key);
    let content_type = Some("application/cloudevents+json; charset=utf-8");
    decode(
        &Received {
            content_type,
            ..received
        },
        usd(),
    )
}

fn in_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &str,
) -> Result<Event, Invalid> {
    let headers = headers.into_iter().map(|(name, value)| (name, value.into()));
    let cloud_event = CloudEventHeaders::find(headers);
    let received = Received::new(body.as_bytes(), "donation.created");
    decode(
        &Received {
            cloud_event,
            ..received
        },
        usd(),
    )
}

fn refusal(answer: Result<Event, Invalid>) -> (InvalidCode, String) {
    let invalid = answer.unwrap_err();
    (invalid.code, invalid.message)
}

#[test]
fn an_event_is_the_same_in_either_mode() {
    let event = in_body(&structured(), "donation.created").unwrap();
    assert_eq!(event.id.as_str(), "cloudevent_10_/donations_A-1");
    assert_eq!(event.occurred_at.to_string(), "2025-11-21T10:00:00.000Z");
    assert_eq!(event.payload.get(), DATA);
    let bare = decoded(DATA, "donation.created");
    assert_eq!(event.kind, bare.kind);
    let underscored = HEADERS.map(|(name, value)| (name.replace(':', "_"), value));
    let underscored = underscored.iter().map(|(name, value)| (name.as_str(), *value));
    let base64 = structured().replace(
        &format!("\"data\":{DATA}"),
        "\"data_base64\":\"eyJkb25hdGlvbklkIjoiZDEiLCJjYW1wYWlnbklkIjoiYzEiLCJhbW91bnQiOjUwLjI1LCJkb25vcklkIjoidTEifQ==\"",
    );
    for other in [
        in_headers(HEADERS, DATA),
        in_headers(underscored, DATA),
        in_body(&base64, "some-queue"),
        // Its content type says nothing: the body does.
        decode(&Received::new(structured().as_bytes(), ""), usd()),
        in_body(&structured().replace("org.example.donation", "donation"), ""),
    ] {
        let other = other.unwrap();
        assert_eq!((&other.id, &other.kind), (&event.id, &event.kind));
        assert_eq!(other.occurred_at, event.occurred_at);
        assert_eq!(other.content_hash(), event.content_hash());
        assert_eq!(other.payload.get(), DATA);
    }
}

#[test]
fn source_and_id_together_name_it() {
    let id = |source: &str, id: &str| {
        let body = structured().replace("/donations", source).replace("A-1", id);
        in_body(&body, "").unwrap().id
    };
    assert_ne!(id("a", "b"), id("a", "c"));
    assert_ne!(id("a", "b"), id("c", "b"));
    assert_ne!(id("a_b", "c"), id("a", "b_c"));
    let long = "x".repeat(300);
    assert_ne!(id(&long, "a"), id(&long, "b"));
    assert_eq!(id(&long, "a"), id(&long, "a"));
    assert_ne!(id(&long, "aa"), id(&format!("{long}a"), "a"));
}

#[test]
fn an_attribute_in_a_header_has_a_limit() {
    for name in ["id", "source", "type", "time"] {
        let with = |length: usize| {
            // A time may have as many zeros before it as it likes, and a type as many words.
            let filler = if name == "time" { "0" } else { "x" };
            let end = match name {
                "type" => ".donation.created",
                "time" => "1763719200",
                _ => "",
            };
            let value = filler.repeat(length - end.len()) + end;
            let others = HEADERS
                .into_iter()
                .filter(|(header, _)| !header.ends_with(&format!(":{name}")));
            let header = format!("cloudEvents:{name}");
            in_headers(others.chain([(header.as_str(), value.as_str())]), DATA)
        };
        with(MAX_ATTRIBUTE_BYTES).unwrap();
        let (code, text) = refusal(with(MAX_ATTRIBUTE_BYTES + 1));
        assert_eq!(code, InvalidCode::InvalidField, "{name}");
        assert!(text.contains("at most 4096 bytes"), "{name}: {text}");
    }
}

#[test]
fn an_event_that_is_not_complete_is_refused_with_all_that_it_lacks() {
    use InvalidCode as Code;
    let without = |names: &[&str]| {
        let kept = HEADERS
            .into_iter()
            .filter(|(name, _)| !names.iter().any(|none| name.ends_with(none)));
        in_headers(kept, DATA)
    };
    let missing = |names: &str| (Code::MissingField, format!("the CloudEvent lacks {names}"));
    assert_eq!(refusal(without(&["specversion"])), missing("specversion"));
    assert_eq!(refusal(without(&[":id", "source"])), missing("id, source"));
    assert_eq!(refusal(without(&["type"])), missing("type"));
    without(&["time"]).unwrap();
    assert_eq!(
        without(&["type"]).unwrap_err().subject.event_id.unwrap().as_str(),
        "cloudevent_10_/donations_A-1"
    );
    let declared = in_body(r#"{"hello":"world"}"#, "donation.created");
    assert_eq!(refusal(declared), missing("specversion, id, source, type"));

    let altered = |from: &str, to: &str| {
        let body = structured().replace(from, to);
        assert_ne!(body, structured());
        refusal(in_body(&body, "donation.created"))
    };
    let field = |text: &str| (Code::InvalidField, text.to_owned());
    assert_eq!(
        altered("\"1.0\"", "\"0.3\""),
        field("specversion must be 1.0, got `0.3`")
    );
    assert_eq!(
        altered("\"1.0\"", "1.0"),
        field("specversion must be a string, got `1.0`")
    );
    assert_eq!(altered("\"A-1\"", "\"\""), field("id must not be empty, got ``"));
    assert_eq!(altered("\"A-1\"", "7"), field("id must be a string, got `7`"));
    assert_eq!(
        altered(&format!(",\"data\":{DATA}"), ""),
        (Code::MissingField, "data is missing".to_owned())
    );
    assert_eq!(
        altered(DATA, "[1]"),
        (
            Code::InvalidJson,
            "payload must be a JSON object, got `[1]`".to_owned()
        )
    );
    assert_eq!(
        altered(&format!("\"data\":{DATA}"), "\"data_base64\":\"#\""),
        field("data_base64 must be a JSON object in Base64, got `#`")
    );
    assert_eq!(
        altered("\"data\"", "\"data_base64\":\"e30=\",\"data\"").0,
        Code::InvalidField
    );
    assert_eq!(altered("2025-11-21T10:00:00Z", "noon").0, Code::InvalidField);
    assert_eq!(altered("\"id\"", "\"id\":\"A-2\",\"id\"").0, Code::InvalidJson);
    assert_eq!(
        altered("donation.created", "donation.eaten").0,
        Code::UnknownEventType
    );
    assert_eq!(
        altered("org.example.donation.created", "mydonation.created").0,
        Code::UnknownEventType
    );
    let mismatch = refusal(in_body(&structured(), "donation.refunded"));
    let reason = "eventType is donation.created, but the routing key is donation.refunded";
    assert_eq!(mismatch, (Code::EventTypeMismatch, reason.to_owned()));
}

#[test]
fn what_was_an_event_before_stays_the_event_that_it_was() {
    // An envelope, whatever is around it.
    let headed = in_headers(HEADERS, CREATED).unwrap();
    assert_eq!((headed.id.as_str(), headed.former_id), ("e1", None));
    let declared = in_body(CREATED, "donation.created").unwrap();
    assert_eq!(declared.id.as_str(), "e1");
    let versioned = decoded(&CREATED.replacen('{', r#"{"specversion":"1.0","#, 1), "");
    assert_eq!(versioned.id.as_str(), "e1");

    // A CloudEvent has the id that its attributes make, and no other.
    let named = DATA.replacen('{', r#"{"eventId":"own","#, 1);
    let event = in_headers(HEADERS, &named).unwrap();
    assert_eq!(event.id, in_headers(HEADERS, DATA).unwrap().id);
    assert_eq!(event.former_id, None);
}
