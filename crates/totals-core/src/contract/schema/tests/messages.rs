//! Messages near the edge of what is accepted: most of their members are sound.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::domain::declared::{BARE, CLOUD_EVENT, ENVELOPE, payload};
use crate::domain::{EventType, Field, Member};

use super::values::{Text, event_types, sound, strange, value};

/// A message's type and body.
pub fn messages() -> impl Strategy<Value = (EventType, String)> {
    select(&EventType::ALL[..]).prop_flat_map(|event_type| {
        let message = Union::new_weighted(vec![
            (4, envelope(event_type)),
            (4, bare(event_type)),
            (4, cloud_event(event_type)),
            (1, mixed(event_type)),
        ]);
        message.prop_map(move |body| (event_type, body))
    })
}

fn envelope(event_type: EventType) -> BoxedStrategy<String> {
    let payload = object(
        members(payload(event_type), event_type)
            .chain([rarely("eventType", event_types())])
            .collect(),
    );
    let payload = prop_oneof![9 => payload.prop_map(Some), 1 => strange()].boxed();
    let outer = ENVELOPE
        .iter()
        .filter(|member| member.field != Field::Payload)
        .copied();
    let outer: Vec<_> = outer.collect();
    object(
        members(&outer, event_type)
            .chain([(Field::Payload.name(), payload)])
            .collect(),
    )
}

fn bare(event_type: EventType) -> BoxedStrategy<String> {
    let members = members(BARE, event_type).chain(members(payload(event_type), event_type));
    object(members.chain([rarely("payload", strange())]).collect())
}

/// In structured mode, with data in the open: what Base64 hides is no matter of the schema.
fn cloud_event(event_type: EventType) -> BoxedStrategy<String> {
    let data = object(
        members(payload(event_type), event_type)
            .chain([rarely("eventType", event_types())])
            .collect(),
    );
    let data = prop_oneof![9 => data.prop_map(Some), 1 => strange()].boxed();
    let attributes = CLOUD_EVENT
        .iter()
        .filter(|it| !matches!(it.field, Field::Data | Field::DataBase64))
        .copied();
    let attributes: Vec<_> = attributes.collect();
    let members = members(&attributes, event_type).chain([("data", data)]);
    let members = members.chain(
        ["data_base64", "payload", "donationId"]
            .into_iter()
            .map(|name| rarely(name, strange())),
    );
    object(members.collect())
}

/// An envelope whose members are also those of a bare payload.
fn mixed(event_type: EventType) -> BoxedStrategy<String> {
    let inner = object(members(payload(event_type), event_type).collect())
        .prop_map(Some)
        .boxed();
    let members = members(ENVELOPE, event_type).filter(|(name, _)| *name != Field::Payload.name());
    object(
        members
            .chain(self::members(payload(event_type), event_type))
            .chain([("payload", inner)])
            .collect(),
    )
}

fn rarely(name: &'static str, value: BoxedStrategy<Text>) -> (&'static str, BoxedStrategy<Text>) {
    (name, prop_oneof![9 => Just(None), 1 => value].boxed())
}

/// Each member sound, or near the edge of it, seldom absent or something strange.
fn members(
    declared: &[Member],
    event_type: EventType,
) -> impl Iterator<Item = (&'static str, BoxedStrategy<Text>)> + use<> {
    let member = move |Member { field, .. }: &Member| {
        let sound = Just(Some(sound(field.kind(), event_type)));
        let any = value(field.kind(), event_type).prop_map(Some);
        let null = Just(Some("null".to_owned()));
        let value = prop_oneof![60 => sound, 8 => any, 1 => Just(None), 1 => null, 1 => strange()];
        (field.name(), value.boxed())
    };
    declared.iter().map(member).collect::<Vec<_>>().into_iter()
}

/// An object of these members, in any order, seldom with others.
fn object(members: Vec<(&'static str, BoxedStrategy<Text>)>) -> BoxedStrategy<String> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let other = prop_oneof![3 => Just(None), 1 => strange()];
    let members = (values, other).prop_flat_map(move |(values, other)| {
        let known = names.iter().copied().zip(values);
        let all = known.chain([("donorName", other)]);
        let texts = all.filter_map(|(name, value)| Some(format!("{name:?}:{}", value?)));
        Just(texts.collect::<Vec<_>>()).prop_shuffle()
    });
    members
        .prop_map(|members| format!("{{{}}}", members.join(",")))
        .boxed()
}
