//! What producers' tools read: the AsyncAPI document and the schemas.

use axum::http::{Request, StatusCode, header};
use totals_core::contract::schema;
use totals_core::domain::EventType;

use super::{api, ask, bare, get_path};
use crate::asyncapi;

#[test]
fn the_asyncapi_document_is_as_agreed() {
    insta::assert_snapshot!(format!("{:#}", asyncapi::document("USD".parse().unwrap())));
}

#[tokio::test]
async fn the_contract_is_served_to_programs_and_caches() {
    let schema = |event_type: EventType| (schema::path(event_type), "application/schema+json");
    let documents = EventType::ALL.map(schema).into_iter();
    for (path, content_type) in documents.chain([("/asyncapi.json".to_owned(), "application/json")]) {
        let answer = get_path(&path).await;
        assert_eq!(
            (answer.status, answer.header(header::CONTENT_TYPE)),
            (StatusCode::OK, content_type),
            "{path}"
        );
        assert!(answer.json().is_object(), "{path}");
        let head = ask(api().await, bare(Request::head(&path))).await;
        assert_eq!(
            head.header(header::CONTENT_LENGTH),
            answer.body.len().to_string(),
            "{path}"
        );
        let request = Request::get(&path).header(header::IF_NONE_MATCH, answer.header(header::ETAG));
        let known = ask(api().await, bare(request)).await;
        assert_eq!(
            (known.status, known.body.len()),
            (StatusCode::NOT_MODIFIED, 0),
            "{path}"
        );
        assert_eq!(known.header(header::CACHE_CONTROL), "no-cache", "{path}");
    }
    for path in [
        "/schemas/donation.created",
        "/schemas/donation.vanished.json",
        "/schemas/",
    ] {
        assert_eq!(get_path(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
