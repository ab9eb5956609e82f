//! Pages of other origins may read, and send what headers they like.

use axum::http::{Request, StatusCode, header};

use super::{api, ask, bare, get_path};

#[tokio::test]
async fn pages_of_any_origin_may_read() {
    for headers in [
        "x-request-id",
        "authorization,baggage,content-type,traceparent,x-whatever",
    ] {
        let preflight = Request::options("/api/totals/campaigns/camp_1")
            .header(header::ORIGIN, "https://example.org")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, headers);
        let answer = ask(api().await, bare(preflight)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_METHODS), "GET,HEAD");
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_HEADERS), headers);
        assert_eq!(answer.header(header::VARY), "access-control-request-headers");
    }
    let answer = ask(api().await, bare(Request::options("/api/totals/campaigns"))).await;
    for header in [
        "authorization",
        "baggage",
        "content-type",
        "traceparent",
        "x-request-id",
    ] {
        let allowed = answer.header(header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert!(
            allowed.split(',').any(|name| name == header),
            "{header}: {allowed}"
        );
    }
    assert_eq!(
        get_path("/api/nothing")
            .await
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        "*"
    );
}
