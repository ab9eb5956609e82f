//! Who takes gzip gets documents in gzip, and the same document under the same validator as everyone else.

use std::io::Read as _;

use axum::http::{Request, StatusCode, header};
use flate2::read::GzDecoder;

use super::{api, ask, bare, get_path};
use crate::documentation::SCRIPT_PATH;

const BROWSER: &str = "gzip, deflate, br, zstd";

#[tokio::test]
async fn documents_are_compressed_for_those_who_take_it() {
    for path in [
        "/openapi",
        "/openapi.json",
        "/asyncapi.json",
        "/schemas/donation.created.json",
        "/docs",
    ] {
        let plain = get_path(path).await;
        let request = Request::get(path).header(header::ACCEPT_ENCODING, BROWSER);
        let packed = ask(api().await, bare(request)).await;
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed.body[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert!(packed.body.len() * 2 < plain.body.len(), "{path}");
        assert_eq!(unpacked, plain.body, "{path}");
        assert_eq!(packed.header(header::CONTENT_ENCODING), "gzip", "{path}");
        assert_eq!(plain.header(header::CONTENT_ENCODING), "", "{path}");
        for answer in [&plain, &packed] {
            assert_eq!(answer.header(header::VARY), "accept-encoding", "{path}");
        }
        for name in [header::CONTENT_TYPE, header::CACHE_CONTROL, header::ETAG] {
            assert_eq!(plain.header(&name), packed.header(&name), "{path}");
        }
    }
}

#[tokio::test]
async fn a_validator_holds_for_both_forms_of_a_document() {
    let tag = get_path("/openapi.json").await.header(header::ETAG).to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    for encoding in ["identity", BROWSER] {
        let request = Request::get("/openapi.json")
            .header(header::ACCEPT_ENCODING, encoding)
            .header(header::IF_NONE_MATCH, &tag);
        let known = ask(api().await, bare(request)).await;
        assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(known.header(header::ETAG), tag);
        assert_eq!(known.header(header::VARY), "accept-encoding");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_describes_none() {
    for path in [
        "/openapi",
        "/openapi.json",
        "/asyncapi.json",
        "/schemas/donation.created.json",
        SCRIPT_PATH,
    ] {
        let tag = get_path(path).await.header(header::ETAG).to_owned();
        for request in [Request::get(path), Request::head(path)] {
            let request = request.header(header::IF_NONE_MATCH, &tag);
            let known = ask(api().await, bare(request)).await;
            assert_eq!(known.status, StatusCode::NOT_MODIFIED, "{path}");
            for name in [
                header::CONTENT_LENGTH,
                header::CONTENT_TYPE,
                header::CONTENT_ENCODING,
            ] {
                assert!(!known.headers.contains_key(&name), "{path}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn what_fills_one_packet_is_left_as_it_is() {
    let request = Request::get("/api/nothing").header(header::ACCEPT_ENCODING, BROWSER);
    let answer = ask(api().await, bare(request)).await;
    assert_eq!(answer.header(header::CONTENT_ENCODING), "");
    assert_eq!(answer.json()["success"], false);
}
