//! The AsyncAPI document: which messages `totals-worker` takes, where producers publish them, and what becomes of those that
//! cannot be counted.
//!
//! It is made from the names and schemas in `totals_core::contract`, which the worker itself uses. The API reads nothing
//! of RabbitMQ's configuration, so the exchange and the queues have their default names here. The payloads' schemas are
//! within the document, so a tool needs no network to read it.

use serde_json::{Map, Value, json};
use totals_core::contract::dead_letter;
use totals_core::contract::examples::{Example, Shape, example};
use totals_core::contract::schema;
use totals_core::domain::declared::CLOUD_EVENT;
use totals_core::domain::{Currency, EventType, Field};
use totals_core::runtime::config::{RABBITMQ_EXCHANGE, RABBITMQ_QUEUE};

/// The version of AMQP's bindings.
const BINDING: &str = "0.3.0";

const QUEUE: &str = "events";
const DEAD_LETTERS: &str = "deadLetters";
const DEAD_LETTER: &str = "deadLetter";

/// The document of a service whose amounts are in this currency.
pub fn document(currency: Currency) -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Totals events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "The messages that totals-worker takes from RabbitMQ. Publish each event to the topic exchange, with its \
                 type as the routing key, with publisher confirms and as a persistent message. The worker declares the \
                 exchange, the queues and the bindings.\n\nThe exchange and the queues have their default names here; {} \
                 and {} of the worker give others. All amounts are in {currency}, which CURRENCY sets.",
                RABBITMQ_EXCHANGE.name, RABBITMQ_QUEUE.name,
            ),
            "license": {"name": "MIT"},
            "tags": [{"name": "donations"}, {"name": "payments"}],
        },
        "defaultContentType": "application/json",
        "channels": channels(),
        "operations": operations(),
        "components": {"messages": messages(), "schemas": schemas(currency)},
    })
}

fn channels() -> Map<String, Value> {
    let of_key = |event_type: EventType| {
        let channel = json!({
            "address": event_type.as_str(),
            "description": format!("The routing key of {event_type}"),
            "messages": reference_messages([event_type.as_str()]),
            "bindings": {"amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": RABBITMQ_EXCHANGE.default, "type": "topic", "durable": true, "autoDelete": false,
                },
                "bindingVersion": BINDING,
            }},
        });
        (event_type.to_string(), channel)
    };
    let (events, dead_letters) = queues();
    let of_queue = |name: &str, description: &str, messages: Map<String, Value>| {
        json!({
            "address": name,
            "description": description,
            "messages": messages,
            "bindings": {"amqp": {
                "is": "queue",
                "queue": {"name": name, "durable": true, "exclusive": false, "autoDelete": false},
                "bindingVersion": BINDING,
            }},
        })
    };
    let types = EventType::ALL.map(EventType::as_str);
    let mut channels: Map<_, _> = EventType::ALL.into_iter().map(of_key).collect();
    let about = "The queue that the worker consumes: a quorum queue (x-queue-type), bound to the exchange with the four \
                 routing keys";
    channels.insert(
        QUEUE.to_owned(),
        of_queue(events, about, reference_messages(types)),
    );
    let about = "The messages that can never be counted, each as it came, in a quorum queue (x-queue-type)";
    channels.insert(
        DEAD_LETTERS.to_owned(),
        of_queue(&dead_letters, about, reference_messages([DEAD_LETTER])),
    );
    channels
}

fn queues() -> (&'static str, String) {
    let events = RABBITMQ_QUEUE.default.unwrap_or_default();
    (events, dead_letter::queue(events))
}

fn reference_messages<const N: usize>(names: [&str; N]) -> Map<String, Value> {
    let reference = |name: &str| {
        (
            name.to_owned(),
            json!({"$ref": format!("#/components/messages/{name}")}),
        )
    };
    names.into_iter().map(reference).collect()
}

