//! The lines of the input as messages.

use serde::Deserialize;

use crate::error::Error;

/// AMQP's limit for a routing key and a message id, in bytes.
const SHORT_STRING: usize = 255;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEvent<'a> {
    pub routing_key: String,
    /// The envelope's `eventId`, if it can be read.
    pub message_id: Option<String>,
    pub body: &'a [u8],
}

/// What we need of the envelope; all else is the worker's business.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    event_type: String,
    event_id: Option<String>,
}

/// All lines of `input` as messages; empty lines count as none. With `raw_key` any line will do.
pub fn parse<'a>(input: &str, bytes: &'a [u8], raw_key: Option<&str>) -> Result<Vec<SampleEvent<'a>>, Error> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .enumerate();
    let mut events = Vec::new();
    let mut bad = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        match event(line, raw_key) {
            Ok(event) => events.push(event),
            Err(problem) => bad.push((index + 1, problem)),
        }
    }
    let others = bad.len().saturating_sub(1);
    if let Some((line, problem)) = bad.into_iter().next() {
        return Err(Error::BadLine {
            input: input.to_owned(),
            line,
            problem,
            others,
        });
    }
    if events.is_empty() {
        return Err(Error::NoEvents(input.to_owned()));
    }
    Ok(events)
}

fn event<'a>(line: &'a [u8], raw_key: Option<&str>) -> Result<SampleEvent<'a>, String> {
    let envelope = serde_json::from_slice::<Envelope>(line);
    let (routing_key, message_id) = match (raw_key, envelope) {
        (Some(key), envelope) => (
            key.to_owned(),
            envelope.ok().and_then(|envelope| envelope.event_id),
        ),
        (None, Ok(envelope)) => (envelope.event_type, envelope.event_id),
        (None, Err(error)) if error.is_data() => {
            return Err(format!(
                "no usable envelope ({error}); --raw-key KEY publishes lines as they are"
            ));
        }
        (None, Err(error)) => return Err(format!("not JSON ({error})")),
    };
    if routing_key.len() > SHORT_STRING {
        return Err(format!(
            "eventType is longer than the {SHORT_STRING} bytes of a routing key"
        ));
    }
    let message_id = message_id.filter(|id| id.len() <= SHORT_STRING);
    Ok(SampleEvent {
        routing_key,
        message_id,
        body: line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_gives_key_and_id_and_the_line_is_the_body() {
        let line = br#"{"eventId":"e1","eventType":"donation.created","payload":{"amount":0.1}}"#;
        let input = [line.as_slice(), b"\r\n\n"].concat();
        let events = parse("f", &input, None).unwrap();
        let expected = SampleEvent {
            routing_key: "donation.created".into(),
            message_id: Some("e1".into()),
            body: line,
        };
        assert_eq!(events, [expected]);
    }

    #[test]
    fn the_first_bad_line_is_named_and_the_others_counted() {
        let input = b"{\"eventType\":\"a\"}\n\n{\"eventId\":\"x\"}\nnot json\n";
        let message = parse("events.ndjson", input, None).unwrap_err().to_string();
        assert!(
            message.starts_with("events.ndjson, line 3: no usable envelope"),
            "{message}"
        );
        assert!(
            message.contains("missing field `eventType`") && message.contains("--raw-key KEY"),
            "{message}"
        );
        assert!(
            message.ends_with("nothing was published (1 more line is unusable)"),
            "{message}"
        );
    }

    #[test]
    fn with_a_raw_key_anything_is_a_message() {
        let input = b"not json\n\xff\xfe\n{\"eventType\":\"other\",\"eventId\":\"e1\"}";
        let events = parse("f", input, Some("donation.created")).unwrap();
        assert!(events.iter().all(|event| event.routing_key == "donation.created"));
        assert_eq!(events[1].body, b"\xff\xfe");
        assert_eq!(events[2].message_id.as_deref(), Some("e1"));
    }

    #[test]
    fn an_empty_input_is_an_error() {
        assert_eq!(
            parse("f", b"\n\n", None).unwrap_err().to_string(),
            "f holds no events"
        );
    }
}
