//! Looks for a text in everything that is stored.

use futures::TryStreamExt;
use lapin::options::BasicGetOptions;
use mongodb::bson::{RawDocumentBuf, doc};

use crate::harness::{World, eventually};

/// Fails if the text is in any document of any collection, in any index key, or in any dead letter.
pub async fn expect_nowhere(world: &World, text: &str) {
    let found = places(world, text).await;
    assert!(found.is_empty(), "`{text}` is in {found:#?}");
}

/// Fails if it is nowhere: a search that finds nothing proves nothing.
pub async fn expect_somewhere(world: &World, text: &str) {
    assert!(!places(world, text).await.is_empty(), "`{text}` is nowhere");
}

async fn places(world: &World, text: &str) -> Vec<String> {
    let listed = world.database.run(doc! { "listCollections": 1 }).await;
    let listed = listed
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let mut found = Vec::new();
    for collection in listed {
        let name = collection.as_document().unwrap().get_str("name").unwrap();
        if name == "system.profile" {
            // A test has the server write down each command.
            continue;
        }
        let documents = world
            .database
            .collection(name)
            .clone_with_type::<RawDocumentBuf>();
        let documents: Vec<RawDocumentBuf> = documents
            .find(doc! {})
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let has = |document: &&RawDocumentBuf| has(document.as_bytes(), text);
        found.extend(
            documents
                .iter()
                .filter(has)
                .map(|document| format!("{name}: {document:?}")),
        );
    }
    let letters = letters(world).await;
    found.extend(letters.into_iter().filter(|letter| has(letter.as_bytes(), text)));
    found
}

/// Returns true if the text is in it, be it in UTF-8 or in UTF-16.
fn has(bytes: &[u8], text: &str) -> bool {
    let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    has(bytes) || has(&narrow)
}

/// What is in the dead-letter queue: each body as text, followed by its properties and headers. The letters stay.
pub async fn letters(world: &World) -> Vec<String> {
    let queue = world.broker.dead_letter_queue.as_str();
    let letters = world
        .broker
        .on_channel(async |channel| {
            let mut found = Vec::new();
            // Not acknowledged: they are there again when the channel is closed.
            let get = async || channel.basic_get(queue.into(), BasicGetOptions::default()).await;
            while let Some(message) = get().await.unwrap() {
                let body = String::from_utf8_lossy(&message.delivery.data).into_owned();
                let headers = message.delivery.properties.headers().clone().unwrap_or_default();
                let headers: Vec<_> = headers
                    .inner()
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", text_of(value)))
                    .collect();
                found.push(format!(
                    "{body}\n{}\n{:?}",
                    headers.join("\n"),
                    message.delivery.properties
                ));
            }
            found
        })
        .await;
    // The broker puts them back after the channel is closed.
    eventually(|| world.broker.count(queue), |ready| *ready >= letters.len()).await;
    letters
}

fn text_of(value: &lapin::types::AMQPValue) -> String {
    match value {
        lapin::types::AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        other => format!("{other:?}"),
    }
}