fn operations() -> Map<String, Value> {
    let receive = |event_type: EventType| {
        let operation = json!({
            "action": "receive",
            "channel": {"$ref": format!("#/channels/{event_type}")},
            "summary": event_type.about(),
            "messages": [{"$ref": format!("#/channels/{event_type}/messages/{event_type}")}],
        });
        (format!("receive.{event_type}"), operation)
    };
    let mut operations: Map<_, _> = EventType::ALL.into_iter().map(receive).collect();
    operations.insert(
        "consume".to_owned(),
        json!({
            "action": "receive",
            "channel": {"$ref": format!("#/channels/{QUEUE}")},
            "summary": "Take events from the queue, and acknowledge each once it is committed",
            "bindings": {"amqp": {"ack": true, "bindingVersion": BINDING}},
        }),
    );
    operations.insert(
        "deadLetter".to_owned(),
        json!({
            "action": "send",
            "channel": {"$ref": format!("#/channels/{DEAD_LETTERS}")},
            "summary": "Set aside a message that can never be counted, with the reason in its headers",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": true, "bindingVersion": BINDING}},
        }),
    );
    operations
}

fn messages() -> Map<String, Value> {
    let message = |event_type: EventType| {
        let example = |shape: Shape| {
            let Example { headers, body, .. } = example(event_type, shape);
            json!({"name": shape.name(), "headers": headers, "payload": body})
        };
        let message = json!({
            "name": event_type.as_str(),
            "title": event_type.as_str(),
            "summary": event_type.about(),
            "description": "In an envelope, bare, or as a CloudEvent. A CloudEvent in structured mode has the content type \
                application/cloudevents+json; in binary mode its attributes are headers, and the body is its data.",
            "contentType": "application/json",
            "headers": headers(),
            "payload": {"$ref": format!("#/components/schemas/{event_type}")},
            "examples": Shape::ALL.map(example),
        });
        (event_type.to_string(), message)
    };
    let mut messages: Map<_, _> = EventType::ALL.into_iter().map(message).collect();
    messages.insert(DEAD_LETTER.to_owned(), dead_letter_message());
    messages
}

/// The headers that the worker reads of an event. None is required.
fn headers() -> Value {
    let attributes = CLOUD_EVENT.iter().map(|member| member.field);
    let attributes = attributes.filter(|field| !matches!(field, Field::Data | Field::DataBase64));
    let attributes = attributes.map(|field| {
        let about = format!("{} A CloudEvent in binary mode has it.", field.about());
        (format!("cloudEvents:{}", field.name()), about)
    });
    let others = [
        (
            "eventId",
            "Names the event, if its body is bare and does not; message_id comes before it.",
        ),
        ("traceparent", "The producer's trace (W3C Trace Context)."),
        ("tracestate", "More of the producer's trace."),
    ];
    let others = others.map(|(name, about)| (name.to_owned(), about.to_owned()));
    let all = others.into_iter().chain(attributes);
    let properties: Map<_, _> = all
        .map(|(name, about)| (name, json!({"type": "string", "description": about})))
        .collect();
    json!({"type": "object", "properties": properties})
}

fn dead_letter_message() -> Value {
    let texts =
        dead_letter::TEXTS.map(|(name, about)| (name, json!({"type": "string", "description": about})));
    let attempts = json!({"type": "integer", "minimum": 1, "description": "How often it was dead-lettered"});
    let headers = texts.into_iter().chain([(dead_letter::ATTEMPTS, attempts)]);
    let properties: Map<_, _> = headers.map(|(name, schema)| (name.to_owned(), schema)).collect();
    let required: Vec<_> = properties.keys().cloned().collect();
    json!({
        "name": DEAD_LETTER,
        "title": "Dead letter",
        "summary": "A message that can never be counted: its body and its own headers as they came, and the reason",
        "headers": {"type": "object", "required": required, "properties": properties},
        "payload": {"description": "The message's body as it came, whatever it is"},
    })
}

fn schemas(currency: Currency) -> Map<String, Value> {
    let schema = |event_type: EventType| (event_type.to_string(), schema::message(event_type, currency));
    EventType::ALL.into_iter().map(schema).collect()
}
